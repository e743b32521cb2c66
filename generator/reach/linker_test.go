package reach_test

import (
	"slices"
	"testing"
)

func TestVariablesThatTheLinkerCanSetAreTold(t *testing.T) {
	r := of(t, write(t, `
-- a/a.go --
package a

import "example.com/m/b"

var (
	version       = "dev"
	joined        = "a" + b.Fixed
	plain         string
	number        = 1
	computed      = b.Make()
	bytes         []byte
	named         b.Text = "n"
	unreached     = "u"
)

//workgen:work
type W struct{}

func (w *W) Run(n int) string {
	_, _, _, _ = number, computed, bytes, named
	return version + joined + plain + b.Name + b.Fixed + system
}
-- a/a_linux.go --
package a

var system = "linux"
-- a/a_windows.go --
package a

var system string
-- b/b.go --
package b

const Fixed = "f"

type Text string

var Name = "b"

func Make() string { return "m" }
`))
	want := []string{"example.com/m/a.joined", "example.com/m/a.plain", "example.com/m/a.system", "example.com/m/a.version", "example.com/m/b.Name"}
	if got := r.Variables(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
