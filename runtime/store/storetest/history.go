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
	if _, err := s.Delete(ctx, refOf(0)); err != nil {
		t.Fatal(err)
	}
	all := s.history(s, store.Filter{})
	if len(all) != most-1 {
		t.Fatalf("%d records, want %d", len(all), most-1)
	}
	prefix := keyOf(7).String()[:5]
	for name, c := range map[string]struct {
		filter store.Filter
		wants  func(n int) bool
	}{
		"all":           {store.Filter{}, func(n int) bool { return true }},
		"work":          {store.Filter{Work: "v"}, func(n int) bool { return n%2 == 1 }},
		"no such work":  {store.Filter{Work: "u"}, func(n int) bool { return false }},
		"succeeded":     {store.Filter{Status: []store.Status{store.Succeeded}}, func(n int) bool { return n%5 != 4 }},
		"failed":        {store.Filter{Status: []store.Status{store.Failed}}, func(n int) bool { return n%5 == 4 }},
		"no status":     {store.Filter{Status: []store.Status{}}, func(n int) bool { return false }},
		"prefix":        {store.Filter{Prefix: prefix}, func(n int) bool { return strings.HasPrefix(keyOf(n).String(), prefix) }},
		"one digit":     {store.Filter{Prefix: prefix[:1]}, func(n int) bool { return keyOf(n).String()[0] == prefix[0] }},
		"whole key":     {store.Filter{Prefix: keyOf(7).String()}, func(n int) bool { return n == 7 }},
		"no such key":   {store.Filter{Prefix: keyOf(most).String()}, func(n int) bool { return false }},
		"bad prefix":    {store.Filter{Prefix: "xyz"}, func(n int) bool { return false }},
		"long prefix":   {store.Filter{Prefix: keyOf(7).String() + "0"}, func(n int) bool { return false }},
		"since":         {store.Filter{Since: at.Add(10 * time.Minute)}, func(n int) bool { return n >= 10 }},
		"until":         {store.Filter{Until: at.Add(10 * time.Minute)}, func(n int) bool { return n < 10 }},
		"before":        {store.Filter{Before: all[9].Seq}, func(n int) bool { return n < 30 }},
		"work and time": {store.Filter{Work: "w", Since: at.Add(5 * time.Minute), Until: at.Add(9 * time.Minute), Status: []store.Status{store.Succeeded}}, func(n int) bool { return n == 6 || n == 8 }},
	} {
		for _, limit := range []int{0, 1, 3} {
			want := []int{}
			for n := most - 1; n > 0; n-- { // 0 was deleted
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
	var earlier store.Earlier
	for attempts, how := range []store.Status{store.Failed, store.Failed, store.GivenUp} {
		want := recordOf(1, "w")
		want.Status, want.Attempts, want.Error = how, attempts+1, "attempt "+strconv.Itoa(attempts)
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
		want.Token, want.Earlier = l.Token, earlier
		earlier = store.Earlier{Status: how, At: want.Finished, Error: want.Error}
		got := s.history(other, store.Filter{Status: []store.Status{store.Failed, store.GivenUp}})
		if len(got) != 1 {
			t.Fatalf("%d records of one call that failed", len(got))
		}
		s.wantRecord("record", got[0], want)
		f := s.lookup(other, refOf(1))
		if f.Latest == nil || f.Results != nil || f.Holder != nil {
			t.Fatalf("after a failure there is %+v", f)
		}
		s.wantRecord("newest record", *f.Latest, want)
	}

	// Neither an execution that is under way nor one that was stopped changes that.
	l := s.begin(s, 1)
	for range 2 {
		if f := s.lookup(other, refOf(1)); f.Latest == nil || f.Latest.Status != store.GivenUp && f.Latest.Status != store.Stopped {
			t.Errorf("the newest record is %+v", f.Latest)
		}
		if err := stop(s, l); err != nil {
			t.Fatal(err)
		}
	}

	want := recordOf(1, "w")
	l = s.put(s, want, []byte("x"))
	want.Status, want.Token, want.Size, want.Earlier = store.Succeeded, l.Token, 1, earlier
	got := s.history(s, store.Filter{})
	if len(got) != 1 {
		t.Fatalf("%d records of one call", len(got))
	}
	s.wantRecord("record", got[0], want)
	s.got(other, 1)
}

// testEarlier: a record says what there was of its key before, whatever the caller
// says.
func testEarlier(t *testing.T, s *suite) {
	other := s.another()
	r := recordOf(1, "w")
	r.Earlier = store.Earlier{Status: store.Evicted, At: at, Error: "made up"}
	expiring := r
	expiring.Expires = time.Now().Add(-time.Second).Truncate(time.Millisecond).UTC()
	for _, step := range []struct {
		name string
		do   func() error
		want store.Earlier
	}{
		{"the first", func() error { s.put(s, expiring, []byte("x")); return nil }, store.Earlier{}},
		{"after one that expired", func() error { return second(fail(other, r)) }, store.Earlier{Status: store.Expired}},
		{"after a failure", func() error { s.put(s, r, []byte("x")); return nil },
			store.Earlier{Status: store.Failed, At: r.Finished, Error: r.Error}},
		{"after one that was deleted", func() error {
			if _, err := other.Delete(ctx, refOf(1)); err != nil {
				return err
			}
			s.put(other, r, []byte("x"))
			return nil
		}, store.Earlier{Status: store.Deleted}},
	} {
		begin := time.Now().Add(-time.Millisecond)
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		records := s.history(s, store.Filter{Prefix: keyOf(1).String(), Status: []store.Status{store.Succeeded, store.Failed, store.Expired}})
		if len(records) != 1 {
			t.Fatalf("%s: %d records", step.name, len(records))
		}
		got := records[0].Earlier
		switch step.want.Status {
		case store.Expired:
			if got.At.Before(expiring.Expires) {
				t.Errorf("%s: at %v", step.name, got.At)
			}
			got.At = time.Time{}
		case store.Deleted:
			if got.At.Before(begin) {
				t.Errorf("%s: at %v", step.name, got.At)
			}
			got.At = time.Time{}
		}
		if got != step.want {
			t.Errorf("%s: earlier %+v, want %+v", step.name, got, step.want)
		}
	}
}
