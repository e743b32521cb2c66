package runtime

import (
	"context"
	"log/slog"
	"time"

	"github.com/workgen/workgen/runtime/internal/redact"
)

// This file is what a body can ask of its own execution, by its context.

// Attempt returns which execution of its call ctx is the context of, from 1: more than 1
// under [Retry]. Outside of a body it is 0.
func Attempt(ctx context.Context) int {
	x := executionOf(ctx)
	if x == nil {
		return 0
	}
	return x.attempt // since before the body began
}

// Logger returns a logger for the body that ctx is the context of. It writes to the
// runner's logger ([WithLogger]), without what is secret, and names work, call and attempt. Outside of a body it is
// slog.Default().
func Logger(ctx context.Context) *slog.Logger {
	x := executionOf(ctx)
	if x == nil {
		return slog.Default()
	}
	r := x.call.runner
	l := r.logger
	if l == nil {
		l = slog.Default()
	}
	if redact.Any() {
		redact.Add(x.call.secrets)
		l = redact.Logger(l)
	}
	return l.With(slog.String("work", r.name), slog.Uint64("call", x.call.node.number), slog.Int("attempt", x.attempt))
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
	if c.ended() || c.execution != x {
		return
	}
	c.progress = CallProgress{done, total, note}
	if now := time.Now(); now.Sub(c.told) >= progressEvery {
		c.told = now
		c.runner.notifier.Notify()
	}
}

// progressEvery is how often those who watch are told of progress at most.
const progressEvery = 100 * time.Millisecond

// CallProgress is how far an execution has come, as its body says by [Progress].
type CallProgress struct {
	Done, Total int64  // steps; 0 of 0 where the body does not count any
	Note        string // for people
}
