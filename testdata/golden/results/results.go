// Package results has works with zero to many results, of which callers must
// never be able to change what the cache holds.
package results

import "errors"

// Report holds references.
type Report struct {
	Title string
	Rows  [][]int
	Index map[string][]string
	Next  *Report2
	Raw   []byte
}

// Report2 is pointed to.
type Report2 struct {
	Names [2][]string
	Ptr   **int
	Anon  struct{ M map[float64]*int }
}

// None returns nothing.
//
//workgen:work
type None struct{}

// Run does nothing.
func (None) Run(n int) {}

// OnlyError returns an error.
//
//workgen:work
type OnlyError struct{}

// Run fails for negative numbers.
func (OnlyError) Run(n int) error {
	if n < 0 {
		return errors.New("negative")
	}
	return nil
}

// One returns one plain result.
//
//workgen:work
type One struct{}

// Run doubles n.
func (One) Run(n int) int { return 2 * n }

// Deep returns references.
//
//workgen:work
type Deep struct{}

// Run makes a report.
func (Deep) Run(title string) (Report, error) {
	n := 7
	p := &n
	return Report{
		Title: title,
		Rows:  [][]int{{1, 2}, nil, {}},
		Index: map[string][]string{"a": {"b"}},
		Next:  &Report2{Names: [2][]string{{"x"}, {"y"}}, Ptr: &p, Anon: struct{ M map[float64]*int }{map[float64]*int{1: p}}},
		Raw:   []byte("raw"),
	}, nil
}

// Slice returns a slice, a type without a name.
//
//workgen:work
type Slice struct{}

// Run returns n pointers.
func (Slice) Run(n int) []*int {
	out := make([]*int, n)
	for i := range out {
		out[i] = &i
	}
	return out
}

// Many returns many results, some of them named.
//
//workgen:work
type Many struct{}

// Run returns parts of s.
func (Many) Run(s string) (first, _ string, rest []byte, err error) {
	if s == "" {
		return "", "", nil, errors.New("empty")
	}
	return s[:1], "", []byte(s[1:]), nil
}

// Two returns two plain results without an error.
//
//workgen:work
type Two struct{}

// Run returns both.
func (Two) Run(n int) (int, string) { return n, "two" }

// Shared hands out what the cache holds.
//
//workgen:work share memory
type Shared struct{}

// Run returns a map that nobody writes to.
func (Shared) Run(n int) map[int]any { return map[int]any{n: n} }
