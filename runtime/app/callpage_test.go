package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// statusesOf lists the executions of a call with what became of their results.
func statusesOf(v detailView) (list []string) {
	for _, e := range v.Executions {
		list = append(list, strings.TrimSpace(e.Status+" "+e.Result))
	}
	return list
}

// TestEveryExecutionOfACallIsShown: each with its own status, over restarts, and what is said of the
// result apart from them.
func TestEveryExecutionOfACallIsShown(t *testing.T) {
	s := memory.New(0)
	fails := true
	body := func(context.Context, string) (string, error) {
		if fails {
			return "", errors.New("no data")
		}
		return "data", nil
	}
	w := newWork("all.Work", body, runtime.WithStore(s))
	for range 3 {
		w.Run(t.Context(), "a")
	}
	fails = false
	w.Run(t.Context(), "a")
	at := w.latest()
	w.ForgetAll()
	if _, err := s.Delete(t.Context(), store.Ref{Work: w.Name(), Key: detailOf(w).Key}); err != nil {
		t.Fatal(err)
	}
	fails = true
	w.Run(t.Context(), "a")

	later := newWork("all.Work", body, runtime.WithStore(s))
	r := start(t, &App{Works: []*runtime.Runner{later.Runner}})
	v := detail(t, r, at)
	if diff := cmp.Diff([]string{"failed", "succeeded deleted", "failed", "failed", "failed"}, statusesOf(v)); diff != "" {
		t.Error(diff)
	}
	if v.Status != "failed" || v.Result.State != "gone" || v.Result.How != "deleted" || v.Result.Execution != v.Executions[1].ID || v.Result.Text != nil {
		t.Errorf("the call is %s, its result %+v", v.Status, v.Result)
	}
	fails = false
	later.Run(t.Context(), "a")
	v = detail(t, r, at)
	if diff := cmp.Diff([]string{"succeeded kept", "failed", "succeeded deleted", "failed", "failed", "failed"}, statusesOf(v)); diff != "" {
		t.Error(diff)
	}
	if v.Result.State != "kept" || !v.Result.Memory || !v.Result.Stored || v.Result.Execution != v.Executions[0].ID || *v.Result.Text != `"data"` {
		t.Errorf("its result: %+v", v.Result)
	}
	if why := v.Executions[0].Why; why.Kind != "failed" || why.Execution != v.Executions[1].ID {
		t.Errorf("why: %+v", why)
	}
	_, page := r.do(t, "GET", "/view/calls/"+at, "")
	for _, e := range v.Executions {
		if !strings.Contains(page, `id="`+e.ID+`"`) {
			t.Errorf("there is no anchor for %s", e.ID)
		}
	}
	if n := strings.Count(page, "There is no stack: the body returned the error."); n != 4 {
		t.Errorf("%d errors have no stack, want 4", n)
	}
}

func detailOf(w *work) runtime.CallDetail {
	i := runtime.Inspect(w.Runner)
	d, _ := i.Call(i.Latest())
	return d
}

// TestTimesAreThoseOfTheExecution, and not of loading its result, or of looking.
func TestTimesAreThoseOfTheExecution(t *testing.T) {
	s := memory.New(0)
	w := newWork("times.Work", echo, runtime.WithStore(s))
	w.Run(t.Context(), "a")
	was := detailOf(w)
	time.Sleep(20 * time.Millisecond)
	later := newWork("times.Work", echo, runtime.WithStore(s))
	r := start(t, &App{Works: []*runtime.Runner{later.Runner}})
	later.Run(t.Context(), "a")
	v := detail(t, r, w.latest())
	if e := v.Executions[0]; len(v.Executions) != 1 || e.Requested.After(was.Finished) || e.Finished.After(was.Finished.Add(10*time.Millisecond)) || v.Number != 1 {
		t.Errorf("got %+v of %+v", v, was)
	}
}

func TestAStoredPanicHasItsStack(t *testing.T) {
	s := memory.New(0)
	body := func(_ context.Context, day string) (string, error) { return explode(day), nil }
	w := newWork("stack.Work", body, runtime.WithStore(s))
	w.Run(t.Context(), "a")
	r := start(t, &App{Works: []*runtime.Runner{newWork("stack.Work", body, runtime.WithStore(s)).Runner}})
	v := detail(t, r, w.latest())
	if e := v.Executions[0].Error; e == nil || !e.Panic || !strings.Contains(e.Stack, "app.explode") {
		t.Errorf("got %+v", e)
	}
	_, page := r.do(t, "GET", "/view/calls/"+w.latest(), "")
	if strings.Contains(page, "There is no stack") || !strings.Contains(page, `<span class="own">`+module+"/runtime/app.explode") || !strings.Contains(page, "Frames that called it") {
		t.Errorf("the page shows\n%s", page)
	}
}

