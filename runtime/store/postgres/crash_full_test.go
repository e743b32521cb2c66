//go:build linux

package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// smallDisk returns the directory of a file system of some size. It needs root's rights: without them a
// test is skipped, or fails with MOUNT_TESTS=required.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "full")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=755"); err != nil {
		if os.Getenv("MOUNT_TESTS") == "required" {
			t.Fatalf("cannot mount: %v", err)
		}
		t.Skipf("cannot mount: %v: be root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillDisk leaves no room on a disk, until free is called.
func fillDisk(dir string) (free func() error, err error) {
	name := filepath.Join(dir, "other")
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for b := make([]byte, 1<<20); len(b) > 0; {
		if _, err := f.Write(b); err != nil {
			b = b[:len(b)/2]
		}
	}
	return func() error { return os.Remove(name) }, nil
}

// TestCrashesOnAFullDisk does what TestCrashes does, while the disk of the server is filled and freed. The
// server may end then, if it cannot write its log.
func TestCrashesOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "400m")
	server := pgtest.StartIn(t, dir, "-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB")
	direct := server.Database(t)
	times := 0 // that it was full
	full := crashtest.Fault{Name: "the disk of the server is full", Do: func(ctx context.Context, d time.Duration) error {
		times++
		free, err := fillDisk(dir)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
		if err := free(); err != nil {
			return err
		}
		return server.Revive()
	}}
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Lease: crashLease, Slack: 8 * time.Second,
		Target: direct, Faults: []crashtest.Fault{full},
		Longest: 2 * time.Minute, // then results fill it for good
	})
	log, err := os.ReadFile(filepath.Join(filepath.Dir(server.Socket()), "log"))
	if err != nil || times > 5 && !strings.Contains(string(log), "No space left on device") {
		t.Errorf("the disk was filled %d times, and never full: %v", times, err)
	}
}
