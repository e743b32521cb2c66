package runtime

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
)

// This file is about bodies that run on although their context has ended. Go cannot end them,
// and each may hold a slot that others wait for, so the log says which they are.

// IgnoringBody is a body that has run on for five seconds at least since its context ended.
type IgnoringBody struct {
	Call      uint64    // number of its call in the runner; the call may have ended long ago
	Arguments string    // in one line, without what is secret, or cannot be read while the body may write to it
	Began     time.Time // when the body began
	Since     time.Time // when its context ended
	Cause     error     // why: a TimeoutError, or an error that wraps ErrStopped, ErrClosed or ErrLeaseLost
	HasSlot   bool      // it has a slot, of Concurrency or of a pool
	Waiting   int       // how many calls and bodies wait for such a slot
	Stack     string    // of its goroutine when the log last told of it, or why there is none
}

// Ignoring lists the bodies that run on although their context ended five seconds ago, or
// earlier, those first that do so for the longest time. Bodies that wait for a slot to go on
// are not among them. The log tells of each body after five seconds, and again after twice the
// time, but once an hour at least.
func (i Inspection) Ignoring() []IgnoringBody {
	i.r.mu.Lock()
	found := i.r.ignores(nil)
	i.r.mu.Unlock()
	list := make([]IgnoringBody, len(found))
	for n, b := range found {
		list[n] = b.describe()
	}
	return list
}

const (
	ignoresAfter = 5 * time.Second // a body that has not returned so long after the end of its context ignores it
	mostSilence  = time.Hour       // between two lines about one body in the log
)

// ignoring is the body of an execution that runs although its context has ended. The runner's
// mutex guards it.
type ignoring struct {
	execution *execution
	since     time.Time
	cause     error
	due       time.Duration // after since, when the log is to tell of it
	stack     string        // when that last did
}

// outlasts notes that the context of an execution has ended, or is going to at once, if its
// body still runs. runner.mu is held.
func (x *execution) outlasts(cause error) {
	r := x.call.runner
	if x.attempt == 0 || x.turn.Over() || r.ignoring[x] != nil {
		return
	}
	if r.ignoring == nil {
		r.ignoring = map[*execution]*ignoring{}
		r.ignoringTimer = time.AfterFunc(ignoresAfter, r.sayWhatIgnores)
	}
	r.ignoring[x] = &ignoring{execution: x, since: time.Now(), cause: cause, due: ignoresAfter}
}

// stopping returns since when a body of a call runs on although its context has ended, zero if
// none does. r.mu is held.
func (r *runner) stopping(number uint64) (since time.Time) {
	for x, b := range r.ignoring {
		if x.call.node.number == number && !x.turn.Over() {
			since = earlier(since, b.since.Round(0))
		}
	}
	return since
}

// heeds notes that the body of an execution has returned. runner.mu is held.
func (r *runner) heeds(x *execution) {
	delete(r.ignoring, x)
	if len(r.ignoring) == 0 {
		r.ignoringTimer.Stop()
		r.ignoring, r.ignoringTimer = nil, nil
	}
	r.notifier.Notify()
}

// ignores returns copies of those bodies that ignore the end of their contexts, and for which
// is, if it is not nil, reports true, those first that do so for the longest time. r.mu is held.
func (r *runner) ignores(is func(*ignoring) bool) (list []ignoringNow) {
	for x, b := range r.ignoring {
		if time.Since(b.since) >= ignoresAfter && !x.turn.Over() && !x.waitsForSlot() && (is == nil || is(b)) {
			now := ignoringNow{ignoring: *b}
			now.hasSlot, now.waiting = x.blocks()
			list = append(list, now)
		}
	}
	slices.SortFunc(list, func(a, b ignoringNow) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.execution.call.node.number, b.execution.call.node.number))
	})
	return list
}

// ignoringNow is ignoring at one moment.
type ignoringNow struct {
	ignoring
	hasSlot bool
	waiting int
}

func (b *ignoringNow) describe() IgnoringBody {
	c := b.execution.call
	if redact.Any() {
		redact.Add(c.secrets)
	}
	return IgnoringBody{
		Call: c.node.number, Arguments: arguments.Summary(c.values.arguments()), Began: b.execution.began.Round(0),
		Since: b.since.Round(0), Cause: b.cause, HasSlot: b.hasSlot, Waiting: b.waiting, Stack: b.stack,
	}
}

// blocks reports whether an execution has a slot, and how many wait for such a one. runner.mu
// is held.
func (x *execution) blocks() (hasSlot bool, waiting int) {
	r := x.call.runner
	if x.turn.Holds() {
		_, resuming, pending := r.slots.Count()
		hasSlot, waiting = true, resuming+pending
	}
	if r.pool.holds(x.place) {
		hasSlot, waiting = true, waiting+r.pool.Stats().Waiting
	}
	return hasSlot, waiting
}

// sayWhatIgnores says in the log which bodies ignore the end of their contexts. It is called
// again as long as there may be any.
func (r *runner) sayWhatIgnores() {
	r.mu.Lock()
	if r.ignoringTimer != nil {
		r.ignoringTimer.Reset(ignoresAfter)
	}
	due := r.ignores((*ignoring).isDue)
	r.mu.Unlock()
	if len(due) == 0 {
		return
	}
	r.noteStacks(due)
	for i, b := range due {
		if i == mostSaid {
			r.logAt(slog.LevelWarn, "further bodies ignore that their contexts have ended", slog.Int("bodies", len(due)-i))
			break
		}
		d := b.describe()
		r.logAt(slog.LevelWarn, "a body ignores that its context has ended", slog.Uint64("call", d.Call),
			slog.Duration("since", time.Since(b.since).Round(time.Second)), slog.Any("cause", d.Cause), slog.Bool("has_slot", d.HasSlot), slog.Int("waiting", d.Waiting),
			slog.String("arguments", d.Arguments), slog.String("fix", "return when ctx.Done() is closed"), slog.String("stack", d.Stack))
	}
	r.notifier.Notify()
}

// isDue reports whether the log is to tell of a body, and when it is to do so again.
func (b *ignoring) isDue() bool {
	took := time.Since(b.since)
	if took < b.due {
		return false
	}
	b.due = took + min(took, mostSilence)
	return true
}

// noteStacks finds the stacks of bodies, and notes them.
func (r *runner) noteStacks(of []ignoringNow) {
	stacks := executing()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range of {
		b := &of[i]
		b.stack = cmp.Or(stacks[fmt.Sprintf("%p", b.execution)], "not found")
		if stacks == nil {
			b.stack = notLookedFor
		}
		if kept := r.ignoring[b.execution]; kept != nil {
			kept.stack = b.stack
		}
	}
}

// executing returns the stacks of the goroutines that execute, by the addresses of their
// executions as text; nil when there are too many goroutines. A stack in Go's own format shows the arguments of each function, so that
// goroutines need not be marked, which each miss would pay for.
func executing() map[string]string {
	if tooManyStacks() {
		return nil
	}
	stacks := map[string]string{}
	for stack := range goroutines() {
		if _, argument, found := bytes.Cut(stack, []byte("/runtime.(*execution).run(")); found {
			if end := bytes.IndexAny(argument, "?,)"); end > 0 {
				stacks[string(argument[:end])] = preview.Cut(string(stack), maxStack)
			}
		}
	}
	return stacks
}
