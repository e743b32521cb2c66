package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

func detail(t *testing.T, r *running, key string) detailView {
	t.Helper()
	return get[detailView](t, r, "/api/v1/calls/"+key)
}

func TestACallSaysWhyItWasAMiss(t *testing.T) {
	fails := true
	w := newWork("why.Work", func(ctx context.Context, day string) (string, error) {
		if day == "fails" && fails {
			fails = false
			return "", errors.New("broken")
		}
		return day, nil
	}, runtime.MaxEntries(2))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	run := func(day string) string {
		w.Run(t.Context(), day)
		return w.latest()
	}
	check := func(key, kind, text string) {
		t.Helper()
		v := detail(t, r, key)
		if v.Why.Kind != kind || !strings.Contains(v.Why.Text, text) {
			t.Errorf("%s: got %+v, want %s: %s", key, v.Why, kind, text)
		}
	}
	first := run("a")
	check(first, "new", "first call")
	check(run("b"), "arguments", `The nearest is call 1: day is "b" and was "a".`)
	run("c") // evicts one of the two
	run("a")
	key := run("b")
	if v := detail(t, r, key); v.Why.Kind != "evicted" {
		key = run("a")
		check(key, "evicted", "make room")
	}
	run("fails")
	check(run("fails"), "failed", "but failed")
	again := run("d")
	r.post(t, "/api/v1/calls/"+again+"/forget")
	check(run("d"), "forgotten", "was forgotten")

	w = newSecretWork("hidden.Work", echo)
	s := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	w.Run(t.Context(), "1")
	w.Run(t.Context(), "2")
	if v := detail(t, s, w.call(2)); !strings.Contains(v.Why.Text, "day has changed") {
		t.Errorf("a secret: %+v", v.Why)
	}

	off := newWork("off.Work", echo, runtime.CacheCalls(false))
	s = start(t, &App{Works: []*runtime.Runner{off.Runner}})
	off.Run(t.Context(), "a")
	off.Run(t.Context(), "a")
	if v := detail(t, s, off.call(2)); v.Why.Kind != "off" {
		t.Errorf("caching off: %+v", v.Why)
	}
}

func TestNothingIsShownOfSecrets(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{
		"without a store": nil,
		"with a store":    {runtime.WithStore(memory.New(0))},
	} {
		t.Run(name, func(t *testing.T) {
			body := func(_ context.Context, day string) (string, error) {
				if strings.HasSuffix(day, "fails") {
					return "", fmt.Errorf("Get %q: 401", "https://example.com/?day="+url.QueryEscape(day))
				}
				if strings.HasSuffix(day, "panics") {
					panic("no " + day)
				}
				return "result of " + day, nil
			}
			w, open := newSecretWork("hidden.Work", body, opts...), newWork("open.Work", body, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner, open.Runner}})
			const word = "hunter2"
			w.Run(t.Context(), "secret "+word)
			open.Run(t.Context(), "day")
			w.Run(t.Context(), "secret "+word+" fails")
			w.Run(t.Context(), "secret "+word+" panics")
			digest := detail(t, r, w.call(1)).Digest
			paths := []string{"/view", "/view/works/hidden.Work", "/view/calls/" + w.call(1), "/api/v1/status",
				"/api/v1/executions", "/api/v1/executions?q=" + word, "/api/v1/works/hidden.Work", "/view/executions", "/api/v1/calls/" + w.call(1),
				"/view/calls/" + w.call(2), "/api/v1/calls/" + w.call(2), "/view/calls/" + w.call(3), "/api/v1/calls/" + w.call(3)}
			if digest != "" {
				paths = append(paths, "/view/calls/"+digest, "/api/v1/calls/"+digest)
			}
			for _, path := range paths {
				if answer, text := r.do(t, "GET", path, ""); answer.StatusCode != 200 || strings.Contains(text, word) && !strings.Contains(path, word) || strings.Contains(text, "result of") {
					t.Errorf("%s: %s shows it:\n%s", path, answer.Status, text)
				}
			}
			for number, want := range map[int]string{2: `Get "https://example.com/?day=(secret)": 401`, 3: "work example.com/hidden.Work panicked: no (secret)"} {
				if v := detail(t, r, w.call(uint64(number))); v.Executions[0].Error == nil || v.Executions[0].Error.Message != want {
					t.Errorf("call %d: %+v", number, v.Executions[0].Error)
				}
			}
			if v := get[executionsView](t, r, "/api/v1/executions?q="+word); len(v.Executions) > 0 {
				t.Error("the search finds it")
			}
			if v := detail(t, r, open.call(1)); v.Result.Text == nil || *v.Result.Text != `"result of day"` {
				t.Errorf("the result of the other one is not shown: %v", v.Result.Text)
			}
		})
	}
}

