//go:build unix

package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// fill makes executions of as many calls, in ten works, an hour apart, of which each seventh has
// failed.
func fill(t testing.TB, url string, s *postgres.Store, n int) {
	t.Helper()
	records := make([]store.Record, n)
	for i := range records {
		began := time.Now().Add(-time.Duration(i) * time.Hour).Truncate(time.Microsecond)
		r := &records[i]
		*r = store.Record{
			Ref: store.Ref{Work: fmt.Sprint("example.com/daily.Fetch", i%10), Key: benchRef(i).Key}, Schema: "s1", Code: "c1",
			Args:   []store.Arg{{Name: "Source", Type: "string", Text: "s3://sales"}, {Name: "day", Type: "string", Text: fmt.Sprint("day ", i)}},
			Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"},
			Status: store.Deleted, Requested: began, Started: began, Finished: began.Add(time.Minute),
		}
		if i%7 == 0 {
			r.Status, r.Error = store.Failed, fmt.Sprint("no page ", i)
		}
		if i < 10 { // so that the scopes are there
			r.Nonce = 1
			l, err := s.Begin(ctx, *r)
			if err == nil {
				err = s.End(ctx, l, store.Record{Status: store.Stopped}, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Fill(records); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, `DELETE FROM workgen.execution WHERE status = 8; ANALYZE workgen.execution`)
}

// TestLongHistory: 100,000 executions are listed in about a second, and pages of them at once, whatever
// they are selected by and wherever they are. Damage is found in each, since keys are under the
// checksum, and that takes as long.
func TestLongHistory(t *testing.T) {
	const most = 100_000
	url := pgtest.Database(t)
	s := open(t, url, postgres.Options{Manual: true})
	fill(t, url, s, most)
	best := time.Hour
	for range 3 {
		began := time.Now()
		if n := len(listed(t, s, store.Filter{})); n != most {
			t.Fatalf("%d records", n)
		}
		best = min(best, time.Since(began))
	}
	t.Logf("all: %v", best)
	if best > 4*time.Second {
		t.Errorf("%d executions were listed in %v", most, best)
	}
	now := time.Now()
	long := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	last := listed(t, s, store.Filter{Until: long(most - 100)})
	if len(last) < 90 || len(last) > 110 {
		t.Fatalf("%d records are the oldest", len(last))
	}
	const work = "example.com/daily.Fetch3"
	failures := []store.Status{store.Failed, store.GivenUp, store.Lost}
	for _, c := range []struct {
		name string
		f    store.Filter
		want int
	}{
		{"newest", store.Filter{}, 50},
		{"oldest", store.Filter{Before: last[0].Seq}, 50},
		{"of a work", store.Filter{Work: work}, 50},
		{"of a work, oldest", store.Filter{Work: work, Before: last[0].Seq}, 10},
		{"until", store.Filter{Until: long(90_000)}, 50},
		{"since and until", store.Filter{Since: long(50_020), Until: long(50_000)}, 20},
		{"statuses", store.Filter{Status: failures}, 50},
		{"statuses, oldest", store.Filter{Status: failures, Before: last[0].Seq}, 14},
		{"status of a work", store.Filter{Work: work, Status: failures}, 50},
		{"none of a status", store.Filter{Status: []store.Status{store.Succeeded}}, 0},
		{"none of a status of a work", store.Filter{Work: work, Status: []store.Status{store.Succeeded}}, 0},
		{"prefix", store.Filter{Prefix: benchRef(77_777).Key.String()[:8]}, 1},
		{"newest of the calls", store.Filter{Newest: true, Before: last[0].Seq}, 50},
		{"text", store.Filter{Text: "NO PAGE 77"}, 18},
		{"text of arguments of a work", store.Filter{Text: "s3://", Work: work}, 50},
		{"text that is nowhere", store.Filter{Text: "nowhere"}, 0},
	} {
		c.f.Limit = 50
		best, n := time.Hour, 0
		for range 3 {
			began := time.Now()
			n = len(listed(t, s, c.f))
			best = min(best, time.Since(began))
		}
		t.Logf("%s: %d in %v", c.name, n, best)
		if best > 200*time.Millisecond || n != c.want {
			t.Errorf("%s: %d records were listed in %v, want %d", c.name, n, best, c.want)
		}
	}
}

// TestBounds: the history is bounded by count and age, and what has a result, is executed, or is to
// be executed again stays.
func TestBounds(t *testing.T) {
	url := pgtest.Database(t)
	s := open(t, url, postgres.Options{History: 100, HistoryAge: time.Hour, Manual: true})
	end := func(n int, how store.Status, retry time.Time) {
		l := begin(t, s, benchRef(n))
		if err := s.End(ctx, l, store.Record{Ref: l.Ref, Status: how, Retry: retry, Finished: time.Now()}, store.Bytes("x")); err != nil {
			t.Fatal(err)
		}
	}
	end(0, store.Succeeded, time.Time{})
	end(1, store.Failed, time.Now().Add(time.Minute)) // is to be executed again
	end(2, store.Failed, time.Now().Add(time.Minute)) // was
	end(2, store.GivenUp, time.Time{})
	end(3, store.GivenUp, time.Time{})
	end(4, store.Stopped, time.Time{})
	end(5, store.Failed, time.Time{})
	running := begin(t, s, benchRef(5))
	// All that is a day old now.
	pgtest.Exec(t, url, `UPDATE workgen.execution SET seq = seq - 86400000000, started = started - interval '1 day', finished = finished - interval '1 day';
		UPDATE workgen.result SET seq = seq - 86400000000`)
	for range 150 {
		end(6, store.Failed, time.Time{})
	}
	before := len(listed(t, s, store.Filter{}))
	if err := s.GC(ctx); err != nil {
		// The times under the checksums are others, which only reading finds.
		t.Fatal(err)
	}
	got := map[int][]store.Status{}
	for _, r := range listed(t, s, store.Filter{}) {
		for n := range 7 {
			if r.Key == benchRef(n).Key {
				got[n] = append(got[n], r.Status)
			}
		}
	}
	t.Logf("%d records before, then %v", before, got)
	want := map[int][]store.Status{
		0: {store.Succeeded},
		1: {store.Failed},
		5: {store.Running},
	}
	for n := range 6 {
		if !slices.Equal(got[n], want[n]) {
			t.Errorf("of call %d there is %v, want %v", n, got[n], want[n])
		}
	}
	if n := len(got[6]); n != 97 {
		t.Errorf("of a work with too many there are %d and 3", n)
	}
	running.Token -= 86400000000
	if err := s.End(ctx, running, store.Record{Ref: running.Ref, Status: store.Failed}, nil); err != nil {
		t.Error(err)
	}
}

// TestExpiredAreDropped: by GC, and with them what they take.
func TestExpiredAreDropped(t *testing.T) {
	url := pgtest.Database(t)
	s := open(t, url, postgres.Options{})
	for n, expires := range []time.Time{{}, time.Now().Add(-time.Minute), time.Now().Add(time.Hour)} {
		l := begin(t, s, benchRef(n))
		x := store.Record{Ref: l.Ref, Status: store.Succeeded, Finished: time.Now().Add(-2 * time.Minute), Expires: expires}
		if err := s.End(ctx, l, x, store.Bytes(noise(600_000))); err != nil {
			t.Fatal(err)
		}
	}
	wantResults := func(s *postgres.Store, results, chunks int) {
		t.Helper()
		if err := s.GC(ctx); err != nil {
			t.Fatal(err)
		}
		var rows [2]int
		err := s.Connections().QueryRow(ctx, `SELECT (SELECT count(*) FROM workgen.result), (SELECT count(*) FROM workgen.chunk)`).Scan(&rows[0], &rows[1])
		if err != nil || rows != [2]int{results, chunks} {
			t.Errorf("%d results and chunks, %v, want %d and %d", rows, err, results, chunks)
		}
	}
	wantResults(s, 2, 6)
	// One that wants them younger.
	wantResults(open(t, url, postgres.Options{MaxAge: time.Millisecond}), 0, 0)
	for _, r := range listed(t, s, store.Filter{}) {
		if r.Status != store.Expired || r.Gone.IsZero() {
			t.Errorf("%+v", r)
		}
	}
}

// TestMaxBytes: results that were not used for the longest time make room, by themselves.
func TestMaxBytes(t *testing.T) {
	url := pgtest.Database(t)
	// Two of 300 KB are used again, which is written when their Store is closed.
	early, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		put(t, early, benchRef(n), noise(300_000))
	}
	look(t, early, benchRef(0))
	look(t, early, benchRef(3))
	if err := early.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, url, postgres.Options{MaxBytes: 1_100_000})
	put(t, s, benchRef(5), noise(300_000))
	want := []store.Status{store.Succeeded, store.Evicted, store.Evicted, store.Succeeded, store.Evicted, store.Succeeded}
	wantSoon(t, "room", func() bool {
		got := make([]store.Status, len(want))
		for _, r := range listed(t, s, store.Filter{}) {
			for n := range got {
				if r.Key == benchRef(n).Key {
					got[n] = r.Status
				}
			}
		}
		return slices.Equal(got, want)
	})
	x := store.Record{Ref: benchRef(6), Status: store.Succeeded}
	if err := s.End(ctx, begin(t, s, x.Ref), x, store.Bytes(noise(1_200_000))); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("one that is larger than all: %v", err)
	}
}

// TestCheck: rows that do not fit together are found.
func TestCheck(t *testing.T) {
	url := pgtest.Database(t)
	s := open(t, url, postgres.Options{})
	put(t, s, benchRef(1), []byte("x"))
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	pgtest.Exec(t, url, `DELETE FROM workgen.result`)
	if err := errors.Join(s.Check(ctx)); err == nil || !strings.Contains(err.Error(), "1 results that should be there are missing") {
		t.Errorf("error %v", err)
	}
	if _, err := s.Begin(ctx, store.Record{Ref: benchRef(1)}); err != nil {
		t.Errorf("what was lost is not executed again: %v", err)
	}
}
