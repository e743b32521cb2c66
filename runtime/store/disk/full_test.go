//go:build linux

package disk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// TestAFullDiskIsAnError fills a small file system.
func TestAFullDiskIsAnError(t *testing.T) {
	for name, size := range map[string]int{"small": 3000, "in files": 200_000} {
		t.Run(name, func(t *testing.T) {
			mount := t.TempDir()
			if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=6m"); err != nil {
				t.Skipf("cannot mount a small file system: %v", err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(mount, 0); err != nil {
					t.Error(err)
				}
			})
			dir := filepath.Join(mount, "store")
			s, err := disk.Open("", disk.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			kept, failed := 0, 0
			for n := 0; failed < 5; n++ {
				l, err := begin(s, n)
				if err == nil {
					err = end(s, l, noise(size+n))
				}
				switch {
				case err == nil:
					kept = n + 1
				case errors.Is(err, syscall.ENOSPC):
					failed++
				default:
					t.Fatalf("error %v, want one that is ENOSPC", err)
				}
			}
			if kept < 5 {
				t.Fatalf("only %d results were kept", kept)
			}
			temps, _ := os.ReadDir(filepath.Join(dir, "tmp"))
			if len(temps) > 0 {
				t.Errorf("%d temporary files are left", len(temps))
			}
			wrong := 0
			for n := range kept {
				if data, err := read(s, n); !bytes.Equal(data, noise(size+n)) && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("result %d: %d bytes, %v", n, len(data), err)
				} else if err != nil {
					wrong++ // was not kept
				}
			}
			if wrong > 5 {
				t.Errorf("%d of %d results are missing", wrong, kept)
			}
			// With more room it goes on.
			if err := syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT, "size=20m"); err != nil {
				t.Fatal(err)
			}
			put(t, s, 100_000, noise(size))
			if data, err := read(s, 100_000); !bytes.Equal(data, noise(size)) {
				t.Errorf("with more room: %d bytes, %v", len(data), err)
			}
			if err := s.GC(ctx); err != nil {
				t.Error(err)
			}
			wantNoOrphans(t, dir)
		})
	}
}
