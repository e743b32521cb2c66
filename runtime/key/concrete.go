package key

// Nil appends the tag of an interface that holds nothing: 0.
func (e *Encoder) Nil() { e.buf = append(e.buf, 0) }

// Type appends the tag of an interface that holds something, 1, and the full
// name of its concrete type as a string. The encoding of that type follows.
//
//	switch v := shape.(type) {
//	case nil:
//		e.Nil()
//	case Circle:
//		e.Type("example.com/shapes.Circle")
//		encodeCircle(e, &v)
//	}
func (e *Encoder) Type(name string) {
	e.buf = append(e.buf, 1)
	e.String(name)
}
