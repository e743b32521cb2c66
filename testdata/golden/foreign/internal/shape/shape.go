// Package shape has a generic type.
package shape

// Box is a box.
type Box[T int | float64] struct {
	Width, Height T
	Labels        map[string]Label
	Extra         *Label
}

// Label is a named string.
type Label string
