package browser

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/browser/sales"
)

// realistic is the application of package sales behind a server.
type realistic struct {
	*sales.Sales
	url string
}

// serveRealistic starts that application, and returns when what goes on in it stays as it is for long:
// one training runs, and two wait for a slot; twelve calls wait in their bodies for them; two wait for their
// next attempt; some have failed.
func serveRealistic(t *testing.T) *realistic {
	t.Helper()
	s, err := sales.Open(t.Context(), t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.NoPage = true
	s.Loop.Grace = -1
	server := httptest.NewServer(s.Handler())
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
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	calm := func() bool {
		train := s.Train.Stats()
		return train.InFlight == 1 && train.Pending == 2 && s.Score.Stats().InFlight == 12 &&
			s.Fetch.Stats().Pending == 2 && s.Fetch.Stats().InFlight == 0 && s.Aggregate.Stats().Successes >= 4 &&
			s.Validate.Stats().Errors > 0 && s.Notify.Stats().Errors > 0
	}
	for end := time.Now().Add(patience); !calm(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come to rest: training %v, scores %v, fetching %v", s.Train.Stats(), s.Score.Stats(), s.Fetch.Stats())
		}
	}
	return &realistic{s, server.URL}
}

// view is one that every check of all views looks at.
type view struct{ name, path string }

// views returns all views of the application, some of them of several things.
func (s *realistic) views(t *testing.T) []view {
	t.Helper()
	call := func(r *runtime.Runner, status runtime.Status) string {
		for d := range runtime.Inspect(r).Calls(0) {
			if d.Status == status && d.Key.IsZero() {
				return "/view/calls/" + s.inMemory(t, r)
			} else if d.Status == status {
				return "/view/calls/" + d.Key.String()
			}
		}
		var all []runtime.CallStatus
		for d := range runtime.Inspect(r).Calls(0) {
			all = append(all, d.CallStatus)
		}
		t.Fatalf("no call of %s is %s: %+v, %+v", r.Name(), status, r.Stats(), all)
		return ""
	}
	return []view{
		{"now", "/view"},
		{"executions", "/view/executions"},
		{"executions-filtered", "/view/executions?status=failed&status=given+up&since=today&q=South"},
		{"executions-none", "/view/executions?machine=nowhere"},
		{"work-fetch", "/view/works/sales.Fetch"},
		{"work-validate", "/view/works/sales.Validate"},
		{"work-train", "/view/works/sales.Train"},
		{"work-report", "/view/works/sales.Report"},
		{"work-filtered", "/view/works/sales.Fetch?status=failed&q=" + url.QueryEscape("South Pole")},
		{"executions", "/view/executions"},
		{"executions-filtered", "/view/executions?status=failed&work=sales.Fetch&q=" + url.QueryEscape("South Pole")},
		{"flow", "/view/flow"},
		{"call-running", call(s.Train.Runner, runtime.Running)},
		{"call-slot", call(s.Train.Runner, runtime.Pending)},
		{"call-backoff", call(s.Fetch.Runner, runtime.Pending)},
		{"call-escapes", call(s.Parse.Runner, runtime.Failed)},
		{"call-panic", call(s.Validate.Runner, runtime.Failed)},
		{"call-memory", call(s.Notify.Runner, runtime.Failed)},
		{"missing", "/view/works/sales.None"},
	}
}

// inMemory returns the address of the newest call of a work without a store, which the page makes up.
func (s *realistic) inMemory(t *testing.T, r *runtime.Runner) string {
	t.Helper()
	response, err := http.Get(s.url + "/view/works/" + path.Base(r.Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`view/calls/([^"?#]+)#`).FindSubmatch(page)
	if link == nil {
		t.Fatalf("the page of %s has no call", r.Name())
	}
	return string(link[1])
}

// looks are the screens on which every view is looked at.
var looks = []struct {
	name          string
	width, height int64
	scale         float64
	dark, phone   bool
	axe           string // the options of axe-core: what the same document was looked at for is left out; "": nothing is new
}{
	{name: "light", width: 1280, height: 900, axe: `{}`},
	{name: "dark", width: 1280, height: 900, dark: true, axe: `{runOnly: ["color-contrast"]}`},
	{name: "phone", width: 320, height: 640, phone: true, axe: `{}`},
	{name: "phone-dark", width: 320, height: 640, phone: true, dark: true, axe: `{runOnly: ["color-contrast"]}`},
	{name: "zoom", width: 640, height: 450, scale: 2}, // 200 % of 1280 pixels
}

// TestEveryViewOfARealisticApplication looks at each view on each kind of screen.
func TestEveryViewOfARealisticApplication(t *testing.T) {
	s := serveRealistic(t)
	lookAt(t, s.url, "", s.views(t))
}

// lookAt makes screenshots of views on each kind of screen. Each has to be free of what axe-core finds, of errors
// in the console, and of a need to scroll sideways.
func lookAt(t *testing.T, url, prefix string, views []view) {
	t.Helper()
	tab := browser(t)
	problems := watchConsole(t, tab)
	for _, look := range looks {
		do(t, tab, screen(look.width, look.height, look.phone), scheme(look.dark, true))
		for _, v := range views {
			name := prefix + v.name + "-" + look.name
			do(t, tab, chromedp.Navigate(url+v.path))
			shot(t, tab, name)
			if look.axe == "" {
			} else if found := violations(t, tab, look.axe); found != "" {
				t.Errorf("%s: axe-core finds\n%s", name, found)
			}
			if wide := eval[int64](t, tab, "document.documentElement.scrollWidth"); wide > look.width {
				t.Errorf("%s: %d pixels wide of %d: %s", name, wide, look.width, eval[string](t, tab, fmt.Sprintf(widest, look.width)))
			}
			for _, problem := range problems() {
				if v.name != "missing" || !strings.HasSuffix(problem, v.path) {
					t.Errorf("%s: the console says %s", name, problem)
				}
			}
		}
	}
}

// widest names what is too wide.
const widest = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > %d).slice(0, 5)
	.map((e) => e.localName + "#" + e.id + "." + e.className + " " + Math.round(e.getBoundingClientRect().right)).join("; ")`

// watchConsole returns what gives the errors that were written to the console of a tab since it was last
// asked.
func watchConsole(t *testing.T, tab context.Context) (problems func() []string) {
	t.Helper()
	const end = "that is all"
	batches := make(chan []string)
	messages := chromedp.Console(tab)
	go func() {
		var found []string
		for m, err := range messages {
			switch {
			case err != nil:
				return
			case m.Text == end:
				batches <- found
				found = nil
			case m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException:
				found = append(found, m.Text+" "+m.URL)
			}
		}
	}()
	return func() []string {
		t.Helper()
		eval[bool](t, tab, `console.log("`+end+`"), true`)
		select {
		case found := <-batches:
			return found
		case <-time.After(patience):
			t.Fatal("the browser does not tell what is in the console")
			return nil
		}
	}
}
