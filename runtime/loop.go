package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

var (
	// ErrSuspended is what Run, Wait, [Await] and the like return inside a flow while a
	// call has not finished: it has been started, and the flow is run again when it ends. A
	// flow returns the error as it is, or wraps it; dropping it is an error of its own, see
	// [DroppedError]. [Suspended] tells it from an error.
	ErrSuspended = errors.New("the flow waits for a call and will run again: return this error")

	// ErrPassEnded is what calls get that use the context of a flow after the flow has
	// returned. What uses it is named, with its line: a goroutine that the flow does not
	// wait for, or a context that was kept. Such calls do not execute.
	ErrPassEnded = errors.New("the flow has returned, and this context with it: wait for all goroutines that use it")

	// Stop ends the loop whose flow returns it, without an error.
	//
	//lint:ignore ST1012 it is what a flow says, and no error
	Stop = errors.New("stop the loop")
)

// Suspended reports whether an error that a flow got says that it waits for a call, and
// nothing worse. An error that is joined with a suspension is an error.
//
// It is for flows with deferred functions, or that do something when a step fails:
//
//	if err := build.Run(ctx, commit); err != nil && !runtime.Suspended(err) {
//		alert(err)
//	}
func Suspended(err error) bool {
	switch e := err.(type) {
	case nil:
		return false
	case interface{ Unwrap() []error }:
		if reflect.TypeOf(err) == formatted { // the others say more of the same
			return errors.Is(err, ErrSuspended)
		}
		for _, err := range e.Unwrap() {
			if err != nil && !Suspended(err) {
				return false
			}
		}
		return errors.Is(err, ErrSuspended)
	case interface{ Unwrap() error }:
		return Suspended(e.Unwrap())
	}
	return errors.Is(err, ErrSuspended)
}

// formatted is the type of the errors of fmt.Errorf with several %w.
var formatted = reflect.TypeOf(fmt.Errorf("%w %w", ErrSuspended, Stop))

// Loop runs a flow from the top again and again. Inside of a flow, a call that
// has succeeded returns its result at once; one that has not is started and
// suspends the flow, which runs again when something that it has read has changed:
//
//   - the calls that it waits for have ended, or one of them has failed;
//   - a time it asked for has come ([Now], [Today], [Cron]);
//   - a [Var] that it read was set;
//   - a [key.File] or [key.Dir] has changed that it has given to a work, if there are Files;
//   - a result has expired or was forgotten, and a failed call may execute again;
//   - [Loop.Wake] was called, or the heartbeat beats.
//
// Between those the loop uses no processor time. Calls are known by their
// arguments and not by their order, so a flow is plain Go: it may branch, range
// over maps, and call works from several goroutines, if it waits for them ([Group]).
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
// What is special about flows:
//
//   - What a flow does between its works happens once per pass, that is, often. Sending
//     mail, or appending to a file, belongs into a work.
//   - Deferred functions run at the end of each pass, also of one that is suspended; see
//     [Suspended].
//   - An errgroup cancels the others when one is suspended. Use [Group].
//   - A flow does not block: no sleeping, no receiving from channels. That belongs into
//     works, and times are asked of [Now], [Today] and [Cron].
//   - Independent schedules belong into loops of their own, for a flow that waits for one
//     does not get to the other.
//
// A started call whose handle the flow does not look at wakes nobody. One whose Status,
// Result or Done it has looked at, and one of a work without caching, makes a pass due when it
// ends, but no sooner than ten milliseconds, or nine times the length of the last pass, after
// that pass, and no later than a second.
//
// The results of calls are kept until the flow has got through, whatever [MaxEntries] says.
// A call that the latest pass did not ask for is dropped while it waits for its turn; if its
// body runs, it goes on.
//
// Loops on several machines whose runners share a store share the work of one flow: each call
// is executed by one of them, and all get its result. With a Name and a Store a tick that one
// has done is not done again by another that starts later. What works without caching do, they
// do on each machine.
//
// A flow that was suspended a hundred times before it got through also waits inside of Run, Wait
// and Await, for more calls on each further pass: else the time of a thousand steps would grow
// with their square. Such a wait ends with ErrSuspended when something that the flow has read
// changes. Works without caching are never waited for in place.
//
// The fields are set before Run and not changed after it. Only Flow is needed.
type Loop struct {
	// Flow is run once per pass, with a context that says so. It must pass that
	// context on to the works it calls, and return when a work suspends it.
	Flow func(ctx context.Context) error

	// Name tells loops apart that share a Store, in which the ticks of [Cron] and [Today]
	// that the flow has got through are remembered under it: the next Run, in this process
	// or another, does not do them again. Empty: they are not remembered.
	Name string

	// Store is where ticks are remembered. Nil: nowhere. An application sets it to its own.
	Store store.Store

	// Files runs a pass when a [key.File] or [key.Dir] has changed that the latest pass has
	// given to Run or Start of a work, in an argument or in a field of the work. Package
	// filewatch has one. Nil: changes of files wake nobody.
	Files FileWatcher

	// Heartbeat runs a pass when nothing else has for so long, for flows that
	// look at the clock or at files by themselves. Zero and less is off.
	Heartbeat time.Duration

	// KeepGoing makes errors of the flow be logged instead of ending the loop.
	// A call that failed executes again when its backoff is over: about one
	// second after the first failure, twice as long after each further one, at
	// most a minute, or as [Retry] says. Until then the flow gets its error again. An error of
	// the flow's own, of no call, has the flow run again after such waits, unless it is
	// [Permanent].
	// Without KeepGoing the first error of the flow ends the loop.
	//
	// A call that somebody has stopped ends no loop: the flow gets ErrStopped until the call
	// is forgotten.
	KeepGoing bool

	// Grace is how long executions may go on when the loop ends; what they return is kept.
	// Nothing else begins meanwhile but what they call themselves. Then their contexts end,
	// and they have a few seconds to heed that. Zero is 25 seconds, less than the 30 that
	// service managers leave a process; negative ends them at once, and does not wait.
	Grace time.Duration

	// OnFailure is told of what is logged of failed calls and of the flow's own errors, for
	// alerts: once, and again when the error changes. It is called without locks, by one
	// goroutine at a time, and the loop waits for it. Nil is none.
	//
	//	OnFailure: func(f runtime.Failure) {
	//		page.Send(fmt.Sprintf("%s %s: %v", f.Work, f.Arguments, f.Err))
	//	}
	OnFailure func(Failure)

	// Logger is told of failed calls and flow errors, of flows that block or spin, of
	// arguments that are new on every pass, of code that is never reached, of ticks that were
	// missed, and of what is waited for at the end. Nil is slog.Default().
	Logger *slog.Logger

	mu      sync.Mutex
	running *engine
	control loopControl
	once    bool // a stopped call ends it
}

