package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// maxConnections is how many may be open at once.
const maxConnections = 512

// bounded keeps n connections at most open, and lets nobody keep others out: when they are all
// taken, a new one takes the place of one of the client that has the most. That is the one
// that waits for a request for the longest time; if there is none, the one whose answer
// began last, so that streams stay.
func bounded(l net.Listener, n int) net.Listener {
	return &connections{Listener: l, max: n, open: map[*connection]struct{}{}}
}

// connections are those that are open.
type connections struct {
	net.Listener
	max int

	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is one of them. connections.mu guards the last two.
type connection struct {
	net.Conn
	all    *connections
	client netip.Prefix
	busy   bool      // with the answer to a request
	since  time.Time // it is busy, or not
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	new := &connection{Conn: c, all: l, client: clientOf(c.RemoteAddr().String()), since: time.Now()}
	l.mu.Lock()
	old := l.replaced(new)
	if old != nil {
		delete(l.open, old)
	}
	l.open[new] = struct{}{}
	l.mu.Unlock()
	if old != nil {
		old.Conn.Close()
	}
	return new, nil
}

// replaced returns the connection of which a new one takes the place, nil if there is room.
func (l *connections) replaced(new *connection) (old *connection) {
	if len(l.open) < l.max {
		return nil
	}
	held := map[netip.Prefix]int{new.client: 1}
	for c := range l.open {
		held[c.client]++
	}
	most := 0
	for _, n := range held {
		most = max(most, n)
	}
	for c := range l.open {
		if held[c.client] == most && (old == nil || c.goesBefore(old)) {
			old = c
		}
	}
	return old
}

// goesBefore reports whether c is to be closed rather than another connection.
func (c *connection) goesBefore(other *connection) bool {
	switch {
	case c.busy != other.busy:
		return other.busy
	case c.busy:
		return c.since.After(other.since)
	}
	return c.since.Before(other.since)
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// is notes whether the connection is busy from now on.
func (c *connection) is(busy bool) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.busy, c.since = busy, time.Now()
}

type connectionKey struct{}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// connectionOf returns the connection of a request to a server of our own, nil if it came to
// another one.
func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connectionKey{}).(*connection)
	return c
}

// clientOf is who has an address: of IPv6 all that one customer of a provider has at least.
func clientOf(addr string) netip.Prefix {
	at, _ := netip.ParseAddrPort(addr)
	bits := 32
	if at.Addr().Unmap().Is6() {
		bits = 64
	}
	p, _ := at.Addr().Unmap().WithZone("").Prefix(bits)
	return p
}
