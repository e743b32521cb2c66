package wrapper

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// exports returns a function that opens the export data of what there is a stand-in for,
// and of all that it imports.
func exports(t *testing.T) importer.Lookup {
	t.Helper()
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, slices.Collect(maps.Keys(StandIns))...)
	list, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// A stand-in has the exported methods of what it stands for, with as many
// parameters and results.
func TestStandInsDeclareWhatTheRuntimeDoes(t *testing.T) {
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", exports(t))
	for path, text := range StandIns {
		real, err := compiled.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(fset, path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		config := types.Config{Importer: compiled}
		standIn, err := config.Check(path, fset, []*ast.File{f}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Runner", "Call", "Key"} {
			obj := real.Scope().Lookup(name)
			if obj == nil {
				continue
			}
			other := standIn.Scope().Lookup(name)
			if other == nil {
				t.Errorf("%s has no %s", path, name)
				continue
			}
			for m := range obj.Type().(*types.Named).Methods() {
				if !m.Exported() {
					continue
				}
				found, _, _ := types.LookupFieldOrMethod(types.NewPointer(other.Type()), true, standIn, m.Name())
				fn, ok := found.(*types.Func)
				if !ok || fn.Signature().Params().Len() != m.Signature().Params().Len() || fn.Signature().Results().Len() != m.Signature().Results().Len() {
					t.Errorf("%s.%s has another method %s", path, name, m.Name())
				}
			}
		}
	}
}
