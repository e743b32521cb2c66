// Package corners has works that are legal Go and easy to get wrong.
package corners

import (
	"context"
	"io"
	"sync"
	//lint:ignore ST1001 it is one of the corners
	. "time"
)

type (
	// S is a named string, m2 a type with the name of a loop's variable.
	S    string
	m2   struct{ P []int }
	none struct{}
)

// Keywords has inputs whose names in lower case are keywords, or taken.
//
//workgen:work
type Keywords struct {
	Type  string `workgen:"key"`
	Range int    `workgen:"key"`
	Clone string `workgen:"key"`
}

// Run has parameters with the names of what its wrapper relies on.
func (*Keywords) Run(math, _type float64, uint64 int, string S, keywordsIdentity int8, clone S) float64 {
	return math
}

// Empty has elements that have no value.
//
//workgen:work
type Empty struct{}

// Run counts.
func (Empty) Run(a []struct{}, b [3]struct{}, c [][]struct{}, d map[[0]string]int, e map[int][0]string, f []none, g [0]int, h [2][0]string) int {
	return len(a) + len(c) + len(d) + len(e)
}

// Tagged takes and returns anonymous structs with tags.
//
//workgen:work
type Tagged struct{}

// Run returns its argument.
func (Tagged) Run(x struct {
	A int `json:"a"`
	B int `workgen:"-"`
}) struct {
	C []int "json:\"`c`\""
} {
	return struct {
		C []int "json:\"`c`\""
	}{C: []int{x.A}}
}

// Nested returns what takes several loops to copy.
//
//workgen:work
type Nested struct{}

// Run returns nothing.
func (Nested) Run() (map[string]map[string]map[string][]m2, **map[string][]*m2) { return nil, nil }

// Deep takes and returns what is deeper than the code of one function is nested.
//
//workgen:work
type Deep struct{}

// Run returns v.
func (Deep) Run(v map[string][]*[2]map[int][]map[string]**[]string) (map[string][]*[2]map[int][]map[string]**[]string, error) {
	return v, nil
}

// Wired has fields of types that do not exist before they are generated.
//
//workgen:work
type Wired struct {
	//workgen:allow runner nothing runs it
	A map[Duration]*EmptyRunner                            `workgen:"-"`
	B func(io.Writer, ...*EmptyRunner) <-chan *EmptyRunner `workgen:"-"`
	C interface{ Get(n int) *EmptyRunner }                 `workgen:"-"`
	//workgen:allow runner nothing runs it
	D [2]struct{ E []*EmptyRunner } `workgen:"-"`
}

// Run returns n.
func (*Wired) Run(n int) int { return n }

// Held is an argument that cannot be copied.
type Held struct {
	Mu sync.Mutex `workgen:"-"`
	S  []int
}

// Lending returns memory of its argument.
//
//workgen:work
type Lending struct{}

// Run returns what is held.
func (Lending) Run(h *Held) []int { return h.S }

// Reusing returns memory that it writes to again.
//
//workgen:work
type Reusing struct {
	buf []byte `workgen:"-"`
}

// Run returns a digit.
func (r *Reusing) Run(n int) []byte {
	r.buf = append(r.buf[:0], byte('0'+n))
	return r.buf
}

// Hiding returns a field that is no input.
//
//workgen:work memory
type Hiding struct{}

// Data has fields that are no input: copies of arguments and of results take them
// as they are.
type Data struct {
	Public  []int
	Private []int   `workgen:"-"`
	Secrets []Inner `workgen:"-"`
}

// Inner is never looked into.
type Inner struct{ Names []string }

// Run returns both.
func (Hiding) Run(d Data) Data {
	return Data{Public: []int{1}, Private: []int{2}, Secrets: []Inner{{}}}
}

// Sharing shares results, and still copies arguments.
//
//workgen:work share
type Sharing struct{}

// Run waits until it may look at its argument.
func (Sharing) Run(ctx context.Context, xs []int) int {
	//workgen:allow context it only says when
	<-ctx.Value(Sharing{}).(chan struct{})
	return xs[0]
}
