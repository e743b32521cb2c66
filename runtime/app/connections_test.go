package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
)

// startBounded runs an app that may have n connections open.
func startBounded(t *testing.T, n int) *running {
	t.Helper()
	a := &App{NoPage: true, Logger: quiet, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }, Heartbeat: -1}}
	if err := a.site.start(a); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(a.handler(settings{local: true}), quiet)
	go server.Serve(bounded(l, n))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		server.Close()
	})
	return &running{App: a, url: "http://" + l.Addr().String()}
}

// dial opens a connection to an app, and sends something.
func dial(t *testing.T, r *running, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, text)
	return c
}

// answerOf reads the answer to a request on a connection, and returns its status.
func answerOf(t *testing.T, c net.Conn) int {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	if answer.Header.Get("Content-Type") != "text/event-stream" {
		io.Copy(io.Discard, answer.Body)
	}
	return answer.StatusCode
}

// TestNobodyKeepsOthersOut holds more connections open than there may be, in one way after the other,
// while streams go on that were there before.
func TestNobodyKeepsOthersOut(t *testing.T) {
	for name, c := range map[string]struct {
		sends   string
		answers bool
	}{
		"idle":         {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", true},
		"silent":       {"", false},
		"slow headers": {"GET /healthz HTTP/1.1\r\nHost: loc", false},
		"slow bodies":  {"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntoken=", false},
	} {
		t.Run(name, func(t *testing.T) {
			const most = 8
			r := startBounded(t, most)
			stream := dial(t, r, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
			want(t, "a stream", answerOf(t, stream), 200)
			for range 2 * most {
				held := dial(t, r, c.sends)
				if c.answers {
					want(t, "one of many", answerOf(t, held), 200)
				}
			}
			for range 3 {
				want(t, "somebody else", answerOf(t, dial(t, r, "GET /view HTTP/1.1\r\nHost: localhost\r\n\r\n")), 200)
			}
			r.Loop.Pause() // an event
			stream.SetReadDeadline(time.Now().Add(20 * time.Second))
			text := ""
			for part := make([]byte, 64<<10); !strings.Contains(text, `"paused":true`); {
				n, err := stream.Read(part)
				if err != nil {
					t.Fatalf("the stream has ended: %v", err)
				}
				text += string(part[:n])
			}
		})
	}
}

func TestANewConnectionTakesThePlaceOfOneOfWhoHasTheMost(t *testing.T) {
	now := time.Now()
	conn := func(client string, busy bool, age time.Duration) *connection {
		return &connection{client: clientOf(client), busy: busy, since: now.Add(-age)}
	}
	const many, few, new = "10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"
	for name, c := range map[string]struct {
		open []*connection // the first of them goes
		by   string
	}{
		"the one that waits the longest":      {[]*connection{conn(many, false, 3), conn(many, false, 2), conn(few, false, 9), conn(many, true, 8)}, new},
		"none that is being answered":         {[]*connection{conn(many, false, 1), conn(many, true, 9), conn(many, true, 2)}, few},
		"the latest of those that are":        {[]*connection{conn(many, true, 1), conn(many, true, 9), conn(few, false, 5)}, new},
		"its own, of who has the most":        {[]*connection{conn(many, false, 1), conn(few, false, 9), conn(many, true, 5)}, many},
		"its own, of who would have the most": {[]*connection{conn(few, false, 1), conn(few, true, 1), conn(many, false, 9), conn(many, false, 9)}, few},
	} {
		l := &connections{max: len(c.open), open: map[*connection]struct{}{}}
		for _, open := range c.open {
			l.open[open] = struct{}{}
		}
		got := l.replaced(conn(c.by, false, 0))
		if got != c.open[0] {
			t.Errorf("%s: %+v goes", name, got)
		}
		delete(l.open, got)
		if got := l.replaced(conn(c.by, false, 0)); got != nil {
			t.Errorf("%s: there is room, and %+v goes", name, got)
		}
	}
}

func TestClientsAreToldApart(t *testing.T) {
	for addr, want := range map[string]string{
		"10.0.0.1:1": "10.0.0.1/32", "[::ffff:10.0.0.1]:1": "10.0.0.1/32",
		"[2001:db8::1]:1": "2001:db8::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": netip.Prefix{}.String(),
	} {
		if got := clientOf(addr).String(); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
}

func TestConnectionsThatWereClosedLeaveRoom(t *testing.T) {
	r := startBounded(t, 2)
	held := dial(t, r, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	want(t, "the first", answerOf(t, held), 200)
	for range 10 {
		c := dial(t, r, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		if status := answerOf(t, c); status != 200 {
			t.Fatalf("got %d", status)
		}
		io.Copy(io.Discard, c) // until the server has closed it
	}
	fmt.Fprint(held, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	want(t, "the first, again", answerOf(t, held), 200)
}

func TestASlowBodyIsRefusedInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as a body may")
	}
	t.Parallel()
	r := start(t, &App{})
	c := dial(t, r, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntoken=")
	want(t, "status", answerOf(t, c), http.StatusRequestTimeout)
}
