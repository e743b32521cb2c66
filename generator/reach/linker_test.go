package reach_test

import (
	"slices"
	"testing"

	"github.com/workgen/workgen/generator/reach"
)

func TestVariablesThatTheLinkerCanSetAreTold(t *testing.T) {
	r := of(t, write(t, `
-- a/a.go --
package a

import b "example.com/m/b.v2"

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
-- b.v2/b.go --
package b

const Fixed = "f"

type Text string

var Name = "b"

func Make() string { return "m" }
`))
	want := []reach.Variable{
		{Name: "example.com/m/a.joined", Initial: "af", Local: "joined"},
		{Name: "example.com/m/a.plain", Local: "plain"},
		{Name: "example.com/m/a.system"},
		{Name: "example.com/m/a.version", Initial: "dev", Local: "version"},
		{Name: "example.com/m/b.v2.Name", Initial: "b", Symbol: "example.com/m/b%2ev2.Name"},
	}
	if got := r.Variables(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
