package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/redact"
)

// logPanic logs the panic of a body: callers get it as an error, but a bug may
// have no callers left.
func (r *runner) logPanic(p *PanicError) {
	if p != nil {
		r.log("work panicked", slog.String("value", fmt.Sprint(p.Value)), slog.String("stack", string(p.Stack)))
	}
}

// log writes an error. No lock may be held: a handler is user code.
func (r *runner) log(message string, attrs ...slog.Attr) {
	r.logAt(slog.LevelError, message, attrs...)
}

// logAt is log for any level.
func (r *runner) logAt(level slog.Level, message string, attrs ...slog.Attr) {
	l := r.logger
	if l == nil {
		l = slog.Default()
	}
	if redact.Any() {
		l = redact.Logger(l)
	}
	attrs = append([]slog.Attr{slog.String("work", r.name)}, attrs...)
	l.LogAttrs(context.Background(), level, message, attrs...)
}

// guard runs code of the user's that must not end the goroutine by a panic.
func (r *runner) guard(message string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			r.log(message, slog.String("value", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
		}
	}()
	f()
}

// A call that does not end is said in the log: what it waits for, or how long its body has
// run. Nobody may look for what hangs. The first line comes after a minute of waiting, or
// ten of running, and each further one after twice the time.
const (
	longWait = time.Minute
	longRun  = 10 * time.Minute
	mostSaid = 10 // calls of one runner at a time
)

// guardCalls has unfinished calls looked at in a while. mu is held.
func (r *runner) guardCalls() {
	if r.guarded {
		return
	}
	r.guarded = true
	runner := weak.Make(r)
	time.AfterFunc(longWait, func() {
		if r := runner.Value(); r != nil {
			r.sayWhatIsStuck()
		}
	})
}

func (r *runner) sayWhatIsStuck() {
	r.mu.Lock()
	r.guarded = false
	if len(r.unfinished) > 0 {
		r.guardCalls()
	}
	now, stuck := time.Now(), []stuckCall{}
	for c := range r.unfinished {
		since, limit := c.requested, longWait
		if c.node.status() == Running {
			since, limit = c.started, longRun
		}
		took := now.Sub(since.time())
		if took < limit || took < 2*c.said || len(stuck) == mostSaid {
			continue
		}
		c.said = took
		stuck = append(stuck, stuckCall{c, c.waitsForWhat(), c.node.status(), took})
	}
	r.mu.Unlock()
	for _, s := range stuck {
		attrs := []slog.Attr{slog.Uint64("call", s.call.node.number), slog.String("status", s.status.String()),
			slog.String("waits_for", s.waitsFor), slog.Duration("since", s.took)}
		if s.waitsFor != itsCopies {
			attrs = append(attrs, slog.String("arguments", s.call.summary()))
		}
		r.logAt(slog.LevelWarn, "a call has not ended for long", attrs...)
	}
}

// stuckCall is a call that is to be said in the log.
type stuckCall struct {
	call     *call
	waitsFor string
	status   Status
	took     time.Duration
}

// itsCopies is what a call waits for whose arguments are not there yet.
const itsCopies = "its arguments to be copied"

// waitsForWhat says in a few words why a call has not ended. runner.mu is held.
func (c *call) waitsForWhat() string {
	x := c.execution
	switch {
	case c.node.status() == Running:
		return "its body"
	case c.looking != nil:
		return "the store"
	case x == nil && c.retry != nil:
		return "its next attempt"
	case x == nil:
		return itsCopies
	case x.queued != nil:
		return "a slot"
	}
	return "an execution elsewhere, or the store"
}
