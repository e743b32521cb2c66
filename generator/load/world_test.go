package load_test

import (
	"flag"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/load"
)

var long = flag.Bool("long", false, "do at full length what takes long")

// paths joins the import paths of packages without the module's.
func paths(pkgs []*load.Package) string {
	var out []string
	for _, p := range pkgs {
		out = append(out, strings.TrimPrefix(p.PkgPath, "example.com/m/"))
	}
	return strings.Join(out, " ")
}

const world = `
-- a/a.go --
package a

import "example.com/m/low"

type T struct{ L low.L }
-- low/low.go --
package low

type I interface{ M() L }

type L struct{}
-- other/other.go --
package other

import "example.com/m/low"

type Impl struct{}

func (Impl) M() low.L { return low.L{} }
-- broken/broken.go --
package broken

func f( {
-- wrong/wrong.go --
package wrong

import _ "example.com/m/gone"

var x int = ""
-- mixed/a.go --
package one
-- mixed/b.go --
package two
-- testdata/x/x.go --
package x

import _ "example.com/m/testdata/y"
-- testdata/y/y.go --
package y
-- testdata/z/z.go --
package z
`

func TestTheWorldIsTheWholeModuleWhateverThePatterns(t *testing.T) {
	dir := module(t, world)
	for _, test := range []struct{ patterns, packages, world string }{
		{"./a", "a", "a broken low mixed other wrong"},
		{"./low ./other", "low other", "a broken low mixed other wrong"},
		{"./testdata/z", "testdata/z", "a broken low mixed other testdata/z wrong"},
		{"./testdata/x ./testdata/z", "testdata/x testdata/z", "a broken low mixed other testdata/x testdata/y wrong"},
	} {
		pkgs, err := loadAll(t, dir, strings.Fields(test.patterns)...)
		if err != nil {
			t.Errorf("%s: what is broken elsewhere stops a load: %v", test.patterns, err)
			continue
		}
		if got := paths(pkgs); got != test.packages {
			t.Errorf("%s match %s", test.patterns, got)
		}
		if got := paths(pkgs[0].World); got != test.world {
			t.Errorf("%s: the world is %s, want %s", test.patterns, got, test.world)
		}
		for _, p := range pkgs[0].World {
			if len(p.Files) == 0 || p.Types == nil || p.Info == nil {
				t.Errorf("%s: package %s has no syntax or types", test.patterns, p.PkgPath)
			}
		}
	}
}

func TestTheWorldIsOneUniverse(t *testing.T) {
	a := one(t, module(t, world), "./a")
	byPath := map[string]*load.Package{}
	for _, p := range a.World {
		byPath[strings.TrimPrefix(p.PkgPath, "example.com/m/")] = p
	}
	if byPath["a"] != a {
		t.Error("the package itself is another one in its world")
	}
	iface := byPath["low"].Types.Scope().Lookup("I").Type().Underlying().(*types.Interface)
	if !types.Implements(byPath["other"].Types.Scope().Lookup("Impl").Type(), iface) {
		t.Error("other.Impl does not implement low.I")
	}
	field := a.Types.Scope().Lookup("T").Type().Underlying().(*types.Struct).Field(0)
	if field.Type() != byPath["low"].Types.Scope().Lookup("L").Type() {
		t.Error("a.T.L is of another low.L")
	}
}

// What a module does not import of a workspace is not there without it.
func TestTheWorldIsTheModuleAndWhatItImportsOfTheWorkspace(t *testing.T) {
	dir := module(t, `
-- a/a.go --
package a
-- b/b.go --
package b

import _ "example.com/lib/used"
-- lib/go.mod --
module example.com/lib

go 1.26
-- lib/used/u.go --
package used

import _ "example.com/lib/low"
-- lib/low/l.go --
package low
-- lib/other/o.go --
package other
-- impl/go.mod --
module example.com/impl

go 1.26
-- impl/i.go --
package impl

import _ "example.com/lib/used"
-- apart/go.mod --
module example.com/apart

go 1.26
-- apart/n.go --
package apart
-- go.work --
go 1.26

use .
use ./lib
use ./impl
`)
	pkgs, err := load.Load(t.Context(), load.Config{Dir: dir, Patterns: []string{"./a", "./lib/low"}, Env: append(env(), "GOWORK=")})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		want := "example.com/lib/low example.com/lib/other example.com/lib/used"
		if p.Name == "a" {
			want = "example.com/lib/low example.com/lib/used a b"
		}
		if got := paths(p.World); got != want {
			t.Errorf("the world of %s is %s", p.PkgPath, got)
		}
	}
}

// A dependency outside of the main modules that imports one of them must see
// the same types.
func TestTheWorldIsOneUniverseAlsoThroughADependency(t *testing.T) {
	dir := module(t, `
-- low/low.go --
package low

type L struct{}

var unfinished = NewFetchRunner()
-- a/a.go --
package a

import (
	"example.com/dep"
	"example.com/m/low"
)

var l low.L = dep.L()
-- dep/go.mod --
module example.com/dep

go 1.26
-- dep/dep.go --
package dep

import "example.com/m/low"

func L() low.L { return low.L{} }
-- go.work --
go 1.26

use .

replace example.com/dep => ./dep
`)
	// A module that requires a module of the workspace: only a go.mod says so.
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/m\n\ngo 1.26\n\nrequire example.com/dep v0.0.0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	pkgs, err := load.Load(t.Context(), load.Config{Dir: dir, Patterns: []string{"./a"}, Env: append(env(), "GOWORK=")})
	if err != nil || len(pkgs[0].Errors) > 0 {
		t.Fatal(err, pkgs[0].Errors)
	}
	if got := paths(pkgs[0].World); got != "a low" {
		t.Errorf("the world is %s", got)
	}
}

// No package of the main modules is compiled: that would take as long as a
// build after every change.
func TestNothingOfTheModuleIsCompiled(t *testing.T) {
	if !*long {
		t.Skip("compiles the standard library into an empty cache: give -long")
	}
	dir := module(t, "-- a/a.go --\npackage a\n\nimport \"example.com/m/b\"\n\nvar B = b.B\n-- b/b.go --\npackage b\n\nvar B = 1\n")
	cache := t.TempDir()
	if _, err := load.Load(t.Context(), load.Config{Dir: dir, Patterns: []string{"./a"}, Env: append(env(), "GOCACHE="+cache, "GOMAXPROCS=1")}); err != nil {
		t.Fatal(err)
	}
	// What is compiled leaves its import path in the cache.
	filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
		if data, _ := os.ReadFile(path); strings.HasSuffix(path, "-d") && strings.Contains(string(data), "example.com/m/b") {
			t.Errorf("%s is from the module", path)
		}
		return nil
	})
}
