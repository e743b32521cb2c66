package reach_test

import (
	"go/types"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/reach"
	"golang.org/x/tools/txtar"
)

// TestMain lets the go command and the tests collect garbage less often: that would be a
// third of what they do.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Setenv("GOGC", "400")
	os.Exit(m.Run())
}

// write writes an archive into a new module example.com/m, with files replaced
// by those of the changes.
func write(t testing.TB, archive string, changes ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := []txtar.File{{Name: "go.mod", Data: []byte("module example.com/m\n\ngo 1.26\n")}}
	for _, a := range append([]string{archive}, changes...) {
		files = append(files, txtar.Parse([]byte(a)).Files...)
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if len(f.Data) == 0 {
			os.Remove(path)
			continue
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// of finds what W.Run of package a reaches.
func of(t testing.TB, dir string, patterns ...string) *reach.Reach {
	t.Helper()
	return on(t, "", dir, patterns...)
}

// on is of for a system.
func on(t testing.TB, system, dir string, patterns ...string) *reach.Reach {
	t.Helper()
	return find(t, packages(t, system, dir, patterns...), "a")
}

func packages(t testing.TB, system, dir string, patterns ...string) []*load.Package {
	t.Helper()
	if patterns == nil {
		patterns = []string{"./a"}
	}
	pkgs, err := load.Load(t.Context(), load.Config{
		Dir: dir, Patterns: patterns, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOOS="+system),
	})
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

// find is of for the package in a folder, which is loaded.
func find(t testing.TB, pkgs []*load.Package, folder string) *reach.Reach {
	t.Helper()
	for _, p := range pkgs {
		if !strings.HasSuffix("/"+p.PkgPath, "/m/"+folder) {
			continue
		}
		run, _, _ := types.LookupFieldOrMethod(p.Types.Scope().Lookup("W").Type(), true, p.Types, "Run")
		if r := reach.New().Of(p, run.(*types.Func), reach.Inputs{}); r != nil {
			return r
		}
	}
	t.Fatal("W.Run is not found")
	return nil
}

// names lists the symbols without the module's path.
func names(r *reach.Reach) string {
	var out []string
	for _, s := range r.Symbols() {
		if !s.Counts() {
			continue
		}
		out = append(out, strings.ReplaceAll(s.Name, "example.com/m/", ""))
	}
	return strings.Join(out, "\n")
}

const module = `
-- a/a.go --
package a

import (
	"fmt"

	"example.com/m/b"
)

type embedded struct{ N int }

type helper struct{ embedded }

//workgen:work
type W struct{ Mode b.Mode }

// Run does it.
func (w W) Run(n int) (string, error) {
	h := helper{embedded{n}}
	s := h.text() + fmt.Sprint(b.Sum(limit, n), b.Table[n])
	if v := b.Map(n, func(i int) int { return twice(i) }); v > second {
		return s, b.ErrLow
	}
	var sh b.Shape = b.New()
	f := sh.Area
	return s, hook(f())
}

func (h helper) text() string { return fmt.Sprint(h.N) }

const (
	first = iota + 1
	second
)

const limit = 10

var hook = check

func check(n float64) error { return nil }

func twice(i int) int { return 2 * i }

func unreached() {}

func init() { setup() }

func setup() { hook = check }
-- b/b.go --
package b

import "errors"

type Mode int

var ErrLow = errors.New("low")

var Table = table()

func table() map[int]string { return nil }

func Sum(a, b int) int { return a + b }

func Map[T, U any](v T, f func(T) U) U { return f(v) }

type Shape interface{ Area() float64 }

type square struct{ side float64 }

func (s square) Area() float64 { return s.side * s.side }

func (s square) Perimeter() float64 { return 4 * s.side }

func (s square) String() string { return "square" }

func New() Shape { return square{1} }

func Unreached() int { return 1 }
-- c/c.go --
package c

type Circle struct{ R float64 }

func (c *Circle) Area() float64 { return area(c.R) }

func (c *Circle) Other() int { return 1 }

func area(r float64) float64 { return 3 * r * r }

func Unreached() {}
`

func TestWhatIsReached(t *testing.T) {
	want := `a.W
a.W.Run
a.check
a.embedded
a.helper
a.helper.text
a.hook
a.init
a.limit
a.second
a.setup
a.twice
b.ErrLow
b.Map
b.Mode
b.New
b.Shape
b.Sum
b.Table
b.square
b.square.Area
b.square.String
b.table
c.Circle
c.Circle.Area
c.area`
	if got := names(of(t, write(t, module))); got != want {
		t.Errorf("got\n%s", got)
	}
}

// edit is a change of one file of module.
func edit(t testing.TB, file, old, with string) string {
	t.Helper()
	for _, f := range txtar.Parse([]byte(module)).Files {
		if f.Name == file {
			if !strings.Contains(string(f.Data), old) {
				t.Fatalf("%s does not have %q", file, old)
			}
			return "-- " + file + " --\n" + strings.Replace(string(f.Data), old, with, 1)
		}
	}
	t.Fatal("no file " + file)
	return ""
}

func TestWhatChangesAFingerprint(t *testing.T) {
	base := reach.Fingerprint(of(t, write(t, module)).Symbols())
	if len(base) != 32 {
		t.Errorf("fingerprint %q", base)
	}
	for _, test := range []struct{ name, file, old, with string }{
		{"Run", "a/a.go", "v > second", "v >= second"},
		{"the struct", "a/a.go", "Mode b.Mode", "Mode, Other b.Mode"},
		{"a function in another package", "b/b.go", "return a + b", "return b + a"},
		{"a method", "a/a.go", "fmt.Sprint(h.N)", "fmt.Sprintln(h.N)"},
		{"a constant", "a/a.go", "limit = 10", "limit = 11"},
		{"the constant that another repeats", "a/a.go", "iota + 1", "iota + 2"},
		{"an embedded type", "a/a.go", "embedded struct{ N int }", "embedded struct{ N int64 }"},
		{"a struct tag", "a/a.go", "embedded struct{ N int }", "embedded struct{ N int `json:\"n\"` }"},
		{"a type", "b/b.go", "type Mode int", "type Mode int8"},
		{"an initialiser", "b/b.go", `errors.New("low")`, `errors.New("lower")`},
		{"a function an initialiser calls", "b/b.go", "map[int]string { return nil }", "map[int]string { return map[int]string{} }"},
		{"a function in a variable", "a/a.go", "check(n float64) error { return nil }", "check(m float64) error { return nil }"},
		{"another function in a variable", "a/a.go", "hook = check", "hook = func(n float64) error { return check(n) }"},
		{"a function a closure calls", "a/a.go", "return 2 * i", "return i * 2"},
		{"a generic function", "b/b.go", "return f(v)", "w := v; return f(w)"},
		{"a method called through an interface", "b/b.go", "s.side * s.side", "s.side + s.side"},
		{"an implementer that is imported nowhere", "c/c.go", "return area(c.R)", "return 0"},
		{"what an implementer calls", "c/c.go", "3 * r * r", "3 * r"},
		{"a method that fmt may call", "b/b.go", `return "square"`, `return "Square"`},
		{"what init calls", "a/a.go", "func setup() { hook = check }", "func setup() { println(); hook = check }"},
		{"a new init", "b/b.go", "func Unreached()", "func init() { Table = nil }\n\nfunc Unreached()"},
		{"a blank variable that calls", "b/b.go", "func Unreached()", "var _, calls = count(), 0\n\nfunc count() int { Table = nil; return calls }\n\nfunc Unreached()"},
		{"an import for its effects", "b/b.go", `import "errors"`, "import (\n\t\"errors\"\n\t_ \"example.com/m/d\"\n)"},
		{"what a name refers to", "a/a.go", `"fmt"`, `fmt "example.com/m/e"`},
		{"an operator", "a/a.go", "2 * i", "2 + i"},
		{"grouping", "b/b.go", "return a + b", "return -(a + b)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, module, edit(t, test.file, test.old, test.with),
				"-- d/d.go --\npackage d\n\nimport \"os\"\n\nfunc init() { os.Setenv(`A`, `b`) }\n-- e/e.go --\npackage e\n\nfunc Sprint(...any) string { return \"\" }\n")
			if got := reach.Fingerprint(of(t, dir).Symbols()); got == base {
				t.Error("the fingerprint is the same")
			}
		})
	}
}

func TestWhatDoesNotChangeAFingerprint(t *testing.T) {
	base := of(t, write(t, module)).Symbols()
	for _, test := range []struct{ name, change string }{
		{"comments", edit(t, "a/a.go", "// Run does it.", "// Run does it well.\n//\n// Really.")},
		{"comments inside", edit(t, "a/a.go", "h := helper", "// A helper.\n\th := /* new */ helper")},
		{"formatting", edit(t, "b/b.go", "(a, b int) int { return a + b }", "(\n\ta, b int,\n) int {\n\n\treturn a +\n\tb\n}")},
		{"an unreached function", edit(t, "a/a.go", "func unreached() {}", "func unreached() { println() }")},
		{"an unreached function elsewhere", edit(t, "b/b.go", "return 1", "return 2")},
		{"a new function", edit(t, "b/b.go", "func Unreached()", "func More() {}\n\nfunc Unreached()")},
		{"an unreached method", edit(t, "b/b.go", "4 * s.side", "5 * s.side")},
		{"an unreached method of an implementer", edit(t, "c/c.go", "int { return 1 }", "int { return 2 }")},
		{"an unreached constant of a group", edit(t, "a/a.go", "	second\n)", "	second\n	third\n)")},
		{"the local name of an import", edit(t, "a/a.go", `"example.com/m/b"`, `b "example.com/m/b"`)},
		{"moving to another file", edit(t, "a/a.go", "func twice(i int) int { return 2 * i }\n", "") + "-- a/z.go --\npackage a\n\nfunc twice(i int) int { return 2 * i }\n"},
		{"renaming a file", "-- b/b.go --\n-- b/y.go --\n" + strings.TrimPrefix(edit(t, "b/b.go", "a", "a"), "-- b/b.go --\n")},
		{"a blank variable that calls what has no effect", edit(t, "b/b.go", "func Unreached()", "var _ = table()\n\nfunc Unreached()")},
		{"a new init that changes nothing reached", edit(t, "b/b.go", "func Unreached()", "var calls int\n\nfunc init() { calls++ }\n\nfunc Unreached()")},
		{"a blank variable that changes nothing reached", edit(t, "b/b.go", "func Unreached()", "var _, calls = count(), 0\n\nfunc count() int { calls++; return calls }\n\nfunc Unreached()")},
		{"a test", "-- a/a_test.go --\npackage a\n\nvar hook2 = hook\n"},
		{"a package that is broken", "-- broken/b.go --\npackage broken\n\nfunc (\n"},
		{"what is generated", "-- a/workgen_gen.go --\npackage a\n\nfunc init() { twice(1) }\n\ntype WRunner struct{}\n"},
		{"a package with an implementer of another interface", "-- d/d.go --\npackage d\n\ntype D struct{}\n\nfunc (D) Area() int { return 1 }\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := slices.DeleteFunc(of(t, write(t, module, test.change)).Symbols(), func(s reach.Symbol) bool { return !s.Counts() })
			if !slices.Equal(got, base) {
				t.Errorf("the symbols differ:\n%v\n%v", got, base)
			}
		})
	}
}

// Two packages of the standard library may have one name.
func TestTheSamePackageNameElsewhere(t *testing.T) {
	with := func(path string) []reach.Symbol {
		return of(t, write(t, "-- a/a.go --\npackage a\n\nimport path \""+path+"\"\n\n//workgen:work\ntype W struct{}\n\nfunc (W) Run(s string) string { return path.Base(s) }\n")).Symbols()
	}
	if slices.Equal(with("path"), with("path/filepath")) {
		t.Error("path and path/filepath give the same symbols")
	}
}

func TestTheSamePatternsOrNot(t *testing.T) {
	dir := write(t, module)
	base := of(t, dir).Symbols()
	for _, patterns := range [][]string{{"./..."}, {"./c", "./b", "./a"}, {"example.com/m/a"}} {
		if got := of(t, dir, patterns...).Symbols(); !slices.Equal(got, base) {
			t.Errorf("%v give other symbols: %v", patterns, got)
		}
	}
}
