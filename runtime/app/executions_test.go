package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// flaky is a body that fails for some days.
func flaky(_ context.Context, day string) (string, error) {
	if strings.Contains(day, "bad") {
		return "", errors.New("no data for " + day)
	}
	return "got " + day, nil
}

// pages goes through all pages of the executions of a work and returns their first
// arguments, a list per page.
func pages(t *testing.T, r *running, work, query string) (out [][]string) {
	t.Helper()
	after := ""
	for range 100 {
		v := get[executionsView](t, r, "/api/v1/executions?work="+work+"&"+query+"&after="+url.QueryEscape(after))
		var page []string
		for _, c := range v.Executions {
			text := "?"
			if len(c.Arguments) > 0 {
				text = strings.Trim(c.Arguments[0].Text, `"`)
			}
			page = append(page, text)
		}
		out = append(out, page)
		if after = v.Next; after == "" {
			return out
		}
	}
	t.Fatal("the pages have no end")
	return nil
}

func TestExecutionsAreListedInPages(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{
		"without a store": nil,
		"with a store":    {runtime.WithStore(memory.New(0))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWork("list.Work", flaky, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			for _, day := range []string{"1", "2 bad", "3", "4", "5 bad", "6"} {
				w.Run(t.Context(), day)
				eventually(t, "it is listed", func() bool { // a store is told of failures a moment later
					e := get[executionsView](t, r, "/api/v1/executions").Executions
					return len(e) > 0 && strings.Contains(e[0].Arguments[0].Text, day) && !e[0].Running()
				})
			}
			for query, want := range map[string][][]string{
				"":                               {{"6", "5 bad", "4", "3", "2 bad", "1"}},
				"limit=2":                        {{"6", "5 bad"}, {"4", "3"}, {"2 bad", "1"}},
				"limit=4":                        {{"6", "5 bad", "4", "3"}, {"2 bad", "1"}},
				"limit=6":                        {{"6", "5 bad", "4", "3", "2 bad", "1"}},
				"status=failed":                  {{"5 bad", "2 bad"}},
				"status=failed&limit=1":          {{"5 bad"}, {"2 bad"}},
				"status=failed&status=succeeded": {{"6", "5 bad", "4", "3", "2 bad", "1"}},
				"status=succeeded":               {{"6", "4", "3", "1"}},
				"status=running":                 {nil},
				"q=BAD":                          {{"5 bad", "2 bad"}},
				"q=no+data+for+5":                {{"5 bad"}},
				"q=6":                            {{"6"}},
				"q=6&status=failed":              {nil},
				"q=nothing+is+like+that":         {nil},
				"since=1h":                       {{"6", "5 bad", "4", "3", "2 bad", "1"}},
				"until=1h":                       {nil},
				"since=2022-05-25&until=now":     {{"6", "5 bad", "4", "3", "2 bad", "1"}},
				"machine=nowhere":                {nil},
				"machine=" + thisHost() + "&q=3": {{"3"}},
			} {
				if diff := cmp.Diff(want, pages(t, r, "list.Work", query)); diff != "" {
					t.Errorf("%q: %s", query, diff)
				}
			}
		})
	}
}

func thisHost() string {
	name, _ := os.Hostname()
	return name
}

// TestPagesStayRightWhileExecutionsCome: neither is one listed twice, nor is one left out, nor is
// there a newer one behind an older one.
func TestPagesStayRightWhileExecutionsCome(t *testing.T) {
	stored, plain := newWork("stored.Work", echo, runtime.WithStore(memory.New(0))), newWork("plain.Work", echo)
	late := newWork("late.Work", echo, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{stored.Runner, plain.Runner, late.Runner}})
	var wants []string
	for i := range 10 {
		w := []*work{stored, plain}[i%2]
		w.Run(t.Context(), strconv.Itoa(i))
		wants = append(wants, strconv.Itoa(i))
		time.Sleep(time.Millisecond) // a store tells no less apart than a microsecond
	}
	slices.Reverse(wants)
	var got []string
	for after := ""; ; {
		v := get[executionsView](t, r, "/api/v1/executions?limit=3&after="+after)
		for _, e := range v.Executions {
			got = append(got, strings.Trim(e.Arguments[0].Text, `"`))
		}
		for _, w := range []*work{stored, plain, late} {
			w.Run(t.Context(), "new "+after)
		}
		if after = v.Next; after == "" {
			break
		}
	}
	if diff := cmp.Diff(wants, got); diff != "" {
		t.Error(diff)
	}
}

