//go:build unix

package disk_test

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/workgen/workgen/runtime/store/disk"
)

// TestNobodyElseCanReadAStore: results are as secret as what they were made from.
func TestNobodyElseCanReadAStore(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		before := syscall.Umask(mask)
		t.Cleanup(func() { syscall.Umask(before) })
		dir := filepath.Join(t.TempDir(), "stores", "one")
		s := open(t, dir, disk.Options{})
		put(t, s, 1, noise(100))
		put(t, s, 2, noise(300_000))
		if _, err := begin(s, 3); err != nil { // listens on a socket
			t.Fatal(err)
		}
		if err := s.GC(ctx); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			}
			if err == nil && info.Mode().Perm() != want {
				t.Errorf("umask %03o: %s is %v, want %v", mask, path, info.Mode(), want)
			}
			seen[filepath.Base(path)], seen[filepath.Ext(path)] = true, true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"store.db", "store.db-wal", "store.db-shm", "write.lock", "gc.lock", "results", ".lock"} {
			if !seen[name] {
				t.Errorf("there is no %s", name)
			}
		}
	}
}
