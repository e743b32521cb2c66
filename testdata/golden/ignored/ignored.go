// Package ignored has works whose arguments and results hold fields that are no
// input, at every place where a value can have a field. Who holds Mu writes to what
// is behind them at any time.
package ignored

import (
	"sync"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/ignored/options"
)

// Mu guards what the fields tagged `workgen:"-"` refer to.
var Mu sync.Mutex

type (
	// State is what somebody else writes to.
	State struct {
		Count  map[string]int
		Secret string
	}
	// Base is embedded.
	Base struct {
		Kind string
		Seen map[string]int `workgen:"-"`
	}
	// Item is in slices, maps and arrays, and behind pointers.
	Item struct {
		N     int
		Cache map[string]int `workgen:"-"`
		State *State         `workgen:"-"`
	}
	// Label writes itself as text, and reads its State for that.
	Label struct {
		Name  string
		State *State `workgen:"-"`
	}
	// Tree leads back to itself by a field that is no input, and by others.
	Tree struct {
		Kids   []*Tree
		Parent *Tree  `workgen:"-"`
		State  *State `workgen:"-"`
	}
	// Shape is an interface.
	Shape interface{ shape() }
	// Square is a Shape.
	Square struct {
		Side  int
		State *State `workgen:"-"`
	}
	// Cloned writes its own key, and has a method that copies all of it.
	Cloned struct {
		N     int
		Done  chan int
		State *State `workgen:"-"`
	}
	// Data is an argument and a result.
	Data struct {
		Base
		State  *State `workgen:"-"`
		Token  string `workgen:"-"`
		Any    any    `workgen:"-"`
		List   []Item
		ByName map[string]*Item
		Both   [2]Item
		Deep   map[string][]map[int]*Item
		Label  *Label
		Tree   *Tree
		Shape  Shape
		Opts   options.Options
		_      *State
	}
)

func (Square) shape() {}

// MarshalText implements encoding.TextMarshaler.
func (l Label) MarshalText() ([]byte, error) { return []byte(l.Name + l.State.Secret), nil }

// EncodeKey writes the number.
func (c *Cloned) EncodeKey(e *key.Encoder) { e.Int(c.N) }

// Clone returns a copy, and fails when it is called.
func (c *Cloned) Clone() *Cloned { panic(c.State.Secret) }

// Count counts in the state of its argument, and its results can be stored.
//
//workgen:work
type Count struct {
	Base *Data `workgen:"key"`
}

// Run returns the number of items.
func (c *Count) Run(d Data, more ...*Data) int {
	Mu.Lock()
	defer Mu.Unlock()
	d.State.Count["run"]++
	return len(d.List) + len(more) + len(c.Base.List)
}

// Make returns its argument.
//
//workgen:work memory
type Make struct{}

// Run returns d.
func (Make) Run(d Data, more map[string]Data) (Data, map[string]Data) { return d, more }

// Take has an argument that cannot be copied but by a method, which would read a
// field that is no input.
//
//workgen:work
type Take struct{}

// Run returns n.
func (Take) Run(c *Cloned) int { return c.N }
