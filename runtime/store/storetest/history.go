package storetest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// numbers returns which calls records are of.
func numbers(records []store.Record, most int) []int {
	ns := []int{}
	for _, r := range records {
		for n := range most {
			if r.Key == keyOf(n) {
				ns = append(ns, n)
			}
		}
	}
	return ns
}

func testHistory(t *testing.T, s *suite) {
	const most = 40
	for n := range most {
		r := recordOf(n, []string{"w", "v"}[n%2])
		if n%5 == 4 {
			if _, err := fail(s, r); err != nil {
				t.Fatal(err)
			}
			continue
		}
		s.put(s, r, []byte("x"))
	}
	all := s.history(s, store.Filter{})
	if len(all) != most {
		t.Fatalf("%d records, want %d", len(all), most)
	}
	prefix := keyOf(7).String()[:5]
	for name, c := range map[string]struct {
		filter store.Filter
		wants  func(n int) bool
	}{
		"all":            {store.Filter{}, func(n int) bool { return true }},
		"work":           {store.Filter{Work: "v"}, func(n int) bool { return n%2 == 1 }},
		"no such work":   {store.Filter{Work: "u"}, func(n int) bool { return false }},
		"succeeded":      {store.Filter{Status: []store.Status{store.Succeeded}}, func(n int) bool { return n%5 != 4 }},
		"failed":         {store.Filter{Status: []store.Status{store.Failed}}, func(n int) bool { return n%5 == 4 }},
		"no status":      {store.Filter{Status: []store.Status{}}, func(n int) bool { return false }},
		"prefix":         {store.Filter{Prefix: prefix}, func(n int) bool { return strings.HasPrefix(keyOf(n).String(), prefix) }},
		"one digit":      {store.Filter{Prefix: prefix[:1]}, func(n int) bool { return keyOf(n).String()[0] == prefix[0] }},
		"key and work":   {store.Filter{Prefix: keyOf(7).String(), Work: "w"}, func(n int) bool { return false }},
		"key and status": {store.Filter{Prefix: keyOf(7).String(), Status: []store.Status{store.Failed}}, func(n int) bool { return false }},
		"whole key":      {store.Filter{Prefix: keyOf(7).String()}, func(n int) bool { return n == 7 }},
		"no such key":    {store.Filter{Prefix: keyOf(most).String()}, func(n int) bool { return false }},
		"bad prefix":     {store.Filter{Prefix: "xyz"}, func(n int) bool { return false }},
		"long prefix":    {store.Filter{Prefix: keyOf(7).String() + "0"}, func(n int) bool { return false }},
		"newest":         {store.Filter{Newest: true}, func(n int) bool { return true }},
		"since":          {store.Filter{Since: at.Add(10 * time.Minute)}, func(n int) bool { return n >= 10 }},
		"until":          {store.Filter{Until: at.Add(10 * time.Minute)}, func(n int) bool { return n < 10 }},
		"before":         {store.Filter{Before: all[9].Seq}, func(n int) bool { return n < 30 }},
		"work and time":  {store.Filter{Work: "w", Since: at.Add(5 * time.Minute), Until: at.Add(9 * time.Minute), Status: []store.Status{store.Succeeded}}, func(n int) bool { return n == 6 || n == 8 }},
	} {
		for _, limit := range []int{0, 1, 3} {
			want := []int{}
			for n := most - 1; n >= 0; n-- {
				if c.wants(n) && (limit == 0 || len(want) < limit) {
					want = append(want, n)
				}
			}
			c.filter.Limit = limit
			if got := numbers(s.history(s.Store, c.filter), most); !slices.Equal(got, want) {
				t.Errorf("%s, at most %d: %v, want %v", name, limit, got, want)
			}
		}
	}
	testPages(t, s, all)
	// Leaving a list early, and doing something else with the store inside of it,
	// is nothing special.
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Delete(ctx, r.Ref); err != nil {
			t.Fatal(err)
		}
		break
	}
}

