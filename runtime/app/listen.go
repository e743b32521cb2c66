package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	maxHeader = 16 << 10
	maxPorts  = 100 // ports that are tried
)

// listen listens on addr. With next it takes the next port that is free, if that is taken.
func listen(addr string, next, token bool) (net.Listener, error) {
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
			return nil, fmt.Errorf("app: cannot serve the page: %w: choose another address with -addr or %s", err, envAddr)
		case !next:
			return nil, fmt.Errorf("app: cannot serve the page: another program serves %s: end that one, or choose another port with -addr or %s",
				addr, envAddr)
		case at.Port == 65535 || at.Port-first+1 == maxPorts:
			return nil, fmt.Errorf("app: cannot serve the page: ports %d to %d are all taken: choose another one with -addr or %s", first, at.Port, envAddr)
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
		ConnContext:       withConnection,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
