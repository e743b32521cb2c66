package reach_test

import "testing"

// What a package imports is in each program that has it, whatever it is imported for: its
// functions init register what Run finds.
func TestInitOfWhatIsImported(t *testing.T) {
	got := names(of(t, write(t, `
-- a/a.go --
package a

import (
	"example.com/m/direct"
	"example.com/m/quiet"
	"example.com/m/reg"
)

//workgen:work
type W struct{}

func (W) Run() int { return reg.Call("direct") }

func Unreached() int { return direct.N + quiet.N }
-- a/a_tagged.go --
//go:build tagged

package a

import "example.com/m/tagged"

func init() { println(tagged.N) }
-- reg/reg.go --
package reg

var table = map[string]func() int{}

func Add(name string, f func() int) { table[name] = f }

func Call(name string) int { return table[name]() }
-- direct/d.go --
package direct

import (
	"example.com/m/indirect"
	"example.com/m/reg"
)

const N = indirect.N

func init() { reg.Add("direct", func() int { return 1 }) }
-- indirect/i.go --
package indirect

import "example.com/m/reg"

const N = 1

var _ = add()

func add() int {
	reg.Add("indirect", func() int { return 1 })
	return 1
}
-- tagged/t.go --
package tagged

import "example.com/m/reg"

const N = 1

func init() { reg.Add("tagged", func() int { return 1 }) }
-- quiet/q.go --
package quiet

const N = 1

var n int

func init() { n++ }
-- quiet/q.s --
-- unimported/u.go --
package unimported

import "example.com/m/reg"

func init() { reg.Add("unimported", func() int { return 1 }) }
`)))
	const want = `a.W
a.W.Run
direct.init
indirect._
indirect.add
reg.Add
reg.Call
reg.table
tagged.init
order of initialisation`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