// TestWaitsAndBackoffAreApart from what an execution took.
func TestWaitsAndBackoffAreApart(t *testing.T) {
	start := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	list := []executionDetail{ // the newest first
		{ID: "execution-9", Attempt: 1, Status: "running", Requested: at(100), Started: at(104)},
		{ID: "execution-2", Attempt: 2, Status: "succeeded", Requested: at(0), Started: at(35), Finished: at(40), Took: 5},
		{ID: "execution-1", Attempt: 1, Status: "failed", Requested: at(0), Started: at(2), Finished: at(10), Retry: at(30), Took: 8},
	}
	apart(list)
	for i, want := range []struct{ backoff, waited float64 }{{0, 4}, {20, 5}, {0, 2}} {
		if e := list[i]; e.Backoff != want.backoff || e.Waited != want.waited {
			t.Errorf("%s: backoff %v, waited %v, want %v", e.ID, e.Backoff, e.Waited, want)
		}
	}
	all := episodes(list)
	if len(all) != 2 || len(all[0]) != 1 || len(all[1]) != 2 {
		t.Fatalf("episodes: %+v", all)
	}
	line := drawEpisode(all[1], nil, time.UTC, at(1000))
	var drawn []string
	for _, r := range line.Rows {
		for _, s := range r.Spans {
			drawn = append(drawn, fmt.Sprintf("%s %v+%v", s.Class, s.X, s.Width))
		}
	}
	want := []string{"wait 0+5", "failed 5+20", "backoff 25+50", "wait 75+12.5", "succeeded 87.5+12.5"}
	if diff := cmp.Diff(want, drawn); diff != "" {
		t.Error(diff)
	}
	var ticks []string
	for _, k := range line.Ticks {
		ticks = append(ticks, k.Text)
	}
	if diff := cmp.Diff([]string{"03:00:00", "03:00:10", "03:00:20", "03:00:30", "03:00:40"}, ticks); diff != "" {
		t.Error(diff)
	}
	// What runs on does not move the axis with each look.
	if a, b := drawEpisode(all[0], nil, nil, at(110)), drawEpisode(all[0], nil, nil, at(110.5)); !cmp.Equal(a.Ticks, b.Ticks) {
		t.Errorf("the axis moves: %v, %v", a.Ticks, b.Ticks)
	}
	waits := drawEpisode(list[2:], &waitView{For: "its next attempt", Since: at(10), Until: at(30)}, time.UTC, at(20))
	if last := waits.Rows[len(waits.Rows)-1]; last.Text != "waits for its next attempt" || last.Spans[0].Class != "backoff" {
		t.Errorf("the wait: %+v", last)
	}
}

func TestTheAxisHasFewTicks(t *testing.T) {
	for total := time.Millisecond; total < 1000*24*time.Hour; total = total*3/2 + time.Microsecond {
		e := []executionDetail{{Attempt: 1, Status: "succeeded", Requested: time.Now(), Started: time.Now(), Finished: time.Now().Add(total)}}
		for _, zone := range []*time.Location{nil, time.UTC, time.FixedZone("IST", 19800)} {
			if n := len(drawEpisode(e, nil, zone, time.Now()).Ticks); n < 1 && zone == nil || n > mostTicks+1 {
				t.Errorf("%v has %d ticks", total, n)
			}
		}
	}
}

