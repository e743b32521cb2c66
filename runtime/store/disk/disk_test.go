package disk_test

import (
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/runnertest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// open opens a store in a directory.
func open(t testing.TB, dir string, o disk.Options) *disk.Store {
	t.Helper()
	o.Dir = dir
	s, err := disk.Open("test", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel() // mostly waits
	storetest.Test(t, true, func(t *testing.T) func() store.Store {
		// Tests wait until leases expire, and fail if one does that they keep: while they
		// write to a slow disk, say, beside busy processors.
		const lease = 500 * time.Millisecond
		dir := t.TempDir()
		return func() store.Store { return open(t, dir, disk.Options{Lease: lease}) }
	})
}

func TestRunners(t *testing.T) {
	t.Parallel() // mostly waits
	runnertest.Test(t, false, func(t *testing.T) func() store.Store {
		dir := t.TempDir()
		return func() store.Store { return open(t, dir, disk.Options{Lease: 4 * time.Second}) }
	})
}

func second[T any](_ T, err error) error { return err }

// wantSoon waits until something is so.
func wantSoon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%s: not after 30 seconds", what)
			return
		}
	}
}