// testPages lists everything in parts.
func testPages(t *testing.T, s *suite, all []store.Record) {
	var pages []store.Record
	for f := (store.Filter{Limit: 7}); ; {
		page := s.history(s, f)
		pages = append(pages, page...)
		if len(page) < f.Limit {
			break
		}
		f.Before = page[len(page)-1].Seq
	}
	if !slices.EqualFunc(pages, all, func(a, b store.Record) bool { return a.Key == b.Key && a.Seq == b.Seq }) {
		t.Errorf("pages have %d records, the list %d", len(pages), len(all))
	}
}

func testHistoryConcurrently(t *testing.T, s *suite) {
	const stable, changing = 600, 100
	for n := range stable {
		if _, err := fail(s, recordOf(n, "w")); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		h := s.open()
		defer h.Close()
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			k := stable + n%changing
			if err := errors.Join(second(fail(h, recordOf(k, "w"))), second(h.Delete(ctx, refOf(k)))); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 10 {
		seen := map[int]int{}
		last := ^uint64(0)
		for _, r := range s.history(s, store.Filter{Work: "w"}) {
			if r.Seq >= last {
				t.Fatalf("record %d after %d", r.Seq, last)
			}
			last = r.Seq
			seen[int(r.Finished.Sub(at)/time.Minute)]++
		}
		for n := range stable {
			if seen[n] != 1 {
				t.Fatalf("record %d was listed %d times", n, seen[n])
			}
		}
	}
	close(done)
	wg.Wait()
}

func second[T any](_ T, err error) error { return err }

func testFailures(t *testing.T, s *suite) {
	other := s.another()
	for i, how := range []store.Status{store.Failed, store.Failed, store.GivenUp} {
		want := recordOf(1, "w")
		want.Status, want.Attempt, want.Error, want.Stack = how, i+1, "attempt "+strconv.Itoa(i), "main.f()"
		want.Retry = at.Add(time.Duration(i) * time.Hour)
		changed, stop := other.Watch(refOf(1))
		l := s.begin(s, 1)
		if f := s.lookup(other, refOf(1)); f.Holder == nil {
			t.Error("nobody executes it") // or its lease has expired
		}
		if err := s.End(ctx, l, want, nil); err != nil {
			t.Fatal(err)
		}
		s.within("watch of what has failed", changed)
		stop()
		want.Seq = l.Token
		got := s.history(other, store.Filter{Status: []store.Status{store.Failed, store.GivenUp}})
		if len(got) != i+1 {
			t.Fatalf("%d records of %d failures", len(got), i+1)
		}
		s.wantRecord("record", got[0], want)
		f := s.lookup(other, refOf(1))
		if f.Latest == nil || f.Results != nil || f.Holder != nil {
			t.Fatalf("after a failure there is %+v", f)
		}
		s.wantRecord("newest record", *f.Latest, want)
	}

	// An execution that is under way does not change that.
	l := s.begin(s, 1)
	if f := s.lookup(other, refOf(1)); f.Latest == nil || f.Latest.Status != store.GivenUp {
		t.Errorf("the newest record is %+v", f.Latest)
	}
	must(t, stop(s, l))
	if f := s.lookup(other, refOf(1)); f.Latest == nil || f.Latest.Status != store.GivenUp || f.Holder != nil {
		t.Errorf("after an execution was stopped there is %+v", f)
	}
	must(t, second(s.Delete(ctx, refOf(1))))
	if f := s.lookup(other, refOf(1)); f.Latest != nil {
		t.Errorf("after the call was deleted the newest record is %+v", f.Latest)
	}
	want := recordOf(1, "w")
	l = s.put(s, want, []byte("x"))
	want.Status, want.Seq, want.Size = store.Succeeded, l.Token, 1
	got := s.history(s, store.Filter{Newest: true})
	if len(got) != 1 {
		t.Fatalf("%d records of one call", len(got))
	}
	s.wantRecord("record", got[0], want)
	s.got(other, 1)
}

// testExecutions: the history of one call has all of its executions, whatever became of
// their results.
func testExecutions(t *testing.T, s *suite) {
	other := s.another()
	expiring := recordOf(1, "w")
	expiring.Expires = time.Now().Add(-time.Second).Truncate(time.Millisecond).UTC()
	remove := func() { must(t, second(other.Delete(ctx, refOf(1)))) }
	for _, step := range []struct {
		do   func()
		want store.Status
	}{
		{func() { s.put(s, expiring, []byte("x")) }, store.Expired},
		{func() { must(t, second(fail(other, recordOf(1, "w")))) }, store.Failed},
		{func() { must(t, stop(other, s.begin(other, 1))) }, store.Stopped},
		{func() { s.begin(other, 1); remove() }, store.Lost},
		{func() { s.putOf(other, 1, "x"); remove() }, store.Deleted},
		{func() { must(t, second(fail(s, recordOf(1, "w")))); remove() }, store.Failed},
		{func() { s.putOf(s, 1, "x") }, store.Succeeded},
	} {
		before := len(s.history(s, store.Filter{}))
		step.do()
		all := s.history(s, store.Filter{Work: "w", Prefix: keyOf(1).String()})
		if len(all) != before+1 || all[0].Status != step.want {
			t.Fatalf("%d records after %d, the newest is %+v, want %v", len(all), before, all[0], step.want)
		}
		newest := s.history(other, store.Filter{Newest: true})
		if len(newest) != 1 || newest[0].Seq != all[0].Seq {
			t.Errorf("of %d records the newest is %+v", len(all), newest)
		}
		none := s.history(other, store.Filter{Newest: true, Before: all[0].Seq})
		if len(none) != 0 {
			t.Errorf("before the newest there is %+v", none)
		}
		deleted := step.want == store.Lost || step.want == store.Deleted || step.want == store.Expired
		if !deleted && all[0].Gone.IsZero() != (before != 5) {
			t.Errorf("%v has gone at %v", step.want, all[0].Gone)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testUnfinished: what has not ended is listed with how far it has come, and is lost when its
// lease has expired.
func testUnfinished(t *testing.T, s *suite) {
	other := s.another()
	want := recordOf(1, "w")
	l := s.beginAs(s, want)
	want.Progress, want.Log = store.Progress{Done: 3, Total: 4, Note: "files"}, "reading\n"
	must(t, second(s.Renew(ctx, l, want)))
	want.Status, want.Seq, want.Finished, want.Error, want.Kind = store.Running, l.Token, time.Time{}, "", 0
	running := store.Filter{Status: []store.Status{store.Running}}
	lost := store.Filter{Status: []store.Status{store.Lost}}
	got := s.history(other, running)
	if len(got) != 1 || len(s.history(s, lost)) != 0 {
		if time.Now().After(l.Expires) {
			t.Skip("the machine is too slow: the lease has expired")
		}
		t.Fatalf("running: %+v", got)
	}
	s.wantRecord("record", got[0], want)
	time.Sleep(time.Until(l.Expires) + 300*time.Millisecond)
	if got := s.history(other, running); len(got) != 0 {
		t.Errorf("running after the lease has expired: %+v", got)
	}
	got = s.history(other, lost)
	if len(got) != 1 || got[0].Seq != l.Token || got[0].Progress != want.Progress || got[0].Finished.IsZero() {
		t.Fatalf("lost: %+v", got)
	}
	before := got[0]
	if got := s.history(other, store.Filter{Text: before.Error}); len(got) != 1 || got[0].Seq != l.Token {
		t.Errorf("of the error %q: %+v", before.Error, got)
	}
	if f := s.lookup(other, refOf(1)); f.Latest == nil || f.Latest.Status != store.Lost {
		t.Errorf("the newest record is %+v", f.Latest)
	}
	s.putOf(other, 1, "x")
	got = s.history(s, lost)
	if len(got) != 1 || before.Error == "" || before.Log != want.Log {
		t.Fatalf("lost: %+v", got)
	}
	s.wantRecord("after another execution, what was lost", got[0], before)
}

// testHost searches for machines, alone and with other filters.
func testHost(t *testing.T, s *suite) {
	const most = 12
	for n := range most {
		r := recordOf(n, []string{"w", "v"}[n%2])
		r.Origin.Host = []string{"night-1", "night-10", "here"}[n%3]
		r.Error = []string{"Access denied", "", "", ""}[n%4]
		if n%4 == 0 {
			must(t, second(fail(s, r)))
		} else {
			s.put(s, r, []byte("x"))
		}
	}
	for _, c := range []struct {
		filter store.Filter
		wants  func(n int) bool
	}{
		{store.Filter{Host: "night-1"}, func(n int) bool { return n%3 == 0 }},
		{store.Filter{Host: "NIGHT-1"}, func(n int) bool { return false }},
		{store.Filter{Host: "daily"}, func(n int) bool { return false }}, // that is the program
		{store.Filter{Host: "night-1", Work: "w"}, func(n int) bool { return n%6 == 0 }},
		{store.Filter{Host: "night-1", Text: "DENIED"}, func(n int) bool { return n%12 == 0 }},
		{store.Filter{Host: "night-1", Status: []store.Status{store.Failed}}, func(n int) bool { return n%12 == 0 }},
		{store.Filter{Host: "here", Since: at.Add(4 * time.Minute), Until: at.Add(11 * time.Minute)}, func(n int) bool { return n == 5 || n == 8 }},
		{store.Filter{Text: "s3://", Since: at.Add(4 * time.Minute), Until: at.Add(11 * time.Minute)}, func(n int) bool { return n >= 4 && n < 11 }},
	} {
		for _, limit := range []int{0, 1} {
			want := []int{}
			for n := most - 1; n >= 0; n-- {
				if c.wants(n) && (limit == 0 || len(want) < limit) {
					want = append(want, n)
				}
			}
			c.filter.Limit = limit
			if got := numbers(s.history(s, c.filter), most); !slices.Equal(got, want) {
				t.Errorf("%+v: %v, want %v", c.filter, got, want)
			}
		}
	}
}

// testText searches arguments and errors.
func testText(t *testing.T, s *suite) {
	const most = 12
	for n := range most {
		r := recordOf(n, []string{"w", "v"}[n%2])
		r.Args = append(r.Args, store.Arg{Name: "Path", Type: "string", Text: `"/data/Größe-` + strconv.Itoa(n) + `.csv"`})
		if r.Error = "cannot open: Permission denied"; n%3 != 0 {
			r.Error = ""
		}
		if n%3 == 0 {
			must(t, second(fail(s, r)))
		} else {
			s.put(s, r, []byte("x"))
		}
	}
	for text, wants := range map[string]func(n int) bool{
		"größe-1":           func(n int) bool { return n == 1 || n >= 10 },
		"GRÖSSE":            func(n int) bool { return false },
		".csv":              func(n int) bool { return true },
		"permission DENIED": func(n int) bool { return n%3 == 0 },
		"s3://sales":        func(n int) bool { return true },
		"denieds3://":       func(n int) bool { return false }, // that is in two places
		"daily":             func(n int) bool { return false }, // that is the program
		"Path":              func(n int) bool { return false },
		"w":                 func(n int) bool { return false },
	} {
		for _, work := range []string{"", "w"} {
			for _, limit := range []int{0, 2} {
				want := []int{}
				for n := most - 1; n >= 0; n-- {
					if wants(n) && (work == "" || n%2 == 0) && (limit == 0 || len(want) < limit) {
						want = append(want, n)
					}
				}
				got := numbers(s.history(s, store.Filter{Text: text, Work: work, Limit: limit}), most)
				if !slices.Equal(got, want) {
					t.Errorf("%q of work %q, at most %d: %v, want %v", text, work, limit, got, want)
				}
			}
		}
	}
}
