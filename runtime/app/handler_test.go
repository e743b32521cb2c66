package app

import (
	"context"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// kindOfLink is where a link leads, and which filters it sets: of all their values there are too many.
func kindOfLink(link *url.URL) string {
	return link.Path + fmt.Sprint(slices.Sorted(maps.Keys(link.Query())))
}

var (
	linkPattern = regexp.MustCompile(`(?:href|src|data-root)="([^"]*)"`)
	postPattern = regexp.MustCompile(`<form[^>]*method="post"[^>]*action="([^"]*)"`)
)

// TestAllLinksLeadSomewhereUnderAnyPrefix follows all links, images and scripts from the page on, and
// posts what forms do.
func TestAllLinksLeadSomewhereUnderAnyPrefix(t *testing.T) {
	w := newWork("linked.Work", flaky)
	w.Run(t.Context(), "a")
	w.Run(t.Context(), "bad")
	defer w.Resume()
	for _, prefix := range []string{"", "/jobs", "/a/b/c"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			a := &App{Name: "mounted", NoPage: true, Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
			mux := http.NewServeMux()
			mux.Handle(prefix+"/", http.StripPrefix(prefix, a.Handler()))
			defer a.site.stop()
			server := httptest.NewServer(mux)
			defer server.Close()
			top, _ := url.Parse(server.URL + prefix + "/")
			seen, posts := map[string]bool{}, map[string]bool{}
			for todo := []*url.URL{top}; len(todo) > 0; todo = todo[1:] {
				at, kind := todo[0], kindOfLink(todo[0])
				if seen[kind] {
					continue
				}
				seen[kind] = true
				if !strings.HasPrefix(at.String(), top.String()) {
					t.Fatalf("a link leads to %s", at)
				}
				answer, text := fetch(t, at)
				if answer.StatusCode != 200 {
					t.Errorf("%s: %s", at, answer.Status)
				}
				if !strings.Contains(answer.Header.Get("Content-Type"), "text/html") {
					continue
				}
				base := answer.Request.URL
				for _, m := range linkPattern.FindAllStringSubmatch(text, -1) {
					todo = append(todo, resolved(t, base, m[1]))
				}
				for _, m := range postPattern.FindAllStringSubmatch(text, -1) {
					posts[resolved(t, base, m[1]).String()] = true
				}
			}
			for post := range posts {
				answer, err := http.Post(post, "application/x-www-form-urlencoded", nil)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.StatusCode == 404 || answer.StatusCode == 405 {
					t.Errorf("a form posts to %s: %s", post, answer.Status)
				}
			}
			for _, path := range []string{"view/works/linked.Work", "view/calls/" + w.call(1), "static/style.css", "static/script.js"} {
				if !seen[kindOfLink(top.JoinPath(path))] {
					t.Errorf("nothing links to %s", path)
				}
			}
			if !posts[top.JoinPath("view/loop/pause").String()] && !posts[top.JoinPath("view/loop/run").String()] {
				t.Error("no form pauses or starts the loop")
			}
		})
	}
}

