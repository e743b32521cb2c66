package load_test

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"golang.org/x/tools/txtar"
)

// module writes the files of an archive into a new module example.com/m.
func module(t *testing.T, archive string) string {
	t.Helper()
	// Without links in it: the go command answers with the real path.
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := txtar.Parse([]byte(archive)).Files
	files = append(files, txtar.File{Name: "go.mod", Data: []byte("module example.com/m\n\ngo 1.26\n")})
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// env is that of a user: the flags of a surrounding go test are not his.
func env() []string {
	return append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
}

func loadAll(t *testing.T, dir string, patterns ...string) ([]*load.Package, error) {
	t.Helper()
	return load.Load(t.Context(), load.Config{Dir: dir, Patterns: patterns, Env: env()})
}

// one loads one package that has no hard errors.
func one(t *testing.T, dir, pattern string) *load.Package {
	t.Helper()
	pkgs, err := loadAll(t, dir, pattern)
	if err != nil || len(pkgs) != 1 {
		t.Fatalf("%d packages, error %v", len(pkgs), err)
	}
	return pkgs[0]
}

// names returns base names.
func names(paths []string) string {
	var out []string
	for _, p := range paths {
		out = append(out, filepath.Base(p))
	}
	return strings.Join(out, " ")
}

func TestAPackageComesWithTypesFilesAndModule(t *testing.T) {
	dir := module(t, `
-- a/b.go --
package a

import "strings"

type T struct{ B strings.Builder }
-- a/a.go --
package a
-- a/a_test.go --
package a_test
-- a/_ignored_test.go --
package a
-- a/other_windows_test.go --
package a
-- a/windows_windows.go --
package a
`)
	p := one(t, dir, "./a")
	if p.Name != "a" || p.PkgPath != "example.com/m/a" || p.Dir != filepath.Join(dir, "a") {
		t.Errorf("name %s, path %s, dir %s", p.Name, p.PkgPath, p.Dir)
	}
	if got := names(p.GoFiles); got != "a.go b.go" || len(p.Files) != 2 {
		t.Errorf("GoFiles %s, %d Files", got, len(p.Files))
	}
	if got := names(p.TestFiles); got != "a_test.go other_windows_test.go" {
		t.Errorf("TestFiles %s", got)
	}
	if p.Generated != nil || len(p.Errors) != 0 {
		t.Errorf("Generated %q, Errors %v", p.Generated, p.Errors)
	}
	if diff := cmp.Diff(&load.Module{Path: "example.com/m", Dir: dir, GoVersion: "1.26", Main: true}, p.Module); diff != "" {
		t.Error(diff)
	}
	field := p.Types.Scope().Lookup("T").Type().Underlying().(*types.Struct).Field(0)
	if got := field.Type().String(); got != "strings.Builder" {
		t.Errorf("field B has type %s", got)
	}
}

func TestNothingGeneratedStopsALoad(t *testing.T) {
	const user = `
-- a/zz.go --
package a

type Fetch struct{}

var runner = NewFetchRunner(Fetch{})
-- b/b.go --
package b

import "example.com/m/a"

var F a.Fetch
`
	header := load.Header + "\n\n"
	for _, test := range []struct{ name, content string }{
		{"empty", "\n"},
		{"not Go", "no Go at all {\n"},
		{"with conflict markers", "<<<<<<< HEAD\n" + header + "package a\n=======\npackage a\n>>>>>>> x\n"},
		{"with conflict markers below the imports", header + "package a\n<<<<<<< HEAD\n=======\n>>>>>>> x\n"},
		{"of another package", header + "package other\n"},
		{"with an import that does not end", header + "package a\n\nimport \"fm\n"},
		{"with an import that is not there", header + "package a\n\nimport _ \"example.com/m/gone\"\n"},
		{"with an import that makes a cycle", header + "package a\n\nimport _ \"example.com/m/b\"\n"},
		{"with a broken build constraint", "//go:build a || (\n\n" + header + "package a\n"},
		{"with a build constraint that excludes it", "//go:build ignore\n\n" + header + "package a\n"},
		{"that declares what the package declares", header + "package a\n\ntype Fetch int\n"},
		{"that does not type-check", header + "package a\n\nvar x int = \"\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := module(t, user+"-- a/"+load.GeneratedFile+" --\n"+test.content)
			for _, patterns := range [][]string{{"./a"}, {"./b"}, {"./a", "./b"}} {
				pkgs, err := loadAll(t, dir, patterns...)
				if err != nil || len(pkgs) != len(patterns) {
					t.Fatalf("%v: %d packages, error %v", patterns, len(pkgs), err)
				}
				for _, p := range pkgs {
					checkUser(t, dir, p)
				}
			}
		})
	}
}

