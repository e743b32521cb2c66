package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// RetryPolicy says whether and when a call that failed executes again. The zero
// policy is that of a work without [Retry]: once.
type RetryPolicy struct {
	// Attempts bounds the executions of one call, the first included. Zero and
	// one mean that it executes once; with a store also again, at once, whenever
	// its process has died.
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
// With a store, attempts count on after a restart, and all processes that share the store
// make them together: whoever wants the call waits until the next attempt is due, and one of
// them makes it. An execution whose process died counts as an attempt that failed. After the
// last attempt the call is given up, unless the store keeps its error ([CacheErrorsFunc]): from
// then on it gets a [GivenUpError], and does not execute until its code or its arguments change,
// more attempts are allowed, or somebody forgets it. A call whose error is not retried is not given up: it executes anew when it is
// asked for again.
//
// Every execution gets its own copy of the arguments and its own [Timeout], and
// takes its own [Concurrency] slot: none is held during a wait. Executions of
// one call do not overlap, so one that ignores its timeout is waited for.
//
// In a [Loop] that keeps going, such waits also lie between the calls that a flow
// makes again after one has failed for good, or was given up; what If refuses is
// then not called again before it is forgotten, or the time has passed for which
// [CacheErrors] or [CacheErrorsFunc] keeps the error.
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
	policy := backoff.Policy{
		First: cmp.Or(p.Initial, firstWait), Most: cmp.Or(p.Max, maxWait), Jitter: max(cmp.Or(p.Jitter, jitter), 0),
	}
	return max(policy.Wait(failures), after)
}

// Permanent marks an error that another execution would not mend, such as that there is
// no such page: [Retry] does not try again, whatever RetryPolicy.If says. The error's text
// stays the same, and errors.Is and errors.As see through the mark. A nil err stays nil.
func Permanent(err error) error { return backoff.Permanent(err) }

// RetryAfter marks an error with how long the next execution should wait at least, as an
// HTTP server says that is busy. It does not make an error worth another execution. The
// error's text stays the same, and errors.Is and errors.As see through the mark. A nil err
// stays nil.
func RetryAfter(err error, d time.Duration) error { return backoff.After(err, d) }

const (
	firstWait = time.Second
	maxWait   = time.Minute
	jitter    = 0.2
)

// isLast reports whether there is a policy, and it allows no attempt after x.
func (x *execution) isLast() bool {
	most := x.call.runner.retry.Attempts
	return most > 1 && x.attempt >= most
}

// plan notes when the call may be executed next, and which attempt that is, from what was
// found of it in the store. It does so if the newest record is new, or the call was deleted,
// and nobody executes it. It returns an error if the call was given up.
//
// What counts as an attempt is an execution that has failed and is to be executed again, the
// last of those, or one that was lost: its process may have died of it. After anything else
// the next execution is the first attempt again. What was executed Again counts for itself.
func (c *call) plan(found *store.Found, news bool) error {
	r, latest := c.runner, found.Latest
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case found.Holder != nil:
		c.recount = c.recount || news
		return nil
	case c.recount:
		c.recount, c.attempts, c.due = false, 0, 0
	case !news:
		return nil
	}
	if latest == nil {
		return nil
	}
	if latest.Again && !c.again { // somebody else wanted that, and what it came to is his
		c.attempts, c.due = 0, 0
		return nil
	}
	policy, made, wait := r.retry, max(latest.Attempt, 1), time.Duration(0)
	switch {
	case latest.Status == store.Failed && !latest.Retry.IsZero():
		wait = until(latest.Retry, latest.Retry.Sub(latest.Finished))
	case latest.Status != store.GivenUp && latest.Status != store.Lost:
		c.attempts, c.due = 0, 0
		return nil
	case policy.Attempts > 1:
		pause := policy.wait(made, 0)
		wait = until(latest.Finished.Add(pause), pause)
	}
	if made > c.attempts {
		c.attempts = made
		c.err = c.failedElsewhere(latest)
		c.shown = c.err
	}
	if policy.Attempts > 1 && made >= policy.Attempts {
		return &GivenUpError{Work: r.name, Key: c.key, Attempts: made, At: latest.Finished, Text: latest.Error}
	}
	if wait > 0 {
		c.due = time.Since(r.made) + wait
	}
	return nil
}

// until returns how long it takes until t, at most the given time: clocks differ, and are set.
func until(t time.Time, most time.Duration) time.Duration { return min(time.Until(t), most) }

// untilDue returns how long it takes until the next attempt may begin.
func (c *call) untilDue() time.Duration {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	return c.dueIn()
}

// dueIn is untilDue with runner.mu. In a synctest bubble that the runner was made outside of, the
// time since then is negative.
func (c *call) dueIn() time.Duration {
	if c.due == 0 {
		return 0
	}
	return c.due - time.Since(c.runner.made)
}

// GivenUpError is what a call gets that has failed, or was lost, as often as [Retry] allows:
// in this process, and in others before. It is not executed any more.
//
//	var givenUp *runtime.GivenUpError
//	if errors.As(err, &givenUp) {
//		log.Printf("%d attempts, the last one at %v: %s", givenUp.Attempts, givenUp.At, givenUp.Text)
//	}
type GivenUpError struct {
	Work     string    // full name of the work
	Key      key.Key   // of the call
	Attempts int       // executions that there were
	At       time.Time // when the last of them ended
	Text     string    // of its error, or why it was lost
}

func (e *GivenUpError) Error() string {
	return fmt.Sprintf("work %s was given up after %d attempts, the last one at %s: %s; to have it executed again, "+
		"change its code or its arguments, call Forget, or run: workgen store rm %.12s",
		e.Work, e.Attempts, e.At.Format(time.RFC3339), e.Text, e.Key.String())
}

// worthwhile reports whether another execution may help against err.
func (r *runner) worthwhile(err error) (worth bool) {
	if _, changed := err.(*InputChangedError); changed || backoff.IsPermanent(err) {
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
		givenUp  *GivenUpError
	)
	if errors.As(err, &givenUp) {
		return false
	}
	return !errors.As(err, &panicked) && !errors.As(err, &changed) && !errors.As(err, &cycle) && !errors.As(err, &unkeyed) && !errors.As(err, &miss)
}
