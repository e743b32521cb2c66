package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	maxConnections = 512
	maxHeader      = 16 << 10
	maxPorts       = 100 // ports that are tried
)

// listen listens on addr, or on the next port that is free.
func listen(addr string, token bool) (net.Listener, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("app: cannot serve the page: address %q: %w: use one like %s", addr, err, DefaultAddr)
	}
	if !at.IP.IsLoopback() && !token {
		return nil, fmt.Errorf("app: %s can be reached from other machines, and whoever opens the page controls the app: "+
			"set a token (%s), or use a loopback address such as %s", addr, envToken, DefaultAddr)
	}
	for first := at.Port; ; at.Port++ {
		l, err := net.ListenTCP("tcp", at)
		switch {
		case err == nil:
			return l, nil
		case !isTaken(err):
			return nil, fmt.Errorf("app: cannot serve the page: %w", err)
		case at.Port == 65535 || at.Port-first+1 == maxPorts:
			return nil, fmt.Errorf("app: cannot serve the page: ports %d to %d are all taken: use -addr with another one", first, at.Port)
		}
	}
}

// isTaken reports whether somebody else listens on an address.
func isTaken(err error) bool {
	const wsaeaddrinuse, wsaeacces = syscall.Errno(10048), syscall.Errno(10013)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaeaddrinuse) || errors.Is(err, wsaeacces)
}

func isLoopback(l net.Listener) bool {
	at, ok := l.Addr().(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
}

// newServer returns a server that waits for nobody for long. Handlers set the
// deadlines of their answers.
func newServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// bounded closes connections beyond n that are open at once.
func bounded(l net.Listener, n int64) net.Listener { return &boundedListener{Listener: l, max: n} }

type boundedListener struct {
	net.Listener
	max  int64
	open atomic.Int64
}

func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.max {
			return &boundedConn{Conn: c, open: &l.open}, nil
		}
		l.open.Add(-1)
		c.Close()
	}
}

type boundedConn struct {
	net.Conn
	open   *atomic.Int64
	closed atomic.Bool
}

func (c *boundedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}
