// Package sizes has works whose results cannot be counted in full.
package sizes

import (
	"regexp"
	"sync"
	"time"
)

// Holds shares what no copy could be made of.
//
//workgen:work share memory
type Holds struct{}

// Holder refers to its name, its rows, and to variables of which nothing but their own
// size is known.
type Holder struct {
	Name    string
	Rows    [][]int32
	Any     any
	Done    func()
	Zone    *time.Location
	Locked  *Locked
	Pattern *regexp.Regexp
}

// Locked may be written to at any time.
type Locked struct {
	sync.Mutex
	Text string
}

// Run returns what it is given.
func (Holds) Run(n int) (holder *Holder, locked []Locked) { return nil, nil }

// Rings returns what is copied by a method, and may contain itself.
//
//workgen:work memory
type Rings struct{}

// Ring is copied by its method, because of a function.
type Ring struct {
	Text string
	Next *Ring
	Done func()
}

// Clone returns a ring of its own.
func (r *Ring) Clone() *Ring {
	made := map[*Ring]*Ring{nil: nil}
	first, last := r, (*Ring)(nil)
	for ; r != nil; r = r.Next {
		if known, ok := made[r]; ok {
			last.Next = known
			break
		}
		copied := *r
		made[r] = &copied
		if last != nil {
			last.Next = &copied
		}
		last = &copied
	}
	return made[first]
}

// Run returns nothing.
func (Rings) Run(text string, n float64) (*Ring, error) { return nil, nil }
