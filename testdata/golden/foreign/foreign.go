// Package foreign has works over types of other packages.
package foreign

import (
	"go/build/constraint"
	"image"
	"net/http"

	"github.com/workgen/workgen/testdata/golden/foreign/internal/shape"
)

// Crop takes structs of the standard library whose fields are all exported.
//
//workgen:work
type Crop struct {
	Client *http.Client `workgen:"-"`
}

// Run returns what is inside.
func (c *Crop) Run(r image.Rectangle, tag *constraint.SyntaxError, points []image.Point) image.Rectangle {
	return r
}

// Area takes a type of an internal package that this one may import.
//
//workgen:work
type Area struct{}

// Run multiplies.
func (Area) Run(s shape.Box[float64], all []shape.Box[int]) (shape.Box[float64], float64) {
	return s, s.Width * s.Height
}
