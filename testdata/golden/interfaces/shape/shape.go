// Package shape has a sealed interface for others to use.
package shape

// Shape is implemented here only.
type Shape interface {
	Area() float64
	sealed()
}

type (
	// Circle implements it, and so does *Circle.
	Circle struct{ R float64 }
	// Polygon implements it by its pointer only.
	Polygon struct{ Sides []float64 }
	// Group contains itself.
	Group struct {
		Name  string
		Parts []Shape
	}
	// Unit holds nothing.
	Unit struct{}
)

// Area implements Shape.
func (c Circle) Area() float64 { return c.R * c.R * 3 }

// Area implements Shape.
func (p *Polygon) Area() float64 { return float64(len(p.Sides)) }

// Area implements Shape.
func (g Group) Area() float64 {
	sum := 0.0
	for _, part := range g.Parts {
		sum += part.Area()
	}
	return sum
}

// Area implements Shape.
func (Unit) Area() float64 { return 1 }

func (Circle) sealed()   {}
func (*Polygon) sealed() {}
func (Group) sealed()    {}
func (Unit) sealed()     {}
