package runtime

import (
	"context"

	"github.com/workgen/workgen/runtime/key"
)

// flight is what a call has only until it ends: who waits for it, how its body
// runs, and how both can be stopped. Kept results, of which there may be very
// many, hold none. It knows nothing of the types of the call, so that the code
// for slots and cycles exists once.
//
// A body sees its flight through its context, also when the call has long
// ended without it.
type flight struct {
	runner *Runner
	call   unfinished // the *Call
	hash   uint64
	number uint64
	done   chan struct{} // closed when the call ends

	unkeyed error   // why the call's inputs could not be encoded; nil when they were
	key     key.Key // of the call in the store; set before there is a context, zero without a store

	// Guarded by runner.mu. Once the call has ended only its ender touches the
	// first four.
	ctx       context.Context         // of the bodies; nil until there may be some
	cancel    context.CancelCauseFunc // of ctx, or of who looks into the store before
	waiters   int                     // callers in Run and Wait
	forgotten bool                    // the result is for those who wait, and is not kept
	deleted   bool                    // the store has, since: what it had, or is put there, is not kept here
	holding   *holding                // the lease that the bodies have; nil before it is acquired
	starts    starters
	onEnd     []func(Status) // called by release

	// Guarded by runner.mu.
	body     *body    // the latest one; nil before the first, and between two
	retry    *retry   // nil before the first attempt has failed
	onReturn []func() // called when no body runs any more, or will

	waitsFor []*flight // guarded by waits.mu; see cycle.go
}

// unfinished is what a flight has to do with its call, whatever that returns.
type unfinished interface {
	status() Status
	wasVisited() bool
	reason() error
	stop(reason error)
	leaveStart(done <-chan struct{})
}

// starters are the contexts for which Start keeps a call going, told apart by
// their Done channels: a flow that starts the same call on every pass with the
// same context is one waiter. The value ends the watch on the context.
type starters map[<-chan struct{}]func() bool

// attach makes the context of the bodies, which has the values of ctx, and reports
// false if the call has ended.
func (f *flight) attach(ctx context.Context) bool {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	return f.become(cancel, own)
}

// become replaces what cancels the flight, and the context of the bodies. If the call
// has ended it cancels the new one and reports false.
func (f *flight) become(cancel context.CancelCauseFunc, bodies context.Context) bool {
	f.runner.mu.Lock()
	ended := f.ended()
	if !ended {
		f.ctx, f.cancel, cancel = bodies, cancel, f.cancel
		f.runner.history.identify(f.number, f.key)
	}
	f.runner.mu.Unlock()
	if cancel != nil {
		cancel(nil)
	}
	return !ended
}

// abandoned reports whether nobody waits any more. runner.mu is held.
func (f *flight) abandoned() bool { return f.waiters == 0 && len(f.starts) == 0 }

// ended reports whether the call has ended, with or without runner.mu.
func (f *flight) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// addStart makes a context one of the waiters and reports whether it is new and
// can end, that is, has to be watched. runner.mu is held.
func (f *flight) addStart(done <-chan struct{}) bool {
	if _, known := f.starts[done]; known {
		return false
	}
	if f.starts == nil {
		f.starts = starters{}
	}
	f.starts[done] = nil
	return done != nil
}

// release lets go of what the call held, after its end and with runner.mu free:
// cancelling runs code of whoever made the contexts.
func (f *flight) release(cause error) {
	for _, stop := range f.starts {
		if stop != nil {
			stop()
		}
	}
	if f.cancel != nil {
		f.cancel(cause)
	}
	if f.retry != nil {
		f.retry.timer.Stop()
	}
	for _, tell := range f.onEnd {
		tell(f.call.status())
	}
	f.runner.deliver()
}

// setOver says that no body of f runs, or will. runner.mu is held.
func (f *flight) setOver() {
	for _, tell := range f.onReturn {
		tell()
	}
	f.onReturn = nil
}
