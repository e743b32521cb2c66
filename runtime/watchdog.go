package runtime

import (
	"errors"
	"log/slog"
	goruntime "runtime"
	"sync/atomic"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how a loop notices flows that block, that spin, or that do not get past a work.

// errLoopEnded is why the contexts of what a loop has started ended.
var errLoopEnded = errors.New("the loop has ended")

// blockedAfter is after how long a flow that has neither returned nor waits for a call is said to
// block.
const blockedAfter = 5 * time.Second

// sayBlocked says so if the flow blocks, and looks again later.
func (p *pass) sayBlocked() {
	e := p.engine
	p.mu.Lock()
	since := p.began
	if p.since.After(since) {
		since = p.since
	}
	waits := len(p.waiting) > 0
	p.mu.Unlock()
	took := time.Since(since)
	again := 2 * took
	if waits || took < blockedAfter {
		again = blockedAfter
	} else if stack := stackOfGoroutine(e.goroutine); !p.over.Load() {
		e.log("the flow blocks: do what takes long in works, and wait for times with runtime.Now, Today or Cron",
			slog.Duration("since", took.Round(time.Millisecond)), slog.String("stack", stack))
		e.loop.control.blocks(p.number, since, stack)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pass == p && !e.draining { // whose end says it
		p.guard.Reset(again)
	}
}

// spin is what is known of passes that make the next one due by themselves. engine.mu guards it.
type spin struct {
	suspensions int       // passes in a row that did not get through
	passes      int       // in a row that came at once, while no call ended
	because     string    // what made one of them due; "": not known yet
	callers     []uintptr // who did
	wanted      bool      // who does is to be noted
	said        bool      // in this row
}

// spins is how many passes in a row a flow may make due by itself before it is slowed down.
const spins = 100

// slowsDown returns how long to wait before a pass that is due at once: a flow that spins is
// given more and more time.
func (e *engine) slowsDown() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.spin
	if !e.due || e.progress {
		s.passes, s.said, s.wanted, s.because = 0, false, false, ""
		return 0
	}
	if s.passes++; s.passes < spins {
		return 0
	}
	s.wanted = s.because == ""
	return min(soonest<<min((s.passes-spins)/10, 20), latest)
}

// note notes, once per row, who makes the next pass of a flow due that spins.
func (s *spin) note(why string) {
	if s.wanted {
		s.wanted, s.because = false, why
		s.callers = make([]uintptr, 20)
		s.callers = s.callers[:goruntime.Callers(3, s.callers)]
	}
}

// saySpinning logs, once per row, that the flow spins.
func (e *engine) saySpinning() {
	e.mu.Lock()
	s := &e.spin
	say, because, callers := s.because != "" && !s.said, s.because, s.callers
	s.said = s.said || say
	e.mu.Unlock()
	if say {
		e.warn("the flow spins: each pass makes the next one due, so that it is slowed down; "+
			"do not set a Var that the flow itself reads, nor wake the loop from its flow",
			slog.String("because", because), slog.String("at", lineOf(callers)))
	}
}

// maxCompared bounds the text by which arguments are compared, in bytes.
const maxCompared = 4000

// madeCall notes that a pass has made a call, and says so if the flow gives the work other
// arguments before it gets past them. args points to its arguments. They belong to the flow, which may
// write to them after this pass, so only their text is kept, and not shown.
func (e *engine) madeCall(r *runner, c *asked, pass uint64, args any) {
	names, say := e.unstable.Made(weak.Make(r), c, pass, func() []store.Arg {
		return arguments.Fields(args, func(v any) string { return preview.Text(v, maxCompared) })
	})
	if say {
		e.warn("a work gets new arguments before the flow gets past it, so it may never do: "+
			"ask for times with runtime.Today or Cron, which hold, give runtime.Now a longer period, and leave out what is no input",
			slog.String("work", r.name), slog.String("arguments", names))
	}
}

// asked is what a loop remembers of a call that its flow has made, without keeping the runner alive.
type asked struct {
	awaited atomic.Bool // the flow has waited for it
	node    weak.Pointer[node]
}

// passed reports whether the flow has got past a call, or never waited for it.
func (a *asked) passed() bool {
	n := a.node.Value()
	return n == nil || !a.awaited.Load() || n.wasVisited()
}

// warnUnreachable says, once per loop, that a flow cannot get past a work.
func (e *engine) warnUnreachable(r *runner) {
	if e.unreachable.Add(r.name) {
		e.warn("caching is off for a work that the flow runs: it executes again and again, and the code after it is never reached; "+
			"use Start, or turn caching on", slog.String("work", r.name))
	}
}
