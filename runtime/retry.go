package runtime

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryPolicy says whether and when a call that failed executes again. The zero
// policy is that of a work without [Retry]: once.
type RetryPolicy struct {
	// Attempts bounds the executions of one call, the first included. Zero and
	// one mean that it executes once.
	Attempts int

	// Initial is the wait before the second execution, and each further wait is
	// twice the one before it, up to Max. Zero is one second, and one minute.
	Initial, Max time.Duration

	// Jitter spreads the waits, so that what failed together does not come back
	// together: each is drawn evenly from wait·(1-Jitter) to wait·(1+Jitter). Zero
	// is 0.2, at most it is 1, and negative is no jitter.
	Jitter float64

	// If says which errors are worth another execution; it may be called
	// concurrently. Nil takes all errors but those that would come again, or
	// whose cause is elsewhere: panics, cycles, cancellation, calls that were
	// stopped, and errors that Unwrap to one of those. An InputChangedError is
	// never retried.
	If func(error) bool
}

// Retry executes a call again when it failed, instead of giving its error to
// those who wait. They see a call that is [Pending] meanwhile, with Attempts and
// the last error in its status; only the last error counts as an error of the
// call.
//
// Every execution gets its own copy of the arguments and its own [Timeout], and
// takes its own [Concurrency] slot: none is held during a wait. Executions of
// one call do not overlap, so one that ignores its timeout is waited for.
//
// In a [Loop] that keeps going, such waits also lie between the calls that a flow
// makes again after one has failed for good; what If refuses is then not called
// again before it is forgotten.
//
// Retry panics when a number is negative, or Jitter is above 1.
func Retry(p RetryPolicy) Option {
	atLeastZero("Retry: Attempts", p.Attempts, "use 0 for no retry")
	atLeastZero("Retry: Initial", p.Initial, "use 0 for one second")
	atLeastZero("Retry: Max", p.Max, "use 0 for one minute")
	if !(p.Jitter <= 1) {
		panic(fmt.Sprintf("runtime: Retry: Jitter(%v): must not be above 1: a wait cannot be negative", p.Jitter))
	}
	return optionFunc(func(c *config) { c.retry = p })
}

// waits returns the waits between executions, from the first on.
func (p RetryPolicy) waits() *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{
		InitialInterval: p.Initial, MaxInterval: p.Max, Multiplier: 2, RandomizationFactor: max(p.Jitter, 0),
	}
	if b.InitialInterval == 0 {
		b.InitialInterval = firstWait
	}
	if b.MaxInterval == 0 {
		b.MaxInterval = maxWait
	}
	if p.Jitter == 0 {
		b.RandomizationFactor = jitter
	}
	b.InitialInterval = min(b.InitialInterval, b.MaxInterval)
	return b
}

const (
	firstWait = time.Second
	maxWait   = time.Minute
	jitter    = 0.2
)

// worthwhile reports whether another execution may help against err.
func (r *Runner) worthwhile(err error) (worth bool) {
	if _, changed := err.(*InputChangedError); changed {
		return false
	}
	if r.retry.If == nil {
		return passing(err)
	}
	defer func() {
		if v := recover(); v != nil {
			worth = false
			r.log("RetryPolicy.If panicked", slog.String("value", fmt.Sprint(v)))
		}
	}()
	return r.retry.If(err)
}
