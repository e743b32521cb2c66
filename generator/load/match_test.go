package load_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/generator/load"
)

func TestPatternsMatchWhatTheGoCommandSays(t *testing.T) {
	dir := module(t, `
-- m.go --
package m
-- a/a.go --
package a

import _ "example.com/m/testdata/used"
-- a/b/b.go --
package b
-- a/_c/c.go --
package c
-- a/.d/d.go --
package d
-- a/vendor/e/e.go --
package e
-- a/tests/only_test.go --
package tests
-- ab/ab.go --
package ab
-- testdata/used/u.go --
package used
-- testdata/other/o.go --
package other
-- nested/go.mod --
module example.com/nested

go 1.26
-- nested/n.go --
package nested
-- nested/deep/d.go --
package deep
-- apart/go.mod --
module example.com/apart

go 1.26
-- apart/n.go --
package apart
-- go.work --
go 1.26

use (
	.
	./nested
)
`)
	if err := os.Symlink(dir, filepath.Join(filepath.Dir(dir), "link")); err != nil {
		t.Skip("cannot make links here: ", err)
	}
	for _, test := range []struct{ dir, patterns string }{
		{"", "."},
		{"", "./..."},
		{"", "./a"},
		{"", "./a/"},
		{"", "./a/..."},
		{"", "./a..."},
		{"", "./.../b"},
		{"", "./a ./ab"},
		{"", "./nested/... ./a/b"},
		{"", "./nested"},
		{"", "./testdata/used"},
		{"", "./testdata/used/... ./a"},
		{"", "./... ./testdata/other/..."},
		{"", "./a/vendor/e"},
		{"", "./a/_c ./a/.d"},
		{"", dir + "/a/..."},
		{"../link", "./..."},
		{"../link/a", ". ../ab"},
		{"", "example.com/m/..."},
		{"", "example.com/m/a ./ab"},
		{"", "work"},
		{"a", "."},
		{"a", "./..."},
		{"a", "../..."},
		{"a/b", ".. ../../ab"},
		{"nested", "./..."},
		{"nested/deep", "../../..."},
	} {
		at := filepath.Join(dir, test.dir)
		list := exec.Command("go", append([]string{"list", "-find"}, strings.Fields(test.patterns)...)...)
		list.Dir, list.Env = at, append(env(), "GOWORK=", "PWD="+at)
		out, err := list.Output()
		want := strings.Fields(string(out))
		slices.Sort(want)
		if err != nil || len(want) == 0 {
			t.Fatal(test, err)
		}
		pkgs, err := load.Load(t.Context(), load.Config{Dir: at, Patterns: strings.Fields(test.patterns), Env: append(env(), "GOWORK=")})
		if err != nil {
			t.Error(test, err)
		}
		var got []string
		for _, p := range pkgs {
			got = append(got, p.PkgPath)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(test, diff)
		}
	}
}
