// Package signatures has works whose Run takes every form.
package signatures

import (
	"context"
	"strings"
	"time"
)

// Ctx is an alias of a context.
type Ctx = context.Context

// Variadic takes any number of strings.
//
//workgen:work
type Variadic struct{}

// Run joins them.
func (Variadic) Run(ctx context.Context, sep string, parts ...string) string {
	return strings.Join(parts, sep)
}

// AliasContext takes a context by another name.
//
//workgen:work
type AliasContext struct{}

// Run returns n.
func (*AliasContext) Run(c Ctx, n int) (int, error) { return n, c.Err() }

// Unnamed has parameters without names.
//
//workgen:work
type Unnamed struct{}

// Run returns nothing of them.
func (Unnamed) Run(context.Context, int, string, []byte) string { return "" }

// Blank has blank parameters.
//
//workgen:work
type Blank struct{}

// Run ignores two of three.
func (Blank) Run(_ int, s string, _ bool) string { return s }

// Shadow has parameters with the names of imports, predeclared identifiers
// and of what generated code calls its own variables.
//
//workgen:work
type Shadow struct{}

// Run returns how many there are.
func (Shadow) Run(ctx context.Context, runtime, key, context, any, len, nil, string, r, args, e, id, hash, c, err int, time time.Time, cloneShadowArgs []int, encodeKey, Encodekey bool, ShadowArgs int) (int, error) {
	return runtime + key + context + any + len + nil + string + r + args + e + id + hash + c + err, ctx.Err()
}

// hidden is not exported, and neither is its runner.
//
//workgen:work
type hidden struct{ n int }

// Run counts how often it was executed.
func (h *hidden) Run(日 string, _x, X int) string {
	h.n++
	return 日
}

type (
	// Grouped is declared in a group.
	//
	//workgen:work
	Grouped struct{}

	// Caller calls other works: the generated type of a field does not exist
	// before it is generated.
	//
	//workgen:work
	Caller struct {
		Grouped *GroupedRunner           `workgen:"key"`
		More    map[string]*hiddenRunner `workgen:"key"`
		//workgen:allow runner stands for one that is never run
		Lists [][]*GroupedRunner         `workgen:"-"`
		Other func(*GroupedRunner) error `workgen:"-"`
	}
)

// Run returns n.
func (g Grouped) Run(n int) int { return n }

// Run calls another work.
func (c *Caller) Run(ctx context.Context, n int) (int, error) { return c.Grouped.Run(ctx, n+1) }
