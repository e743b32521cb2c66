package runtime

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// holding keeps a lease from expiring, by renewing it when half of its time is
// over. One that was lost is not renewed any more; Put will say so.
type holding struct {
	runner *Runner

	mu    sync.Mutex // not held while the store is asked
	lease store.Lease
	timer *time.Timer // nil when the lease does not expire
	over  bool        // it is not renewed any more
	gone  bool        // it ended before its time: the call was deleted
	spent bool        // a result was put under it, or it was given back
}

// hold begins to renew a lease that was just acquired for a runner.
func hold(r *Runner, l store.Lease) *holding {
	h := &holding{runner: r, lease: l}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !l.Expires.IsZero() {
		h.timer = time.AfterFunc(h.half(), h.renew)
	}
	return h
}

// half is half of the time that is left. h.mu is held.
func (h *holding) half() time.Duration {
	return max(time.Until(h.lease.Expires)/2, time.Millisecond)
}

func (h *holding) renew() {
	h.mu.Lock()
	over, held := h.over, h.lease
	h.mu.Unlock()
	if over {
		return
	}
	ctx, cancel := context.WithDeadline(context.Background(), held.Expires)
	defer cancel()
	l, err := h.runner.store.Renew(ctx, held)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.over:
		return
	case err == nil:
		h.lease = l
	case errors.Is(err, store.ErrLost):
		h.gone = time.Now().Before(held.Expires)
		return
	case ctx.Err() != nil:
		return
	}
	h.timer.Reset(h.half())
}

// end returns the lease, which is not renewed any more. It waits for no renewal that
// is under way, for it may be called by who ends a loop: the lease stays the same.
func (h *holding) end() store.Lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	if h.timer != nil {
		h.timer.Stop()
	}
	return h.lease
}

// wasDeleted reports whether the store has ended the lease before its time, as it
// does when somebody deletes the call. It is for who was told that the lease is lost.
func (h *holding) wasDeleted() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone || time.Now().Before(h.lease.Expires)
}

// spend says that the lease is of no more use, and reports whether it was until now.
func (h *holding) spend() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := !h.spent
	h.spent = true
	return was
}

func (h *holding) isSpent() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spent
}

// release gives the lease back, unless that was done, or a result has been put under
// it. A nil holding holds nothing.
func (h *holding) release() {
	if h == nil || !h.spend() {
		return
	}
	l := h.end()
	if err := h.runner.store.Release(context.Background(), l); err != nil && !errors.Is(err, store.ErrClosed) {
		h.runner.storeFailed(context.Background(), "a lease cannot be released", err)
	}
}
