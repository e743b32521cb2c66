package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// TestAStoppedBodyThatRunsOnIsSaidTo.
func TestAStoppedBodyThatRunsOnIsSaidTo(t *testing.T) {
	goOn := make(chan struct{})
	w := newWork("deaf.Work", func(context.Context, string) (string, error) { <-goOn; return "", nil })
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	w.Start(t.Context(), "a")
	eventually(t, "it runs", func() bool { return w.Stats().InFlight == 1 })
	o := r.post(t, "/api/v1/calls/"+w.latest()+"/stop")
	if !o.Done || len(o.Running) != 1 || o.Running[0] != w.latest() || !strings.Contains(o.Message, "still runs") {
		t.Errorf("got %+v", o)
	}
	v := detail(t, r, w.latest())
	if v.Status != stopping || v.Executions[0].Status != stopping || len(v.Actions) > 0 {
		t.Errorf("got %+v", v)
	}
	if o := r.post(t, "/api/v1/calls/"+w.latest()+"/again"); o.Done || o.Refused[0].Reason != "it was stopped, and its body still runs" {
		t.Errorf("a second one was started: %+v", o)
	}
	close(goOn)
	eventually(t, "the body has returned", func() bool { return detail(t, r, w.latest()).Status == "stopped" })
}

// TestActionsOnManyCalls: they are asked for, done to those to which they can be, logged, and said.
func TestActionsOnManyCalls(t *testing.T) {
	var log output
	w := newWork("many.Work", flaky)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	form := url.Values{"back": {"view/works/many.Work?status=succeeded"}}
	for _, day := range []string{"a", "b", "c"} {
		w.Run(t.Context(), day)
		form.Add("key", w.latest())
	}
	gone := "many.Work:99@" + process
	form.Add("key", gone)
	form.Set("action", forget)
	before := w.Stats().Entries
	_, page := r.do(t, "POST", "/view/calls/confirm", form.Encode(), formType)
	for _, part := range []string{"The results of 3 calls will be dropped", "Forget: 3", gone, "is not remembered", `href="../../view/works/many.Work?status=succeeded"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the confirmation does not say %s:\n%s", part, page)
		}
	}
	want(t, "results that asking leaves", w.Stats().Entries, before)

	answer, _ := r.do(t, "POST", "/view/calls/forget", form.Encode(), formType)
	want(t, "answer", answer.StatusCode, http.StatusSeeOther)
	want(t, "results that are left", w.Stats().Entries, 0)
	location := answer.Header.Get("Location")
	if !strings.HasPrefix(location, "../../view/works/many.Work?status=succeeded&did=") {
		t.Fatal(location)
	}
	_, page = r.do(t, "GET", strings.TrimPrefix(location, "../.."), "")
	if !strings.Contains(page, "3 calls were forgotten: they execute when they are made again. Nothing was done to 1 call: call 99") {
		t.Errorf("the page does not say what was done:\n%s", page)
	}
	if _, page := r.do(t, "GET", "/view?did=Your+disk+is+full", ""); strings.Contains(page, `id="notice"`) || strings.Contains(page, ">Your disk") {
		t.Error("a link has the page say what was not so")
	}
	for _, part := range []string{"action=forget", "call=" + w.call(1), "work=example.com/many.Work", "from=127.0.0.1:", "is not remembered"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log does not say %s:\n%s", part, log.String())
		}
	}

	for range 2 { // the same one twice is one
		form.Add("key", w.latest())
	}
	var o outcome
	_, text := r.do(t, "POST", "/api/v1/calls/forget", form.Encode(), formType)
	if err := json.Unmarshal([]byte(text), &o); err != nil || o.Done || len(o.Refused) != 4 {
		t.Errorf("%v: %s", err, text)
	}
	many := url.Values{}
	for range maxActed + 1 {
		many.Add("key", "x:"+strings.Repeat("1", len(many["key"])%50+1)+"@"+process)
	}
	for path, status := range map[string]int{"/api/v1/calls/explode": 404, "/api/v1/calls/forget": 200} {
		answer, _ := r.do(t, "POST", path, "", formType)
		want(t, path, answer.StatusCode, status)
	}
}

// TestFormsLeadBackToPagesOfThisApp only.
func TestFormsLeadBackToPagesOfThisApp(t *testing.T) {
	for back, lead := range map[string]string{
		"view": "view", "view/executions?q=a%26b&did=x": "view/executions?q=a%26b", "": "view", "https://evil.example/view": "view", "//evil.example/view": "view",
		"viewer": "view", "view/../../x": "view", "/view/works/a": "view", "view\n": "view", "javascript:view": "view",
	} {
		r, _ := http.NewRequest("POST", "/", strings.NewReader(url.Values{"back": {back}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		want(t, back, backOf(r), lead)
	}
}

// TestAWorkIsPausedAndResumed.
func TestAWorkIsPausedAndResumed(t *testing.T) {
	w := newWork("paused.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	want(t, "paused", r.post(t, "/api/v1/works/paused.Work/pause").Done, true)
	call := w.Start(t.Context(), "a")
	eventually(t, "the call waits", func() bool {
		v := detail(t, r, w.latest())
		return v.Waits != nil && v.Waits.For == runtime.WaitPause.String()
	})
	want(t, "resumed", r.post(t, "/api/v1/works/paused.Work/resume").Done, true)
	if _, err := call.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	for path, status := range map[string]int{"/view/works/paused.Work/pause": 303, "/view/works/paused.Work/burn": 404, "/view/works/none/pause": 404} {
		answer, _ := r.do(t, "POST", path, "")
		want(t, path, answer.StatusCode, status)
	}
	w.Runner.Resume()
}

// TestACallIsExecutedAgain though nobody asks for it any more, and its old result stays until there is a
// new one: in this process, and after a restart.
func TestACallIsExecutedAgain(t *testing.T) {
	for name, kept := range map[string]store.Store{"without a store": nil, "with a store": memory.New(0)} {
		t.Run(name, func(t *testing.T) {
			goOn := make(chan string, 1)
			body := func(context.Context, string) (string, error) { return <-goOn, nil }
			var opts []runtime.Option
			if kept != nil {
				opts = append(opts, runtime.WithStore(kept))
			}
			w := newWork("again.Work", body, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			goOn <- "old"
			w.Run(t.Context(), "a")
			at := w.latest()
			if kept != nil { // in the next process
				w = newWork("again.Work", body, opts...)
				r = start(t, &App{Works: []*runtime.Runner{w.Runner}})
			}
			o := r.post(t, "/api/v1/calls/"+at+"/again")
			want(t, "done", o.Message, "1 call executes again: everybody gets the old result until there is a new one.")
			eventually(t, "it runs", func() bool { return detail(t, r, at).Status == "running" })
			v := detail(t, r, at)
			if len(v.Executions) != 2 || !v.Executions[0].Again || v.Executions[0].Why.Kind != "again" || v.Result.State != "kept" || *v.Result.Text != `"old"` {
				t.Errorf("meanwhile: %+v", v)
			}
			if o := r.post(t, "/api/v1/calls/"+at+"/again"); o.Done {
				t.Errorf("it executes twice: %+v", o)
			}
			goOn <- "new"
			eventually(t, "the new result is there, and the execution has ended", func() bool {
				v := detail(t, r, at)
				return v.Result.Text != nil && *v.Result.Text == `"new"` && slices.Equal(v.Actions, []string{"again", "forget"})
			})
		})
	}
	secret := newSecretWork("secret.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{secret.Runner}})
	secret.Run(t.Context(), "hunter2hunter2")
	if o := r.post(t, "/api/v1/calls/"+secret.latest()+"/again"); o.Done || !strings.Contains(o.Message, "argument day is secret") {
		t.Errorf("got %+v", o)
	}
}
