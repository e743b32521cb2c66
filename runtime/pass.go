package runtime

import (
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// pass is one run of a flow. It gathers what the flow waits for; the engine
// reads it when the flow has returned.
type pass struct {
	engine *engine
	number uint64
	began  time.Time
	guard  *time.Timer // looks whether the flow blocks

	alarm   *time.Timer // has a flow return that waits in place; nil: at no time. engine.mu guards it
	alarmAt time.Time   // when it fires
	over    atomic.Bool // the flow has returned: nothing below mu changes any more but what waits in place

	changed chan struct{} // closed when the flow is to return, for it would see something else now; guarded by engine.mu
	stale   bool          // it is closed

	mu        sync.Mutex
	suspended []string  // works whose calls were not finished, each once
	at        []uintptr // where the first of them was called
	due       time.Time // the earliest time that the flow asked for; zero: none
	broken    error     // why no call is made any more: a schedule is wrong; nil: none
	ticks     []*tick   // that it asked for

	waits    bool          // it may wait in place; set at the beginning
	patience int           // how many calls it may still wait for in place
	waiting  []string      // works that it waits for in place
	since    time.Time     // when the latest such wait began, or ended
	waited   time.Duration // for all of them
}

// suspend notes that the flow cannot go on without calls of works, and returns
// the error for it.
func (p *pass) suspend(works ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over.Load() {
		return endedPass(works[0])
	}
	if p.at == nil {
		p.at = make([]uintptr, 20)
		p.at = p.at[:goruntime.Callers(2, p.at)]
	}
	for _, work := range works {
		if !slices.Contains(p.suspended, work) {
			p.suspended = append(p.suspended, work)
		}
	}
	return named(works[0], ErrSuspended)
}

// isSuspended reports whether something has suspended the pass. A nil pass is
// not.
func (p *pass) isSuspended() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.suspended) > 0
}

// wakeAt asks for a pass at a time.
func (p *pass) wakeAt(t time.Time) {
	p.mu.Lock()
	if !p.over.Load() {
		p.due = earlier(p.due, t)
	}
	p.mu.Unlock()
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	p.returnsAt(t)
}

// refuses returns why a call may not be made, if so.
func (p *pass) refuses(work string) error {
	if p.over.Load() {
		return endedPass(work)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

// endedPass is the error of a call that is made after its pass.
func endedPass(work string) error {
	pcs := make([]uintptr, 20)
	return fmt.Errorf("work %s, called at %s: %w", work, lineOf(pcs[:goruntime.Callers(3, pcs)]), ErrPassEnded)
}

// close notes that the flow has returned.
func (p *pass) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over.Store(true)
}

// where is the place of the first call that has suspended the pass.
func (p *pass) where() string { return lineOf(p.at) }

// lineOf returns file and line of the first frame that belongs neither to this package nor to
// generated code.
func lineOf(pcs []uintptr) string {
	const own = "github.com/workgen/workgen/runtime."
	for frames := goruntime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		if f.File != "" && !strings.HasSuffix(f.File, "workgen_gen.go") && !strings.HasPrefix(f.Function, own) {
			return f.File + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return ""
		}
	}
}

// wait is a set of calls that a pass waits for. engine.mu guards it.
type wait struct {
	pass     *pass
	left     int
	failFast bool          // it is over when one has failed
	failed   bool          // one has
	armed    bool          // all are in it
	done     chan struct{} // closed when it is over, where the pass waits in place; otherwise nil
}

// isOver reports whether there is nothing to wait for.
func (w *wait) isOver() bool { return w.left <= 0 || w.failed && w.failFast }

// ended notes that one of the calls has. e.mu is held.
func (w *wait) ended(e *engine, failed bool) {
	if w.pass.number != e.number || w.isOver() {
		return // it is of an earlier pass
	}
	w.failed = w.failed || failed
	if w.left--; !w.armed || !w.isOver() {
		return
	}
	e.waits--
	if w.done != nil {
		close(w.done)
	} else if e.waits > 0 {
		e.wakeSoon(0, callEnded)
	} else {
		e.wakeNow(callEnded)
	}
}

// suspendsAtOnce is how often a flow is suspended before it also waits in place.
const suspendsAtOnce = 100

// patience is for how many calls a pass may wait in place after so many passes in a row that
// did not get through. It doubles, so the passes over a sequence take as long together as
// the last one and half of it again.
func patience(suspensions int) int {
	if suspensions < suspendsAtOnce {
		return 0
	}
	return 1 << min(suspensions-suspendsAtOnce, 40)
}

// isPatient reports whether the pass may wait in place for one more set of calls.
func (p *pass) isPatient() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.patience--
	return p.patience >= 0
}

// stays waits in place until w is over, which it reports, or until the flow would see
// something else.
func (p *pass) stays(w *wait, works []string) bool {
	p.mu.Lock()
	began := time.Now()
	if len(p.waiting) == 0 {
		p.since = began
	}
	p.waiting = append(p.waiting, works...)
	p.mu.Unlock()
	over := p.awaits(w)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, work := range works {
		i := slices.Index(p.waiting, work)
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	if len(p.waiting) == 0 {
		now := time.Now()
		p.waited += now.Sub(p.since)
		p.since = now
	}
	return over
}

func (p *pass) awaits(w *wait) bool {
	select {
	case <-w.done:
		return true
	case <-p.changed:
	case <-p.engine.ctx.Done():
	}
	return false
}

// change has the flow return: the engine's mutex is held.
func (p *pass) change() {
	if !p.stale {
		p.stale = true
		close(p.changed)
	}
}

// returnsAt has the flow return at a time (zero: never), or before, if it may wait in place: the
// engine's mutex is held.
func (p *pass) returnsAt(t time.Time) {
	if t.IsZero() || !p.waits || p.engine.pass != p || !p.alarmAt.IsZero() && !t.Before(p.alarmAt) {
		return
	}
	if p.alarmAt = t; p.alarm == nil {
		p.alarm = time.AfterFunc(time.Until(t), p.isTime)
	} else {
		p.alarm.Reset(time.Until(t))
	}
}

// isTime is what the alarm does.
func (p *pass) isTime() {
	e := p.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pass == p {
		e.wakeNow("it was time")
	}
}

// leaves ends all that looks at a pass, and releases goroutines that the flow has not waited for. The
// engine's mutex is held.
func (p *pass) leaves() {
	p.guard.Stop()
	if p.alarm != nil {
		p.alarm.Stop()
	}
	p.change()
	p.engine.pass = nil
}

// passKey is where the context of a flow has its pass. The context of an
// execution hides it: inside of a work, calls block.
type passKey struct{}

// passOf returns the pass that ctx belongs to, nil outside of a flow.
func passOf(ctx context.Context) *pass {
	p, _ := ctx.Value(passKey{}).(*pass)
	return p
}

// inFlow reports whether ctx is that of a flow.
func inFlow(ctx context.Context) bool { return passOf(ctx) != nil }