const (
	defaultGrace = 25 * time.Second
	slowPass     = time.Second
)

// Run runs passes until ctx ends, the flow returns [Stop], or an error ends the
// loop. It returns nil after Stop, otherwise ctx.Err(), the flow's error as it
// is, a [DroppedError], or a [PanicError] when the flow panicked. Before it
// returns, the executions that the loop has started are waited for, as long as Grace
// allows, so that another Run resumes where this one stopped. A flow that has not returned by
// then is left alone, and the error, which wraps ctx.Err(), says so.
//
// The flow runs in a goroutine of its own. A Loop runs once at a time: a second Run meanwhile
// returns an error.
func (l *Loop) Run(ctx context.Context) error {
	if l.Flow == nil {
		return errors.New("runtime: Loop has no Flow: set it to the function to run")
	}
	e := newEngine(l, ctx)
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
	return e.run()
}

// Wake makes a running loop do a pass soon. It may be called concurrently, also
// from inside the flow, and does nothing when the loop does not run.
func (l *Loop) Wake() {
	l.mu.Lock()
	e := l.running
	l.mu.Unlock()
	if e != nil {
		e.wake("Loop.Wake was called")
	}
}

// Once runs a flow until one pass gets through, and returns what that pass
// returned: nil, or the flow's error. [Stop] counts as nil. It is a [Loop] that
// ends with its work; calls that the flow has started and not waited for may end within 25
// seconds, and the log names those that are stopped then.
func Once(ctx context.Context, flow func(ctx context.Context) error) error {
	l := Loop{Flow: func(ctx context.Context) error {
		err := flow(ctx)
		if err == nil && !passOf(ctx).isSuspended() {
			return Stop
		}
		return err
	}, once: true}
	return l.Run(ctx)
}

// DroppedError is what ends a loop whose flow returned nil although calls had
// suspended it: going on without their results would be a mistake.
type DroppedError struct {
	Works []string // full names of the works, in the order in which they suspended the flow
	At    string   // file and line of the first call whose suspension was dropped; "" if not known
}

func (e *DroppedError) Error() string {
	at := ""
	if e.At != "" {
		at = " at " + e.At
	}
	return fmt.Sprintf("the flow returned nil although it was suspended by %q%s: return the error that Run returned", e.Works, at)
}