// TestExecutionsAreNotMerged: all attempts of one call are there, before and after a restart.
func TestExecutionsAreNotMerged(t *testing.T) {
	s := memory.New(0)
	for name, opts := range map[string][]runtime.Option{"plain.Work": nil, "stored.Work": {runtime.WithStore(s)}} {
		tries := 0
		body := func(_ context.Context, day string) (string, error) {
			if tries++; tries < 3 {
				return "", fmt.Errorf("try %d", tries)
			}
			return day, nil
		}
		opts = append(opts, runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: time.Millisecond, Jitter: -1}))
		w := newWork(name, body, opts...)
		r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
		w.Run(t.Context(), "a")
		list := get[executionsView](t, r, "/api/v1/executions").Executions
		if len(list) != 3 {
			t.Fatalf("%s: %+v", name, list)
		}
		for i, e := range list {
			want(t, "attempt", e.Attempt, 3-i)
			want(t, "status", e.Status, []string{"succeeded", "failed", "failed"}[i])
			want(t, "error", e.Error, []string{"", "try 2", "try 1"}[i])
			want(t, "call", e.Call, list[0].Call)
		}
		if len(opts) > 1 {
			next := start(t, &App{Works: []*runtime.Runner{newWork(name, body, opts...).Runner}})
			want(t, "executions after a restart", len(get[executionsView](t, next, "/api/v1/executions").Executions), 3)
		}
	}
}

