package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
)

//go:embed axe/axe.min.js
var axe string

// chromium returns the path of a browser. Without one it skips the test, saying so.
func chromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	if named := os.Getenv("CHROMIUM"); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	message := fmt.Sprintf("there is no browser: none of %s was found; install Debian's chromium, or set CHROMIUM", strings.Join(names, ", "))
	if os.Getenv("BROWSER_TESTS") == "required" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}

// browser starts a browser with one tab.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1200, 900),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return open(t, ctx)
}

// another opens one more tab.
func another(t *testing.T, tab context.Context) (ctx context.Context, closes context.CancelFunc) {
	t.Helper()
	ctx, closes = chromedp.NewContext(tab)
	t.Cleanup(closes)
	return open(t, ctx), closes
}

// open makes a tab. The context of the first step is that of the tab's life.
func open(t *testing.T, tab context.Context) context.Context {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return tab
}

// css is a selector.
type css = chromedp.CSS

// action is a step without a value.
type action = chromedp.Action[chromedp.Void]

func do(t *testing.T, tab context.Context, actions ...action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// patience is how long a page may take for anything.
const patience = time.Minute

// eval returns what an expression is in a tab.
func eval[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression[:min(len(expression), 100)], err)
	}
	return v
}

// eventually waits until an expression is true in a tab.
func eventually(t *testing.T, tab context.Context, expression string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		yes, err := chromedp.Run(tab, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && yes {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never so: %s (%v); the page says\n%s", expression, err, eval[string](t, tab, "document.body.innerText"))
		}
	}
}

// site is an app in a server that counts its streams.
type site struct {
	*app.App
	work    *work
	url     string
	streams atomic.Int32
	instead atomic.Pointer[http.HandlerFunc] // answers instead of the app
	server  *httptest.Server
	resume  chan struct{} // lets an execution of a day go on
}

// serve starts an app whose flow processes three days, of which each execution waits
// for resume unless it is nil. Bad days fail.
func serve(t *testing.T, wait bool, resume chan struct{}, bad ...string) *site {
	t.Helper()
	s := &site{resume: resume}
	s.work = newWork("daily.DataProcessor", func(ctx context.Context, a args) (result, error) {
		if s.resume != nil {
			select {
			case <-s.resume:
			case <-ctx.Done():
				return result{}, ctx.Err()
			}
		}
		if slices.Contains(bad, a.Day) {
			return result{}, errors.New("no data for " + a.Day + ": the source answers 404 Not Found")
		}
		return result{Day: a.Day, Rows: []int{1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765}}, nil
	}, runtime.Concurrency(1))
	panics := newWork("daily.Trainer", func(context.Context, args) (result, error) {
		if len(bad) == 0 {
			return result{Day: "the model scores 0.9993"}, nil
		}
		panic("index out of range")
	})
	s.App = &app.App{
		Name: "daily", NoPage: true, Wait: wait, Logger: slog.New(slog.DiscardHandler),
		Works: []*runtime.Runner{s.work.Runner, panics.Runner},
		Loop: &runtime.Loop{Heartbeat: -1, KeepGoing: true, Flow: func(ctx context.Context) error {
			panics.Start(ctx, args{Day: "05/25/22", Source: "s3://sales"})
			var calls []runtime.Awaitable
			for _, day := range []string{"05/25/22", "05/26/22", "05/27/22"} {
				calls = append(calls, s.work.Start(ctx, args{Day: day, Source: "s3://sales"}))
			}
			return runtime.Await(ctx, calls...)
		}},
	}
	handler := s.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if instead := s.instead.Load(); instead != nil {
			(*instead)(w, r)
			return
		}
		if r.Header.Get("Accept") == "text/event-stream" {
			s.streams.Add(1)
			defer s.streams.Add(-1)
		}
		handler.ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		server.CloseClientConnections()
		server.Close()
	})
	s.url, s.server = server.URL, server
	return s
}

// call is the address of a call of a work, by its place among those that were executed.
func (s *site) call(t *testing.T, work string, number int) string {
	t.Helper()
	answer, err := http.Get(s.url + "/api/v1/executions?work=" + work)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct{ Executions []struct{ Call string } }
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	if len(page.Executions) < number {
		t.Fatalf("call %d of %s is not listed: %+v", number, work, page)
	}
	return page.Executions[len(page.Executions)-number].Call
}

// shot writes what a tab looks like, if somebody wants to see it.
func shot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// violations returns what axe-core finds wrong with a page. There may be options of axe.run.
func violations(t *testing.T, tab context.Context, options ...string) string {
	t.Helper()
	eval[bool](t, tab, axe+"; true")
	return eval[string](t, tab, `axe.run(document, {resultTypes: ["violations"], ...`+strings.Join(append(options, "{}")[:1], "")+`}).then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n" +
		v.nodes.map((n) => "  " + n.target + ": " + n.failureSummary).join("\n")).join("\n"))`)
}

// command is a command of the protocol as an action.
func command[P any](c cdp.Command[P, cdp.Empty], params P) action {
	return func(ctx context.Context, t *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, c, params)
		return v, err
	}
}

// screen sets the size of a tab.
func screen(width, height int64, phone bool) action {
	return command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: phone,
	})
}

// scheme sets what the reader prefers.
func scheme(dark, still bool) action {
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}, {Name: "prefers-reduced-motion", Value: "no-preference"}}
	if dark {
		features[0].Value = "dark"
	}
	if still {
		features[1].Value = "reduce"
	}
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

func withoutScript() action {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}