// TestResultsOfUnknownInputsAreNotShown looks at a call that was made before anybody
// listened, so that nobody knows whether an input is secret.
func TestResultsOfUnknownInputsAreNotShown(t *testing.T) {
	w := newWork("early.Work", func(_ context.Context, day string) (string, error) { return "result of " + day, nil })
	w.Run(t.Context(), "secret hunter2")
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	if v := detail(t, r, w.call(1)); v.Result.Text != nil {
		t.Errorf("shown: %q", *v.Result.Text)
	}
	w.Run(t.Context(), "open")
	if v := detail(t, r, w.call(2)); v.Result.Text == nil {
		t.Error("the result of a call with known inputs is not shown")
	}
}

func TestPanicsAreShownWithTheirStack(t *testing.T) {
	w := newWork("panics.Work", func(context.Context, string) (string, error) { panic("ouch <script>") })
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	w.Run(t.Context(), "a")
	v := detail(t, r, w.call(1))
	if e := v.Executions[0].Error; e == nil || !e.Panic || !strings.Contains(e.Message, "ouch") || !strings.Contains(e.Stack, "detail_test.go") {
		t.Errorf("got %+v", v)
	}
	for _, path := range []string{"/view/calls/" + w.call(1), "/view/works/panics.Work"} {
		_, text := r.do(t, "GET", path, "")
		if stack := strings.Contains(path, "calls"); !strings.Contains(text, "ouch") || stack != strings.Contains(text, "detail_test.go") || strings.Contains(text, "ouch <script>") {
			t.Errorf("%s: %s", path, text)
		}
	}
}

func TestProgressIsShown(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{
		"without a store": nil,
		"with a store":    {runtime.WithStore(memory.New(0))},
	} {
		t.Run(name, func(t *testing.T) {
			goOn := make(chan struct{})
			said := make(chan struct{})
			w := newWork("progress.Work", func(ctx context.Context, day string) (string, error) {
				runtime.Progress(ctx, 1, 3, "<rows> of "+day)
				close(said)
				<-goOn
				runtime.Progress(ctx, 3, 3, "")
				return "done", nil
			}, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			ended := make(chan error, 1)
			go func() {
				_, err := w.Run(t.Context(), "monday")
				ended <- err
			}()
			<-said
			v := get[executionsView](t, r, "/api/v1/executions").Executions[0]
			if want := (progressView{1, 3, "<rows> of monday"}); v.Progress == nil || *v.Progress != want {
				t.Errorf("the API says %+v, want %+v", v.Progress, want)
			}
			for _, path := range []string{"/view/works/progress.Work", "/view/calls/" + v.Call} {
				if _, page := r.do(t, "GET", path, ""); !strings.Contains(page, "1/3: &lt;rows&gt; of monday<") {
					t.Errorf("%s does not show it:\n%s", path, page)
				}
			}
			close(goOn)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			eventually(t, "all is done", func() bool {
				_, page := r.do(t, "GET", "/view/calls/"+v.Call, "")
				return strings.Contains(page, "<span>3/3</span>")
			})
			if _, page := r.do(t, "GET", "/view/works/progress.Work", ""); strings.Contains(page, "3/3") {
				t.Error("the list shows it of calls that have ended")
			}
		})
	}
}

func TestActionsOnCalls(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{
		"without a store": nil,
		"with a store":    {runtime.WithStore(memory.New(0))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWork("act.Work", func(ctx context.Context, day string) (string, error) {
				if day == "slow" {
					return stuck(ctx, day)
				}
				return flaky(ctx, day)
			}, opts...)
			loop := &runtime.Loop{Heartbeat: -1, KeepGoing: true, Logger: quiet, Flow: func(ctx context.Context) error {
				w.Start(ctx, "bad")
				_, err := w.Run(ctx, "a")
				return err
			}}
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}, Loop: loop})
			executed := func(n int64) {
				t.Helper()
				eventually(t, "executions", func() bool { return w.Stats().Executions == n && w.Stats().InFlight == 0 })
			}
			executed(2)
			number := map[string]string{}
			for _, c := range get[executionsView](t, r, "/api/v1/executions").Executions {
				number[strings.Trim(c.Arguments[0].Text, `"`)] = c.Call
			}
			good := detail(t, r, number["a"])
			if diff := cmp.Diff([]string{"again", "forget"}, good.Actions); diff != "" {
				t.Error(diff)
			}
			want(t, "forgotten", r.post(t, "/api/v1/calls/"+number["a"]+"/forget").Done, true)
			executed(3)
			want(t, "forgotten again", r.post(t, "/api/v1/calls/"+w.call(1)+"/stop").Done, false)

			eventually(t, "the failure is there", func() bool {
				bad := detail(t, r, number["bad"])
				return cmp.Equal([]string{"again", "forget"}, bad.Actions)
			})
			want(t, "run again", r.post(t, "/api/v1/calls/"+number["bad"]+"/again").Done, true)
			executed(4) // without waiting for its backoff

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			call := w.Start(ctx, "slow")
			slow := w.latest()
			eventually(t, "it runs", func() bool { return detail(t, r, slow).Status == "running" })
			if diff := cmp.Diff([]string{"stop"}, detail(t, r, slow).Actions); diff != "" {
				t.Error(diff)
			}
			want(t, "stopped", r.post(t, "/api/v1/calls/"+slow+"/stop").Done, true)
			if _, err := call.Wait(ctx); !errors.Is(err, runtime.ErrStopped) {
				t.Errorf("got %v", err)
			}
			want(t, "stopped again", r.post(t, "/api/v1/calls/"+slow+"/stop").Done, false)
			if answer, _ := r.do(t, "POST", "/api/v1/calls/"+slow+"/explode", ""); answer.StatusCode != 404 {
				t.Error(answer.Status)
			}
			answer, _ := r.do(t, "POST", "/view/calls/"+number["a"]+"/again", "")
			want(t, "a form", answer.StatusCode, 303)
		})
	}
}

