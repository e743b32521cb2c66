package reach_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/reach"
)

// builds are environments in which files are generated.
var builds = [][]string{
	{"GOOS=linux", "CGO_ENABLED=1"}, {"GOOS=linux", "CGO_ENABLED=0"},
	{"GOOS=windows", "CGO_ENABLED=0"}, {"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"},
}

// everywhere returns what the work of a module reaches, which has to be the same in all
// builds.
func everywhere(t *testing.T, dir string) []reach.Symbol {
	t.Helper()
	var first []reach.Symbol
	for i, env := range builds {
		symbols := in(t, dir, env...).Symbols()
		if i == 0 {
			first = symbols
		} else if !slices.Equal(first, symbols) {
			t.Errorf("with %v\n%v\nwith %v\n%v", builds[0], first, env, symbols)
		}
	}
	return first
}

// in finds what the work of a module reaches in a certain environment.
func in(t *testing.T, dir string, env ...string) *reach.Reach {
	t.Helper()
	pkgs, err := load.Load(t.Context(), load.Config{
		Dir: dir, Patterns: []string{"./a"}, Env: append(append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off"), env...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return find(t, pkgs, "a")
}

// What a dependency imports only on some system counts on all, with what that imports in
// turn, although the go command does not list it here.
func TestDependenciesOfOneSystemCountOnAll(t *testing.T) {
	const archive = `
-- go.mod --
module example.com/m

go 1.26

require (
	example.com/dep v0.0.0
	example.com/win v0.0.0
	example.com/deep v0.0.0
	example.com/native v0.0.0
	example.com/unused v0.0.0
)

replace (
	example.com/dep => ./dep
	example.com/win => ./win
	example.com/deep => ./deep
	example.com/native => ./native
	example.com/unused => ./unused
)
-- a/a.go --
package a

import "example.com/dep"

//workgen:work
type W struct{}

func (w *W) Run(n int) int { return dep.F(n) }
-- dep/go.mod --
module example.com/dep

go 1.26
-- dep/dep.go --
package dep

func F(n int) int { return n }
-- dep/dep_windows.go --
package dep

import (
	"syscall"

	"example.com/win/sub"
)

var _ = syscall.Handle(sub.N)
-- dep/cgo.go --
package dep

// int one(void) { return 1; }
import "C"

import "example.com/native"

var _ = int(C.one()) + native.N
-- dep/never.go --
//go:build ignore

package main

import "example.com/unused"

var _ = unused.N
-- dep/nowhere_plan9.go --
package dep

import _ "example.com/nowhere"
-- dep/dep_windows_test.go --
package dep

import _ "example.com/unused"
-- win/go.mod --
module example.com/win

go 1.26
-- win/sub/sub_windows.go --
package sub

import "example.com/deep"

const N = deep.N
-- deep/go.mod --
module example.com/deep

go 1.26
-- deep/deep.go --
package deep

const N = 1
-- native/go.mod --
module example.com/native

go 1.26
-- native/native.go --
package native

const N = 1
-- unused/go.mod --
module example.com/unused

go 1.26
-- unused/unused.go --
package unused

const N = 1
`
	base := everywhere(t, write(t, archive))
	var names []string
	for _, s := range base {
		if name, ok := strings.CutPrefix(s.Name, "package "); ok {
			names = append(names, name)
		}
	}
	if got := strings.Join(names, " "); got != "example.com/deep example.com/dep example.com/native example.com/win/sub" {
		t.Errorf("packages %s", got)
	}
	for _, test := range []struct{ old, with string }{
		{"const N = deep.N", "const N = -deep.N"},
		{"return 1; }", "return 2; }"},
		{"Handle(sub.N)", "Handle(-sub.N)"},
	} {
		if slices.Equal(base, in(t, write(t, strings.Replace(archive, test.old, test.with, 1)), builds[1]...).Symbols()) {
			t.Errorf("%s does not count where it is not built", test.with)
		}
	}
}

// Nor does it matter whether there is cgo, or a C compiler, and whether there is other
// code for where there is not.
func TestFilesOfCgoCountOnAllSystems(t *testing.T) {
	const archive = `
-- go.mod --
module example.com/m

go 1.26
-- a/a.go --
package a

import "example.com/m/c"

//workgen:work
type W struct{}

func (w *W) Run(n int) int { return c.Twice(n) + half(c.New(n).Get()) + c.Alone(n) }
-- a/half.go --
package a

// #include "half.h"
import "C"

import "strconv"

func half(n int) int {
	s, _ := strconv.Atoi(strconv.Itoa(int(C.half(C.int(n)))))
	return s + helper(s)
}
-- a/half.h --
int half(int n);
-- a/half.c --
int half(int n) { return n / 2; }
-- a/pure.go --
//go:build !cgo

package a

func half(n int) int { return n / 2 }
-- a/helper.go --
package a

func helper(n int) int { return n }
-- c/c.go --
package c

func Twice(n int) int { return 2 * n }

type T struct{ n int }

func New(n int) *T { return &T{n} }
-- c/cgo.go --
package c

// int alone(int n) { return n; }
import "C"

func Alone(n int) int { return int(C.alone(C.int(n))) }

func (t *T) Get() int { return int(C.alone(C.int(t.n))) }
`
	base := everywhere(t, write(t, archive))
	for _, test := range []struct {
		old, with string
	}{
		{"return n / 2; }", "return n / 3; }"},
		{"int n) { return n; }", "int n) { return -n; }"},
		{"return n / 2 }", "return n / 3 }"},
		{"func helper(n int) int { return n }", "func helper(n int) int { return -n }"},
		{"return &T{n}", "return &T{-n}"},
	} {
		if slices.Equal(base, in(t, write(t, strings.Replace(archive, test.old, test.with, 1)), builds[1]...).Symbols()) {
			t.Errorf("%s does not count", test.with)
		}
	}
}

// A module of the workspace that go.mod replaces by a directory is a dependency, as it is
// without the workspace; and what nothing of the module imports is not there.
func TestTheWorkspaceMakesNoDifference(t *testing.T) {
	const archive = `
-- go.work --
go 1.26

use (
	.
	./lib
	./impl
)
-- go.mod --
module example.com/m

go 1.26

require (
	example.com/lib v0.0.0
)

replace example.com/lib => ./lib
-- a/a.go --
package a

import "example.com/lib"

//workgen:work
type W struct{ shape lib.Shape }

func (w *W) Run(n int) int { return w.shape.Area(n) + lib.F(n) }
-- lib/go.mod --
module example.com/lib

go 1.26
-- lib/lib.go --
package lib

import "example.com/lib/low"

type Shape interface{ Area(n int) int }

func F(n int) int { return low.F(n) }
-- lib/low/low.go --
package low

func F(n int) int { return n }
-- impl/go.mod --
module example.com/impl

go 1.26

require example.com/lib v0.0.0
-- impl/impl.go --
package impl

import "example.com/lib"

var _ lib.Shape = Square{}

type Square struct{}

func (Square) Area(n int) int { return n * n }
`
	dir := write(t, archive)
	without, with := in(t, dir).Symbols(), in(t, dir, "GOWORK=").Symbols()
	if !slices.Equal(without, with) || len(with) != 4 {
		t.Errorf("without the workspace\n%v\nwith it\n%v", without, with)
	}
	for _, test := range []struct {
		old, with string
		changes   bool
	}{
		{"func F(n int) int { return n }", "func F(n int) int { return -n }", true},
		{"return n * n", "return -n * n", false},
	} {
		changed := in(t, write(t, strings.Replace(archive, test.old, test.with, 1)), "GOWORK=").Symbols()
		if slices.Equal(with, changed) == test.changes {
			t.Errorf("%s: changed %t, want %t", test.with, !test.changes, test.changes)
		}
	}
}
