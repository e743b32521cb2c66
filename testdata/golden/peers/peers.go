// Package peers has works over what generators and caches like this one are known
// to get wrong.
package peers

import (
	"context"
	"encoding/json"
	"time"
)

type (
	// Int is an alias of a basic type.
	Int = int
	// Ctx is an alias of the context.
	Ctx = context.Context
	// Ints is an alias of a literal.
	Ints = []Int
	// Moment is an alias of a type that is not walked.
	Moment = time.Time
)

// Aliased takes types by their aliases.
//
//workgen:work
type Aliased struct{}

// Run adds up.
func (Aliased) Run(ctx Ctx, n Int, all Ints, at Moment) Int { return n + len(all) + at.Year() }

// Hidden has no exported field.
type Hidden struct {
	name  string
	parts []hidden
}

type hidden struct{ n int }

// Base marshals itself without regard to what it is embedded in.
type Base struct{ ID int }

// MarshalJSON writes the ID.
func (b Base) MarshalJSON() ([]byte, error) { return json.Marshal(b.ID) }

// MarshalText writes the ID.
func (b Base) MarshalText() ([]byte, error) { return json.Marshal(b.ID) }

// MarshalBinary writes the ID.
func (b Base) MarshalBinary() ([]byte, error) { return json.Marshal(b.ID) }

// Event embeds types whose marshallers, promoted, see nothing of the rest.
type Event struct {
	time.Time
	Name string
}

// Outer does so, too.
type Outer struct {
	Base
	Name string
	Tags []string
}

// Structs takes structs of which others see a part.
//
//workgen:work memory
type Structs struct{}

// Run returns what it got.
func (Structs) Run(h Hidden, e Event, o *Outer) (Hidden, Event, *Outer) { return h, e, o }

// Fault is the one error that is an input.
type Fault struct{ Code int }

// Error implements error.
func (f *Fault) Error() string { return "fault" }

// Explain takes an error first, which is not the one that Run returns.
//
//workgen:work
//workgen:oneof error: *Fault
type Explain struct{}

// Run describes err.
func (Explain) Run(err error, verbose bool) (string, error) {
	if err == nil || !verbose {
		return "", nil
	}
	return err.Error(), nil
}

// Shadows has parameters with the names of imports and of Go's own.
//
//workgen:work
type Shadows struct{}

// Run adds up.
func (Shadows) Run(ctx context.Context, runtime []int, key map[string]int, context string, any *int, slices, maps [][]int, len, string int) ([][]int, error) {
	return append(slices, maps...), nil
}