// checkUser checks packages a and b of TestNothingGeneratedStopsALoad: the
// user's types are there, and the only error is the missing wrapper.
func checkUser(t *testing.T, dir string, p *load.Package) {
	t.Helper()
	if p.Name == "b" {
		if got := p.Types.Scope().Lookup("F").Type().String(); got != "example.com/m/a.Fetch" || len(p.Errors) != 0 {
			t.Errorf("b.F has type %s, Errors %v", got, p.Errors)
		}
		return
	}
	if p.Name != "a" || names(p.GoFiles) != "zz.go" || !slices.Equal(p.Generated, []string{filepath.Join(dir, "a", load.GeneratedFile)}) {
		t.Errorf("name %s, GoFiles %s, Generated %s", p.Name, names(p.GoFiles), p.Generated)
	}
	if _, ok := p.Types.Scope().Lookup("Fetch").Type().Underlying().(*types.Struct); !ok {
		t.Error("a.Fetch is not the user's struct")
	}
	if len(p.Errors) != 1 || p.Errors[0].Message != "undefined: NewFetchRunner" || p.Errors[0].Pos.Line != 5 {
		t.Errorf("Errors %v", p.Errors)
	}
}

func TestGeneratedDeclarationsAreNotSeen(t *testing.T) {
	dir := module(t, `
-- a/a.go --
package a
-- a/workgen_gen.go --
package a

type FetchRunner struct{}
`)
	if obj := one(t, dir, "./a").Types.Scope().Lookup("FetchRunner"); obj != nil {
		t.Errorf("%v is in the package", obj)
	}
}

// A dependency has no export data when it does not compile.
func TestTypesAreRightWhenADependencyDoesNotCompile(t *testing.T) {
	dir := module(t, `
-- a/a.go --
package a

type T struct{ N int }

var r = NewFetchRunner()
-- mid/mid.go --
package mid

import "example.com/m/a"

type M struct{ A a.T }
-- b/b.go --
package b

import (
	"example.com/m/a"
	"example.com/m/mid"
)

func f(m mid.M) a.T { return m.A }
`)
	if p := one(t, dir, "./b"); len(p.Errors) != 0 {
		t.Errorf("Errors %v", p.Errors)
	}
}

func TestHardErrorsAreReportedTogetherAndSpareTheOthers(t *testing.T) {
	dir := module(t, `
-- good/good.go --
package good
-- syntax/a.go --
package syntax

func f( {
-- syntax/b.go --
package syntax

var x = = 1
-- cycle1/a.go --
package cycle1

import _ "example.com/m/cycle2"
-- cycle2/a.go --
package cycle2

import _ "example.com/m/cycle1"
-- mixed/a.go --
package one
-- mixed/b.go --
package two
-- tagged/a.go --
//go:build never

package tagged
-- empty/readme --
-- void/readme --
`)
	pkgs, err := loadAll(t, dir, "./good", "./syntax", "./cycle1", "./mixed", "./tagged", "./empty", "./void/...", "./gone")
	if len(pkgs) != 1 || pkgs[0].Name != "good" {
		t.Errorf("loaded %v", pkgs)
	}
	want := `build constraints exclude all Go files in ./tagged
found packages one (a.go) and two (b.go) in ./mixed
import cycle not allowed: import stack: [example.com/m/cycle1 example.com/m/cycle2 example.com/m/cycle1]
no Go files in ./empty
pattern ./void/... matches no packages
	fix: name a directory with Go files, or check the build tags
stat ./gone: directory not found
./syntax/a.go:3:9: expected ')', found '{'
./syntax/b.go:3:9: expected operand, found '='
`
	if diff := cmp.Diff(want, rendered(t, dir, err)); diff != "" {
		t.Error(diff)
	}
}

