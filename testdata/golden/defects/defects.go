// Package defects has works for inputs that other caches have confused.
package defects

import "strings"

// Input has what the arguments of others were made of.
type Input struct {
	List   []string
	Other  []string
	Floats map[float64]string
	Labels map[string][]string
	Next   *Input2
}

// Input2 is pointed to.
type Input2 struct{ N int }

// First joins a list.
//
//workgen:work
type First struct {
	Prefix string `workgen:"key"`
}

// Run joins.
func (f *First) Run(in Input, last string) string {
	return f.Prefix + strings.Join(in.List, " ") + last
}

// Second takes what First takes.
//
//workgen:work
type Second struct {
	Prefix string `workgen:"key"`
}

// Run joins the other way round.
func (s *Second) Run(in Input, last string) string {
	return last + strings.Join(in.List, " ") + s.Prefix
}