// TestWhatIsInNoStoreIsListedBesideWhatIs: also of a work that has a store.
func TestWhatIsInNoStoreIsListedBesideWhatIs(t *testing.T) {
	stored, plain := newWork("stored.Work", echo, runtime.WithStore(memory.New(0))), newWork("plain.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{stored.Runner, plain.Runner}})
	stored.Run(t.Context(), "a")
	plain.Run(t.Context(), "b")
	list := get[executionsView](t, r, "/api/v1/executions").Executions
	if len(list) != 2 || list[0].Call != plain.call(1) || list[1].Call != stored.call(1) {
		t.Fatalf("got %+v", list)
	}
	want(t, "path", list[0].Path(), "view/calls/"+plain.call(1)+"#attempt-1")
	want(t, "path", list[1].Path(), "view/calls/"+stored.call(1)+"#execution-"+strconv.FormatUint(list[1].Seq, 10))
	_, page := r.do(t, "GET", "/view/executions", "")
	for _, e := range list {
		if !strings.Contains(page, `href="../`+e.Path()+`"`) {
			t.Errorf("the page has no link to %s", e.Path())
		}
	}
}

// TestOneStoreIsListedOnce: also if works have handles of their own, and if this app has not all
// works that are in it.
func TestOneStoreIsListedOnce(t *testing.T) {
	s := memory.New(0)
	a, b := newWork("a.Work", echo, runtime.WithStore(s)), newWork("b.Work", echo, runtime.WithStore(s.Another()))
	other := newWork("other.Work", echo, runtime.WithStore(s))
	for _, w := range []*work{a, other, b} {
		w.Run(t.Context(), "x")
		time.Sleep(time.Millisecond)
	}
	r := start(t, &App{Works: []*runtime.Runner{a.Runner, b.Runner}})
	var works []string
	for _, e := range get[executionsView](t, r, "/api/v1/executions").Executions {
		works = append(works, e.Work.ID)
	}
	if diff := cmp.Diff([]string{"b.Work", "a.Work"}, works); diff != "" {
		t.Error(diff)
	}
}

func TestStoredCallsAreFoundByTheStartOfTheirKeys(t *testing.T) {
	w := newWork("digits.Work", echo, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	days := "ghijklmnopqrstuvwxyz" // letters that are not digits of keys
	for _, day := range days {
		w.Run(t.Context(), string(day))
	}
	all := get[executionsView](t, r, "/api/v1/executions").Executions
	if len(all) != len(days) {
		t.Fatalf("%d executions, want %d", len(all), len(days))
	}
	for _, c := range all {
		want := []string{strings.Trim(c.Arguments[0].Text, `"`)}
		for _, part := range []string{c.Call, c.Call[:8], strings.ToUpper(c.Call[:12])} {
			if got := pages(t, r, "digits.Work", "q="+part); !slices.Equal(got[0], want) {
				t.Errorf("%q finds %v, want %v", part, got, want)
			}
		}
	}
	for _, digit := range "0123456789abcdef" {
		if got := pages(t, r, "digits.Work", "q="+string(digit)); len(got[0]) > 0 {
			t.Errorf("%q finds %v", digit, got)
		}
	}
}

func TestUnfinishedCallsAreListedWithThoseOfTheStore(t *testing.T) {
	w := newWork("both.Work", func(ctx context.Context, day string) (string, error) {
		if day == "slow" {
			return stuck(ctx, day)
		}
		return flaky(ctx, day)
	}, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.Run(ctx, "1")
	w.Start(ctx, "slow")
	eventually(t, "it runs", func() bool { return w.Stats().InFlight == 1 })
	w.Run(ctx, "2")
	if diff := cmp.Diff([][]string{{"2", "slow", "1"}}, pages(t, r, "both.Work", "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"slow"}}, pages(t, r, "both.Work", "status=running")); diff != "" {
		t.Error(diff)
	}
}

// TestASearchThatIsNotFinishedSaysSo: it goes on from page to page, and does not say that there is
// nothing before it has seen all.
func TestASearchThatIsNotFinishedSaysSo(t *testing.T) {
	s := memory.New(0)
	fill(t, s, "example.com/many.Work", store.MaxSearched+10)
	w := newWork("many.Work", echo, runtime.WithStore(s))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	first := get[executionsView](t, r, "/api/v1/executions?q=day+7%22")
	if len(first.Executions) > 0 || !first.Partial || first.Next == "" {
		t.Errorf("%d executions, partial %v, next %q", len(first.Executions), first.Partial, first.Next)
	}
	if diff := cmp.Diff([][]string{nil, {"day 7"}}, pages(t, r, "many.Work", "q=day+7%22")); diff != "" {
		t.Error(diff)
	}
	for query, says := range map[string][2]string{
		"q=nothing":           {"Nothing found yet", "No executions like that"},
		"q=nothing&after=1_1": {"No executions like that", "Search on"},
		"machine=nowhere":     {"Search on", "No executions like that"},
		"status=lost":         {"No executions like that", "Search on"},
	} {
		_, page := r.do(t, "GET", "/view/executions?"+query, "")
		if !strings.Contains(page, says[0]) || strings.Contains(page, says[1]) {
			t.Errorf("%s: it does not say %q, or says %q:\n%s", query, says[0], says[1], page)
		}
	}
}

// fill keeps n executions of a work in a store.
func fill(tb testing.TB, s store.Store, work string, n int) {
	tb.Helper()
	for i := range n {
		rec := store.Record{
			Ref:     store.Ref{Work: work, Key: key.Key{1, byte(i >> 16), byte(i >> 8), byte(i)}},
			Args:    []store.Arg{{Name: "day", Type: "string", Text: strconv.Quote("day " + strconv.Itoa(i))}},
			Started: time.Now(), Finished: time.Now(), Attempt: 1, Origin: store.Origin{Host: "night", PID: 1, Program: "daily"},
		}
		l, err := s.Begin(tb.Context(), rec)
		if err != nil {
			tb.Fatal(err)
		}
		rec.Status = store.Succeeded
		if err := s.End(tb.Context(), l, rec, store.Bytes("x")); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestEveryStatusCanBeAskedFor(t *testing.T) {
	for _, s := range store.Statuses() {
		if !slices.Contains(executionStatuses, s.String()) {
			t.Errorf("there is no filter for %s", s)
		}
	}
}

func TestQueriesThatAreNoneAreRefused(t *testing.T) {
	w := newWork("query.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	for query, said := range map[string]string{
		"status=pending": "status is one of running", "since=25.05.22": "is no time", "limit=0": "limit is a number", "limit=501": "limit is a number",
		"limit=x": "limit is a number", "after=x.1": "after is not", "after=1_1": "after is not", "after=-1": "after is not",
		"q=" + strings.Repeat("x", 201): "200 bytes",
	} {
		answer, text := r.do(t, "GET", "/api/v1/executions?"+query, "")
		if answer.StatusCode != 400 || !strings.Contains(text, said) {
			t.Errorf("%s: %s: %s", query, answer.Status, text)
		}
	}
	for _, path := range []string{"works/none", "calls/none", "calls/none:1", "calls/query.Work:1", "calls/query.Work:x", "calls/" + strings.Repeat("a", 64)} {
		if answer, text := r.do(t, "GET", "/api/v1/"+path, ""); answer.StatusCode != 404 {
			t.Errorf("%s: %s: %s", path, answer.Status, text)
		}
	}
}

func TestAddressesOfCallsStayRight(t *testing.T) {
	kept := memory.New(0)
	w, plain := newWork("kept.Work", echo, runtime.WithStore(kept)), newWork("plain.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner, plain.Runner}})
	w.Run(t.Context(), "a")
	plain.Run(t.Context(), "a")
	durable := detail(t, r, w.call(1))
	if len(durable.Key) != 64 || durable.Number != 1 {
		t.Errorf("a call with a store: %+v", durable)
	}
	if v := detail(t, r, plain.call(1)); v.Key != "plain.Work:1@"+process || v.Number != 1 {
		t.Errorf("a call without one: %+v", v)
	}
	next := start(t, &App{Works: []*runtime.Runner{newWork("kept.Work", echo, runtime.WithStore(kept)).Runner}})
	if v := detail(t, next, durable.Key); v.Number != 0 || v.Key != durable.Key {
		t.Errorf("in the next process: %+v", v)
	}
	for at, said := range map[string]string{
		"plain.Work:1@2abcdefg":   "was made by a process that has ended, and the work had no store",
		"plain.Work:1":            "its address is a key of 64",
		"plain.Work:9@" + process: "is not remembered",
		"none.Work:1@" + process:  "no work",
	} {
		if answer, text := r.do(t, "GET", "/view/calls/"+at, ""); answer.StatusCode != 404 || !strings.Contains(text, said) {
			t.Errorf("%s: %s: %s", at, answer.Status, text)
		}
	}
}

// TestACallThatHasNotBegunHasItsAddress asks for one that waits for a slot.
func TestACallThatHasNotBegunHasItsAddress(t *testing.T) {
	w := newWork("wait.Work", stuck, runtime.WithStore(memory.New(0)), runtime.Concurrency(1))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.Start(ctx, "a")
	eventually(t, "the first call runs", func() bool { return w.Stats().InFlight == 1 })
	w.Start(ctx, "b")
	eventually(t, "the second call has a key", func() bool { return len(w.call(2)) == 64 })
	if v := detail(t, r, w.call(2)); v.Status != "pending" {
		t.Errorf("got %+v", v)
	}
}

func TestWorksOfOneNameHaveIdentifiersOfTheirOwn(t *testing.T) {
	a, b, odd := newWork("x.Work", echo), newWork("y/x.Work", echo), newWork("x/Odd[a b]", echo)
	r := start(t, &App{Works: []*runtime.Runner{a.Runner, b.Runner, odd.Runner}})
	a.Run(t.Context(), "of a")
	b.Run(t.Context(), "of b")
	odd.Run(t.Context(), "odd")
	var ids []string
	for _, w := range get[worksView](t, r, "/api/v1/works").Works {
		ids = append(ids, w.ID)
	}
	if diff := cmp.Diff([]string{"x.Work", "x.Work-2", "Odd-a-b-"}, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"of b"}}, pages(t, r, "x.Work-2", "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"odd"}}, pages(t, r, "Odd-a-b-", "")); diff != "" {
		t.Error(diff)
	}
}

func TestRunnersThatNobodyUsesAreForgotten(t *testing.T) {
	r := start(t, &App{})
	for i := range 1000 {
		newWork("gone.Work", echo)
		r.site.discover()
		if i%100 == 0 {
			goruntime.GC()
		}
	}
	r.site.mu.Lock()
	n := len(r.site.ids)
	r.site.mu.Unlock()
	if n > 900 {
		t.Errorf("%d runners are remembered", n)
	}
}

// TestAPageKeepsNoRunnersThatItsFlowHasDropped, with the results that they have kept, although it
// is looked at, and some have failed.
func TestAPageKeepsNoRunnersThatItsFlowHasDropped(t *testing.T) {
	const most = 100
	made := make(chan struct{})
	passes := 0
	a := &App{Loop: &runtime.Loop{KeepGoing: true, Heartbeat: time.Millisecond}}
	a.Loop.Flow = func(ctx context.Context) error {
		if passes++; passes > most {
			return nil
		} else if passes == most {
			close(made)
		}
		w := newWork("dropped.Work", flaky)
		w.Start(ctx, "bad")
		_, err := w.Run(t.Context(), "a")
		_ = w.Close(t.Context())
		return err
	}
	r := start(t, a)
	paths := []string{"/view", "/view/executions", "/view/flow", "/view/works/dropped.Work", "/view/calls/" + address("dropped.Work", key.Key{}, 1), "/api/v1/status"}
	for looking := true; looking; {
		select {
		case <-made:
			looking = false
		default:
		}
		for _, path := range paths {
			r.do(t, "GET", path, "")
		}
	}
	eventually(t, "they are collected", func() bool {
		goruntime.GC()
		left := 0
		for _, other := range runtime.Runners() {
			if other.Name() == "example.com/dropped.Work" {
				left++
			}
		}
		return left < most/10
	})
}

// TestWhatWasGivenUpIsListed shows what another process, which may do so, has written.
func TestWhatWasGivenUpIsListed(t *testing.T) {
	s := memory.New(0)
	w := newWork("given.Work", flaky, runtime.WithStore(s))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	for i, day := range []string{"1", "2 bad", "3 bad"} {
		rec := store.Record{
			Ref: store.Ref{Work: w.Name(), Key: key.Key{byte(i + 1)}}, Args: []store.Arg{{Name: "day", Type: "string", Text: strconv.Quote(day)}},
			Started: time.Now(), Finished: time.Now(), Attempt: 1,
		}
		l, err := s.Begin(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		rec.Status = []store.Status{store.Succeeded, store.Failed, store.GivenUp}[i]
		if rec.Status.Failure() {
			rec.Error = "no data for " + day
		}
		if err := s.End(t.Context(), l, rec, store.Bytes(nil)); err != nil {
			t.Fatal(err)
		}
	}
	for query, days := range map[string][]string{
		"": {"3 bad", "2 bad", "1"}, "status=given+up": {"3 bad"}, "status=failed": {"2 bad"}, "status=succeeded": {"1"},
	} {
		if diff := cmp.Diff([][]string{days}, pages(t, r, "given.Work", query)); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
	v := detail(t, r, key.Key{3}.String())
	want(t, "status", v.Status, "given up")
	want(t, "error", v.Executions[0].Error.Message, "no data for 3 bad")
	_, page := r.do(t, "GET", "/view/works/given.Work?status=given+up", "")
	for _, part := range []string{`aria-current="true"><span aria-hidden="true">✗</span> given up`, `<span class="status given-up"><span aria-hidden="true">✗</span> given up</span>`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s", part)
		}
	}
}

// TestAllThatAFilterFindsIsActedOn: each call once, of which several executions are found.
func TestAllThatAFilterFindsIsActedOn(t *testing.T) {
	w := newWork("all.Work", flaky, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	for _, day := range []string{"1", "2 bad", "3", "3"} {
		w.Run(t.Context(), day)
	}
	w.ForgetAll()
	w.Run(t.Context(), "3")
	q := url.Values{"q": {"3"}}
	if calls, left, err := r.site.filtered(t.Context(), q, time.Local, 10); len(calls) != 1 || left || err != nil || calls[0] != w.latest() {
		t.Errorf("%v, %v, %v", calls, left, err)
	}
	if calls, left, err := r.site.filtered(t.Context(), url.Values{}, time.Local, 2); len(calls) != 2 || !left || err != nil {
		t.Errorf("%v, %v, %v", calls, left, err)
	}
	// Times are of the zone that the page shows.
	until := time.Now().UTC().Add(time.Hour).Format(time.DateTime)
	for zone, n := range map[*time.Location]int{time.UTC: 3, time.FixedZone("east", 14*3600): 0} {
		if calls, _, err := r.site.filtered(t.Context(), url.Values{"until": {until}}, zone, 10); len(calls) != n || err != nil {
			t.Errorf("until %s in zone %v: %v, %v, want %d calls", until, zone, calls, err, n)
		}
	}
	_, page := r.do(t, "GET", "/view/executions?q=3", "")
	if want := `name="filter" value="q=3"`; !strings.Contains(page, want) {
		t.Errorf("the page has no %s", want)
	}
}

// TestAWorkIsMeasured over restarts, and says so when it has not looked at everything.
func TestAWorkIsMeasured(t *testing.T) {
	s := memory.New(0)
	now := time.Now()
	w := newWork("measured.Work", echo, runtime.WithStore(s), runtime.TTL(time.Hour), runtime.Concurrency(3))
	for i, ago := range []time.Duration{30 * time.Hour, 20 * time.Hour, 2 * time.Hour, 50 * time.Minute, time.Minute} {
		rec := store.Record{
			Ref: store.Ref{Work: w.Name(), Key: key.Key{byte(i + 1)}}, Started: now.Add(-ago), Finished: now.Add(-ago + time.Duration(i+1)*time.Second), Attempt: 1,
		}
		l, err := s.Begin(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		rec.Status = []store.Status{store.Succeeded, store.Failed, store.GivenUp, store.Succeeded, store.Failed}[i]
		if err := s.End(t.Context(), l, rec, store.Bytes("12345")); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	v := get[workDetailView](t, r, "/api/v1/works/measured.Work")
	if diff := cmp.Diff(measuresView{
		Of: 5, Hour: periodView{Executions: 2, Errors: 1}, Day: periodView{Executions: 4, Errors: 3}, Durations: &spreadView{Of: 5, P50: 3, P95: 5, Max: 5},
	}, v.Measures); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&keptView{Results: 2, Bytes: 10}, v.Kept); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]settingView{{"store", "memory"}, {"ttl", "1h0m0s"}, {"concurrency", "3"}}, v.Options[:3]); diff != "" {
		t.Error(diff)
	}
	list := []listedView{{Started: now.Add(-time.Minute)}, {Started: now.Add(-2 * time.Minute)}}
	if m := measuresOf(list, true, now); !m.Hour.AtLeast || !m.Day.AtLeast || m.Hour.Executions != 2 {
		t.Errorf("of a part: %+v", m)
	}
	list[1].Started = now.Add(-2 * time.Hour)
	if m := measuresOf(list, true, now); m.Hour.AtLeast || !m.Day.AtLeast || m.Hour.Executions != 1 {
		t.Errorf("of a part that is longer than an hour: %+v", m)
	}
	w.Pause()
	_, page := r.do(t, "GET", "/view/works/measured.Work", "")
	for _, part := range []string{`action="../../view/works/measured.Work/resume"`, "2, <span class=\"bad\">1 failed", "‖", ">p50</dt><dd>3.0 s<", ">p95</dt><dd>5.0 s<", ">Now</a></nav>"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s:\n%s", part, page)
		}
	}
	w.Resume()
}

// TestTheAxesOfATrendHaveRoundTicks and points are on them.
func TestTheAxesOfATrendHaveRoundTicks(t *testing.T) {
	day := time.Date(2022, 5, 25, 23, 58, 7, 0, time.UTC)
	var list []listedView
	for i := range 20 { // the newest first
		began := day.Add(time.Duration(20-i) * 13 * time.Second)
		list = append(list, listedView{Call: "c", Seq: uint64(i + 1), Work: workRef{ID: "w"}, Status: "succeeded", Started: began, Finished: began.Add(time.Second), Duration: 1 + float64(i)/10})
	}
	list[3].Status, list[4].Status, list[5].Finished = "failed", "stopped", time.Time{}
	texts := func(ticks []tick) (list []string) {
		for _, t := range ticks {
			list = append(list, t.Text)
		}
		return list
	}
	v := trendOf(list, time.UTC, "../")
	if diff := cmp.Diff([]string{"23:58", "23:59", "26 May", "00:01", "00:02", "00:03"}, texts(v.X)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"0", "1 s", "2 s", "3 s"}, texts(v.Y)); diff != "" {
		t.Error(diff)
	}
	want(t, "points", len(v.Points), 19)
	want(t, "failed", v.Failed, 1)
	shapes := map[string]int{}
	for i, p := range v.Points {
		shapes[p.Shape]++
		if p.X < v.Left || p.X > v.Right || p.Y < v.Top || p.Y > v.Bottom || i > 0 && p.X < v.Points[i-1].X {
			t.Errorf("point %d is at %v, %v", i, p.X, p.Y)
		}
	}
	if diff := cmp.Diff(map[string]int{"dot": 17, "cross": 1, "square": 1}, shapes); diff != "" {
		t.Error(diff)
	}
	list[0].Duration = 7200
	v = trendOf(list, time.UTC, "../")
	if !v.Logarithmic {
		t.Error("durations from a second to two hours are on a linear scale")
	}
	if diff := cmp.Diff([]string{"1 s", "10 s", "1 min", "10 min", "1 h", "10 h"}, texts(v.Y)); diff != "" {
		t.Error(diff)
	}
	if v := trendOf(list[:1], time.UTC, ""); len(v.Points) > 0 {
		t.Error("one point is no trend")
	}
}
