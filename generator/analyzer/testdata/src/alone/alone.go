package alone

import (
	"fmt"

	"example.com/other"
)

// Sealed has its implementers here.
type Sealed interface{ sealed() }

type one struct{ N int }

func (one) sealed() {}

// Embedded may have its implementers elsewhere.
type Embedded interface{ embedded() }

// Watch takes what other packages know better.
//
//workgen:work
type Watch struct{}

// Run watches.
func (Watch) Run(e other.Event, s []other.Shape, c other.Config, here Sealed, there Embedded) {} // want `cannot key parameter c: a channel has no value`

//workgen:work
type Open struct{}

// Run takes what nobody knows.
func (Open) Run(a any, s fmt.Stringer) {} // want `cannot key parameter a: an interface can hold a value of any type` `cannot key parameter s: an interface can hold a value of any type`
