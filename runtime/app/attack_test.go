package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
)

// counted is an app whose flow counts its passes and waits for run.
func counted(t *testing.T) (r *running, passes *atomic.Int64) {
	passes = new(atomic.Int64)
	return start(t, &App{Wait: true, Loop: &runtime.Loop{Heartbeat: -1, Flow: func(context.Context) error {
		passes.Add(1)
		return nil
	}}}), passes
}

func TestRequestsOfOthersAreRefused(t *testing.T) {
	r, passes := counted(t)
	own := r.url
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(own, "http://"))
	const run, apiRun = "/view/loop/run", "/api/v1/loop/run"
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"a name that points here (DNS rebinding)": {"GET", "/view", "", []string{"Host: evil.example:" + port}, 421},
		"a name that begins like ours":            {"GET", "/api/v1/status", "", []string{"Host: 127.0.0.1.evil.example"}, 421},
		"a name that begins like localhost":       {"GET", "/api/v1/status", "", []string{"Host: localhost.evil.example"}, 421},
		"an address of another machine":           {"GET", "/view", "", []string{"Host: 10.0.0.1"}, 421},
		"localhost":                               {"GET", "/view", "", []string{"Host: localhost:" + port}, 200},
		"a port that is forwarded":                {"GET", "/view", "", []string{"Host: [::1]:1234"}, 200},
		"a form of another site":                  {"POST", run, "", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 403},
		"one of an old browser":                   {"POST", apiRun, "", []string{"Origin: https://evil.example"}, 403},
		"one of no origin":                        {"POST", apiRun, "", []string{"Origin: null"}, 403},
		"a page at another port":                  {"POST", run, "", []string{"Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:1"}, 403},
		"one of an old browser at another port":   {"POST", run, "", []string{"Origin: http://127.0.0.1:1"}, 403},
		"GET on an action":                        {"GET", run, "", nil, 405},
		"GET on an action of the API":             {"GET", apiRun, "", nil, 405},
		"HEAD on an action":                       {"HEAD", apiRun, "", nil, 405},
		"GET that says it is POST":                {"GET", apiRun + "?_method=POST", "", []string{"X-HTTP-Method-Override: POST"}, 405},
		"a body that is too large":                {"POST", run, strings.Repeat("x", maxBody+1), nil, 413},
		"an address that is too clever":           {"GET", "/static/../openapi.json", "", nil, 404},
		"a file that is not there":                {"GET", "/static/..%2Fopenapi.json", "", nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			answer, text := r.do(t, c.method, c.path, c.body, c.headers...)
			if answer.StatusCode != c.want {
				t.Errorf("got %s, want %d\n%s", answer.Status, c.want, text)
			}
		})
	}
	large, _ := http.NewRequest("GET", r.url+"/view", nil)
	large.Header.Set("X-Large", strings.Repeat("x", 2*maxHeader))
	if answer, err := r.client.Do(large); err == nil { // it may also be cut off while it is sent
		want(t, "a header that is too large", answer.StatusCode, 431)
		answer.Body.Close()
	}
	want(t, "passes after all that", passes.Load(), 0)
	answer, _ := r.do(t, "POST", run, "", "Sec-Fetch-Site: same-origin", "Origin: "+own)
	want(t, "a form of our own", answer.StatusCode, 303)
	eventually(t, "the flow runs", func() bool { return passes.Load() == 1 })
}

func TestPagesForbidWhatIsNotOurs(t *testing.T) {
	r, _ := counted(t)
	for _, path := range []string{"/view", "/view/works/none", "/api/v1/status", "/static/script.js"} {
		answer, text := r.do(t, "GET", path, "")
		policy := answer.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %s", path, part)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %s", path, policy)
		}
		want(t, path, answer.Header.Get("X-Content-Type-Options"), "nosniff")
		if strings.HasPrefix(path, "/view") {
			for _, inline := range []string{" style=", "<style", "onclick=", "javascript:", "http://", "https://"} {
				if strings.Contains(text, inline) {
					t.Errorf("%s has %s", path, inline)
				}
			}
		}
	}
}

// TestAThousandSlowStreamsLeaveTheLoopAlone has them never read, while calls
// complete as fast as they can.
func TestAThousandSlowStreamsLeaveTheLoopAlone(t *testing.T) {
	w := newWork("slow.Work", echo, runtime.MaxEntries(10))
	defer w.Close(context.Background())
	var n atomic.Int64
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Heartbeat: time.Millisecond, Flow: func(ctx context.Context) error {
		w.Start(ctx, fmt.Sprint(n.Add(1)))
		return nil
	}}})
	at := strings.TrimPrefix(r.url, "http://")
	refused, open := 0, 0
	for range 1000 {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		// Of the answer only the status is read.
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		line := make([]byte, len("HTTP/1.1 200"))
		switch _, err := c.Read(line); {
		case err == nil && string(line) == "HTTP/1.1 200":
			open++
		default:
			refused++
		}
	}
	if open > maxStreams || refused < 1000-maxStreams {
		t.Errorf("%d streams are open, %d were refused", open, refused)
	}
	before := n.Load()
	eventually(t, "the loop goes on", func() bool { return n.Load() > before+1000 })
}
