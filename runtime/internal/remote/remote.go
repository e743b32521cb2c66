// Package remote is what package worker uses of runners, which programs cannot.
package remote

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime/queue"
)

// Work is the work of a runner, as a worker serves it.
type Work struct {
	Name  string
	Route queue.Route

	// Execute executes the call of a task, unless it has a result, and returns when the worker
	// has nothing left to do for it, or ctx has ended.
	Execute func(ctx context.Context, t queue.Task) Outcome
}

// Outcome is what the execution of a task came to.
type Outcome struct {
	// Again says that the task is to be taken again, by any worker, after Wait: the call is to
	// be retried, or was stopped, or is not for this worker.
	Again bool
	Wait  time.Duration

	// Refused is why the worker could not even begin: it does not understand the arguments.
	Refused error
}

// Slot is the slot of a worker that an execution has. Both methods may be called by several
// goroutines of the execution.
type Slot interface {
	Pause() // a goroutine of the execution is going to wait for another call
	GoOn()  // it has waited; returns when the execution has a slot again
}

type slotKey struct{}

// WithSlot returns a context whose calls have a slot when they execute. Calls that are made
// inside of them have none.
func WithSlot(ctx context.Context, s Slot) context.Context {
	return context.WithValue(ctx, slotKey{}, s)
}

// SlotKey is the key of the slot in a context.
func SlotKey() any { return slotKey{} }

// SlotOf returns the slot that a context has, nil when it has none.
func SlotOf(ctx context.Context) Slot {
	s, _ := ctx.Value(slotKey{}).(Slot)
	return s
}
