//go:build unix

package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

func init() { children["descriptors"] = descriptorsChild }

// descriptorsChild uses a store while few descriptors are left, or none. It says what it
// gets, and what it gets once there are enough again.
func descriptorsChild(first *disk.Store, dir string, left int) {
	for n, data := range [][]byte{resultOf(0), resultOf(2)} { // in a row, and in a file
		l, err := begin(first, n)
		if err == nil {
			err = end(first, l, data)
		}
		if err != nil {
			say("failed", err)
		}
	}
	s, err := disk.Open("", disk.Options{Dir: filepath.Join(dir, "store"), Manual: true})
	if err != nil {
		say("failed", err)
		return
	}
	free := exhaust(left)
	for range 3 {
		for n, want := range [][]byte{resultOf(0), resultOf(2)} {
			switch data, err := read(s, n); {
			case err != nil && !errors.Is(err, store.ErrNotFound):
			case string(data) != string(want):
				say("failed: result", n, "has", len(data), "bytes,", err)
			}
		}
		_, _ = begin(s, 7)
		for range s.History(ctx, store.Filter{}) {
		}
		_, _ = s.Delete(ctx, refOf(8))
		_ = s.GC(ctx)
	}
	if again, err := disk.Open("", disk.Options{Dir: filepath.Join(dir, "store"), Manual: true}); err == nil {
		_ = again.Close()
	}
	const timeout = 500 * time.Millisecond
	body := func(int) ([]byte, error) { return []byte("computed"), nil }
	c := calls(s, body, runtime.StoreTimeout(timeout))
	for n := 10; n < 10_000/6; n++ {
		began := time.Now()
		if data, err := run(c, n); string(data) != "computed" || err != nil {
			say("failed: the call has", string(data), err)
		}
		if took := time.Since(began); took > timeout+timeout/2 {
			say("failed: a call took", took)
		}
	}
	free()
	for n, want := range [][]byte{resultOf(0), resultOf(2)} {
		if data, err := read(s, n); string(data) != string(want) {
			say("failed: result", n, "has", len(data), "bytes with enough descriptors,", err)
		}
	}
	l, err := begin(s, 9)
	if err == nil {
		err = end(s, l, []byte("x"))
	}
	say("then", err, s.Close())
}

// exhaust opens files until so many descriptors are left, and returns what closes them.
func exhaust(left int) (free func()) {
	limit := syscall.Rlimit{Cur: 100, Max: 100}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		say("failed", err)
	}
	var files []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		files = append(files, f)
	}
	for range left {
		_ = files[len(files)-1].Close()
		files = files[:len(files)-1]
	}
	return func() {
		for _, f := range files {
			_ = f.Close()
		}
	}
}

// TestNoShortageOfDescriptorsEndsTheProcess: a connection that could be opened needs
// another descriptor for its first statement.
func TestNoShortageOfDescriptorsEndsTheProcess(t *testing.T) {
	for left := range 6 {
		t.Run(fmt.Sprint(left, " left"), func(t *testing.T) {
			t.Parallel() // mostly waits
			c := start(t, "descriptors", t.TempDir(), left)
			last := ""
			for line := range c.lines {
				if last = line; line != "then <nil> <nil>" {
					t.Error(line)
				}
			}
			if last == "" {
				t.Error("the process ends")
			}
		})
	}
}

// TestNoStateOfTheFilesEndsTheProcess has somebody else harm a file of an open store,
// before it is used for the first time and after. What is read is right, or an error.
func TestNoStateOfTheFilesEndsTheProcess(t *testing.T) {
	for what, command := range map[string]string{
		"removed":     `rm "$1"`,
		"emptied":     `: > "$1"`,
		"cut":         `dd if=/dev/null of="$1" bs=1000 seek=1`,
		"overwritten": `dd if=/dev/urandom of="$1" bs=4096 count=20 conv=notrunc`,
		"zeroed":      `dd if=/dev/zero of="$1" bs=4096 count=20 conv=notrunc`,
		"replaced":    `dd if=/dev/urandom of="$1.new" bs=4096 count=20; mv "$1.new" "$1"`,
	} {
		for _, file := range []string{"store.db", "store.db-wal", "store.db-shm"} {
			for _, used := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s used=%v", file, what, used), func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					s := openUsed(t, dir, used)
					harm := exec.Command("sh", "-c", command, "sh", filepath.Join(dir, file))
					if out, err := harm.CombinedOutput(); err != nil {
						t.Fatalf("%v: %s", err, out)
					}
					useHarmed(t, s)
					_ = s.Close()
					if s, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true, Manual: true}); err == nil {
						useHarmed(t, s)
						_ = s.Close()
					}
				})
			}
		}
	}
}

// openUsed opens a store with ten results in its database. If it was used it has one more
// in its log, and a connection that has read it.
func openUsed(t *testing.T, dir string, used bool) *disk.Store {
	t.Helper()
	o := disk.Options{Dir: dir, Relaxed: true, Manual: true}
	s := open(t, dir, o)
	for n := range 10 {
		put(t, s, n, noise(1000))
	}
	_ = s.Close()
	s, err := disk.Open("", o)
	if err != nil {
		t.Fatal(err)
	}
	if used {
		put(t, s, 10, noise(1000))
		_, _ = read(s, 10)
	}
	return s
}

// useHarmed does with a store whatever can be done.
func useHarmed(t *testing.T, s *disk.Store) {
	t.Helper()
	for n := range 12 {
		if data, err := read(s, n); err == nil && !bytes.Equal(data, noise(1000)) {
			t.Errorf("result %d is wrong: %d bytes", n, len(data))
		}
	}
	if l, err := begin(s, 11); err == nil {
		_ = end(s, l, noise(1000))
	}
	_, _ = read(s, 11)
	for range s.History(ctx, store.Filter{}) {
	}
	_, _ = s.Delete(ctx, refOf(1))
	_ = s.Check(ctx)
	_ = s.GC(ctx)
	_, _ = s.Usage(ctx)
}

// TestACutSharedMemoryHeals has the file cut that all who have the store open share, and
// uses it on, from two Stores.
func TestACutSharedMemoryHeals(t *testing.T) {
	for _, size := range []int64{0, 100, 1000, 5000, 20_000, 32_768} {
		dir := t.TempDir()
		path := filepath.Join(dir, "store")
		s, second := open(t, path, disk.Options{Relaxed: true}), open(t, path, disk.Options{})
		for n := range 200 {
			put(t, s, n, noise(1000))
		}
		for range 3 {
			if err := os.Truncate(filepath.Join(path, "store.db-shm"), size); err != nil {
				t.Fatal(err)
			}
			for _, s := range []*disk.Store{s, second} {
				wantSoon(t, "a result", func() bool { _, err := read(s, 0); return err == nil })
				for n := range 200 {
					if data, err := read(s, n); !bytes.Equal(data, noise(1000)) {
						t.Errorf("cut to %d bytes: result %d has %d bytes, %v", size, n, len(data), err)
					}
				}
				wantSoon(t, "an execution", func() bool {
					l, err := begin(s, 1000)
					if err == nil {
						err = end(s, l, []byte("x"))
					}
					return err == nil || err == store.ErrFinished
				})
			}
		}
	}
}
