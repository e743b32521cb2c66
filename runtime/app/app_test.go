package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// work stands for a generated runner: of a work whose only argument is a string.
type work struct {
	*runtime.Runner
	calls *runtime.Calls[string, args, string]
}

type args struct{ Day string }

var seed = maphash.MakeSeed()

func newWork(name string, body func(ctx context.Context, day string) (string, error), opts ...runtime.Option) *work {
	return newWorkWith(nil, name, body, opts...)
}

// newSecretWork is newWork with a secret argument.
func newSecretWork(name string, body func(ctx context.Context, day string) (string, error), opts ...runtime.Option) *work {
	return newWorkWith([]string{"day"}, name, body, opts...)
}

func newWorkWith(secret []string, name string, body func(ctx context.Context, day string) (string, error), opts ...runtime.Option) *work {
	opts = append([]runtime.Option{runtime.WithLogger(quiet)}, opts...)
	calls := runtime.NewCalls(runtime.Spec[string, args, string]{
		Name: "example.com/" + name, Schema: "s1", Code: &runtime.Code{Sum: "c1", Symbols: "a 1\n"},
		Execute:  func(ctx context.Context, a args) (string, error) { return body(ctx, a.Day) },
		Identify: func(a args) (uint64, string, *key.Encoder) { return maphash.String(seed, a.Day), a.Day, nil },
		Encode:   func(a *args, e *key.Encoder) { e.String(a.Day) },
		Inputs:   []string{"day string"}, Secret: secret,
	}, opts...)
	return &work{calls.Runner(), calls}
}

func (w *work) Run(ctx context.Context, day string) (string, error) {
	hash := maphash.String(seed, day)
	if v := w.calls.Hit(hash, &day); v != nil {
		return *v, nil
	}
	return w.calls.Run(ctx, hash, day, args{day})
}

func (w *work) Start(ctx context.Context, day string) *runtime.Call[string] {
	return w.calls.Start(ctx, args{day})
}

// call is the address of a call that w remembers.
func (w *work) call(number uint64) string {
	d, _ := runtime.Inspect(w.Runner).Call(number)
	return address(path.Base(w.Name()), d.Key, number)
}

// latest is the address of the latest call.
func (w *work) latest() string { return w.call(runtime.Inspect(w.Runner).Latest()) }

// echo is a body that succeeds at once.
func echo(_ context.Context, day string) (string, error) { return "got " + day, nil }

// stuck is a body that ends with its context.
func stuck(ctx context.Context, day string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

var quiet = slog.New(slog.DiscardHandler)

// output collects what an app prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is an app that runs until the test ends.
type running struct {
	*App
	url    string // without a slash
	end    func() error
	client *http.Client
}

// start runs an app whose address is printed; the flow does nothing unless there is
// one.
func start(t *testing.T, a *App) *running {
	t.Helper()
	var out output
	a.Stderr, a.Logger = &out, cmp.Or(a.Logger, quiet)
	if a.Addr == "" {
		a.Addr = "127.0.0.1:0"
	}
	if a.Loop == nil {
		a.Loop = &runtime.Loop{Flow: func(context.Context) error { return nil }, Heartbeat: -1}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	var once sync.Once
	var err error
	r := &running{App: a, client: &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	r.end = func() error {
		once.Do(func() {
			cancel()
			err = <-done
			r.client.CloseIdleConnections()
		})
		return err
	}
	t.Cleanup(func() { r.end() })
	eventually(t, "the line is printed", func() bool {
		select {
		case err := <-done:
			done <- err
			t.Fatalf("the app has ended: %v", err)
		default:
		}
		return strings.Contains(out.String(), "\n")
	})
	m := regexp.MustCompile(`^INFO: Your app has started\. View it in your browser: (http://\S+)/view\n$`).FindStringSubmatch(out.String())
	if m == nil {
		t.Fatalf("the app printed %q", out.String())
	}
	r.url = m[1]
	return r
}

// eventually waits until something holds that other goroutines bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never so: %s", what)
		}
	}
}

