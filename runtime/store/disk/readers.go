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
	slots chan struct{} // one is taken per connection that is in use

	mu     sync.Mutex
	conns  []*conn // that nobody uses; the last one was used last
	closed bool
}

func newReaders(open func() (*conn, error)) *readers {
	return &readers{open: open, slots: make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0)))}
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
	c, err := r.idle()
	if c == nil && err == nil {
		c, err = r.open()
	}
	if err != nil {
		<-r.slots
	}
	return c, err
}

// idle returns a connection that nobody uses, or nil.
func (r *readers) idle() (*conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, store.ErrClosed
	}
	n := len(r.conns)
	if n == 0 {
		return nil, nil
	}
	c := r.conns[n-1]
	r.conns = r.conns[:n-1]
	return c, nil
}

func (r *readers) give(c *conn) {
	r.mu.Lock()
	if !r.closed {
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
