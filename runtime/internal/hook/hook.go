// Package hook lets package worktest stand between runners and the bodies of their works.
// Programs cannot import it, so that only tests do that.
package hook

import (
	"context"
	"reflect"
)

// A Hook is what an option of package worktest gives to runners.
type Hook struct {
	// Place orders the hooks of a runner: those with a lower one are asked first, and of equal
	// ones the one that was given last.
	Place int

	// ID stands for the hook in durable keys, so that no result of it is taken for one of the
	// work. Empty: the hook does not change what an execution comes to.
	ID string

	// Made is called when a runner is made, and may panic. What it returns is called for each
	// execution.
	Made func(Work) Execute
}

// Work is what a hook learns of the work of a runner.
type Work struct {
	Name         string
	Work         any          // pointer to it; may be nil
	Args, Result reflect.Type // of what the pointers in Execution point to

	// Identify returns what identifies a call with the arguments that args points to, which is
	// comparable, and why they cannot be told apart from others, if so.
	Identify func(args any) (any, error)
}

// Execution is one execution of a call.
type Execution struct {
	Call     uint64 // its number
	Attempt  int
	Identity any        // as Work.Identify returns it
	Args     func() any // returns a pointer to a copy of the arguments
	Result   any        // pointer to where the result belongs
}

// Execute does the work of an execution, by itself or by next, which sets Result. It runs in the
// goroutine of the execution, without locks.
type Execute func(ctx context.Context, x Execution, next func(context.Context) error) error

// Option makes the runtime.Option of a hook. Package runtime sets it.
var Option func(Hook) any
