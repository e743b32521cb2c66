package load

import (
	"fmt"
	goimporter "go/importer"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// watched notes what is imported.
type watched struct {
	types.Importer
	paths []string
}

func (w *watched) Import(path string) (*types.Package, error) {
	w.paths = append(w.paths, path)
	return w.Importer.Import(path)
}

// TestNothingIsReadWhileSomethingIsChecked: reading a package changes those that have
// mentioned it before, which the goroutines that check others may be looking at.
func TestNothingIsReadWhileSomethingIsChecked(t *testing.T) {
	var w *watched
	defer func(before func(*token.FileSet, goimporter.Lookup) types.Importer) { newImporter = before }(newImporter)
	newImporter = func(fset *token.FileSet, open goimporter.Lookup) types.Importer {
		w = &watched{Importer: goimporter.ForCompiler(fset, "gc", open)}
		return w
	}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	imported := []string{"bytes", "context", "io", "os", "strings", "time"}
	for i, path := range imported {
		write(fmt.Sprintf("p%d/p.go", i), fmt.Sprintf("package p%d\n\nimport (\n\t_ \"fmt\"\n\t_ %q\n)\n", i, path))
	}
	_, err := Load(t.Context(), Config{Dir: dir, Patterns: []string{"./..."}, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off")})
	if err != nil {
		t.Fatal(err)
	}
	first := slices.Sorted(slices.Values(w.paths[:min(len(imported)+1, len(w.paths))]))
	if want := slices.Sorted(slices.Values(append(imported, "fmt"))); !slices.Equal(first, want) {
		t.Errorf("the first imports are those of %q, want %q before anything is imported again", first, want)
	}
}

// unreadable is an importer of export data that is newer than it knows.
type unreadable struct{}

func (unreadable) Import(path string) (*types.Package, error) {
	panic("export data version 5 is greater than maximum supported version 2")
}

// TestExportDataOfANewerGoIsOneError: it is no problem of the user's packages.
func TestExportDataOfANewerGoIsOneError(t *testing.T) {
	defer func(before func(*token.FileSet, goimporter.Lookup) types.Importer) { newImporter = before }(newImporter)
	newImporter = func(*token.FileSet, goimporter.Lookup) types.Importer { return unreadable{} }
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26\n",
		"p.go":   "package p\n\nimport (\n\t\"context\"\n\t\"io\"\n)\n\nvar _ context.Context\nvar _ io.Reader\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Load(t.Context(), Config{Dir: dir, Patterns: []string{"."}, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off")})
	if err == nil || !strings.HasPrefix(err.Error(), "workgen was built with "+runtime.Version()+" and cannot read what a newer go command has compiled: build workgen anew") {
		t.Errorf("error %v", err)
	}
}