// do makes a request with headers given as "Name: value".
func (r *running) do(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	answer, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// get decodes what the API answers.
func get[T any](t *testing.T, r *running, path string) (v T) {
	t.Helper()
	answer, text := r.do(t, "GET", path, "")
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %s", path, answer.Status, text)
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return v
}

func (r *running) post(t *testing.T, path string) outcome {
	t.Helper()
	answer, text := r.do(t, "POST", path, "")
	var v outcome
	if err := json.Unmarshal([]byte(text), &v); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s: %s", path, answer.Status, text)
	}
	return v
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestWithWaitTheFlowStartsWhenRunIsClicked(t *testing.T) {
	passes := make(chan struct{}, 100)
	r := start(t, &App{Wait: true, Loop: &runtime.Loop{Flow: func(context.Context) error { passes <- struct{}{}; return nil }}})
	_, page := r.do(t, "GET", "/view", "")
	if !strings.Contains(page, `action="./view/loop/run"`) {
		t.Errorf("there is no run button on\n%s", page)
	}
	if len(passes) > 0 {
		t.Fatal("the flow ran before the click")
	}
	answer, _ := r.do(t, "POST", "/view/loop/run", "")
	want(t, "status", answer.StatusCode, http.StatusSeeOther)
	location, _, _ := strings.Cut(answer.Header.Get("Location"), "did=")
	want(t, "location", location, "../../view?")
	<-passes
	r.post(t, "/api/v1/loop/pause")
	eventually(t, "the loop is paused", func() bool { return r.Loop.Status().State == runtime.LoopPaused })
}

func TestAnAppEndsWithItsContextItsFlowOrAnError(t *testing.T) {
	r := start(t, &App{})
	if err := r.end(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	broken := errors.New("broken")
	for _, c := range []struct{ flow, want error }{{runtime.Stop, nil}, {broken, broken}} {
		a := &App{Addr: "127.0.0.1:0", Stderr: io.Discard, Logger: quiet, Loop: &runtime.Loop{Flow: func(context.Context) error { return c.flow }}}
		if err := a.Run(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("flow returns %v: got %v", c.flow, err)
		}
	}
}

func TestAnAppWithoutPageServesNothing(t *testing.T) {
	var out output
	a := &App{NoPage: true, Stderr: &out, Loop: &runtime.Loop{Flow: func(context.Context) error { return runtime.Stop }}}
	if err := a.Run(t.Context()); err != nil || out.String() != "" {
		t.Errorf("%v, printed %q", err, out.String())
	}
}

func TestAnAppThatCannotBeSaysWhy(t *testing.T) {
	flow := &runtime.Loop{Flow: func(context.Context) error { return runtime.Stop }}
	for name, c := range map[string]struct {
		app  *App
		want string
	}{
		"no loop":          {&App{}, "set Loop"},
		"no flow":          {&App{Loop: &runtime.Loop{}}, "set Loop to a loop with a Flow"},
		"nobody can click": {&App{Loop: flow, Wait: true, NoPage: true}, "leave one of them out"},
		"open to all":      {&App{Loop: flow, Addr: "0.0.0.0:0"}, "set a token (WORKGEN_TOKEN)"},
		"open by default":  {&App{Loop: flow, Addr: ":0"}, "set a token"},
		"short token":      {&App{Loop: flow, Addr: "0.0.0.0:0", Token: "secret"}, "use 16 at least"},
		"no address":       {&App{Loop: flow, Addr: "nonsense"}, "use one like 127.0.0.1:7501"},
		"no host":          {&App{Loop: flow, Hosts: []string{"https://a/b"}}, `host "https://a/b" is none`},
		"a nil work":       {&App{Loop: flow, Works: []*runtime.Runner{nil}}, "Works[0] is nil"},
	} {
		c.app.Stderr = io.Discard
		err := c.app.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
