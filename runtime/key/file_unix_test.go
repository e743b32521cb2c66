//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package key_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPipesFail(t *testing.T) {
	root := tree(t)
	pipe := filepath.Join(root, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	for name, err := range map[string]error{"File": fileFingerprint(pipe).Err(), "Dir": dirFingerprint(root).Err()} {
		if err == nil || !strings.Contains(err.Error(), "pipe: is not a regular file") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// The same relative path means another file after the process has moved.
func TestRelativePathsMoveWithTheProcess(t *testing.T) {
	later(t)
	a, b := t.TempDir(), t.TempDir()
	write(t, filepath.Join(a, "x"), "aa")
	write(t, filepath.Join(b, "x"), "bb")
	when := stat(t, filepath.Join(a, "x")).ModTime()
	if err := os.Chtimes(filepath.Join(b, "x"), when, when); err != nil {
		t.Fatal(err)
	}
	t.Chdir(a)
	before := fileFingerprint("x")
	t.Chdir(b)
	if fileFingerprint("x") == before {
		t.Error("one fingerprint for two files")
	}
}
