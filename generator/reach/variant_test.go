package reach_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/reach"
)

const systems = `
-- a/a.go --
package a

//workgen:work
type W struct{}

func (w W) Run(n int) int { return differs(n) + limit }

func common(n int) int { return n }

type plain struct{}

func (plain) Method() int { return 1 }

func unreached() {}
-- a/a_windows.go --
package a

import "example.com/m/b"

const limit = 3

func differs(n int) int { return windows(n) + b.Windows() + new(kind).Method() }

func windows(n int) int { return n }

type kind struct{}

func (*kind) Method() int { return 1 }

func init() { windows(1) }

func alone() {}
-- a/other.go --
//go:build !windows

package a

const limit = 2

func differs(n int) int { return common(n) }
-- b/b.go --
package b

func Windows() int { return 1 }

func Unreached() int { return 1 }
`

func TestWhatDiffersBetweenSystemsCountsOnAll(t *testing.T) {
	base := on(t, "linux", write(t, systems))
	const want = `a.W
a.W.Run
a.common
a.differs
a.kind
a.kind.Method
a.limit
a.plain
a.plain.Method
a.windows
b.Windows`
	if got := names(base); got != want {
		t.Errorf("got\n%s", got)
	}
	for _, test := range []struct {
		old, with string
		changes   bool
	}{
		{"a", "a", false},
		{"windows(n int) int { return n }", "windows(n int) int { return -n }", true},
		{"differs(n int) int { return common(n) }", "differs(n int) int { return -common(n) }", true},
		{"limit = 3", "limit = 4", true},
		{"//go:build !windows", "//go:build !windows && !plan9", true},
		{"Windows() int { return 1 }", "Windows() int { return 2 }", true},
		{"func alone() {}", "func alone() { println() }", false},
		{"func unreached() {}", "func unreached() { println() }", false},
		{"Unreached() int { return 1 }", "Unreached() int { return 2 }", false},
	} {
		archive := strings.Replace(systems, test.old, test.with, 1)
		linux, windows := on(t, "linux", write(t, archive)).Symbols(), on(t, "windows", write(t, archive)).Symbols()
		if !slices.Equal(linux, windows) {
			t.Errorf("%s: it differs between systems:\n%v\n%v", test.with, linux, windows)
		}
		if slices.Equal(linux, base.Symbols()) == test.changes {
			t.Errorf("%s: changed %t, want %t", test.with, !test.changes, test.changes)
		}
	}
}

// In some builds a method is called that this one does not have, or a function of the
// package in place of one that Go has.
func TestWhatOnlyOtherBuildsCallCounts(t *testing.T) {
	const archive = `
-- a/a.go --
package a

import "fmt"

//workgen:work
type W struct{}

func (w W) Run(n int) string { return fmt.Sprint(T{min(n, 1)}, Outer{}.get()) }

type T struct{ n any }

type Inner struct{}

func (Inner) get() int { return 1 }

type Outer struct{ Inner }
-- a/a_tagged.go --
//go:build tagged

package a

func (T) String() string { return "old method" }

func (Outer) get() int { return len("old outer") }

func (Outer) unused() int { return len("unused") }

func min(a, b int) int { return len("old function") }

type any interface{ old() }
`
	for _, old := range []string{"", "old method", "old function", "old()", "old outer"} {
		dir := write(t, strings.Replace(archive, old, "new"+strings.TrimPrefix(old, "old"), min(1, len(old))))
		with, without := in(t, dir, "GOFLAGS=-tags=tagged").Symbols(), in(t, dir).Symbols()
		without = slices.DeleteFunc(without, func(s reach.Symbol) bool { return strings.HasSuffix(s.Name, "Inner.get") }) // is hidden with the tag
		if !slices.Equal(with, without) || strings.Contains(fmt.Sprint(with), "unused") {
			t.Errorf("it differs between builds, or has what nothing uses:\n%v\n%v", with, without)
		}
		if base := in(t, write(t, archive), "GOFLAGS=-tags=tagged").Symbols(); slices.Equal(with, base) != (old == "") {
			t.Errorf("a change of %q: %t", old, slices.Equal(with, base))
		}
	}
}
