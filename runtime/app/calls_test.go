package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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

// pages goes through all pages of the calls of a work and returns their first
// arguments, a list per page.
func pages(t *testing.T, r *running, work, query string) (out [][]string) {
	t.Helper()
	after := ""
	for range 100 {
		v := get[callsView](t, r, "/api/v1/works/"+work+"/calls?"+query+"&after="+url.QueryEscape(after))
		var page []string
		for _, c := range v.Calls {
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

func TestCallsAreListedInPagesFailedFirst(t *testing.T) {
	for name, opts := range map[string][]runtime.Option{
		"without a store": nil,
		"with a store":    {runtime.WithStore(memory.New(0))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWork("list.Work", flaky, opts...)
			r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
			for _, day := range []string{"1", "2 bad", "3", "4", "5 bad", "6"} {
				w.Run(t.Context(), day)
				if strings.Contains(day, "bad") { // the store is told of it a moment later
					eventually(t, "it is listed", func() bool {
						return slices.Contains(pages(t, r, "list.Work", "status=failed")[0], day)
					})
				}
			}
			for query, want := range map[string][][]string{
				"":                       {{"5 bad", "2 bad", "6", "4", "3", "1"}},
				"limit=2":                {{"5 bad", "2 bad"}, {"6", "4"}, {"3", "1"}},
				"limit=4":                {{"5 bad", "2 bad", "6", "4"}, {"3", "1"}},
				"status=failed":          {{"5 bad", "2 bad"}},
				"status=failed&limit=1":  {{"5 bad"}, {"2 bad"}},
				"status=succeeded":       {{"6", "4", "3", "1"}},
				"status=running":         {nil},
				"q=BAD":                  {{"5 bad", "2 bad"}},
				"q=no+data+for+5":        {{"5 bad"}},
				"q=6":                    {{"6"}},
				"q=6&status=failed":      {nil},
				"q=nothing+is+like+that": {nil},
			} {
				if diff := cmp.Diff(want, pages(t, r, "list.Work", query)); diff != "" {
					t.Errorf("%q: %s", query, diff)
				}
			}
		})
	}
}

func TestStoredCallsAreFoundByTheStartOfTheirKeys(t *testing.T) {
	w := newWork("digits.Work", echo, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	days := "ghijklmnopqrstuvwxyz" // letters that are not digits of keys
	for _, day := range days {
		w.Run(t.Context(), string(day))
	}
	all := get[callsView](t, r, "/api/v1/works/digits.Work/calls")
	if len(all.Calls) != len(days) {
		t.Fatalf("%d calls, want %d", len(all.Calls), len(days))
	}
	for _, c := range all.Calls {
		want := []string{strings.Trim(c.Arguments[0].Text, `"`)}
		for _, part := range []string{c.Key, c.Key[:8], strings.ToUpper(c.Key[:12])} {
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
	w.Run(ctx, "2")
	eventually(t, "it runs", func() bool { return w.Stats().InFlight == 1 })
	if diff := cmp.Diff([][]string{{"slow", "2", "1"}}, pages(t, r, "both.Work", "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"slow"}}, pages(t, r, "both.Work", "status=running")); diff != "" {
		t.Error(diff)
	}
}

func TestASearchThatTakesLongGoesOnFromPageToPage(t *testing.T) {
	if testing.Short() {
		t.Skip("makes many calls")
	}
	const n = 2*maxScanned + 100
	w := newWork("many.Work", echo, runtime.History(n))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	for i := range n {
		w.Run(t.Context(), fmt.Sprintf("day %d", i))
	}
	first := get[callsView](t, r, "/api/v1/works/many.Work/calls?status=succeeded&q=day+7%22")
	if len(first.Calls) > 0 || !first.Partial || first.Next == "" {
		t.Errorf("%d calls, partial %v, next %q", len(first.Calls), first.Partial, first.Next)
	}
	all := pages(t, r, "many.Work", "status=succeeded&q=day+7%22")
	if last := all[len(all)-1]; len(all) != 3 || len(last) != 1 || last[0] != "day 7" {
		t.Errorf("got %v", all)
	}
}

func TestQueriesThatAreNoneAreRefused(t *testing.T) {
	w := newWork("query.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	for query, said := range map[string]string{
		"status=lost": "status is one of pending", "limit=0": "limit is a number", "limit=501": "limit is a number",
		"limit=x": "limit is a number", "after=x": "after is not", "after=9.1": "after is not", "after=1.x": "after is not",
		"q=" + strings.Repeat("x", 201): "200 bytes",
	} {
		answer, text := r.do(t, "GET", "/api/v1/works/query.Work/calls?"+query, "")
		if answer.StatusCode != 400 || !strings.Contains(text, said) {
			t.Errorf("%s: %s: %s", query, answer.Status, text)
		}
	}
	for _, path := range []string{"works/none/calls", "calls/none", "calls/none:1", "calls/query.Work:1", "calls/query.Work:x", "calls/" + strings.Repeat("a", 64)} {
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
	for _, part := range []string{`<option selected>given up</option>`, `<span class="status given-up"><span aria-hidden="true">✗</span> given up</span>`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s", part)
		}
	}
}
