package runtime

import (
	"context"
	"sync"
	"time"
)

// pass is one run of a flow. It gathers what the flow waits for; the engine
// reads it when the flow has returned.
type pass struct {
	engine *engine
	number uint64

	mu        sync.Mutex
	suspended []string  // works whose calls were not finished
	due       time.Time // the earliest time that the flow asked for; zero: none
}

// passKey is where the context of a flow has its pass. The context of an
// execution hides it: inside of a work, calls block.
type passKey struct{}

// passOf returns the pass that ctx belongs to, nil outside of a flow.
func passOf(ctx context.Context) *pass {
	p, _ := ctx.Value(passKey{}).(*pass)
	return p
}

// suspend notes that the flow cannot go on without a call of work, and returns
// the error for it.
func (p *pass) suspend(work string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suspended = append(p.suspended, work)
	return named(work, ErrSuspended)
}

// isSuspended reports whether something has suspended the pass. A nil pass is
// not.
func (p *pass) isSuspended() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.suspended) > 0
}

// wakeAt asks for a pass at a time.
func (p *pass) wakeAt(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = earlier(p.due, t)
}

// earlier returns the earlier of two times, of which zero stands for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// flowContext is what an execution that a flow starts is given as its caller's
// context: the values of the flow's context without the pass, and the end of
// the loop, since the call is to outlive the pass.
type flowContext struct {
	context.Context                 // of the loop
	values          context.Context // of the flow
}

func (c flowContext) Value(key any) any {
	if key == (passKey{}) {
		return nil
	}
	return c.values.Value(key)
}

// AfterFunc saves contexts that are made of this one a goroutine each; see
// context.AfterFunc.
func (c flowContext) AfterFunc(f func()) func() bool { return context.AfterFunc(c.Context, f) }
