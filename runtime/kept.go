package runtime

import (
	"fmt"
	"log/slog"
	"time"
)

// This file is how a user's function decides which errors are kept. What is kept grows old as in
// refresh.go; what a store keeps of it is found by settle.

// ErrorLifetime says for how long an error is what equal calls get, which do not execute
// meanwhile. The zero ErrorLifetime is not at all.
type ErrorLifetime struct {
	// For is how long the error is kept after its execution finished. Zero or less does not keep
	// it: those who wait for the call get it, and the next call executes.
	For time.Duration

	// Stored has the store keep it for that time, too: so does everybody who shares the store, and
	// this process after a restart, as a [RemoteError], which has the text of the error and no more
	// of it. It is kept less long if the history of the store, which is bounded, loses the
	// execution before. Without [WithStore] it says nothing.
	Stored bool
}

// CacheErrorsFunc keeps errors for as long as lifetime says of each. Nil, the default, keeps none.
//
//	runtime.CacheErrorsFunc(func(err error) runtime.ErrorLifetime {
//		if errors.Is(err, ErrNoSuchPage) {
//			return runtime.ErrorLifetime{For: time.Hour, Stored: true}
//		}
//		return runtime.ErrorLifetime{}
//	})
//
// It is called with the error as the body returned it, when that is not retried ([Retry]), by the
// runner that executes: with [WithWorkers] that of the worker, of which callers elsewhere get what
// is Stored. Errors that [CacheErrors] never keeps it is not called with. It may be called
// concurrently. When it panics, that is logged and the error is not kept.
//
// A call whose error is Stored is not given up, after however many attempts: once the time has passed,
// or the call was forgotten, it executes as if it was new. Whoever has it executed again
// ([Inspection.Again]) takes the stored error away from all. That of an execution which is to replace
// a result, as those of [RefreshAfter] are, is not kept. With [Jitter] an error is kept a little
// shorter. A process that reads what is stored does not need the option, and one of an older version
// executes.
func CacheErrorsFunc(lifetime func(error) ErrorLifetime) Option {
	return optionFunc(func(c *config) { c.cacheErrors, c.errorLifetime = 0, lifetime })
}

// keepsErrors reports whether some errors are kept.
func (c *config) keepsErrors() bool { return c.cacheErrors > 0 || c.errorLifetime != nil }

// keepError decides whether the error of an outcome is kept that may be, as its call ends with it.
func (r *runner) keepError(o *outcome) {
	life := ErrorLifetime{For: r.cacheErrors}
	if r.errorLifetime != nil {
		life = r.lifetimeOf(o.err)
	}
	o.keep, o.stores, o.lifetime = life.For > 0, life.Stored, r.jittered(life.For)
}

// lifetimeOf asks the user. What panics keeps nothing.
func (r *runner) lifetimeOf(err error) (life ErrorLifetime) {
	defer func() {
		if v := recover(); v != nil {
			life = ErrorLifetime{}
			r.log("the function of CacheErrorsFunc panicked", slog.String("value", fmt.Sprint(v)))
		}
	}()
	return r.errorLifetime(err)
}
