package main

import (
	"context"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
)

// The works, one for each kind of key. Their bodies do next to nothing, so that what is
// measured is the cache.
type (
	// Text takes one string.
	//
	//workgen:work
	Text struct{}

	// Three takes three numbers.
	//
	//workgen:work
	Three struct{}

	// Eight takes a struct of eight fields, one of them a time.
	//
	//workgen:work
	Eight struct{}

	// Meet takes three numbers, and its body waits until all callers are there.
	//
	//workgen:work
	Meet struct {
		Crowd *crowd `workgen:"-"`
	}

	// Words returns a slice, which is copied for each caller.
	//
	//workgen:work
	Words struct{}

	// Lasting returns a result that says how long it is kept.
	//
	//workgen:work
	Lasting struct{}
)

// Hour is a result that is kept for an hour.
type Hour int64

// KeepFor is an hour.
func (Hour) KeepFor() time.Duration { return time.Hour }

var _ runtime.Perishable = Hour(0)

// Order is the argument of Eight.
type Order struct {
	ID       int64
	Customer string
	Placed   time.Time
	Quantity int32
	Price    float64
	Paid     bool
	Region   string
	Priority uint8
}

// Run returns the length of the text.
func (Text) Run(_ context.Context, text string) (int64, error) { return textBody(text) }

// Run returns the sum.
func (Three) Run(_ context.Context, a, b, c int64) (int64, error) {
	return threeBody(numbers{a, b, c})
}

// Run returns the order's number.
func (Eight) Run(_ context.Context, order Order) (int64, error) { return eightBody(order) }

// Run returns the sum.
func (m Meet) Run(_ context.Context, a, b, c int64) (int64, error) {
	return m.Crowd.meet(numbers{a, b, c})
}

// Run returns four strings.
func (Words) Run(_ context.Context, a, b, c int64) ([]string, error) {
	return strings.Fields("of so many words"), nil
}

// Run returns the sum.
func (Lasting) Run(_ context.Context, a, b, c int64) (Hour, error) {
	sum, err := threeBody(numbers{a, b, c})
	return Hour(sum), err
}

// numbers are the three of Three, as the key of those that take one.
type numbers struct{ a, b, c int64 }

func textBody(text string) (int64, error)  { return int64(len(text)), nil }
func threeBody(n numbers) (int64, error)   { return n.a + n.b + n.c, nil }
func eightBody(order Order) (int64, error) { return order.ID, nil }
