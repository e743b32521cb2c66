package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/recent"
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

// engine is one Run of a Loop.
type engine struct {
	loop  *Loop
	ctx   context.Context // ends with Run: the calls of the flow are kept going until then
	woken chan struct{}   // holds a token when a pass is due

	mu       sync.Mutex           // taken after a runner's, never before
	pass     uint64               // number of the latest pass
	running  map[callKey]*call    // calls of the flow that have not ended
	failures map[callKey]*failure // calls that failed or were stopped, until they may execute again
	ids      map[*call]callKey    // of those
	bodies   map[*call]struct{}   // calls of the flow, as far as their bodies have not returned
	others   map[*call]struct{}   // unfinished calls of others that the flow waits for
	inputs   map[input]struct{}   // that the flow has read
	ending   chan struct{}        // closed when bodies is empty; nil before the end

	launching map[*call]launching // calls that are being launched

	unstable    recent.Map[*runner, *unstableArgs]
	unreachable recent.Set[string] // works that have been warned about
}

// launching is what happened to a call while it is being launched.
type launching struct {
	ended bool
	asked bool // by another goroutine of the flow, which it has suspended
}

// input is something that wakes the loops which have read it, such as a Var.
type input interface{ unwatch(e *engine) }

// callKey identifies a call of any runner. key is the runner's own comparable
// identity of the arguments.
type callKey struct {
	runner *runner
	key    any
}

// failure is a call that ended without a result.
type failure struct {
	handle any       // *Call[R]
	number uint64    // of the call in its runner
	times  int       // in a row
	until  time.Time // when it may execute again; zero: never, it was stopped
	seen   uint64    // the latest pass that asked for it
}

func newEngine(l *Loop) *engine {
	return &engine{
		loop: l, woken: make(chan struct{}, 1),
		running:  map[callKey]*call{},
		failures: map[callKey]*failure{},
		ids:      map[*call]callKey{},
		bodies:   map[*call]struct{}{},
		others:   map[*call]struct{}{},
		inputs:   map[input]struct{}{},

		launching: map[*call]launching{},
	}
}

// wake makes a pass due. It never blocks, and several wake-ups before the next
// pass are one.
func (e *engine) wake() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// run does passes until one ends the loop.
func (e *engine) run(ctx context.Context) (err error) {
	loopCtx, cancel := context.WithCancelCause(ctx)
	e.ctx = loopCtx
	defer e.shutdown(cancel)
	register(e)
	defer unregister(e)
	defer func() { e.loop.control.stops(redacted(err)) }()
	for {
		if err := e.loop.control.gate(ctx); err != nil {
			return err
		}
		due, err, end := e.once(ctx)
		if end {
			return err
		}
		if err := e.wait(ctx, due); err != nil {
			return err
		}
	}
}

// once does one pass. It returns when the next one is due at the latest (zero:
// no time was asked for), or that the loop is to end.
func (e *engine) once(ctx context.Context) (due time.Time, err error, end bool) {
	if err := ctx.Err(); err != nil {
		return due, err, true
	}
	e.mu.Lock()
	e.pass++
	p := &pass{engine: e, number: e.pass}
	e.mu.Unlock()

	e.loop.control.begins(p.number)
	began := time.Now()
	err = e.flow(p)
	if took := time.Since(began); took > slowPass {
		e.log("a pass of the flow took long: do slow things in works", slog.Duration("took", took))
	}

	p.mu.Lock()
	due, suspended := p.due, p.suspended
	p.mu.Unlock()
	var panicked *PanicError
	shown := redacted(err)
	failed := shown
	switch {
	case ctx.Err() != nil:
		return due, ctx.Err(), true
	case errors.Is(err, Stop):
		return due, nil, true
	case errors.Is(err, ErrSuspended):
		failed = nil
	case err == nil && len(suspended) > 0:
		return due, &DroppedError{Works: suspended}, true
	case err != nil && (!e.loop.KeepGoing || errors.As(err, &panicked) && panicked.Work == flowName):
		return due, err, true
	case err != nil:
		e.log("the flow failed", slog.Any("error", shown))
	}
	due = earlier(due, e.tidy(p.number, err == nil))
	e.loop.control.ends(suspended, due, failed)
	return due, nil, false
}

