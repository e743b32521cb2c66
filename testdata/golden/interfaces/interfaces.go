// Package interfaces has works over interfaces whose types are known.
package interfaces

import (
	"errors"
	"fmt"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/interfaces/shape"
)

// Labeled implements shape.Shape by what it embeds.
type Labeled struct {
	shape.Shape
	Label string
}

// Expr is sealed, and its types contain each other by value.
type Expr interface{ expr() }

type (
	// Num is a leaf.
	Num float64
	// Add holds two.
	Add struct{ L, R Expr }
	// Neg is used by its pointer.
	Neg struct{ X Expr }
)

func (Num) expr()  {}
func (Add) expr()  {}
func (*Neg) expr() {}

// Input is implemented by types that write their own encoding.
type Input interface {
	key.Encodable
	Name() string
}

type (
	// Upper is an Input that two values of can be the same.
	Upper struct{ Text, Note string }
	// Lower writes what Upper writes.
	Lower struct{ Text string }
	// Both promotes the methods of Upper: its own field counts all the same.
	Both struct {
		Upper
		More int
	}
)

// EncodeKey writes the text only.
func (u Upper) EncodeKey(e *key.Encoder) { e.String(u.Text) }

// Name implements Input.
func (u Upper) Name() string { return u.Text }

// EncodeKey writes the text.
func (l *Lower) EncodeKey(e *key.Encoder) { e.String(l.Text) }

// Name implements Input.
func (l *Lower) Name() string { return l.Text }

// JSON is any value that encoding/json decodes.
//
//workgen:oneof bool float64 string []any map[string]any
type JSON any

// Problem is an error that is known.
type Problem struct{ Code int }

// Error implements error.
func (p *Problem) Error() string { return "problem" }

// Level prints itself.
type Level int

// String implements fmt.Stringer.
func (l Level) String() string { return "level" }

// Record has lists of its own.
type Record struct {
	Values map[string][]any //workgen:oneof int string []byte *Record []any
	Err    error            //workgen:oneof *Problem
	// Prints is documented.
	//workgen:oneof Level *Level
	Prints fmt.Stringer
	Two    [2]any      `workgen:"-"` //workgen:oneof int []int
	ByKey  map[any]int //workgen:oneof int string Level [2]int struct{A,B string}
}

// Draw takes shapes.
//
//workgen:work
type Draw struct {
	Default shape.Shape `workgen:"key"`
	Extra   any         `workgen:"key"` //workgen:oneof int shape.Unit
}

// Run adds up areas.
func (d *Draw) Run(s shape.Shape, all []shape.Shape, by map[string]shape.Shape, count map[shape.Shape]int, p *shape.Shape) float64 {
	sum := 0.0
	if d.Default != nil && d.Extra != nil {
		sum = d.Default.Area()
	}
	if g, ok := s.(*shape.Group); ok && g != nil && len(g.Parts) > 0 {
		g.Parts[0] = nil
	}
	return sum + float64(len(all))
}

// Eval takes expressions.
//
//workgen:work
type Eval struct{}

// Run does nothing with it.
func (Eval) Run(e Expr, anonymous interface{ expr() }) Expr { return Add{e, Num(1)} }

// Read takes inputs.
//
//workgen:work
type Read struct{}

// Run names it.
func (Read) Run(in Input, more ...Input) string {
	if in == nil {
		return ""
	}
	return in.Name()
}

// Decode takes and returns what is listed.
//
//workgen:work memory
type Decode struct{}

// Run returns its argument, or something that is not listed.
func (Decode) Run(v JSON, r *Record) (JSON, Record, error) {
	if s, ok := v.(string); ok && s == "unknown" {
		return struct{ X int }{1}, Record{}, nil
	}
	if s, ok := v.(string); ok && s == "both" {
		return struct{ X int }{1}, Record{}, errors.New("both")
	}
	if r == nil {
		return v, Record{Err: &Problem{1}}, nil
	}
	return v, *r, nil
}
