package generator_test

import (
	"fmt"
	"go/ast"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/ambient"
)

// Everything in the table is there, and warned of with its place and its sentence.
func TestEveryAmbientInputIsWarnedOf(t *testing.T) {
	of := map[string][]ambient.Rule{}
	for _, r := range ambient.Table {
		of[r.Path] = append(of[r.Path], r)
	}
	paths := slices.Sorted(maps.Keys(of))
	loaded := map[string]*types.Package{}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		loaded[p.PkgPath] = p.Types
	}
	p := newProgram(t, "")
	var want []string
	for i, importPath := range paths {
		file := fmt.Sprintf("p%d/p.go", i)
		text := fmt.Sprintf("package p%d\n\nimport x %q\n\n//workgen:work\ntype W%d struct{}\n\nfunc use(any) {}\n\nfunc (W%d) Run(n int) int {\n", i, importPath, i, i)
		for _, r := range of[importPath] {
			for _, name := range names(r, loaded[importPath]) {
				use := uses(loaded[importPath], name)
				if use == "" && goruntime.GOOS != "linux" {
					continue
				}
				text += "\tuse(" + use + ")\n"
				want = append(want, fmt.Sprintf("%s:%d: Run reaches %s.%s, but a hit does not %s", file, strings.Count(text, "\n"),
					path.Base(strings.TrimSuffix(importPath, "/v2")), strings.TrimSuffix(name, "{}"), ambient.Kinds[r.Kind].Misses))
			}
		}
		p.write(file, text+"\treturn n\n}\n")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, warnings(t, p)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(want) < 300 {
		t.Errorf("only %d", len(want))
	}
}

// names are those of a rule.
func names(r ambient.Rule, in *types.Package) (out []string) {
	if r.Names != "*" {
		return strings.Fields(r.Names)
	}
	for _, name := range in.Scope().Names() {
		switch in.Scope().Lookup(name).(type) {
		case *types.Func, *types.Var:
			if ast.IsExported(name) && !strings.HasPrefix(name, "New") && name != "Seed" {
				out = append(out, name)
			}
		}
	}
	return out
}

// uses is an expression that uses what has a name in the package x, "" when it has not.
func uses(x *types.Package, name string) string {
	name, literal := strings.CutSuffix(name, "{}")
	typ, method, isMethod := strings.Cut(name, ".")
	obj := x.Scope().Lookup(typ)
	switch {
	case obj == nil:
		return ""
	case literal:
		return "x." + name + "{}"
	case !isMethod:
		return "x." + name
	case types.IsInterface(obj.Type()):
		return "x." + typ + "." + method
	}
	if types.NewMethodSet(types.NewPointer(obj.Type())).Lookup(x, method) == nil {
		return ""
	}
	if named := obj.Type().(*types.Named); named.TypeParams().Len() > 0 {
		typ += "[int]"
	}
	return "(*x." + typ + ")." + method
}

// warnings are what is said, as file:line: message, sorted.
func warnings(t *testing.T, p *program) (out []string) {
	t.Helper()
	_, said := p.generated()
	for line := range strings.Lines(said) {
		line = strings.TrimSuffix(line, "\n")
		where, message, ok := strings.Cut(line, ": warning: ")
		if !ok {
			if !strings.HasPrefix(line, "\t") {
				t.Error(line)
			}
			continue
		}
		file, rest, _ := strings.Cut(where[len("./"):], ":")
		number, _, _ := strings.Cut(rest, ":")
		_, message, _ = strings.Cut(message, ": ")
		out = append(out, file+":"+number+": "+message)
	}
	slices.Sort(out)
	return out
}

// Where the use of a function is an input and where it is not: the lines that are warned
// of say so.
func TestAmbientInputsAreWarnedOfWhereTheyCount(t *testing.T) {
	for _, name := range []string{"clock", "executed", "files", "funcs", "globals", "lazy", "logged", "network", "places", "values", "zone"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, "")
			fsys := os.DirFS(filepath.Join("..", "testdata", "ambient", name))
			var want []string
			fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := fs.ReadFile(fsys, file)
				if err != nil {
					t.Fatal(err)
				}
				p.write(file, string(text))
				for i, line := range strings.Split(string(text), "\n") {
					if _, what, ok := strings.Cut(line, "// want "); ok {
						want = append(want, fmt.Sprintf("%s:%d: %s", file, i+1, what))
					}
				}
				return nil
			})
			var got []string
			for _, w := range warnings(t, p) {
				where, message, _ := strings.Cut(w, ": Run reaches ")
				what, _, _ := strings.Cut(message, ",")
				got = append(got, where+": "+what)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
