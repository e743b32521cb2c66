// Package flows has works for flows: what they do is a function.
package flows

import "context"

// Probe does what its body does.
//
//workgen:work
type Probe struct {
	Body func(ctx context.Context, value int) (int, error) `workgen:"-"`
}

// Run calls the body.
func (p *Probe) Run(ctx context.Context, value int) (int, error) { return p.Body(ctx, value) }

// Args takes arguments of many forms.
//
//workgen:work
type Args struct{}

// Run counts them.
func (Args) Run(first, second string, list []int, limit *int, rest ...string) int {
	return len(first) + len(second) + len(list) + len(rest)
}
