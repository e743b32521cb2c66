package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
)

var (
	// ErrNotFinished is what [Call.Result] returns before the call's end.
	ErrNotFinished = errors.New("call has not finished: use Wait, or receive from Done first")

	// ErrStopped is the reason of calls that were cancelled: by [Call.Stop], by
	// [Runner.Close], or because every caller had left. What callers get wraps
	// it and names the work.
	ErrStopped = errors.New("call was stopped")

	// ErrClosed is what a miss gets from a closed runner, wrapped in an error
	// that names the work. Hits are still served.
	ErrClosed = errors.New("runner is closed: make a new one")

	// ErrBusy is what a miss gets from a runner that has as many unfinished calls as
	// [MaxPending] allows, wrapped in an error that names the work. Hits are still served.
	ErrBusy = errors.New("too many calls are unfinished: try again later")

	// ErrLeaseLost is why the context of a body ends when another execution, on another
	// machine or in another process, has taken the call over: this one was cut off from
	// the store for longer than its lease lasts. The call goes on with the other's result.
	ErrLeaseLost = errors.New("another execution has taken the call over")

	// ErrGoexit is the error of a call whose body ended its goroutine with
	// runtime.Goexit, as testing.T.FailNow does. What callers get wraps it and
	// names the work.
	ErrGoexit = errors.New("body called runtime.Goexit (or testing's FailNow): return an error instead")
)

// errAbandoned is the reason of a call whose last caller has left.
var errAbandoned = fmt.Errorf("%w: every caller has left", ErrStopped)

// PanicError is what every waiter gets when a work panicked. It is never kept:
// the next equal call executes again.
type PanicError struct {
	Work  string // full name of the work
	Value any    // what was passed to panic
	Stack []byte // the goroutine's stack when it panicked, as debug.Stack prints it
}

// Error names the work and the value; the stack is left to Stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("work %s panicked: %v", e.Work, e.Value)
}

// Unwrap returns the value given to panic if that is an error, otherwise nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// TimeoutError is what every waiter gets when an execution took longer than
// [Timeout]. For errors.Is it is a context.DeadlineExceeded.
type TimeoutError struct {
	Work  string        // full name of the work
	After time.Duration // the timeout that was set
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("work %s did not finish within its timeout of %v", e.Work, e.After)
}

// Unwrap returns context.DeadlineExceeded.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// InputChangedError is what every waiter gets when a work's inputs were not the
// same after its execution as when the call was made: the result belongs to
// neither. Make the works that need the old value wait, or copy the input first. Of
// a key.File or key.Dir it also tells that the content changed just before.
type InputChangedError struct {
	Work string // full name of the work
}

func (e *InputChangedError) Error() string {
	return fmt.Sprintf("work %s: an input was written to while it executed, so its result cannot be trusted: "+
		"do not change arguments, files that they name or fields tagged key before the call has finished", e.Work)
}

// CycleError is what the call gets that would make executions wait for each
// other for ever. Its execution can return it, or go on without that result.
type CycleError struct {
	// Works are the full names along the cycle: each waits for the next, and
	// the first, whose call was refused, would have completed it. A work that
	// calls itself with equal arguments is alone.
	Works []string
}

func (e *CycleError) Error() string {
	if len(e.Works) == 0 {
		return "works wait for each other"
	}
	return "works wait for each other: " + strings.Join(e.Works, " -> ") + " -> " + e.Works[0]
}

// recovered makes the error of a body that did not return. value is what
// recover gave: nil only after Goexit, since panic(nil) has a value of its own.
// It must be called by the deferred function, while the stack still stands.
func recovered(work string, value any) error {
	if value == nil {
		return named(work, ErrGoexit)
	}
	return &PanicError{Work: work, Value: value, Stack: debug.Stack()}
}

// named puts the work's name before one of the errors above.
func named(work string, err error) error { return fmt.Errorf("work %s: %w", work, err) }

// UnknownTypeError says that an interface held a value of a type that generated
// code knows nothing of. Among the inputs of a call it makes the call run
// uncached; a call whose result has one fails with it, since no copy could be
// made that shares no memory with the cache.
//
// When the interface has a list of types, //workgen:oneof, the type is missing
// there; otherwise it is in a test, in another module, or newer than the
// generated code.
type UnknownTypeError struct {
	Work      string // full name of the work; of inputs ""
	Interface string // the interface's type
}

func (e *UnknownTypeError) Error() string {
	work := ""
	if e.Work != "" {
		work = "work " + e.Work + ": result: "
	}
	return work + "a value in the interface " + e.Interface + " has a type that is not known: " +
		"list it in //workgen:oneof of the interface or field, and run go generate"
}

// UnkeyedError is what a call gets inside of a flow, or with [WithWorkers], when its inputs
// could not be encoded, because a marshaller failed, say. Nothing is known of what it is equal
// to, so neither the next pass nor a worker could find it again. Other such calls execute.
type UnkeyedError struct {
	Work string // full name of the work
	Err  error  // why its inputs could not be encoded
}

func (e *UnkeyedError) Error() string {
	return fmt.Sprintf("work %s: its inputs cannot be keyed: %v: nobody would find the call again", e.Work, e.Err)
}

// Unwrap returns Err.
func (e *UnkeyedError) Unwrap() error { return e.Err }

// refuseUnkeyed counts a call that is refused, and returns the error for it.
func (r *runner) refuseUnkeyed(err error) error {
	r.mu.Lock()
	r.stats.Refused++
	r.stats.Unkeyed++
	r.mu.Unlock()
	r.warnUnkeyed(err)
	return &UnkeyedError{Work: r.name, Err: err}
}

// warnUnkeyed says, once per runner, that calls are not found again. No lock may be held.
func (r *runner) warnUnkeyed(err error) {
	r.warning.Do(func() {
		r.logAt(slog.LevelWarn, "inputs cannot be keyed: such calls execute each time, and inside of a flow not at all",
			slog.Any("error", err))
	})
}