// flowName stands for the work's name in the PanicError of a flow.
const flowName = "(flow)"

// flow runs the flow, and turns a panic into an error.
func (e *engine) flow(p *pass) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = recovered(flowName, v)
		}
	}()
	return e.loop.Flow(context.WithValue(e.ctx, passKey{}, p))
}

// wait returns when the next pass is due, or with ctx's error.
func (e *engine) wait(ctx context.Context, due time.Time) error {
	heartbeat := e.loop.Heartbeat
	if heartbeat == 0 {
		heartbeat = defaultHeartbeat
	}
	if heartbeat > 0 {
		due = earlier(due, time.Now().Add(heartbeat))
	}
	var alarm <-chan time.Time
	if !due.IsZero() {
		// The wall clock may be set meanwhile; the timer is for the distance
		// as it is now, and a pass that comes too early sets it again.
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-e.woken:
	case <-alarm:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// shutdown stops what the loop has started and nobody else waits for, and waits
// until the bodies have returned.
func (e *engine) shutdown(cancel context.CancelCauseFunc) {
	e.mu.Lock()
	for in := range e.inputs {
		in.unwatch(e)
	}
	running := make([]*call, 0, len(e.running))
	for _, c := range e.running {
		running = append(running, c)
	}
	e.mu.Unlock()
	// Here and not by the context's end, which is noticed a moment later.
	for _, c := range running {
		c.leaveStart(e.ctx.Done())
	}
	cancel(errLoopEnded)
	e.drain()
}

// drain waits for the bodies of calls that have ended, as long as Grace allows.
func (e *engine) drain() {
	e.mu.Lock()
	for c := range e.bodies {
		if !c.ended() {
			delete(e.bodies, c) // goes on for others
		}
	}
	left := len(e.bodies)
	ending := make(chan struct{})
	e.ending = ending
	e.mu.Unlock()
	if left == 0 {
		return
	}
	grace := e.loop.Grace
	if grace == 0 {
		grace = defaultGrace
	}
	deadline := time.NewTimer(max(grace, 0))
	defer deadline.Stop()
	select {
	case <-ending:
	case <-deadline.C:
		e.mu.Lock()
		left = len(e.bodies)
		e.mu.Unlock()
		e.log("executions ignore that the loop has ended", slog.Int("executions", left))
	}
}

// errLoopEnded is why the context of a loop ended.
var errLoopEnded = errors.New("the loop has ended")

func (e *engine) log(message string, attrs ...any) {
	logger := e.loop.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.Warn(message, attrs...)
}

// engines are all loops that run, to be woken by what no single one knows of: a
// result has expired or was forgotten.
var engines struct {
	mu  sync.Mutex
	all map[*engine]struct{}
}

func register(e *engine) {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	if engines.all == nil {
		engines.all = map[*engine]struct{}{}
	}
	engines.all[e] = struct{}{}
}

func unregister(e *engine) {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	delete(engines.all, e)
}

// forgetFailures makes all loops forget the failed and stopped calls that match,
// and reports whether there were any. It makes a pass due in every loop.
func forgetFailures(match func(id callKey, number uint64) bool) (found bool) {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	for e := range engines.all {
		e.mu.Lock()
		for id, f := range e.failures {
			if match(id, f.number) {
				delete(e.failures, id)
				found = true
			}
		}
		e.mu.Unlock()
		e.wake()
	}
	return found
}

// wakeLoops makes a pass due in every loop.
func wakeLoops() {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	for e := range engines.all {
		e.wake()
	}
}
