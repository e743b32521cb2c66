package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
)

func TestThePrintedAddressOpens(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "LOCALHOST:0", "0.0.0.0:0", ":0", "[::1]:0", "[::]:0", ownHost(t) + ":0"} {
		t.Run(addr, func(t *testing.T) {
			if l, err := net.Listen("tcp", addr); err != nil {
				t.Skip(err) // a machine without IPv6, or whose name is none
			} else {
				l.Close()
			}
			r := start(t, &App{Addr: addr, Token: testToken})
			if strings.Contains(r.url, "//0.0.0.0") || strings.Contains(r.url, "//[::]") {
				t.Errorf("browsers elsewhere open nothing at %s", r.url)
			}
			answer, text := r.do(t, "GET", "/view", "", "Authorization: Bearer "+testToken)
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %s %s", r.url, answer.Status, text)
			}
		})
	}
}

func ownHost(t *testing.T) string {
	name, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	return name
}

func TestTheAddressIsPrintedAsItWasAskedFor(t *testing.T) {
	tcp := func(at string) *net.TCPAddr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(at)) }
	for asked, c := range map[string]struct{ at, want string }{
		"127.0.0.1:0":      {"127.0.0.1:5", "http://127.0.0.1:5/view"},
		"localhost:http":   {"127.0.0.1:80", "http://localhost:80/view"},
		"vm.example:7":     {"10.0.0.1:7", "http://vm.example:7/view"},
		"10.0.0.1:7":       {"10.0.0.1:7", "http://10.0.0.1:7/view"},
		"[::1]:7":          {"[::1]:7", "http://[::1]:7/view"},
		"[fe80::1%eth0]:7": {"[fe80::1%eth0]:7", "http://[fe80::1%25eth0]:7/view"},
	} {
		want(t, asked, pageURL(asked, tcp(c.at)), c.want)
	}
}

// TestOffLoopbackTheNameOfTheMachineIsOurs, whether that is what was printed or not.
func TestOffLoopbackTheNameOfTheMachineIsOurs(t *testing.T) {
	name := ownHost(t)
	for addr, status := range map[string]int{"0.0.0.0:0": 401, "127.0.0.1:0": 421} {
		r := start(t, &App{Addr: addr, Token: testToken})
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(r.url, "http://"))
		r.url = "http://127.0.0.1:" + port
		answer, _ := r.do(t, "GET", "/view", "", "Host: "+strings.ToUpper(name)+":"+port)
		want(t, addr, answer.StatusCode, status)
	}
}

func TestOnlyTheDefaultMovesOnToTheNextPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	l, err := listen(taken.Addr().String(), true, false)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := l.Addr().(*net.TCPAddr).Port; got <= port || got > port+maxPorts {
		t.Errorf("port %d is taken, and the next is %d", port, got)
	}
	flow := &runtime.Loop{Flow: func(context.Context) error { return runtime.Stop }}
	err = (&App{Addr: taken.Addr().String(), Loop: flow, Logger: quiet}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another program serves "+taken.Addr().String()+": end that one, or choose another port with -addr") {
		t.Errorf("got %v", err)
	}
	if l, err := net.Listen("tcp", DefaultAddr); err == nil { // otherwise it is taken already
		defer l.Close()
	}
	var out output
	if err := (&App{Loop: flow, Logger: quiet, Stderr: &out}).Run(t.Context()); err != nil || strings.Contains(out.String(), DefaultAddr) {
		t.Errorf("the default is taken: %v, %s", err, out.String())
	}
}

func TestHostsAreReadWithPortAndScheme(t *testing.T) {
	for text, want := range map[string]string{
		"builds.example.com":             "builds.example.com http://builds.example.com https://builds.example.com",
		"Builds.Example.com.:8443":       "builds.example.com http://builds.example.com.:8443 https://builds.example.com.:8443",
		"https://builds.example.com":     "builds.example.com https://builds.example.com",
		"https://builds.example.com:443": "builds.example.com https://builds.example.com",
		"http://builds.example.com:8080": "builds.example.com http://builds.example.com:8080",
		"10.0.0.1":                       "10.0.0.1 http://10.0.0.1 https://10.0.0.1",
		"[2001:db8::1]:80":               "2001:db8::1 http://[2001:db8::1] https://[2001:db8::1]:80",
		"":                               "error", "https://": "error", "https://a/b": "error", "a/b": "error", "ftp://a": "error", "user@a": "error",
		"*.example.com?": "error", "a b": "error", ":80": "error",
	} {
		h, err := parseHost(text)
		got := strings.Join(append([]string{h.name}, h.origins...), " ")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestClicksWorkBehindAProxy that keeps the Host header, or does not.
func TestClicksWorkBehindAProxy(t *testing.T) {
	r := start(t, &App{Hosts: []string{"builds.example.com", "https://other.example.com:8443"}})
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"it keeps Host":                             {[]string{"Host: builds.example.com", "Origin: https://builds.example.com"}, 303},
		"it keeps Host with a port":                 {[]string{"Host: other.example.com:8443", "Origin: https://other.example.com:8443"}, 303},
		"it changes Host":                           {[]string{"Origin: https://builds.example.com"}, 303},
		"it changes Host, and there is no TLS":      {[]string{"Origin: http://builds.example.com"}, 303},
		"it changes Host, with a port":              {[]string{"Origin: https://other.example.com:8443"}, 303},
		"the browser says that it is the same site": {[]string{"Sec-Fetch-Site: same-origin", "Origin: https://unnamed.example.com"}, 303},
		"the page of an unnamed proxy":              {[]string{"Origin: https://unnamed.example.com"}, 403},
		"another port":                              {[]string{"Origin: https://builds.example.com:8443"}, 403},
		"no TLS where there should be":              {[]string{"Origin: http://other.example.com:8443"}, 403},
		"Host unnamed":                              {[]string{"Host: unnamed.example.com"}, 421},
	} {
		answer, text := r.do(t, "POST", "/view/loop/run", "", c.headers...)
		if answer.StatusCode != c.want {
			t.Errorf("%s: %s, want %d\n%s", name, answer.Status, c.want, text)
		}
	}
	answer, text := r.do(t, "POST", "/view/loop/run", "", "Origin: https://unnamed.example.com")
	if !strings.Contains(text, "-host") || answer.Header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("it does not say what to do, or browsers say no origin: %v %s", answer.Header, text)
	}
}