// TestPartsOfACallAreDownloaded, all of them.
func TestPartsOfACallAreDownloaded(t *testing.T) {
	long := strings.Repeat("é", 100_000)
	body := func(ctx context.Context, day string) (string, error) {
		runtime.Logger(ctx).Info("reading", "day", day)
		return long, nil
	}
	for name, opts := range map[string][]runtime.Option{"without a store": nil, "with a store": {runtime.WithStore(memory.New(0))}} {
		t.Run(name, func(t *testing.T) {
			w := newWork("parts.Work", body, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			w.Run(t.Context(), "mon\u202eday")
			at := w.latest()
			answer, text := r.do(t, "GET", "/api/v1/calls/"+at+"/result", "")
			var got string
			if err := json.Unmarshal([]byte(text), &got); err != nil || got != long {
				t.Errorf("the result: %v, %d bytes", err, len(got))
			}
			if d := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="parts.Work-`) || !strings.HasSuffix(d, `-result.json"`) {
				t.Errorf("its name: %s", d)
			}
			v := detail(t, r, at)
			if !v.Result.Cut || len(*v.Result.Text) > maxShown+100 {
				t.Errorf("on the page are %d bytes", len(*v.Result.Text))
			}
			if _, text := r.do(t, "GET", "/api/v1/calls/"+at+"/arguments", ""); !strings.Contains(text, `"day"`) {
				t.Errorf("the arguments: %s", text)
			}
			if _, text := r.do(t, "GET", "/api/v1/calls/"+at+"/log", ""); !strings.Contains(text, "msg=reading") || !strings.Contains(text, "# attempt 1") || strings.Contains(text, "\u202e") {
				t.Errorf("the log: %s", text)
			}
			if _, page := r.do(t, "GET", "/view/calls/"+at, ""); strings.Contains(page, "\u202e") || !strings.Contains(page, "msg=reading") {
				t.Error("the page turns the direction of writing, or has no log")
			}
			answer, _ = r.do(t, "GET", "/api/v1/calls/"+at+"/nothing", "")
			want(t, "another part", answer.StatusCode, 404)
			_, text = r.do(t, "GET", "/view/calls/"+at+"?as=json", "")
			if !strings.Contains(text, "Show as Go") {
				t.Error("the result is not shown as JSON")
			}
		})
	}
	w := newSecretWork("hidden.Work", body)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	w.Run(t.Context(), "hunter2hunter2")
	for part, status := range map[string]int{"arguments": 200, "result": 403, "log": 200} {
		answer, text := r.do(t, "GET", "/api/v1/calls/"+w.latest()+"/"+part, "")
		if answer.StatusCode != status || strings.Contains(text, "hunter2") {
			t.Errorf("%s of a secret: %s: %s", part, answer.Status, text)
		}
	}
}

// TestManyExecutionsHavePages.
func TestManyExecutionsHavePages(t *testing.T) {
	s := memory.New(0)
	w := newWork("many.Work", func(context.Context, string) (string, error) { return "", errors.New("broken") }, runtime.WithStore(s))
	for range maxExecutions + 3 {
		w.Run(t.Context(), "a")
	}
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	v := detail(t, r, w.latest())
	rest := detail(t, r, w.latest()+"?before="+v.Older)
	if len(v.Executions) != maxExecutions || len(rest.Executions) != 3 || rest.Older != "" {
		t.Errorf("%d, and then %d", len(v.Executions), len(rest.Executions))
	}
	seen := map[uint64]bool{}
	for _, e := range append(v.Executions, rest.Executions...) {
		if seen[e.Seq] {
			t.Errorf("%d is there twice", e.Seq)
		}
		seen[e.Seq] = true
	}
}

// TestArgumentsAreComplete, also those of which lists show a part, and after a restart.
func TestArgumentsAreComplete(t *testing.T) {
	long := strings.Repeat("0123456789", 2000)
	for name, kept := range map[string]store.Store{"without a store": nil, "with a store": memory.New(0)} {
		t.Run(name, func(t *testing.T) {
			var opts []runtime.Option
			if kept != nil {
				opts = append(opts, runtime.WithStore(kept))
			}
			w := newWork("long.Work", echo, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			w.Run(t.Context(), long)
			at := w.latest()
			if kept != nil {
				r = start(t, &App{Works: []*runtime.Runner{newWork("long.Work", echo, opts...).Runner}})
			}
			if a := detail(t, r, at).Arguments[0]; a.Text != `"`+long+`"` || a.Cut {
				t.Errorf("the API has %d bytes, cut: %v", len(a.Text), a.Cut)
			}
			_, page := r.do(t, "GET", "/view/calls/"+at, "")
			if !strings.Contains(page, long) {
				t.Error("the page does not have all of it")
			}
			_, text := r.do(t, "GET", "/api/v1/calls/"+at+"/arguments", "")
			var got map[string]string
			if err := json.Unmarshal([]byte(text), &got); err != nil || got["day"] != long {
				t.Errorf("the download: %v: %.100s", err, text)
			}
		})
	}
}
