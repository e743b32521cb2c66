package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/internal/unstable"
)

// engine is one Run of a Loop: what makes passes due, and what its flow has asked for.
//
//	begins ──▶ a pass ──▶ waits until one is due ─┐
//	             ▲                                │
//	             └────────────────────────────────┘
//	either, when ctx ends, or the flow says so ──▶ drains ──▶ ended
//
// Three things make a pass due: what the latest one waits for (wait.over), what it has read
// (wake, wakeSoon), and the time (pass.due, failures).
type engine struct {
	loop  *Loop
	ctx   context.Context // of the flow: that of Run
	calls context.Context // of what the flow starts: ends after Grace
	end   context.CancelCauseFunc
	poke  chan struct{} // holds a token when the wait between passes has to look again

	mu       sync.Mutex // taken after a runner's and an input's, never before
	number   uint64     // of the latest pass
	pass     *pass      // that is under way; nil between two
	took     time.Duration
	finished time.Time // when the latest pass ended

	due      bool        // a pass is
	changed  bool        // something has, and not only calls have ended, since the latest pass began
	later    *time.Timer // makes a pass due; nil unless wakeSoon has set it
	waits    int         // of the latest pass, that it has not waited for in place, and that are not over
	progress bool        // a call that may be kept has ended since the latest pass began

	members  map[*call]*member // calls that the loop is told of
	running  map[callKey]*call // calls of the flow that have not ended
	pinned   []*node           // results that the flow has not got past yet
	bodies   int               // calls of the flow that have not ended, or whose bodies have not returned
	idle     chan struct{}     // closed when bodies is 0; nil before the end
	draining bool              // nothing begins any more
	left     bool              // the loop has ended; failed.mu guards it
	again    time.Time         // when the first call that has failed may execute again; zero: none may

	inputs map[input]struct{} // that the flow has read
	files  files              // of them
	ticks  ticks
	faults faults

	unstable    unstable.Detector[weak.Pointer[runner], *asked]
	unreachable recent.Set[string] // works that have been warned about
	spin        spin
	goroutine   string // of the flow, as stacks name it
}

// callKey identifies a call of any runner. key is the runner's own comparable
// identity of the arguments.
type callKey struct {
	runner *runner
	key    any
}

// input is something that wakes the loops which have read it, such as a Var.
type input interface{ unwatch(e *engine) }

func newEngine(l *Loop, ctx context.Context) *engine {
	e := &engine{
		loop: l, ctx: ctx, poke: make(chan struct{}, 1),
		members: map[*call]*member{},
		running: map[callKey]*call{},
		inputs:  map[input]struct{}{},

		unstable: unstable.Detector[weak.Pointer[runner], *asked]{Passed: (*asked).passed},
	}
	e.calls, e.end = context.WithCancelCause(context.WithoutCancel(ctx))
	return e
}

// run does passes in a goroutine of their own until one ends the loop, or ctx ends.
func (e *engine) run() error {
	register(e)
	defer unregister(e)
	ended := make(chan error, 1)
	go func() {
		err := named(flowName, ErrGoexit)
		defer func() {
			e.dropPass()
			ended <- err
		}()
		e.goroutine = goroutineName()
		err = e.passes()
	}()
	var err error
	select {
	case err = <-ended:
		ended = nil
	case <-e.ctx.Done():
		err = e.ctx.Err()
	}
	e.loop.control.stops(redact.Error(err, redactedPanic))
	if !e.drain(ended) {
		err = fmt.Errorf("%w: the flow has not returned, see the log", err)
	}
	return err
}

// dropPass ends a pass that is under way although its goroutine ends: by Goexit.
func (e *engine) dropPass() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.pass; p != nil {
		p.over.Store(true)
		p.leaves()
	}
}

// passes does passes until one ends the loop.
func (e *engine) passes() error {
	if err := e.ticks.load(e); err != nil {
		return err
	}
	for {
		if err := e.loop.control.gate(e.ctx); err != nil {
			return err
		}
		due, err, end := e.once()
		if end {
			return err
		}
		if err := e.wait(due); err != nil {
			return err
		}
	}
}

