package other

// Event lists its types.
//
//workgen:oneof int string
type Event any

// Shape is sealed.
type Shape interface{ area() float64 }

type square struct{ A float64 }

func (s square) area() float64 { return s.A }

// Config has a field with a list.
type Config struct {
	Any   []any //workgen:oneof int string
	Shape Shape
	Done  chan int
}
