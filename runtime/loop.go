package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

var (
	// ErrSuspended is what Run, Wait and [Await] return inside a flow for a
	// call that has not finished: it has been started, and the flow is run again
	// when it ends. A flow returns the error as it is, or wraps it; dropping it
	// is an error of its own, see [DroppedError].
	ErrSuspended = errors.New("the flow waits for a call and will run again: return this error")

	// Stop ends the loop whose flow returns it, without an error.
	//
	//lint:ignore ST1012 it is what a flow says, and no error
	Stop = errors.New("stop the loop")
)

// Loop runs a flow from the top again and again. Inside of a flow, a call that
// has succeeded returns its result at once; one that has not is started and
// suspends the flow, which runs again when something it saw has changed:
//
//   - a call that it started or waited for has ended, or its result has expired;
//   - a time it asked for has come ([Now], [Today], [Cron]);
//   - a [Var] that it read was set;
//   - [Loop.Wake] was called, or the heartbeat beats.
//
// Between those the loop uses no processor time. Calls are known by their
// arguments and not by their order, so a flow is plain Go: it may branch, range
// over maps, and call works from several goroutines, if it waits for them.
//
//	loop := runtime.Loop{Flow: func(ctx context.Context) error {
//		day := runtime.Today(ctx).Format(time.DateOnly)
//		data, err := process.Run(ctx, day)
//		if err != nil {
//			return err
//		}
//		return train.Run(ctx, data)
//	}}
//	err := loop.Run(ctx)
//
// The fields are set before Run and not changed after it. Only Flow is needed.
type Loop struct {
	// Flow is run once per pass, with a context that says so. It must pass that
	// context on to the works it calls, and return when a work suspends it.
	Flow func(ctx context.Context) error

	// Heartbeat runs a pass when nothing else has for so long, for flows that
	// look at the clock or at files by themselves. Zero is one second, negative
	// is off.
	Heartbeat time.Duration

	// KeepGoing makes errors of the flow be logged instead of ending the loop.
	// A call that failed executes again when its backoff is over: about one
	// second after the first failure, twice as long after each further one, at
	// most a minute, or as [Retry] says. Until then the flow gets its error again.
	// Without KeepGoing the first error of the flow ends the loop.
	KeepGoing bool

	// Grace is how long Run waits at its end for executions that it has
	// cancelled. Zero is ten seconds, negative is not at all.
	Grace time.Duration

	// Logger is told of flow errors under KeepGoing, of passes that take longer
	// than a second, of arguments that are new on every pass, of code that is
	// never reached, and of executions that outlast Grace. Nil is slog.Default().
	Logger *slog.Logger

	mu      sync.Mutex
	running *engine
	control loopControl
}

const (
	defaultHeartbeat = time.Second
	defaultGrace     = 10 * time.Second
	slowPass         = time.Second
)

// Run runs passes until ctx ends, the flow returns [Stop], or an error ends the
// loop. It returns nil after Stop, otherwise ctx.Err(), the flow's error as it
// is, a [DroppedError], or a [PanicError] when the flow panicked. Before it
// returns, the executions that the loop has started are cancelled and waited
// for, as long as Grace allows; those that finished stay cached, so that another
// Run resumes where this one stopped.
//
// A Loop runs once at a time: a second Run meanwhile returns an error.
func (l *Loop) Run(ctx context.Context) error {
	if l.Flow == nil {
		return errors.New("runtime: Loop has no Flow: set it to the function to run")
	}
	e := newEngine(l)
	l.mu.Lock()
	if l.running != nil {
		l.mu.Unlock()
		return errors.New("runtime: Loop is running already: use a second Loop")
	}
	l.running = e
	l.mu.Unlock()
	l.control.change(func(s *LoopStatus) { *s = LoopStatus{} })
	defer func() {
		l.mu.Lock()
		l.running = nil
		l.mu.Unlock()
		l.control.change(func(s *LoopStatus) { s.State = LoopEnded })
	}()
	return e.run(ctx)
}

// Wake makes a running loop do a pass soon. It may be called concurrently, also
// from inside the flow, and does nothing when the loop does not run.
func (l *Loop) Wake() {
	l.mu.Lock()
	e := l.running
	l.mu.Unlock()
	if e != nil {
		e.wake()
	}
}

// Once runs a flow until one pass gets through, and returns what that pass
// returned: nil, or the flow's error. [Stop] counts as nil. It is a [Loop] that
// ends with its work.
func Once(ctx context.Context, flow func(ctx context.Context) error) error {
	l := Loop{Flow: func(ctx context.Context) error {
		err := flow(ctx)
		if err == nil && !passOf(ctx).isSuspended() {
			return Stop
		}
		return err
	}, Heartbeat: -1}
	return l.Run(ctx)
}

// DroppedError is what ends a loop whose flow returned nil although calls had
// suspended it: going on without their results would be a mistake.
type DroppedError struct {
	Works []string // full names of the works, in the order in which they suspended the flow
}

func (e *DroppedError) Error() string {
	return fmt.Sprintf("the flow returned nil although it was suspended by %q: return the error that Run returned", e.Works)
}
