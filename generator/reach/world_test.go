package reach_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/reach"
)

const calling = `
-- a/a.go --
package a

import (
	"context"

	"example.com/m/b"
)

//workgen:work
type W struct {
	Fetch *b.FetchRunner ` + "`workgen:\"-\"`" + `
	Many  []*local       ` + "`workgen:\"-\"`" + `
}

type local struct{ parse *parseRunner }

func (w *W) Run(ctx context.Context, n int) (int, error) {
	data, err := w.Fetch.Run(ctx, n)
	if err != nil {
		return 0, err
	}
	total := data.Clean().Sum()
	for _, l := range w.Many {
		call := l.parse.Start(ctx, total)
		text, _ := call.Wait(ctx)
		total += text.Len()
	}
	return total, nil
}

//workgen:work
type parse struct{}

func (parse) Run(n int) b.Text { return b.Text("x") }

type unrelated struct{}

func (unrelated) Clean() int { return 1 }

func (unrelated) Run() int { return 1 }

func (unrelated) Len() int { return 1 }
-- b/b.go --
package b

//workgen:work
type Fetch struct{}

func (Fetch) Run(n int) (Data, error) { return fetch(n) }

func fetch(n int) (Data, error) { return Data{n}, nil }

type Data []int

func (d Data) Clean() Data { return d }

func (d Data) Sum() int { return len(d) }

func (d Data) Unused() int { return len(d) }

type Text string

func (t Text) Len() int { return len(t) }

//workgen:work
type Other struct{}

func (Other) Run(n int) (Data, error) { return Data{n}, nil }
`

func TestARunnerReachesItsWork(t *testing.T) {
	const want = `a.W
a.W.Run
a.local
a.parse
a.parse.Run
b.Data
b.Data.Clean
b.Data.Sum
b.Fetch
b.Fetch.Run
b.Text
b.Text.Len
b.fetch`
	if got := names(of(t, write(t, calling))); got != want {
		t.Errorf("got\n%s", got)
	}
}

// Where not even the runner can be followed, all methods of the name count.
func TestWhatCannotBeResolvedIsTakenByName(t *testing.T) {
	got := names(of(t, write(t, `
-- a/a.go --
package a

//workgen:work
type W struct{}

func (w *W) Run(n int) int { return missing(n).Clean() }

type T struct{}

func (T) Clean() int { return 1 }

func (T) Other() int { return 1 }
`)))
	if got != "a.T\na.T.Clean\na.W\na.W.Run" {
		t.Errorf("got\n%s", got)
	}
}

const files = `
-- a/a.go --
package a

import (
	"embed"
	_ "embed"
)

//workgen:work
type W struct{}

//go:embed query.sql
var query string

//go:embed tree *.txt
var tree embed.FS

//go:embed other.sql
var other string

func (w *W) Run(n int) int { return len(query) + add(n) + len(must(tree.ReadFile("x"))) }

func must(b []byte, _ error) []byte { return b }

func add(n int) int
-- a/query.sql --
select 1
-- a/other.sql --
select 2
-- a/tree/deep/x --
1
-- a/y.txt --
1
-- a/add_amd64.s --
TEXT ·add(SB), 4, $0-16
	RET
-- a/add_arm64.s --
TEXT ·add(SB), 4, $0-16
	RET
`

func TestFilesCount(t *testing.T) {
	base := of(t, write(t, files)).Symbols()
	for _, test := range []struct {
		change  string
		changes bool
	}{
		{"-- a/query.sql --\nselect 3\n", true},
		{"-- a/tree/deep/x --\n2\n", true},
		{"-- a/tree/new --\n2\n", true},
		{"-- a/y.txt --\n2\n", true},
		{"-- a/add_amd64.s --\nTEXT ·add(SB), 4, $0-16\n	NOP\n	RET\n-- a/add_arm64.s --\nTEXT ·add(SB), 4, $0-16\n	NOP\n	RET\n", true},
		{"-- a/other.sql --\nselect 4\n", false},
		{"-- a/readme --\n\n", false},
	} {
		if got := of(t, write(t, files, test.change)).Symbols(); slices.Equal(got, base) == test.changes {
			t.Errorf("changing %s: changed %t, want %t", strings.Fields(test.change)[1], !test.changes, test.changes)
		}
	}
}

const outside = `
-- go.mod --
module example.com/m

go 1.26

require (
	example.com/dep v0.0.0
	example.com/second v0.0.0
	example.com/unused v0.0.0
)

replace (
	example.com/dep => ./dep
	example.com/second => ./second
	example.com/unused => ./unused
)
-- a/a.go --
package a

import "example.com/dep/x"

//workgen:work
type W struct{}

func (w *W) Run(n int) int { return x.F(n) }
-- other/o.go --
package other

import "example.com/unused"

var _ = unused.F
-- dep/go.mod --
module example.com/dep

go 1.26
-- dep/x/x.go --
package x

import "example.com/second"

func F(n int) int { return second.F(n) }
-- dep/y/y.go --
package y
-- second/go.mod --
module example.com/second

go 1.26
-- second/s.go --
package second

func F(n int) int { return n }
-- unused/go.mod --
module example.com/unused

go 1.26
-- unused/u.go --
package unused

func F(n int) int { return n }
`