// once does one pass. It returns when the next one is due at the latest (zero:
// no time was asked for), or that the loop is to end.
func (e *engine) once() (due time.Time, err error, end bool) {
	if err := e.ctx.Err(); err != nil {
		return due, err, true
	}
	p, retry := e.begin(), time.Time{} // of an error of the flow's own
	err = e.flow(p)
	p.close()
	if err == nil || Suspended(err) {
		err = cmp.Or(p.broken, err)
	}
	through := e.ends(p, err)
	switch {
	case e.ctx.Err() != nil && !errors.Is(err, Stop):
		return due, e.ctx.Err(), true
	case err == nil && !through:
		return due, &DroppedError{Works: p.suspended, At: p.where()}, true
	case Suspended(err), through:
	default:
		retry = e.faults.ofFlow(e, p.number, err)
		if e.endsLoop(err) {
			return due, err, true
		}
	}
	again := earlier(e.tidy(p, through), retry)
	forGood := !through && !Suspended(err) && (again.IsZero() || wasGivenUp(err))
	due = earlier(earlier(p.due, retry), e.ticks.ends(e, p, through || forGood))
	switch {
	case errors.Is(err, Stop):
		return due, nil, true
	case through:
		e.faults.through(e)
	case Suspended(err):
		err = nil
	}
	e.loop.control.ends(p.suspended, earlier(due, again), redact.Error(err, redactedPanic))
	return due, nil, false
}

// wasGivenUp reports whether a flow fails because a call will not execute any more by itself.
func wasGivenUp(err error) bool {
	var givenUp *GivenUpError
	return errors.As(err, &givenUp)
}

// endsLoop reports whether an error of the flow ends the loop.
func (e *engine) endsLoop(err error) bool {
	var panicked *PanicError
	switch {
	case errors.As(err, &panicked) && panicked.Work == flowName:
		return true
	case e.loop.KeepGoing:
		return false
	}
	return e.loop.once || !errors.Is(err, ErrStopped) || errors.Is(err, ErrClosed)
}

// begin begins a pass.
func (e *engine) begin() *pass {
	e.mu.Lock()
	e.number++
	p := &pass{engine: e, number: e.number, changed: make(chan struct{})}
	if e.due && !e.changed { // otherwise the flow may ask for other calls than before, and those leave first
		p.patience = patience(e.spin.suspensions)
		p.waits = p.patience > 0
	}
	e.pass, e.due, e.changed, e.progress, e.waits = p, false, false, false, 0
	if e.later != nil {
		e.later.Stop()
		e.later = nil
	}
	e.again = failed.due(e, p.number)
	p.began = time.Now()
	p.returnsAt(e.again)
	if e.loop.Heartbeat > 0 {
		p.returnsAt(p.began.Add(e.loop.Heartbeat))
	}
	p.guard = time.AfterFunc(blockedAfter, p.sayBlocked)
	e.mu.Unlock()
	e.loop.control.begins(p.number)
	e.saySpinning()
	return p
}

// ends ends a pass, and reports whether the flow got through.
func (e *engine) ends(p *pass, err error) (through bool) {
	now := time.Now()
	p.mu.Lock()
	through = err == nil && len(p.suspended) == 0 || errors.Is(err, Stop)
	took := now.Sub(p.began) - p.waited
	p.mu.Unlock()
	e.mu.Lock()
	p.leaves()
	e.took, e.finished = took, now
	e.spin.suspensions++
	if through {
		e.spin.suspensions = 0
	}
	e.mu.Unlock()
	if took > slowPass {
		e.log("a pass of the flow took long: do slow things in works", slog.Duration("took", took))
	}
	e.leaveWhatIsNotAskedFor(p)
	e.unpin(p, through)
	if through {
		e.files.leave(p)
	}
	return through
}