// rendered is what the user sees of an *Error.
func rendered(t *testing.T, dir string, err error) string {
	t.Helper()
	var hard *load.Error
	if !errors.As(err, &hard) {
		t.Fatalf("error %v (%T), want a *load.Error", err, err)
	}
	var list diag.List
	for _, d := range hard.Diagnostics {
		list.Add(d)
	}
	var b strings.Builder
	list.Write(&b, dir)
	return b.String()
}

func TestPatternsThatMatchNothingAreErrors(t *testing.T) {
	dir := module(t, "-- a/a.go --\npackage a\n-- empty/readme --\n")
	for _, test := range []struct {
		patterns []string
		want     string
	}{
		{nil, "no Go files in " + filepath.ToSlash(dir)}, // the root directory
		{[]string{"./empty/..."}, "pattern ./empty/... matches no packages"},
		{[]string{"./a", "./empty/..."}, "pattern ./empty/... matches no packages"},
		{[]string{"./gone/..."}, "pattern ./gone/...: lstat ./gone/: no such file or directory"},
		{[]string{"example.com/m/gone"}, "package example.com/m/gone is not in std"},
		{[]string{"./a/a.go"}, "cannot generate for single files: the generated file belongs to the whole package"},
	} {
		t.Run(strings.Join(test.patterns, " "), func(t *testing.T) {
			_, err := loadAll(t, dir, test.patterns...)
			got := filepath.ToSlash(rendered(t, dir, err))
			if test.want == "package example.com/m/gone is not in std" {
				test.want = "no required module provides package example.com/m/gone"
			}
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %swant %s", got, test.want)
			}
		})
	}
}

func TestTheReasonForAMissingImportIsTheGoCommands(t *testing.T) {
	dir := module(t, `
-- a/a.go --
package a

import "example.com/elsewhere/x"

var V x.T
`)
	p := one(t, dir, "./a")
	const want = "could not import example.com/elsewhere/x: no required module provides package example.com/elsewhere/x"
	if len(p.Errors) != 1 || !strings.HasPrefix(p.Errors[0].Message, want) {
		t.Errorf("Errors %v", p.Errors)
	}
}

func TestErrorInFindsWhatIsInsideOnly(t *testing.T) {
	dir := module(t, `
-- a/a.go --
package a

func f(x Missing, y int, z Missing3) {}
-- a/b.go --
package a

func g(x int, y Missing2) {}
`)
	p := one(t, dir, "./a")
	f := p.Types.Scope().Lookup("f").Type().(*types.Signature).Params()
	y := f.At(1).Pos()
	if e, ok := p.ErrorIn(f.At(0).Pos(), y); !ok || e.Message != "undefined: Missing" {
		t.Errorf("in x: %v, %v", e, ok)
	}
	if e, ok := p.ErrorIn(y, y+5); ok {
		t.Errorf("in y: %v", e)
	}
}

func TestBuildTagsAreHonoured(t *testing.T) {
	dir := module(t, "-- a/a.go --\npackage a\n-- a/b.go --\n//go:build x && y\n\npackage a\n")
	pkgs, err := load.Load(t.Context(), load.Config{Dir: dir, Patterns: []string{"./a"}, Tags: "x,y", Env: env()})
	if err != nil || names(pkgs[0].GoFiles) != "a.go b.go" {
		t.Errorf("%v, error %v", pkgs, err)
	}
}

func TestPackagesAreSortedByPath(t *testing.T) {
	dir := module(t, "-- c/c.go --\npackage c\n-- a/a.go --\npackage a\n-- b/b.go --\npackage b\n")
	pkgs, err := loadAll(t, dir, "./c", "./...", "./a")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range pkgs {
		got += p.Name
	}
	if got != "abc" {
		t.Errorf("order %s", got)
	}
}

func TestTheContextEndsALoad(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := load.Load(ctx, load.Config{Dir: module(t, "-- a.go --\npackage a\n"), Env: env()})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// One small package, warm: what go generate costs a user each time.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/m\n\ngo 1.26\n"), 0o644)
	os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n\nimport \"net/http\"\n\nvar C http.Client\n"), 0o644)
	for b.Loop() {
		if _, err := load.Load(b.Context(), load.Config{Dir: dir, Env: env()}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleError_Error() {
	err := &load.Error{Diagnostics: []diag.Diagnostic{{Message: "no Go files in ./a"}, {Message: "no Go files in ./b"}}}
	fmt.Println(err)
	// Output: load: no Go files in ./a (and 1 more)
}