func TestACallSaysThatTheContentOfAFileChanged(t *testing.T) {
	call := func(number uint64, path string, content byte) runtime.CallDetail {
		args := []store.Arg{{Name: "from", Type: "key.File", Text: path, Digest: [16]byte{content, 2, 3}}}
		return runtime.CallDetail{CallStatus: runtime.CallStatus{Number: number}, Args: args}
	}
	want(t, "same path", whyDifferent("w", call(3, `"a"`, 1), call(4, `"a"`, 2)).Text,
		`No earlier call had the same arguments. The nearest is call 3: the content of from "a" has changed.`)
	want(t, "another", whyDifferent("w", call(3, `"a"`, 1), call(4, `"b"`, 2)).Text,
		`No earlier call had the same arguments. The nearest is call 3: from is "b" and was "a".`)
	want(t, "text", argViews(call(3, `"a"`, 1).Args)[0].Text, `"a"#010203`)
}

func TestCallsOfEarlierProcessesAreShownAndForgotten(t *testing.T) {
	s := memory.New(0)
	earlier := newWork("daily.Work", echo, runtime.WithStore(s))
	earlier.Run(t.Context(), "a")
	earlier.Run(t.Context(), "b")
	w := newWork("daily.Work", echo, runtime.WithStore(s), runtime.History(1))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	list := get[executionsView](t, r, "/api/v1/executions").Executions
	if len(list) != 2 || len(list[0].Call) != 64 || list[0].Arguments[0].Text != `"b"` || list[0].Size == nil {
		t.Fatalf("got %+v", list)
	}
	v := detail(t, r, list[0].Call)
	if v.Result.Text == nil || *v.Result.Text != `"got b"` || v.Why.Kind != "arguments" || !strings.Contains(v.Why.Text, `day was "a", is "b"`) {
		t.Errorf("got %+v", v)
	}
	// Both are read from the store, and only the latest is remembered.
	w.Run(t.Context(), "b")
	if v := detail(t, r, list[0].Call); v.Number != 1 || len(v.Executions) != 1 || v.Executions[0].Seq == 0 || v.Why.Kind != "arguments" {
		t.Errorf("got %+v", v)
	}
	w.Run(t.Context(), "a")
	want(t, "forgotten", r.post(t, "/api/v1/calls/"+list[0].Call+"/forget").Done, true)
	w.Run(t.Context(), "b")
	w.Run(t.Context(), "a")
	want(t, "executions", w.Stats().Executions, 1)
	for range s.History(t.Context(), store.Filter{Work: "nobody"}) {
		t.Error("the filter lets all through")
	}
}

func TestResultsOfOtherTypesAreNotReadAndNotDropped(t *testing.T) {
	s := memory.New(0)
	w := newWork("typed.Work", echo, runtime.WithStore(s))
	w.Run(t.Context(), "a")
	var rec store.Record
	for rec = range s.History(t.Context(), store.Filter{}) {
	}
	rec.Schema = "another"
	if v, ok := runtime.Inspect(w.Runner).StoredResult(t.Context(), rec); ok {
		t.Errorf("read as %v", v)
	}
	found := make([]store.Found, 1)
	if err := s.Lookup(t.Context(), []store.Ref{rec.Ref}, found); err != nil || found[0].Result() == nil {
		t.Errorf("the result is gone: %v", err)
	}
}

// TestNobodyIsListenedToAfterTheEnd: showing inputs costs each new call something.
func TestNobodyIsListenedToAfterTheEnd(t *testing.T) {
	w := newWork("later.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	inputs := func(arg string) []store.Arg {
		w.Run(context.Background(), arg)
		i := runtime.Inspect(w.Runner)
		d, _ := i.Call(i.Latest())
		return d.Args
	}
	if inputs("a") == nil {
		t.Error("no inputs are noted while the app runs")
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	if args := inputs("b"); args != nil {
		t.Errorf("noted: %v", args)
	}
}
