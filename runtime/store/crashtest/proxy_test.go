package crashtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// echo starts a server that answers each line with the same line.
func echo(t *testing.T, network string) (address string) {
	t.Helper()
	address = "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "echo")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// client is a connection through a proxy.
type client struct {
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, p *Proxy) *client {
	t.Helper()
	c, err := net.Dial(p.network, p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &client{c, bufio.NewReader(c)}
}

// says reports what becomes of a line: "" when it comes back in time, "late" or "cut".
func (c *client) says(line string, within time.Duration) string {
	_, err := fmt.Fprintln(c, line)
	if err != nil {
		return "cut"
	}
	_ = c.SetReadDeadline(time.Now().Add(within))
	got, err := c.lines.ReadString('\n')
	switch e, ok := err.(net.Error); {
	case err == nil && strings.TrimSpace(got) == line:
		return ""
	case ok && e.Timeout():
		return "late"
	}
	return "cut"
}

func TestProxy(t *testing.T) {
	var all sync.WaitGroup // they wait most of the time, so more can run than there are processors
	defer all.Wait()
	for name, want := range map[string]struct{ during, after, anew string }{
		"all connections are cut":                       {"cut", "cut", ""},
		"connections are refused":                       {"cut", "cut", "cut"},
		"nothing arrives, and then all of it does":      {"late", "", "late"},
		"nothing arrives, and then connections are cut": {"late", "cut", "late"},
		"connections are half-open for good":            {"late", "late", "late"},
		"all is slow":                                   {"", "", ""},
	} {
		for _, network := range []string{"tcp", "unix"} {
			all.Go(func() {
				t.Run(name+" "+network, func(t *testing.T) { testFault(t, network, name, want.during, want.after, want.anew) })
			})
		}
	}
}

// Times of tests of faults.
const soon, faulty = 20 * time.Second, 1500 * time.Millisecond

// testFault tests what becomes of connections while there is a fault, and after it, and of those that are
// made meanwhile.
func testFault(t *testing.T, network, name, during, after, anew string) {
	p := NewProxy(t, network, echo(t, network))
	c := dial(t, p)
	if got := c.says("before", soon); got != "" {
		t.Fatal(got)
	}
	faults := p.Faults()
	f := faults[slices.IndexFunc(faults, func(f Fault) bool { return f.Name == name })]
	var ends sync.WaitGroup
	ends.Go(func() {
		if err := f.Do(t.Context(), faulty); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(faulty / 10)
	if got := c.says("meanwhile", faulty/3); got != during {
		t.Errorf("meanwhile: %q, want %q", got, during)
	}
	if got := dial(t, p).says("anew", faulty/3); got != anew {
		t.Errorf("a new connection meanwhile: %q, want %q", got, anew)
	}
	ends.Wait()
	if during == "late" && after == "" {
		_ = c.SetReadDeadline(time.Now().Add(soon))
		if got, _ := c.lines.ReadString('\n'); got != "meanwhile\n" {
			t.Errorf("what was held up is %q", got)
		}
	}
	if got := c.says("after", faulty); got != after {
		t.Errorf("after: %q, want %q", got, after)
	}
	if got := dial(t, p).says("anew", soon); got != "" {
		t.Errorf("a new connection: %q", got)
	}
}

func TestAProxyWithoutAServer(t *testing.T) {
	p := NewProxy(t, "tcp", "127.0.0.1:1")
	if got := dial(t, p).says("x", time.Minute); got != "cut" {
		t.Errorf("a connection: %q", got)
	}
}
