package reach_test

import (
	"slices"
	"strings"
	"testing"
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
a.init
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
