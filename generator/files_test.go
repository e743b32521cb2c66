package generator_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/testdata/golden/files"
)

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheContentOfAFileIsTheInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	r := files.NewLoadRunner(&files.Load{})
	run := func(want string, executions int64) {
		t.Helper()
		got, err := r.Run(t.Context(), key.File(path))
		if err != nil || got != want || r.Stats().Executions != executions {
			t.Errorf("got %q, error %v, after %d executions; want %q after %d", got, err, r.Stats().Executions, want, executions)
		}
	}
	put(t, path, "one")
	run("one", 1)
	run("one", 1)
	put(t, path, "two")
	run("two", 2)
	put(t, path, "one")
	run("one", 2)
	if k := r.Key(key.File(path)); k.IsZero() {
		t.Error("no key")
	}
	if k := r.Key(key.File(filepath.Dir(path))); !k.IsZero() {
		t.Error("a directory has a key as a file")
	}
}

func TestAStoreSaysThatTheContentOfAFileChanged(t *testing.T) {
	dir, s := t.TempDir(), memory.New(0)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	put(t, a, "one")
	put(t, b, "one")
	load, merge := files.NewLoadRunner(&files.Load{}, runtime.WithStore(s)), files.NewMergeRunner(&files.Merge{}, runtime.WithStore(s))
	why := func(work, want string) {
		t.Helper()
		for r, err := range s.History(t.Context(), store.Filter{Work: work, Limit: 1}) {
			reason, explainErr := store.Explain(t.Context(), s, r)
			if text := reason.String(); err != nil || explainErr != nil || !strings.Contains(text, want) {
				t.Errorf("%s, %v, want %q", text, errors.Join(err, explainErr), want)
			}
		}
	}
	run := func(path string) {
		if _, err := load.Run(t.Context(), key.File(path)); err != nil {
			t.Fatal(err)
		}
	}
	run(a)
	run(b)
	why(load.Name(), `: path was "`+a+`", is "`+b+`"`)
	put(t, a, "two")
	run(a)
	why(load.Name(), "the content of "+a+" changed since call ")
	for _, content := range []string{"1", "2"} {
		put(t, filepath.Join(dir, "c"), content)
		if _, err := merge.Run(t.Context(), files.Source{}, map[string]key.Dir{"in": key.Dir(dir)}); err != nil {
			t.Fatal(err)
		}
	}
	why(merge.Name(), "the content of what by names changed since call ")
}

func TestAFileThatChangesDuringTheCallIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	put(t, path, "one")
	r := files.NewLoadRunner(&files.Load{During: func() { put(t, path, "two") }})
	_, err := r.Run(t.Context(), key.File(path))
	var changed *runtime.InputChangedError
	if !errors.As(err, &changed) {
		t.Errorf("error is %v, want an InputChangedError", err)
	}
	if got, err := r.Run(t.Context(), key.File(path)); err != nil || got != "two" {
		t.Errorf("got %q and error %v", got, err)
	}
}

// A directory is not the content of a file: no key, but the work runs.
func TestWhatCannotBeReadRunsUncached(t *testing.T) {
	r := files.NewLoadRunner(&files.Load{}, runtime.WithLogger(slog.New(slog.DiscardHandler)))
	for range 2 {
		_, err := r.Run(t.Context(), key.File(t.TempDir()))
		var read *fs.PathError
		if !errors.As(err, &read) {
			t.Errorf("error is %v, want that of the work", err)
		}
	}
	if s := r.Stats(); s.Executions != 2 || s.Unkeyed != 2 {
		t.Errorf("%d executions, %d unkeyed, want 2 and 2", s.Executions, s.Unkeyed)
	}
}

func TestFilesAndDirectoriesInStructsCount(t *testing.T) {
	dir := t.TempDir()
	data, config := filepath.Join(dir, "data"), key.File(filepath.Join(dir, "config"))
	r := files.NewMergeRunner(&files.Merge{Config: &config})
	from := files.Source{Name: "x", Paths: []key.File{key.File(data)}}
	by := map[string]key.Dir{"d": key.Dir(filepath.Join(dir, "sub"))}
	run := func(what string, executions int64) {
		t.Helper()
		for range 2 {
			if _, err := r.Run(t.Context(), from, by); err != nil || r.Stats().Executions != executions {
				t.Errorf("%s: %d executions, error %v, want %d", what, r.Stats().Executions, err, executions)
			}
		}
	}
	run("nothing there", 1)
	put(t, data, "one")
	run("file in a slice", 2)
	put(t, string(config), "one")
	run("field of the work", 3)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	run("directory in a map", 4)
	put(t, filepath.Join(dir, "sub", "x"), "one")
	run("file in it", 5)
}

func TestAFileInAnInterfaceThatChangesDuringTheCallIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	put(t, path, "one")
	r := files.NewParseRunner(&files.Parse{During: func() { put(t, path, "two") }})
	_, err := r.Run(t.Context(), key.File(path))
	var changed *runtime.InputChangedError
	if !errors.As(err, &changed) {
		t.Errorf("error is %v, want an InputChangedError", err)
	}
	if got, err := r.Run(t.Context(), "text"); err != nil || got != "text" {
		t.Errorf("got %q and error %v", got, err)
	}
}
