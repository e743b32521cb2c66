package runtime

import (
	"context"
	"fmt"
)

// RateLimiter says when the next execution may begin. A *rate.Limiter of
// golang.org/x/time/rate is one.
type RateLimiter interface {
	// Wait returns when the execution may begin, or an error: that of ctx when it ends before,
	// for then the call was stopped, or one that says why the execution may never begin. It may
	// be called concurrently.
	Wait(ctx context.Context) error
}

// RateLimit has every execution wait for a limiter before its body begins: attempts of
// [Retry], too, and no hits. Several runners may share one. Nil, the default, is none.
//
//	fetch := NewFetchRunner(&Fetch{}, runtime.RateLimit(rate.NewLimiter(10, 1))) // 10 a second
//
// A call comes to the limiter when it has its slots, of [Concurrency] and of its pool, and
// keeps them while it waits: if it asked before, calls that wait for a slot could collect
// permissions and begin all at once. So give a work whose rate is low a Concurrency, too, when
// it shares a pool with others: otherwise its waiting calls may take all slots of the pool.
// It waits without a lease of the store, and the time does not count for [Timeout].
//
// A call that is stopped leaves the limiter at once. If Wait returns an error, the call fails
// with a [RateLimitError].
func RateLimit(l RateLimiter) Option {
	return optionFunc(func(c *config) { c.limiter = l })
}

// RateLimitError is what a call gets that its [RateLimit] lets never begin: a rate.Limiter
// does so when its burst is 0.
type RateLimitError struct {
	Work string // full name of the work
	Err  error  // what the limiter said
}

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("work %s: its rate limiter lets no execution begin: %v: give the limiter a burst of at least 1 "+
		"(rate.NewLimiter(r, 1)), or leave RateLimit out", e.Work, e.Err)
}

// Unwrap returns Err.
func (e *RateLimitError) Unwrap() error { return e.Err }

// awaitRate waits for the rate limiter, and reports whether the execution may begin. If not,
// the call has ended, which frees its slots.
func (x *execution) awaitRate() bool {
	c := x.call
	x.rated.Store(true)
	err := c.runner.limiter.Wait(x.ctx)
	x.rated.Store(false)
	if err == nil {
		return true
	}
	c.conclude(x, outcome{err: &RateLimitError{Work: c.runner.name, Err: err}, none: true})
	return false
}
