package runtime

import (
	"cmp"
	"context"
	"slices"

	"github.com/workgen/workgen/runtime/internal/hook"
)

// This file is what tests of users change in runners, by package worktest.

func init() {
	hook.Option = func(h hook.Hook) any {
		return optionFunc(func(c *config) { c.hooks = append(c.hooks, h) })
	}
}

// install asks the hooks of a runner for what they do. Where one does what the body would, the
// keys in stores are others, also those of works that have the runner as an input.
func (r *runner) install(w hook.Work) {
	slices.Reverse(r.hooks)
	slices.SortStableFunc(r.hooks, func(a, b hook.Hook) int { return cmp.Compare(a.Place, b.Place) })
	for _, h := range r.hooks {
		r.hooked = append(r.hooked, h.Made(w))
		if h.ID != "" {
			r.scope += " test=" + h.ID
		}
	}
}

// runHooked has an execution go through the hooks.
func (x *execution) runHooked(ctx context.Context) error {
	c := x.call
	about := hook.Execution{
		Call: c.node.number, Attempt: x.attempt, Identity: c.values.identity(),
		Args: c.values.copyOfArguments, Result: c.values.result(),
	}
	next := c.values.execute
	for _, execute := range slices.Backward(c.runner.hooked) {
		inner := next
		next = func(ctx context.Context) error { return execute(ctx, about, inner) }
	}
	return next(ctx)
}
