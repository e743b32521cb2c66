// Package testdir makes folders for tests that compile programs.
//
// The go command looks in its cache for what it compiled in the same folder. In
// testing.TB.TempDir, whose path is another each time, it compiles all again with
// each run of the tests, and its cache grows by all of it.
package testdir

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// New makes an empty folder for what name stands for: its path is the same each time
// for equal names, and has no links in it. While another test has that folder, of this
// process or of another one, New makes one with a path of its own. Either is removed
// when the test has ended. It may be called concurrently.
func New(t testing.TB, name string) string {
	t.Helper()
	temp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(name))
	dir := filepath.Join(temp, "workgen-test-"+hex.EncodeToString(sum[:8]))
	if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > abandoned {
		_ = os.RemoveAll(dir) // else Mkdir fails, too
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if dir, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// abandoned is the time after which a folder is taken to be left over from a process
// that was killed.
const abandoned = time.Hour
