package write_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/write"
)

const (
	header  = load.Header + "\n\n"
	current = header + "package a\n"
	old     = header + "package a // old\n"
	foreign = "// Written by hand.\n\npackage a\n"
)

// tree is a directory of directories with one generated file each; a content
// of "" is no file.
type tree map[string]string

func (tr tree) create(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for dir, content := range tr {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if content != "" {
			put(t, filepath.Join(root, dir, load.GeneratedFile), content, 0o644)
		}
	}
	return root
}

// readTree reads back everything below root, temporary files included.
func readTree(t *testing.T, root string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		got[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func put(t *testing.T, path, content string, perm fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), perm); err != nil {
		t.Fatal(err)
	}
}

// file is the generated file of root/dir; content "" is none.
func file(root, dir, content string) write.File {
	f := write.File{Path: filepath.Join(root, dir, load.GeneratedFile)}
	if content != "" {
		f.Content = []byte(content)
	}
	return f
}

func TestWriteAndCheckAgreeOnEveryState(t *testing.T) {
	for _, test := range []struct {
		name      string
		disk      string // "" is no file
		want      string // "" is no file
		state     write.State
		after     string
		isForeign bool
	}{
		{"a current file is left alone", current, current, write.OK, current, false},
		{"a current file with CRLF line ends is left alone", strings.ReplaceAll(current, "\n", "\r\n"), current, write.OK, strings.ReplaceAll(current, "\n", "\r\n"), false},
		{"an old file is replaced", old, current, write.Stale, current, false},
		{"a missing file is written", "", current, write.Missing, current, false},
		{"a merge conflict is replaced", "<<<<<<< HEAD\n" + header + "package a\n=======\n>>>>>>> x\n", current, write.Stale, current, false},
		{"a file cut to nothing is replaced", "\n", current, write.Stale, current, false},
		{"a file without a work is removed", current, "", write.Orphaned, "", false},
		{"no file and no work is right", "", "", write.OK, "", false},
		{"a foreign file is not replaced", foreign, current, write.Stale, foreign, true},
		{"a foreign file is not removed", foreign, "", write.OK, foreign, false},
		{"an empty file is not removed", "\n", "", write.OK, "\n", false},
		{"a header that is only part of a line is foreign", "// See " + load.Header + "\n\npackage a\n", current, write.Stale, "// See " + load.Header + "\n\npackage a\n", true},
		{"a header with text behind it is foreign", load.Header + " Really.\n\npackage a\n", "", write.OK, load.Header + " Really.\n\npackage a\n", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree{"a": test.disk}.create(t)
			files := []write.File{file(root, "a", test.want)}

			statuses, err := write.Check(files)
			if got := errors.Is(err, write.ErrForeign); got != test.isForeign {
				t.Errorf("Check: error %v, want a foreign file: %v", err, test.isForeign)
			}
			if diff := cmp.Diff([]write.Status{{Path: files[0].Path, State: test.state}}, statuses); diff != "" {
				t.Error("Check:", diff)
			}

			changed, err := write.Write(files)
			if got := errors.Is(err, write.ErrForeign); got != test.isForeign {
				t.Errorf("Write: error %v, want a foreign file: %v", err, test.isForeign)
			}
			if got := len(changed) == 1; got != (test.disk != test.after) {
				t.Errorf("Write: changed %v", changed)
			}
			want := map[string]string{}
			if test.after != "" {
				want["a/"+load.GeneratedFile] = test.after
			}
			if diff := cmp.Diff(want, readTree(t, root)); diff != "" {
				t.Error("Write:", diff)
			}
			// A second run finds nothing to do.
			if again, _ := write.Write(files); len(again) != 0 {
				t.Errorf("Write again: changed %v", again)
			}
		})
	}
}

func TestCheckWritesNothing(t *testing.T) {
	root := tree{"a": old, "b": "", "c": current}.create(t)
	before := readTree(t, root)
	if _, err := write.Check([]write.File{file(root, "a", current), file(root, "b", current), file(root, "c", "")}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, readTree(t, root)); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatIsCurrentIsNotTouched(t *testing.T) {
	root := tree{"a": current, "b": old}.create(t)
	a := file(root, "a", current)
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(a.Path, past, past); err != nil {
		t.Fatal(err)
	}
	changed, err := write.Write([]write.File{a, file(root, "b", current)})
	if err != nil || len(changed) != 1 {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	info, err := os.Stat(a.Path)
	if err != nil || !info.ModTime().Equal(past) {
		t.Errorf("modified %v, want %v (%v)", info.ModTime(), past, err)
	}
}

func TestAChangedFileKeepsItsPermissions(t *testing.T) {
	for _, perm := range []fs.FileMode{0o600, 0o444, 0o664} {
		root := tree{"a": old}.create(t)
		f := file(root, "a", current)
		if err := os.Chmod(f.Path, perm); err != nil {
			t.Fatal(err)
		}
		if _, err := write.Write([]write.File{f}); err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(f.Path); info.Mode().Perm() != perm {
			t.Errorf("%v became %v", perm, info.Mode().Perm())
		}
	}
}

func TestANewFileHasThePermissionsOfAnyNewFile(t *testing.T) {
	root := tree{"a": ""}.create(t)
	f, other := file(root, "a", current), filepath.Join(root, "other")
	if _, err := write.Write([]write.File{f}); err != nil {
		t.Fatal(err)
	}
	put(t, other, "", 0o666)
	got, _ := os.Stat(f.Path)
	want, _ := os.Stat(other)
	if got.Mode() != want.Mode() {
		t.Errorf("%v, want %v", got.Mode(), want.Mode())
	}
}

// The last file cannot be staged, renamed or removed; the others were fine.
func TestWhenOneFileFailsAllStayAsTheyWere(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, root string) write.File
	}{
		{"its directory does not exist", func(t *testing.T, root string) write.File {
			return file(root, "nowhere", current)
		}},
		{"it is foreign", func(t *testing.T, root string) write.File {
			f := file(root, "z", current)
			put(t, f.Path, foreign, 0o644)
			return f
		}},
		{"renaming it fails", func(t *testing.T, root string) write.File {
			// Of a and b; the removal of c comes between.
			t.Cleanup(write.FailRename(2))
			return file(root, "z", current)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree{"a": old, "b": "", "c": current, "z": ""}.create(t)
			files := []write.File{file(root, "a", current), file(root, "b", current), file(root, "c", "")}
			files = append(files, test.spoil(t, root))
			before := readTree(t, root)
			changed, err := write.Write(files)
			if err == nil || changed != nil {
				t.Fatalf("changed %v, error %v", changed, err)
			}
			if diff := cmp.Diff(before, readTree(t, root)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTemporaryFilesAreIgnoredByTheGoCommand(t *testing.T) {
	root := tree{"a": ""}.create(t)
	var during map[string]string
	defer write.FailRename(0, func() { during = readTree(t, root) })()
	write.Write([]write.File{file(root, "a", current)})
	if len(during) != 1 {
		t.Fatalf("while renaming there are %v", during)
	}
	for name := range during {
		if base := filepath.Base(name); base[0] != '.' || filepath.Ext(base) == ".go" {
			t.Errorf("the temporary file %s is a Go file to the go command", name)
		}
	}
}