func fetch(t *testing.T, at *url.URL) (answer *http.Response, text string) {
	t.Helper()
	answer, err := http.Get(at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

// resolved returns where a link of a page leads.
func resolved(t *testing.T, base *url.URL, link string) *url.URL {
	t.Helper()
	u, err := base.Parse(html.UnescapeString(link))
	if err != nil {
		t.Fatal(err)
	}
	u.Fragment = ""
	return u
}

func TestAReadOnlyHandlerChangesNothing(t *testing.T) {
	w := newWork("shown.Work", echo)
	w.Run(t.Context(), "a")
	a := &App{NoPage: true, Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
	server := httptest.NewServer(a.Handler(ReadOnly()))
	defer server.Close()
	defer a.site.stop()
	r := &running{App: a, url: server.URL, client: http.DefaultClient}
	for _, path := range []string{"/view", "/view/works/shown.Work", "/view/calls/" + w.call(1)} {
		_, text := r.do(t, "GET", path, "")
		if strings.Contains(text, `method="post"`) {
			t.Errorf("%s has a form", path)
		}
	}
	for _, path := range []string{"/view/loop/pause", "/api/v1/loop/pause", "/view/calls/" + w.call(1) + "/forget", "/api/v1/calls/" + w.call(1) + "/forget"} {
		if answer, text := r.do(t, "POST", path, ""); answer.StatusCode != 403 {
			t.Errorf("%s: %s: %s", path, answer.Status, text)
		}
	}
	if d := detail(t, r, w.call(1)); len(d.Actions) > 0 || d.Result.State != "kept" {
		t.Errorf("got %+v", d)
	}
	if a.Loop.Status().Paused {
		t.Error("the loop was paused")
	}
}

func TestAHandlerIsServedUnderTheNamesOfItsServer(t *testing.T) {
	a := &App{NoPage: true, Hosts: []string{"Builds.example.com"}, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	defer a.site.stop()
	r := &running{App: a, url: server.URL, client: http.DefaultClient}
	for host, status := range map[string]int{
		"builds.example.com": 200, "builds.example.com:8080": 200, "10.1.2.3": 200, "other.example.com": 421, "example.com": 421, "": 200,
	} {
		headers := []string{}
		if host != "" {
			headers = append(headers, "Host: "+host)
		}
		answer, _ := r.do(t, "GET", "/view", "", headers...)
		want(t, host, answer.StatusCode, status)
	}
}

func TestAHandlerOfNothingPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	new(App).Handler()
}

func TestHealthSaysWhetherTheLoopLives(t *testing.T) {
	a := &App{NoPage: true, Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(context.Context) error { return runtime.Stop }}}
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	r := &running{App: a, url: server.URL, client: http.DefaultClient}
	answer, text := r.do(t, "GET", "/healthz", "")
	want(t, "before", answer.StatusCode, 200)
	want(t, "before", text, `{"loop":"not started"}`+"\n")
	if err := a.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, text = r.do(t, "GET", "/healthz", "")
	want(t, "after", answer.StatusCode, 503)
	want(t, "after", text, `{"loop":"ended","problems":["the flow has ended"]}`+"\n")
}

func TestHealthNamesWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v runtime.Var[int]
		block, deaf := make(chan struct{}), newWork("deaf.Work", func(context.Context, string) (string, error) {
			time.Sleep(time.Hour)
			return "", nil
		}, runtime.Timeout(time.Second))
		a := &App{NoPage: true, Logger: quiet, Works: []*runtime.Runner{deaf.Runner}, Loop: &runtime.Loop{}}
		a.Loop.Flow = func(ctx context.Context) error {
			if a.Loop.Status().Pass > 200 {
				<-block
				return runtime.Stop
			}
			v.Set(v.Get(ctx) + 1)
			return nil
		}
		deaf.Start(t.Context(), "a")
		h := a.Handler()
		ended := make(chan error)
		go func() { ended <- a.Run(t.Context()) }()
		time.Sleep(10 * time.Minute)
		answer, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/healthz", nil)
		r.Host = "localhost"
		h.ServeHTTP(answer, r)
		want(t, "status", answer.Code, http.StatusServiceUnavailable)
		want(t, "health", answer.Body.String(),
			`{"loop":"blocked","problems":["the flow blocks","the flow spins","a body ignores that its context has ended"]}`+"\n")
		close(block)
		want(t, "error", <-ended, nil)
		time.Sleep(time.Hour) // until the body has returned
	})
}

func TestStatusTellsOfPassesAndWorks(t *testing.T) {
	w := newWork("status.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
		for _, day := range []string{"a", "a", "b"} {
			if _, err := w.Run(ctx, day); err != nil {
				return err
			}
		}
		return nil
	}}})
	eventually(t, "three passes", func() bool { return r.Loop.Status().Pass == 3 && r.Loop.Status().State == runtime.LoopWaiting })
	s := get[statusView](t, r, "/api/v1/status")
	type sums struct{ executions, hits int64 }
	for i, want := range []sums{{1, 0}, {1, 2}, {0, 3}} {
		if got := (sums{s.Loop.Passes[i].Executions, s.Loop.Passes[i].Hits}); got != want {
			t.Errorf("pass %d: got %v, want %v", i+1, got, want)
		}
	}
	v := s.Works[0]
	if v.Status != "succeeded" || v.Hits != 5 || v.Executions != 2 {
		t.Errorf("got %+v", v)
	}
	if list := get[executionsView](t, r, "/api/v1/executions?work="+v.ID).Executions; len(list) != 2 || list[1].Call != address(v.ID, key.Key{}, 1) {
		t.Errorf("got %+v", list)
	}
}