func TestModulesInDirectoriesCountByTheirFiles(t *testing.T) {
	base := of(t, write(t, outside))
	if got := names(base); got != "a.W\na.W.Run\npackage example.com/dep/x\npackage example.com/second" {
		t.Errorf("got\n%s", got)
	}
	for _, test := range []struct {
		change  string
		changes bool
	}{
		{"-- dep/x/x.go --\npackage x\n\nfunc F(n int) int { return n }\n", true},
		{"-- second/s.go --\npackage second\n\nfunc F(n int) int { return -n }\n", true},
		{"-- dep/y/y.go --\npackage y\n\nvar X int\n", false},
		{"-- dep/go.mod --\nmodule example.com/dep\n\ngo 1.21\n", true}, // loops have other variables
		{"-- unused/u.go --\npackage unused\n\nfunc F(n int) int { return -n }\n", false},
	} {
		if got := of(t, write(t, outside, test.change)).Symbols(); slices.Equal(got, base.Symbols()) == test.changes {
			t.Errorf("changing %s: changed %t, want %t", strings.Fields(test.change)[1], !test.changes, test.changes)
		}
	}
}

// Modules of this project's own go.mod, which are in the module cache, are told by their
// paths; their versions and sums do not count here.
func TestLinkedModulesAreTold(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	dir := write(t, `
-- a/a.go --
package a

import "github.com/zeebo/xxh3"

//workgen:work
type W struct{}

func (w *W) Run(s string) uint64 { return xxh3.HashString(s) }
`, "-- go.mod --\n"+strings.Replace(read("go.mod"), "module github.com/workgen/workgen", "module example.com/m", 1)+"-- go.sum --\n"+read("go.sum"))
	r := of(t, dir)
	if got := names(r); got != "a.W\na.W.Run" {
		t.Errorf("got\n%s", got)
	}
	want := reach.Modules{Own: "example.com/m", Linked: []string{
		"github.com/klauspost/cpuid/v2", "github.com/zeebo/xxh3",
		"golang.org/x/sys", // which cpuid needs on macOS
	}}
	if diff := cmp.Diff(want, r.Modules(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// Of a module in vendor the content counts, also where it is not that of its version.
func TestVendoredModulesCountByTheirFiles(t *testing.T) {
	const vendored = `
-- go.mod --
module example.com/m

go 1.26

require example.com/dep v1.0.0
-- vendor/modules.txt --
# example.com/dep v1.0.0
## explicit; go 1.26
example.com/dep
-- vendor/example.com/dep/dep.go --
package dep

func F(n int) int { return n }
-- a/a.go --
package a

import "example.com/dep"

//workgen:work
type W struct{}

func (w *W) Run(n int) int { return dep.F(n) }
`
	base := of(t, write(t, vendored))
	want := reach.Modules{Own: "example.com/m", Hashed: []string{"example.com/dep"}}
	if diff := cmp.Diff(want, base.Modules(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	changed := of(t, write(t, vendored, "-- vendor/example.com/dep/dep.go --\npackage dep\n\nfunc F(n int) int { return -n }\n"))
	if slices.Equal(changed.Symbols(), base.Symbols()) {
		t.Error("a vendored file does not count")
	}
}

// Those that count by content are told too.
func TestHashedModulesAreTold(t *testing.T) {
	want := reach.Modules{Own: "example.com/m", Hashed: []string{"example.com/dep", "example.com/second"}}
	if diff := cmp.Diff(want, of(t, write(t, outside)).Modules(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// Nothing of the machine may count: not the directory, not the order.
func TestFingerprintsAreTheSameEverywhere(t *testing.T) {
	for _, archive := range []string{module, calling, files, outside} {
		first := of(t, write(t, archive)).Symbols()
		for range 2 {
			if got := of(t, write(t, archive)).Symbols(); !slices.Equal(got, first) {
				t.Errorf("another checkout gives other symbols:\n%v\n%v", got, first)
			}
		}
	}
}

// A package below testdata is part of its own world only.
func TestPackagesBelowTestdata(t *testing.T) {
	dir := write(t, module, "-- testdata/d/d.go --\npackage d\n\ntype D struct{}\n\nfunc (D) Area() float64 { return 1 }\n")
	pkgs, err := load.Load(t.Context(), load.Config{Dir: dir, Patterns: []string{"./a", "./testdata/d"}, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off")})
	if err != nil || len(pkgs) != 2 {
		t.Fatal(len(pkgs), err)
	}
	if got := names(of(t, dir, "./a", "./testdata/d")); strings.Contains(got, "testdata") {
		t.Errorf("got\n%s", got)
	}
}
