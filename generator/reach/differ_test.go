package reach_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/load"
)

// What is executed at the start may do one thing in this build and another thing in
// others. It counts if it changes what Run sees in any of them.
func TestWhatIsExecutedAtTheStartCountsIfItChangesWhatRunSeesInSomeBuild(t *testing.T) {
	const does = "func init() { other[\"x\"] = T{}.do() }; type T struct{}"
	const idle = "func (T) do() int { return 1 }"
	const commands = "var root = &cli.Command{}; func run() error { number = 3; return nil }; "
	tests := []struct {
		always           string // in a file that is always built
		tagged, untagged string // in files that are built with and without a tag
		counts           bool
	}{
		// Methods of types.
		{does, `func (T) do() int { return 2 }`, idle, false},
		{does, `func (T) do() int { number++; return 1 }`, idle, true},
		{does, `func (T) do() int { return number }`, idle, true}, // nobody looks what is done with it
		{does, `func (T) do() int { return change() }; func change() int { number++; return 1 }`, idle, true},
		{does, `func (T) do() int { hooks = append(hooks, func() { number++ }); return 1 }; var hooks []func()`, idle, true},
		{does, `func (T) do() int { doer(impl{}).run(); return 1 }; type doer interface { run() }; type impl struct{}; func (impl) run() { number++ }`, idle, true},
		{does + `; type impl struct{}; func (impl) run() { number++ }`, `func (T) do() int { var x impl; x.run(); return 1 }`, idle, true},
		{does + `; type Query struct{}; func (Query) run() { number++ }`, `func (T) do() int { return new(Query).size() }; func (*Query) size() int { return 1 }`, idle, true},
		{does + `; func (T) unused() {}`, `func (T) do() int { return 1 }; func (T) again() { number++ }`, idle, true},
		{does + `; func (T) do() int { return 1 }`, `func (T) again() {}`, ``, false},
		{does + `; func (T) do() int { return 1 }`, `func (T) String() string { number++; return "" }`, ``, true},
		// As it is with functions for debugging.
		{does, `func (T) do() int { if debug { fmt.Fprintln(out, "x") }; return 1 }; var ( debug bool; out io.Writer ); func init() { debug, out = os.Getenv("DEBUG") != "", os.Stderr }`, idle, false},
		{does + `; func (T) String() string { return "x" }`, `func (t T) do() int { log.Println(t.String()); return len(strings.Fields("x")) }`, idle, false},
		// What is executed in some builds alone.
		{``, `func init() { number = 1 }`, ``, true},
		{``, `func init() { other["x"] = 1 }`, ``, false},
		{``, `var _ = change(); func change() int { number = 1; return 1 }`, ``, true},
		{`var x = change(1); func change(n int) int { number++; return n }`, `type change = int`, ``, true},
		{`var x = change(1)`, `func change(n int) int { number++; return n }`, `type change = int`, true},
		{`func init() { other["x"] = value }`, `var value = get(); func get() int { number++; return 1 }`, `const value = 1`, true},
		{`func init() { other["x"] = min(1, 2) }`, `func min(a, b int) int { number++; return a }`, ``, true},
		// Types that differ.
		{`func init() { kept = state.level }; type T struct { level ref }; var state T; func look() any { return state.level }`, `type ref *int`, `type ref int`, true},
		{`func init() { kept = state.level }; type T struct { level ref }; var state T; func look() any { return state.level }; type ref int`, ``, ``, false},
		{`func init() { kept = ref(text) }; var text []byte; func look() any { return text }`, `type ref = []byte`, `type ref = string`, true},
		{`func init() { kept = ref(text) }; var text []byte; func look() any { return text }; type ref = string`, ``, ``, false},
		{`func init() { kept = get(level) }; var level = cell(1); func look() any { return level }; func get(c cell) int { return 1 }; type cell = inner`, `type inner = *int; func cell2() {}`, `type inner = int`, true},
		{`func init() { state.set() }; type E struct { n int }; func (e E) set() {}; type T struct { E }; var state T; func look() any { return state }`, `func (t *T) set() { t.n = 1 }`, ``, true},
		{`func init() { state.set() }; type E struct { n int }; func (e E) set() {}; type T struct { E }; var state T; func look() any { return state }`, ``, ``, false},
		// Functions that are kept by packages outside.
		{commands + `func init() { root.RunE = run; other["x"] = T{}.do() }; type T struct{}`, `func (T) do() int { return 2 }`, idle, false},
		{commands + `func init() { root.RunE = run; other["x"] = T{}.do() }; type T struct{}`, `func (T) do() int { root.RunE(); return 2 }`, idle, true},
		{commands + `func init() { r := made(); r.RunE = run }`, `func made() *own { return nil }; type own struct { RunE func() error }`, `func made() *cli.Command { return nil }`, true},
		{commands + `func init() { r := made(); r.RunE = run }; type command = cli.Command`, `func made() *own { return nil }; type own struct { RunE func() error }`, `func made() *command { return nil }`, true},
		{commands + `func init() { root.RunE = func() error { return T{}.do() } }; type T struct{}`, `func (T) do() error { number++; return nil }`, `func (T) do() error { return nil }`, false},
		{`func init() { cli.Put(what()) }`, `func what() string { return "" }`, `func what() *int { return nil }`, true},
		// Other packages.
		{does, `func (T) do() int { d.Change(); return 1 }`, idle, true},
		{does, `func (T) do() int { d.New().Change(); return 1 }`, idle, true},
		{does, `func (T) do() int { d.N = 1; return 1 }`, idle, true},
		{does, `func (T) do() int { return d.Same(1) }`, idle, false},
		{`func init() { other["x"] = T{}.do() }; type T struct { v used.T }`, `func (t T) do() int { return t.v.Get() }`, idle, true},
		{`func init() { other["x"] = T{}.do() }; type T struct { v syscall.Signal }`, `func (t T) do() int { t.v.Signal(); return 1 }`, idle, true},
		{does, `func (T) do() int { used.Keep(1); return 1 }`, idle, true},
		{does, `func (T) do() int { image.RegisterFormat("x", "x", nil, nil); return 1 }`, idle, true},
		{does, `func (T) do() int { cli.Load("x"); return 1 }`, idle, true},
		{does, `func (T) do() int { return 1 }; func Unused() { cli.Load("x") }`, idle, false},
		{does, `import other2 "example.org/used"; func (T) do() int { return 1 }; func Unused() { other2.Keep(1) }`, idle, false},
		{does, `func (T) do() int { expvar.NewInt("x"); return 1 }`, idle, false},
		{does, `func (T) do() int { os.Setenv("A", "b"); return 1 }`, idle, true},
		{does, `func (T) do() int { os.Args = nil; return 1 }`, idle, true},
		{does, `func (T) do() int { os.Args[0] = "x"; return 1 }`, idle, true},
		{does, `func (T) do() int { http.DefaultClient.Timeout++; return 1 }`, idle, true},
		{does, `func (T) do() int { for time.Local = range all { }; return 1 }; var all []*time.Location`, idle, true},
		{does, `func (T) do() int { return len(os.Args) }`, idle, false},
		// What cannot be followed.
		{does, `import . "strings"; func (T) do() int { return len(Fields("x")) }`, idle, true},
		{does, `import "C"; func (T) do() int { return 1 }`, idle, true},
		{does, `import _ "unsafe"; //go:linkname remote example.com/m/e.remote; func remote(); func (T) do() int { return 1 }`, idle, true},
		{does, `func (T) do() int`, idle, true},
		{does, `import "example.com/m/tagonly"; func (T) do() int { return tagonly.F() }`, idle, true},
	}
	work := strings.Replace(seen, "package c", `package c

import (
	"image"

	"example.com/m/d"
	"example.org/used"
)

//workgen:work
type W struct{}

func (W) Run() {
	image.Decode(nil)
	used.Keep(d.N)
	Seen()
	look()
}`, 1)
	archive := otherModules + `
-- d/d.go --
package d

var N int

func Change() { N = 1 }

func Same(n int) int { return n }

type T struct{}

func New() T { return T{} }

func (T) Change() { N = 1 }
-- tagonly/t.go --
//go:build tagged

package tagonly

import "example.com/m/d"

func F() int { d.N = 1; return d.N }
`
	for i, test := range tests {
		if !strings.Contains(test.always, "func look") {
			test.always += "; func look() any { return nil }"
		}
		archive += fmt.Sprintf("-- c%d/a.go --\n%s-- c%[1]d/tagged.go --\n//go:build tagged\n\n%[3]s-- c%[1]d/untagged.go --\n//go:build !tagged\n\n%[4]s-- c%[1]d/b.go --\n%[5]s-- c%[1]d/c.s --\n",
			i, source(strings.TrimPrefix(test.always, "; ")), source(test.tagged), source(test.untagged), work)
	}
	dir := write(t, archive)
	for _, flags := range []string{"", "-tags=tagged"} {
		pkgs, err := load.Load(t.Context(), load.Config{
			Dir: dir, Patterns: []string{"./..."}, Env: append(os.Environ(), "GOFLAGS="+flags, "GOWORK=off", "GOPROXY=off"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, test := range tests {
			folder := fmt.Sprintf("c%d", i)
			got := strings.Split(names(find(t, pkgs, folder)), "\n")
			counts := slices.ContainsFunc([]string{"init", "x", "_"}, func(s string) bool { return slices.Contains(got, folder+"."+s) })
			if counts != test.counts {
				t.Errorf("with %q, %s | %s | %s: counts %t, want %t", flags, test.always, test.tagged, test.untagged, counts, test.counts)
			}
		}
	}
}

// A package of the module that is not in this build may do anything, whatever it is called.
func TestAPackageOfOtherBuildsMayDoAnything(t *testing.T) {
	got := names(of(t, write(t, `
-- go.mod --
module m

go 1.26
-- a/a.go --
package a

//workgen:work
type W struct{}

func (W) Run() int { return 1 }

func init() { T{}.do() }

type T struct{}
-- a/tagged.go --
//go:build tagged

package a

import "m/tagonly"

func (T) do() { tagonly.F() }
-- a/untagged.go --
//go:build !tagged

package a

func (T) do() {}
-- tagonly/t.go --
//go:build tagged

package tagonly

func F() {}
`)))
	if !strings.Contains(got, "a.init") {
		t.Errorf("got\n%s", got)
	}
}
