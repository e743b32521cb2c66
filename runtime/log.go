package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/internal/tail"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what runners and bodies say of calls: to logs, to the store and to people.
// What is secret shows in none of it. Those who wait for a call get its error as it is.

// logPanic logs the panic of a body: callers get it as an error, but a bug may
// have no callers left.
func (r *runner) logPanic(p *PanicError) {
	r.log("work panicked", slog.String("value", fmt.Sprint(p.Value)), slog.String("stack", string(p.Stack)))
}

// log writes an error. No lock may be held: a handler is user code.
func (r *runner) log(message string, attrs ...slog.Attr) {
	r.logAt(slog.LevelError, message, attrs...)
}

// logAt is log for any level.
func (r *runner) logAt(level slog.Level, message string, attrs ...slog.Attr) {
	attrs = append([]slog.Attr{slog.String("work", r.name)}, attrs...)
	r.out().LogAttrs(context.Background(), level, message, attrs...)
}

// out returns where to log what has no secrets in it.
func (r *runner) out() *slog.Logger {
	l := cmp.Or(r.logger, slog.Default())
	if redact.Any() {
		return redact.Logger(l)
	}
	return l
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

// inputsFor lists the inputs of a call as list does, none if that panics: it runs methods of
// the user's.
func (c *call) inputsFor(list func(args any, encode func(*key.Encoder)) []store.Arg) (inputs []store.Arg) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		inputs = []store.Arg{}
		const what = "the inputs of a call cannot be described"
		if r, err := c.runner, recovered(c.runner.name, v); r.store != nil {
			r.store.Failed(context.Background(), what, err)
		} else {
			r.logAt(slog.LevelWarn, what, slog.Any("error", err))
		}
	}()
	return list(c.values.arguments(), c.encode)
}

// redactedPanic returns the panic in an error without secrets, nil if there is none.
func redactedPanic(err error) (clean error) {
	defer func() { _ = recover() }() // methods of the user's
	var p *PanicError
	if !errors.As(err, &p) {
		return nil
	}
	return &PanicError{Work: p.Work, Value: redact.Text(fmt.Sprint(p.Value)), Stack: []byte(redact.Text(string(p.Stack)))}
}

// Attempt returns which execution of its call ctx is the context of, from 1. It is more than
// 1 under [Retry], and with a store where executions of other processes have failed or were
// lost before. Outside of a body it is 0.
func Attempt(ctx context.Context) int {
	x := executionOf(ctx)
	if x == nil {
		return 0
	}
	return x.attempt // since before the body began
}

// Logger returns a logger for the body that ctx is the context of. It writes to the
// runner's logger ([WithLogger]), without what is secret, and names work, call and attempt.
// The last lines from level Info on, twenty at most, are kept with the execution: in the store,
// if there is one, and in memory while somebody listens ([Inspection.Notify]). Outside of a body it is slog.Default().
func Logger(ctx context.Context) *slog.Logger {
	x := executionOf(ctx)
	if x == nil {
		return slog.Default()
	}
	r := x.call.runner
	if redact.Any() {
		redact.Add(x.call.secrets)
	}
	l := r.out().With(slog.String("work", r.name), slog.Uint64("call", x.call.node.number), slog.Int("attempt", x.attempt))
	if lines := x.lines(); lines != nil {
		return lines.Logger(l)
	}
	return l
}

// lines returns where to keep what the body logs, nil if that is kept nowhere.
func (x *execution) lines() *tail.Lines {
	c := x.call
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if !c.durable() && !c.runner.notifier.Watched() || !x.isLatest() {
		return nil
	}
	if c.says().lines == nil {
		c.progress.lines = new(tail.Lines)
	}
	return c.progress.lines
}

// isLatest reports whether what the body says counts: the call has not ended, and has no
// later execution. runner.mu is held.
func (x *execution) isLatest() bool { return !x.call.ended() && x.call.execution == x }

// says returns what the latest execution says. runner.mu is held.
func (c *call) says() *progress {
	if c.progress == nil {
		c.progress = new(progress)
	}
	return c.progress
}

// Progress says how far the body has come that ctx is the context of: done of total steps,
// of whatever the body counts, or 0 of 0 where it does not count; note is for people, and
// may be "". It shows in [CallStatus]. Those who watch are told ten times a second at most,
// so it may be called as often as it suits. Outside of a body it does nothing.
func Progress(ctx context.Context, done, total int64, note string) {
	x := executionOf(ctx)
	if x == nil {
		return
	}
	c := x.call
	if redact.Any() {
		redact.Add(c.secrets)
		note = redact.Text(note)
	}
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if !x.isLatest() {
		return
	}
	p := c.says()
	p.CallProgress = CallProgress{done, total, note}
	if now := time.Now(); now.Sub(p.told) >= progressEvery {
		p.told = now
		c.runner.notifier.Notify()
	}
}

// progressEvery is how often those who watch are told of progress at most.
const progressEvery = 100 * time.Millisecond

// progress is that of the latest execution.
type progress struct {
	CallProgress
	told  time.Time   // when those who watch were last told
	lines *tail.Lines // that the body has logged, for the store; nil: none
}

// withoutLines is what is kept of a call that has ended.
func (p *progress) withoutLines() *progress {
	if p == nil || p.lines == nil {
		return p
	}
	return &progress{CallProgress: p.CallProgress}
}

// CallProgress is how far an execution has come, as its body says by [Progress].
type CallProgress struct {
	Done, Total int64  // steps; 0 of 0 where the body does not count any
	Note        string // for people
}
