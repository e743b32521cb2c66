// Package hits has the works whose hits are measured against a map behind a
// mutex.
package hits

import "context"

// One takes a string.
//
//workgen:work
type One struct{}

// Run returns its length.
func (One) Run(ctx context.Context, s string) (int, error) { return len(s), nil }

// Three takes three scalars.
//
//workgen:work
type Three struct{}

// Run adds up.
func (Three) Run(ctx context.Context, n int, s string, b bool) (int, error) { return n + len(s), nil }

// Fields is a struct of eight fields.
type Fields struct {
	ID     int
	Name   string
	On     bool
	Port   uint32
	Zone   string
	Weight float64
	Size   int64
	Prio   uint8
}

// Eight takes a struct.
//
//workgen:work
type Eight struct{}

// Run adds up.
func (Eight) Run(ctx context.Context, f Fields) (int, error) { return f.ID + len(f.Name), nil }

// List takes a slice of structs, which has to be encoded.
//
//workgen:work
type List struct{}

// Run counts.
func (List) Run(ctx context.Context, list []Fields) (int, error) { return len(list), nil }
