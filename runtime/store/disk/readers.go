package disk

import (
	"context"
	"runtime"
	"sync"

	"github.com/workgen/workgen/runtime/store"
)

// readers are the connections of those who read. There are no more than processors can
// make use of: opening one takes longer than many results do, and each has a cache of
// its own. Nobody who reads waits for who writes.
type readers struct {
	open  func() (*conn, error)
	broke func(damaged bool) // is called when a connection is torn, or the database damaged
	slots chan struct{}      // one is taken per connection that is in use

	mu     sync.Mutex
	conns  []*conn // that nobody uses; the last one was used last
	resets int
	closed bool
}

func newReaders(open func() (*conn, error), broke func(damaged bool)) *readers {
	return &readers{open: open, broke: broke, slots: make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0)))}
}

// take returns a connection, which has to be given back soon. Who has one must not take
// another.
func (r *readers) take(ctx context.Context) (*conn, error) {
	select {
	case r.slots <- struct{}{}:
	default: // apart, since making a context's channel takes longer than all else here
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c, since, err := r.idle()
	if c == nil && err == nil {
		if c, err = r.open(); err == nil {
			c.since = since
		}
	}
	if err != nil {
		<-r.slots
	}
	return c, err
}

// idle returns a connection that nobody uses, or nil, and how often there was a reset.
func (r *readers) idle() (c *conn, since int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, 0, store.ErrClosed
	}
	if n := len(r.conns); n > 0 {
		c = r.conns[n-1]
		r.conns = r.conns[:n-1]
	}
	return c, r.resets, nil
}

// reset closes all connections, those in use when they are given back.
func (r *readers) reset() {
	r.mu.Lock()
	conns := r.conns
	r.conns = nil
	r.resets++
	r.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}

func (r *readers) give(c *conn) {
	if c.torn || c.damaged {
		r.broke(c.damaged)
		c.torn = false
	}
	r.mu.Lock()
	if !r.closed && !c.damaged && c.since == r.resets {
		r.conns = append(r.conns, c)
		c = nil
	}
	r.mu.Unlock()
	if c != nil {
		c.close()
	}
	<-r.slots
}

func (r *readers) close() {
	r.mu.Lock()
	conns := r.conns
	r.conns, r.closed = nil, true
	r.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}
