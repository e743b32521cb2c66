package testdir_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/workgen/workgen/internal/testdir"
)

func TestFoldersAreTheSameAgainUnlessTheyAreTaken(t *testing.T) {
	name := t.TempDir() // which no other process uses
	var first string
	t.Run("at first", func(t *testing.T) {
		first = testdir.New(t, name)
		if err := os.WriteFile(filepath.Join(first, "file"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if dir := testdir.New(t, name); dir == first {
			t.Error("two have the same folder")
		}
		if dir := testdir.New(t, name+" of another name"); dir == first {
			t.Error("two names have the same folder")
		}
	})
	t.Run("again", func(t *testing.T) {
		dir := testdir.New(t, name)
		if dir != first {
			t.Error(dir, "and before", first)
		}
		if files, err := os.ReadDir(dir); len(files) > 0 || err != nil {
			t.Error("not empty:", files, err)
		}
	})
	t.Run("left over", func(t *testing.T) {
		if err := os.MkdirAll(filepath.Join(first, "folder"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(first, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		dir := testdir.New(t, name)
		if dir != first {
			t.Error(dir, "and before", first)
		}
		if files, err := os.ReadDir(dir); len(files) > 0 || err != nil {
			t.Error("not empty:", files, err)
		}
	})
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Error("not removed:", err)
	}
}
