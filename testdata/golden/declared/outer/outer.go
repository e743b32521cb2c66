// Package outer has types that are declared as others, and structs that embed one
// whose name is not exported.
package outer

import "time"

// Stamp is a time without its methods.
type Stamp time.Time

// Doc has what base has, too.
type Doc struct {
	base
	Title string
	*Meta
	Lines []string
}

type base struct {
	ID  string
	Row map[string][]int
	at
	_ [0]func()
}

type at struct {
	When *Stamp
	Info Meta
}

// Meta is exported.
type Meta struct{ Note *string }

// Plain can be compared.
type Plain struct {
	point
	Z int
}

type point struct{ X, Y int }

// Box is generic.
type Box[T any] struct {
	held[T]
	Name string
}

type held[T any] struct{ Items []T }

// Two embeds two structs with a field of the same name.
type Two struct {
	point
	line
}

type line struct{ X, To int }

// Shadowed has a field of the name of one in point, Covered a method.
type Shadowed struct {
	point
	X string
}

// Covered has a method of the name of a field in point.
type Covered struct{ covered }

type covered struct{ point }

// Y is not the field.
func (Covered) Y() int { return 0 }

// Pointing may have no base at all.
type Pointing struct{ *base }

// Half has a field that is hidden inside.
type Half struct{ half }

type half struct {
	N int
	n int
}

// Full returns what others cannot read.
func (h Half) Full() int { return h.n }

// Texted has a method that encodes it.
type Texted struct{ point }

// MarshalText writes nothing.
func (Texted) MarshalText() ([]byte, error) { return nil, nil }
