package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// soon returns what goes on now as soon as something holds of it.
func soon(t *testing.T, r *running, what string, holds func(nowView) bool) (v nowView) {
	t.Helper()
	eventually(t, what, func() bool {
		v = get[nowView](t, r, "/api/v1/now")
		return holds(v)
	})
	return v
}

// wantOnPage looks for texts on a page.
func wantOnPage(t *testing.T, r *running, path string, texts ...string) {
	t.Helper()
	_, page := r.do(t, "GET", path, "")
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%s has no %q:\n%s", path, text, page)
		}
	}
}

func TestTheFirstViewSaysWhatRunsAndWhatWaitsForWhat(t *testing.T) {
	busy := newWork("now.Busy", func(ctx context.Context, day string) (string, error) {
		runtime.Progress(ctx, 3, 10, "rows of "+day)
		return stuck(ctx, day)
	}, runtime.Concurrency(1))
	flaky := newWork("now.Flaky", func(context.Context, string) (string, error) { return "", errors.New("no data yet\nat all") },
		runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: time.Hour, Max: time.Hour, Jitter: -1}))
	r := start(t, &App{Works: []*runtime.Runner{busy.Runner, flaky.Runner}})
	soon(t, r, "nothing runs", func(v nowView) bool { return v.Running.All == 0 && v.Waiting.All == 0 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	busy.Start(ctx, "monday")
	eventually(t, "it runs", func() bool { return busy.Stats().InFlight == 1 })
	busy.Start(ctx, "tuesday")
	flaky.Start(ctx, "wednesday")
	v := soon(t, r, "one runs, two wait", func(v nowView) bool {
		return v.Running.All == 1 && v.Running.Calls[0].Progress != nil && v.Waiting.All == 2 && v.Waiting.Calls[1].Attempts == 1
	})
	if c := v.Running.Calls[0]; c.Work.ID != "now.Busy" || c.Arguments[0].Text != `"monday"` || c.Began.IsZero() || *c.Progress != (progressView{3, 10, "rows of monday"}) {
		t.Errorf("running: %+v", c)
	}
	if c := v.Waiting.Calls[0]; c.Work.ID != "now.Busy" || c.For != "a slot" || c.Requested.IsZero() {
		t.Errorf("waiting: %+v", c)
	}
	c := v.Waiting.Calls[1]
	if c.For != "its next attempt" || c.Attempts != 1 || !strings.HasPrefix(c.Error, "no data yet") || time.Until(c.Until) < 50*time.Minute {
		t.Errorf("waiting: %+v", c)
	}
	if n := v.Next.Ticks; len(n) != 1 || n[0].Kind != "retry" || n[0].Key != c.Key || !n[0].At.Equal(c.Until) {
		t.Errorf("next: %+v", n)
	}
	wantOnPage(t, r, "/view", `&#34;monday&#34;`, `<progress class="meter" value="3" max="10"`, "3/10: rows of monday", ">a slot</td>",
		"retrying</span> at <time", ">no data yet</td>", "attempt 2 of", "1 for a slot · 1 for its next attempt")
}

func TestABodyThatIsStoppedAndRunsOnIsStopping(t *testing.T) {
	end := make(chan struct{})
	deaf := newWork("now.Deaf", func(context.Context, string) (string, error) { <-end; return "", nil })
	r := start(t, &App{Works: []*runtime.Runner{deaf.Runner}})
	call := deaf.Start(t.Context(), "monday")
	eventually(t, "it runs", func() bool { return deaf.Stats().InFlight == 1 })
	call.Stop()
	v := get[nowView](t, r, "/api/v1/now")
	if v.Running.All != 1 || v.Running.Calls[0].Stopping.IsZero() {
		t.Errorf("running: %+v", v.Running)
	}
	wantOnPage(t, r, "/view", "stopping</span> <span class=\"quiet\">for <time")
	close(end)
	soon(t, r, "it has returned", func(v nowView) bool { return v.Running.All == 0 })
}

func TestOfEachListThereAreTheFirstAndHowManyMore(t *testing.T) {
	w := newWork("now.Many", stuck, runtime.Concurrency(25))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range 60 {
		w.Start(ctx, fmt.Sprint(i))
	}
	eventually(t, "25 run", func() bool { return w.Stats().InFlight == 25 })
	v := get[nowView](t, r, "/api/v1/now")
	want(t, "running", v.Running.All, 25)
	want(t, "running, listed", len(v.Running.Calls), linesShown)
	want(t, "waiting", v.Waiting.All, 35)
	want(t, "waiting, listed", len(v.Waiting.Calls), linesShown)
	wantOnPage(t, r, "/view", `The first 20 of 25: <a href="./view/executions?status=running">`, "The first 20 of 35")
}

// TestAGroupOfFailuresLinksToItsOwn, and to no other failure of the work.
func TestAGroupOfFailuresLinksToItsOwn(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{"memory": nil, "store": {runtime.WithStore(memory.New(0))}} {
		t.Run(name, func(t *testing.T) {
			w := newWork("now.Groups", func(_ context.Context, day string) (string, error) {
				if strings.HasPrefix(day, "pipe") {
					return "", errors.New("the pipe is broken")
				}
				return "", fmt.Errorf("17 rows of %q are \\x00 bad", day)
			}, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			for _, day := range []string{"pipe", "monday", "tuesday", "pipe 2", "wednesday"} {
				w.Run(t.Context(), day)
			}
			v := soon(t, r, "all have failed", func(v nowView) bool { return v.Failed.All == 5 && len(v.Failed.Groups) == 2 })
			for _, g := range v.Failed.Groups {
				list := get[executionsView](t, r, "/api/v1/executions?"+g.Query)
				want(t, "of "+g.Error, len(list.Executions), g.Calls)
			}
			wantOnPage(t, r, "/view", `href="./view/executions?status=failed&amp;work=now.Groups&amp;q=rows%20of"`)
		})
	}
}

func TestWhatFailedIsShownUntilItIsExecutedAgain(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{"memory": nil, "store": {runtime.WithStore(memory.New(0))}} {
		t.Run(name, func(t *testing.T) {
			var good atomic.Bool
			w := newWork("now.Work", func(_ context.Context, day string) (string, error) {
				if good.Load() || day == "good" {
					return day, nil
				}
				return "", fmt.Errorf("no data for %q: 404\nand more", day)
			}, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			for _, day := range []string{"monday", "tuesday", "good", "wednesday"} {
				w.Run(t.Context(), day)
			}
			v := soon(t, r, "three have failed alike", func(v nowView) bool { return v.Failed.All == 3 })
			if len(v.Failed.Groups) != 1 {
				t.Fatalf("%+v", v.Failed)
			}
			g := v.Failed.Groups[0]
			if g.Calls != 3 || g.Arguments[0].Text != `"wednesday"` || g.Status != "failed" || g.Finished.IsZero() || g.Query != "q=no+data+for&status=failed&work=now.Work" {
				t.Errorf("%+v", g)
			}
			wantOnPage(t, r, "/view", "no data for &#34;wednesday&#34;: 404</span>", `href="./view/executions?status=failed&amp;work=now.Work&amp;q=no%20data%20for"`)
			good.Store(true)
			w.Run(t.Context(), "wednesday")
			w.Run(t.Context(), "monday")
			v = soon(t, r, "two were executed again", func(v nowView) bool { return v.Failed.All == 1 })
			if g := v.Failed.Groups[0]; g.Arguments[0].Text != `"tuesday"` {
				t.Errorf("%+v", g)
			}
		})
	}
}

func TestFailuresAreAlikeThatDifferInDigitsAndQuotations(t *testing.T) {
	want(t, "shape", shapeOf(`no data for "monday" at 10:35: 404`), shapeOf(`no data for "sunday, 3" at 9:07: 500`))
	if shapeOf("no data") == shapeOf("no money") {
		t.Error("different texts have one shape")
	}
}

// TestWhatOlderCodeHasLeftBehindIsCountedOnly: nothing can supersede it.
func TestWhatOlderCodeHasLeftBehindIsCountedOnly(t *testing.T) {
	s := memory.New(0)
	now := newWork("now.Work", flaky, runtime.WithStore(s))
	now.Run(t.Context(), "day 1 bad")
	rec := recordIn(t, s)
	rec.Code, rec.Key, rec.Nonce = "c0", key.Key{1}, 2
	l, err := s.Begin(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.End(t.Context(), l, rec, nil); err != nil {
		t.Fatal(err)
	}
	r := start(t, &App{Works: []*runtime.Runner{now.Runner}})
	v := soon(t, r, "it is counted", func(v nowView) bool { return v.Failed.Older == 1 })
	want(t, "shown", v.Failed.All, 1)
	wantOnPage(t, r, "/view", "1 with older code is not shown")
}

// recordIn returns the newest record of a store.
func recordIn(t *testing.T, s store.Store) store.Record {
	t.Helper()
	for rec, err := range s.History(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	t.Fatal("there is no record")
	return store.Record{}
}

// TestWhatRunsElsewhereIsShown, and whether it takes longer than is normal.
func TestWhatRunsElsewhereIsShown(t *testing.T) {
	s := memory.New(time.Hour)
	w := newWork("now.Work", echo, runtime.WithStore(s))
	for day := range 10 {
		w.Run(t.Context(), fmt.Sprint(day))
	}
	rec := recordIn(t, s)
	rec.Key, rec.Nonce, rec.Started = key.Key{1}, 2, time.Now().Add(-time.Minute)
	rec.Origin = store.Origin{Host: "night-7", PID: 7, Program: "daily"}
	if _, err := s.Begin(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	v := soon(t, r, "it runs, and what is normal is known", func(v nowView) bool { return v.Running.All == 1 && v.Running.Calls[0].Normal != nil })
	if c := v.Running.Calls[0]; c.Place != "daily[7]@night-7" || !c.Slow || c.Normal.Of != 10 || c.Key != rec.Key.String() {
		t.Errorf("%+v %+v", c, c.Normal)
	}
	wantOnPage(t, r, "/view", "daily[7]@night-7", "▲ slow")
}

func TestWhatIsNormalComesFromExecutionsThatSucceeded(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{"memory": nil, "store": {runtime.WithStore(memory.New(0))}} {
		w := newWork("now.Work", func(_ context.Context, day string) (string, error) {
			if day == "bad" {
				time.Sleep(20 * time.Millisecond)
				return "", errors.New("bad")
			}
			return day, nil
		}, opts...)
		w.Run(t.Context(), "bad")
		for day := range 3 {
			w.Run(t.Context(), fmt.Sprint(day))
		}
		if n := normalOfWork(t.Context(), w.Runner); n.Of != 3 || n.P50 > n.P95 {
			t.Errorf("%s: %+v", name, n)
		}
	}
	var took []float64
	for i := range 100 {
		took = append(took, float64(100-i))
	}
	want(t, "of a hundred", normalFrom(took), normalView{50, 95, 100})
	want(t, "of one", normalFrom([]float64{3}), normalView{3, 3, 1})
	want(t, "of none", normalFrom(nil), normalView{})
	began := time.Now()
	for n, slow := range map[*normalView]bool{nil: false, {1, 2, 4}: false, {1, 2, 5}: true, {1, 4, 5}: false} {
		want(t, fmt.Sprint(n), n.isBeyond(began, began.Add(3*time.Second)), slow)
	}
}

// TestBetweenTwoLooksAtAllFailuresOnlyWhatBeganSinceIsRead.
func TestBetweenTwoLooksAtAllFailuresOnlyWhatBeganSinceIsRead(t *testing.T) {
	s := memory.New(0)
	var good atomic.Bool
	w := newWork("now.Work", func(_ context.Context, day string) (string, error) {
		if good.Load() {
			return day, nil
		}
		return "", errors.New("bad")
	}, runtime.WithStore(s))
	var asked []store.Filter
	of := usedStore{asking{s, &asked}, map[string]*runtime.Runner{w.Name(): w.Runner}}
	var k storeLook
	look := func(what string, failed int) {
		t.Helper()
		asked = nil
		if _, err := k.update(t.Context(), of, time.Now()); err != nil {
			t.Fatal(err)
		}
		k.took = time.Hour // a full look is too much
		want(t, what, len(k.failed), failed)
	}
	w.Run(t.Context(), "a")
	w.Run(t.Context(), "b")
	look("at first", 2)
	want(t, "at first, a full look", asked[0].Newest, true)
	w.Run(t.Context(), "c")
	look("one more", 3)
	good.Store(true)
	w.Run(t.Context(), "a")
	look("one was superseded", 2)
	want(t, "later looks", len(asked), 1)
	want(t, "later looks are full", asked[0].Newest, false)
	want(t, "later looks have a start", asked[0].Since.IsZero(), false)
}

// asking is a store that notes what is asked for.
type asking struct {
	store.Store
	asked *[]store.Filter
}

func (s asking) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	*s.asked = append(*s.asked, f)
	return s.Store.History(ctx, f)
}

func TestSchedulesAreNamedWithTheirNextTicks(t *testing.T) {
	r := start(t, &App{Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(ctx context.Context) error {
		runtime.Cron(ctx, "CRON_TZ=UTC 0 3 * * *", runtime.Named("nightly report <b>\u202e"))
		return nil
	}}})
	v := soon(t, r, "there is a schedule", func(v nowView) bool { return len(v.Next.Ticks) > 0 })
	n := v.Next.Ticks[0]
	if n.Kind != "schedule" || n.Name != "nightly report <b>\u202e" || n.Schedule != "CRON_TZ=UTC 0 3 * * *" || n.At.UTC().Hour() != 3 || len(n.Then) != 2 || n.Then[1].Sub(n.At) != 48*time.Hour {
		t.Errorf("%+v", n)
	}
	want(t, "the same is due as a pass", v.Next.All, 1)
	const shown = `<th scope="row">nightly report &lt;b&gt;\u202e <code>CRON_TZ=UTC 0 3 * * *</code>`
	wantOnPage(t, r, "/view", shown, ">then <time")
	wantOnPage(t, r, "/view/flow", shown)
	want(t, "in the flow", get[flowView](t, r, "/api/v1/flow").Schedules[0].Name, n.Name)
	want(t, "in the status", get[statusView](t, r, "/api/v1/status").Loop.Ticks[0].Name, n.Name)
}

func TestWorksAreListedNewestActivityFirst(t *testing.T) {
	var works []*runtime.Runner
	a, b := newWork("now.A", echo), newWork("now.B", echo)
	works = append(works, a.Runner, b.Runner)
	for i := range worksShown {
		works = append(works, newWork(fmt.Sprintf("now.Other%03d", i), echo).Runner)
	}
	a.Run(t.Context(), "x")
	time.Sleep(time.Millisecond)
	b.Run(t.Context(), "x")
	r := start(t, &App{Works: works})
	v := get[nowView](t, r, "/api/v1/now")
	want(t, "first", v.Works.Works[0].ID, "now.B")
	want(t, "second", v.Works.Works[1].ID, "now.A")
	want(t, "listed", len(v.Works.Works), worksShown)
	want(t, "all", v.Works.All, worksShown+2)
	wantOnPage(t, r, "/view", `<a href="?works=all">2 more works</a>`)
	want(t, "all are listed", len(get[nowView](t, r, "/api/v1/now?works=all").Works.Works), worksShown+2)
}

// TestWhatIsWrongStandsAtTheTopOfEveryView, and its title in what strangers are told.
func TestWhatIsWrongStandsAtTheTopOfEveryView(t *testing.T) {
	var faults storetest.Faults
	w := newWork("now.Secretive", echo, runtime.WithStore(faults.Wrap(memory.New(0))), runtime.OnStoreFailure(runtime.BlockOnStoreFailure))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	eventually(t, "nothing is wrong", func() bool { return len(get[nowView](t, r, "/api/v1/now").Alerts) == 0 })
	faults.Inject(storetest.All, storetest.Refuse)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.Start(ctx, "a")
	w.Pause()
	r.Loop.Pause()
	v := soon(t, r, "all is said", func(v nowView) bool { return len(v.Alerts) == 3 })
	titles := map[string]alertView{}
	for _, a := range v.Alerts {
		titles[a.Title] = a
	}
	if a := titles["the store does not answer"]; a.Level != levelError || a.Since.IsZero() || a.Text == "" {
		t.Errorf("%+v", v.Alerts)
	}
	if a := titles["works are paused"]; a.Level != levelWarning || a.Text != "example.com/now.Secretive" {
		t.Errorf("%+v", v.Alerts)
	}
	want(t, "the worst first", v.Alerts[0].Level, levelError)
	for _, path := range []string{"/view", "/view/works/now.Secretive"} {
		wantOnPage(t, r, path, "<strong>The store does not answer</strong>", "<strong>The flow is paused</strong>", "example.com/now.Secretive")
	}
	_, health := r.do(t, "GET", "/healthz", "")
	if !strings.Contains(health, `"the store does not answer"`) || strings.Contains(health, "Secretive") || strings.Contains(health, "fault") {
		t.Errorf("health %s", health)
	}
}

func TestTheErrorThatEndedTheLoopIsSaid(t *testing.T) {
	broken := errors.New("the disk is full\nand so on")
	a := &App{NoPage: true, Logger: quiet, Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(context.Context) error { return broken }}}
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	r := &running{App: a, url: server.URL, client: http.DefaultClient}
	if err := a.Run(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	wantOnPage(t, r, "/view", `<div class="banner bad" role="alert"><strong>The flow has ended with an error</strong> <span>the disk is full</span>`)
	answer, health := r.do(t, "GET", "/healthz", "")
	want(t, "status", answer.StatusCode, http.StatusServiceUnavailable)
	want(t, "health", health, `{"loop":"ended","problems":["the flow has ended with an error"]}`+"\n")
}

// TestWhoWatchesIsToldHowTheFlowEnded, for nobody can ask afterwards.
func TestWhoWatchesIsToldHowTheFlowEnded(t *testing.T) {
	fails := make(chan struct{})
	r := start(t, &App{Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(context.Context) error {
		<-fails
		return errors.New("the disk is full")
	}}})
	req, _ := http.NewRequestWithContext(t.Context(), "GET", r.url+"/view", nil)
	req.Header.Set("Accept", "text/event-stream")
	answer, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	close(fails)
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), "The flow has ended with an error") || !strings.Contains(string(text), "the disk is full") {
		t.Errorf("%v, the stream said\n%s", err, text)
	}
	if err := r.end(); err == nil || err.Error() != "the disk is full" {
		t.Error(err)
	}
}

func TestTheFootNamesProcessVersionAndStore(t *testing.T) {
	w := newWork("now.Work", echo, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	v := get[nowView](t, r, "/api/v1/now").App
	want(t, "stores", v.Stores, "memory")
	wantOnPage(t, r, "/view", fmt.Sprintf("process %d", v.PID), "started <time", "store memory")
}
