package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
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

// wait returns how long to wait after a number of failures in a row, from 1, and at least
// after.
func (p RetryPolicy) wait(failures int, after time.Duration) time.Duration {
	first, most, spread := p.Initial, p.Max, max(p.Jitter, 0)
	if first == 0 {
		first = firstWait
	}
	if most == 0 {
		most = maxWait
	}
	if p.Jitter == 0 {
		spread = jitter
	}
	wait := most
	if n := failures - 1; n < 63 && first <= most>>n {
		wait = first << n
	}
	return max(time.Duration(float64(wait)*(1+spread*(2*rand.Float64()-1))), after)
}

// Permanent marks an error that another execution would not mend, such as that there is
// no such page: [Retry] does not try again, whatever RetryPolicy.If says. The error's text
// stays the same, and errors.Is and errors.As see through the mark. A nil err stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

type permanent struct{ err error }

func isPermanent(err error) bool {
	var mark *permanent
	return errors.As(err, &mark)
}

func (e *permanent) Error() string { return e.err.Error() }
func (e *permanent) Unwrap() error { return e.err }

// RetryAfter marks an error with how long the next execution should wait at least, as an
// HTTP server says that is busy. It does not make an error worth another execution. The
// error's text stays the same, and errors.Is and errors.As see through the mark. A nil err
// stays nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfter{err, d}
}

// waitsAfter returns what RetryAfter says. It calls methods of the user's errors, so no
// lock may be held.
func waitsAfter(err error) time.Duration {
	var mark *retryAfter
	if errors.As(err, &mark) {
		return mark.after
	}
	return 0
}

type retryAfter struct {
	err   error
	after time.Duration
}

func (e *retryAfter) Error() string { return e.err.Error() }
func (e *retryAfter) Unwrap() error { return e.err }

const (
	firstWait = time.Second
	maxWait   = time.Minute
	jitter    = 0.2
)

// worthwhile reports whether another execution may help against err.
func (r *runner) worthwhile(err error) (worth bool) {
	if _, changed := err.(*InputChangedError); changed || isPermanent(err) {
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

// lasting reports whether an error may be kept: it must tell of the arguments,
// not of the moment. Cancellation, timeouts, panics, cycles and inputs without key do
// not, also when a nested call met them and the body only passes them on.
func lasting(err error) bool {
	return passing(err) && !errors.Is(err, context.DeadlineExceeded)
}

// passing reports whether an error may go away by itself: timeouts may, and all
// that lasting errors tell of; panics, cycles and what somebody stopped do not.
func passing(err error) bool {
	for _, final := range []error{context.Canceled, ErrStopped, ErrClosed, ErrGoexit} {
		if errors.Is(err, final) {
			return false
		}
	}
	var (
		panicked *PanicError
		changed  *InputChangedError
		cycle    *CycleError
		unkeyed  *UnkeyedError
		miss     *MissError
	)
	return !errors.As(err, &panicked) && !errors.As(err, &changed) && !errors.As(err, &cycle) && !errors.As(err, &unkeyed) && !errors.As(err, &miss)
}