// tidy forgets failed calls that the flow does not ask for any more, and returns when the first of
// the others may execute again, zero if none may.
func (e *engine) tidy(p *pass, through bool) (again time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.again = failed.tidy(e, p.number, through)
	return e.again
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
func (e *engine) wait(asked time.Time) error {
	for slow := e.slowsDown(); ; {
		e.mu.Lock()
		isDue := e.due
		at := earlier(asked, e.again)
		if e.loop.Heartbeat > 0 {
			at = earlier(at, e.finished.Add(e.loop.Heartbeat))
		}
		e.mu.Unlock()
		if isDue {
			if slow <= 0 {
				return e.ctx.Err()
			}
			at, slow = time.Now().Add(slow), 0
		}
		if err := e.sleep(at, isDue); !errors.Is(err, errPoked) {
			return err
		}
	}
}

// errPoked says that a wait has to look again.
var errPoked = errors.New("something has changed")

// sleep returns nil at a time (zero: never), errPoked, or ctx's error. If deaf, it is not
// poked.
func (e *engine) sleep(at time.Time, deaf bool) error {
	var alarm <-chan time.Time
	if !at.IsZero() {
		// The wall clock may be set meanwhile; the timer is for the distance
		// as it is now, and a pass that comes too early sets it again.
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		alarm = timer.C
	}
	poke := e.poke
	if deaf {
		poke = nil
	}
	select {
	case <-poke:
		return errPoked
	case <-alarm:
		return nil
	case <-e.ctx.Done():
		return e.ctx.Err()
	}
}

// callEnded is what makes the passes due that change nothing but that the flow gets further.
const callEnded = "a call has ended"

// wake makes a pass due; why is for the log. It never blocks, and several wake-ups before the
// next pass are one.
func (e *engine) wake(why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wakeNow(why)
}

// wakeNow is wake with e.mu.
func (e *engine) wakeNow(why string) {
	e.due = true
	e.changed = e.changed || why != callEnded
	e.spin.note(why)
	if e.pass != nil {
		e.pass.change()
	}
	e.rearm()
}

// rearm has the wait between passes look again.
func (e *engine) rearm() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// The least and the longest time between passes that something makes due which may come
// often.
const (
	soonest = 10 * time.Millisecond
	latest  = time.Second
)

// wakeSoon makes a pass due for something that may come often: no sooner than least, or nine
// times the length of the latest pass, after that pass, and no later than a second. e.mu is
// held.
func (e *engine) wakeSoon(least time.Duration, why string) {
	if e.later != nil || e.due {
		return
	}
	gap := min(max(least, 9*e.took), latest)
	if e.pass == nil {
		gap = time.Until(e.finished.Add(gap))
	}
	if gap <= 0 {
		e.wakeNow(why)
		return
	}
	e.later = time.AfterFunc(gap, func() { e.wake(why) })
}

// earlier returns the earlier of two times, of which zero stands for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (e *engine) log(message string, attrs ...any) {
	e.logger().Warn(message, attrs...)
}

// warn logs what is wrong with the flow, and has it in the loop's status from now on.
func (e *engine) warn(message string, attrs ...slog.Attr) {
	e.logger().LogAttrs(context.Background(), slog.LevelWarn, message, attrs...)
	text := message
	for _, attr := range attrs {
		text += fmt.Sprintf("; %s: %s", attr.Key, attr.Value)
	}
	e.loop.control.warns(text)
}

func (e *engine) logger() *slog.Logger {
	l := e.loop.Logger
	if l == nil {
		l = slog.Default()
	}
	if redact.Any() {
		return redact.Logger(l)
	}
	return l
}

// engines are all loops that run, to be woken by what no single one knows of: a
// result has expired or was forgotten.
var engines struct {
	mu  sync.Mutex
	all []*engine
}

func register(e *engine) {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	engines.all = append(engines.all, e)
}

func unregister(e *engine) {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	engines.all = slices.DeleteFunc(engines.all, func(other *engine) bool { return other == e })
}

// wakeLoops makes a pass due in every loop, at once or soon: a result is not kept any more that
// its flow may want anew.
func wakeLoops(soon bool) {
	engines.mu.Lock()
	defer engines.mu.Unlock()
	for _, e := range engines.all {
		e.mu.Lock()
		if soon {
			e.wakeSoon(soonest, "a result has expired")
		} else {
			e.wakeNow("a result was forgotten")
		}
		e.mu.Unlock()
	}
}
