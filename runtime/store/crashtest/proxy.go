package crashtest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A Proxy stands between processes and a server, and fails as networks do. All methods may be
// called concurrently.
type Proxy struct {
	network, target string
	listener        net.Listener

	mu      sync.Mutex
	mode    mode
	delay   time.Duration // of whatever passes
	changed chan struct{} // closed when the mode does
	links   map[*link]bool
	closed  bool
}

// A mode is what becomes of what is sent.
type mode int

const (
	pass    mode = iota
	hold         // it waits until the mode is another one
	swallow      // it is lost, and the connection is never good for anything again
	refuse       // there are no connections
)

// A link is a connection through a proxy.
type link struct {
	client, server net.Conn
	dead           bool // Proxy.mu
}

// NewProxy starts a proxy for connections to a target: an address for network "tcp", a path for
// "unix". It ends with the test.
func NewProxy(t testing.TB, network, target string) *Proxy {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "px") // paths of sockets must be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		address = filepath.Join(dir, filepath.Base(target))
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{network: network, listener: l, target: target, changed: make(chan struct{}), links: map[*link]bool{}}
	go p.accept()
	t.Cleanup(p.close)
	return p
}

// Addr returns where the proxy listens: host and port, or the path of a socket whose name is that
// of the target.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.set(refuse, 0)
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Cut()
}

// accept makes links.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.link(client)
	}
}

// link passes on what is sent by a client, and to it, until one of both closes its connection.
func (p *Proxy) link(client net.Conn) {
	l := &link{client: client}
	defer client.Close()
	p.mu.Lock()
	refused := p.mode == refuse || p.closed
	p.mu.Unlock()
	if refused {
		return
	}
	server, err := net.Dial(p.network, p.target)
	if err != nil {
		return
	}
	l.server = server
	defer server.Close()
	p.mu.Lock()
	refused = p.mode == refuse
	p.links[l] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, l)
	}()
	if refused {
		return
	}
	var ends sync.WaitGroup
	ends.Go(func() { p.pump(l, client, server) })
	ends.Go(func() { p.pump(l, server, client) })
	ends.Wait()
}

// pump passes on what is sent in one direction.
func (p *Proxy) pump(l *link, from, to net.Conn) {
	defer l.cut()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && p.passes(l) {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// passes waits for as long as what was sent is held up, and reports whether it is passed on.
func (p *Proxy) passes(l *link) bool {
	for {
		p.mu.Lock()
		l.dead = l.dead || p.mode == swallow
		mode, dead, changed, delay := p.mode, l.dead, p.changed, p.delay
		p.mu.Unlock()
		switch {
		case dead:
			return false
		case mode == hold:
			<-changed
		default:
			time.Sleep(delay)
			return mode == pass
		}
	}
}

// cut ends a link.
func (l *link) cut() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// set changes the mode.
func (p *Proxy) set(m mode, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.delay = m, delay
	for l := range p.links {
		l.dead = l.dead || m == swallow
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// Delay has whatever is sent arrive so much later, in each direction.
func (p *Proxy) Delay(d time.Duration) { p.set(pass, d) }

// Cut ends all connections.
func (p *Proxy) Cut() { p.cutSome(func(*link) bool { return true }) }

func (p *Proxy) cutSome(which func(*link) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if which(l) {
			l.cut()
		}
	}
}

// HalfOpen has nothing arrive any more on the connections that there are, which look as if all was
// well, for good.
func (p *Proxy) HalfOpen() {
	p.set(swallow, 0)
	p.set(pass, 0)
}

// Faults are what a proxy does to those who use it.
func (p *Proxy) Faults() []Fault {
	during := func(m mode, and func()) func(context.Context, time.Duration) error {
		return func(ctx context.Context, d time.Duration) error {
			p.set(m, 0)
			if m == refuse {
				p.Cut()
			}
			pause(ctx, d)
			p.set(pass, 0)
			and()
			return nil
		}
	}
	return []Fault{
		{Name: "all connections are cut", Do: func(context.Context, time.Duration) error {
			p.Cut()
			return nil
		}},
		{Name: "connections are refused", Do: during(refuse, func() {})},
		{Name: "nothing arrives, and then all of it does", Do: during(hold, func() {})},
		{Name: "nothing arrives, and then connections are cut", Do: during(swallow, func() {
			p.cutSome(func(l *link) bool { return l.dead })
		})},
		{Name: "connections are half-open for good", Do: during(swallow, func() {})},
		{Name: "all is slow", Do: func(ctx context.Context, d time.Duration) error {
			p.set(pass, d/20)
			pause(ctx, d)
			p.set(pass, 0)
			return nil
		}},
	}
}
