package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/workgen/workgen/runtime/store"
)

// remember makes a store with a history of n executions of a hundred works, of which one in
// ten failed: those of ten works more often. Each call was executed four times.
func remember(tb testing.TB, n int) (dir string) {
	dir = tb.TempDir()
	s := opened(tb, dir, Options{Manual: true, Relaxed: true})
	r := store.Record{
		Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"}, Attempt: 1,
		Args: []store.Arg{{Name: "Source", Type: "string", Text: `"s3://sales"`}, {Name: "day", Type: "string"}},
	}
	const works, batch = 100, 10_000
	first := time.Now().Add(-time.Duration(n) * time.Second).UnixMicro()
	for from := 0; from < n; from += batch {
		err := s.w.write(ctx, false, func(tx *tx) error {
			for i := from; i < from+batch; i++ {
				r.Work, r.Error = "example.com/daily.Work"+strconv.Itoa(i%works), ""
				work, scope, err := tx.scope(&r)
				if err != nil {
					return err
				}
				status := store.Evicted
				if i%10 == 3 {
					status, r.Error = store.Failed, "no such bucket"
				}
				r.Key = sha256.Sum256(binary.AppendVarint(nil, int64(i/4/works*works+i%works)))
				r.Args[1].Text = fmt.Sprintf("%q", "day "+strconv.Itoa(i))
				seq := first + int64(i)*1_000_000
				err = tx.q(`INSERT INTO execution(seq, key, work, scope, status, holder, nonce, started, finished, expires, gone, used, hits, text, record)
					VALUES(?, ?, ?, ?, ?, 1, 0, ?, ?, 0, 0, 0, 0, ?, ?)`).
					int(seq).bytes(r.Key[:]).int(work).int(scope).int(int64(status)).int(seq).int(seq).packed(&r).run()
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// TestATextIsSearchedForInAnIndex: the records of one work are far from each other in the table.
func TestATextIsSearchedForInAnIndex(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	c, err := s.readers.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.readers.give(c)
	for name, f := range map[string]store.Filter{
		"of a work":         {},
		"one status":        {Status: []store.Status{store.Failed}},
		"since":             {Since: time.Now()},
		"the next page":     {Before: 1},
		"all that is asked": {Status: []store.Status{store.Failed, store.Lost}, Since: time.Now(), Before: 1},
	} {
		f.Work, f.Text = "w", "x"
		q, err := (&lister{s: s, f: f}).query(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		q.done()
		for _, step := range planOf(t, c, q) {
			if strings.Contains(step, "execution") && !strings.Contains(step, "USING COVERING INDEX") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// planOf says how a statement is executed.
func planOf(t *testing.T, c *conn, q *stmt) (steps []string) {
	t.Helper()
	plan := c.q("EXPLAIN QUERY PLAN " + libc.GoString(sqlite3.Xsqlite3_sql(c.tls, q.p)))
	for {
		more, err := plan.step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return steps
		}
		steps = append(steps, plan.colString(3))
	}
}

// TestTheNewestOfACallAreReadAlone: of a call that was executed a thousand times, the others are
// neither read nor sorted.
func TestTheNewestOfACallAreReadAlone(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	c, err := s.readers.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.readers.give(c)
	for name, f := range map[string]store.Filter{
		"of any work": {},
		"of a work":   {Work: "w"},
		"failed ones": {Status: []store.Status{store.Failed}},
		"before":      {Before: 1},
	} {
		f.Prefix = strings.Repeat("0a", 32)
		q, err := (&lister{s: s, f: f}).query(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		q.done()
		for _, step := range planOf(t, c, q) {
			if !strings.Contains(step, "USING INDEX execution_key (key=?") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// BenchmarkHistory measures how long one waits who looks into a long history.
func BenchmarkHistory(b *testing.B) {
	const many = 1_000_000
	dir := remember(b, many)
	s := opened(b, dir, Options{Manual: true})
	work := "example.com/daily.Work0"
	failed := []store.Status{store.Failed, store.GivenUp}
	for _, list := range []struct {
		name   string
		filter store.Filter
		want   int
	}{
		{"all works", store.Filter{}, 100},
		{"one work", store.Filter{Work: work}, 100},
		{"failed", store.Filter{Status: failed}, 100},
		{"failed of one work", store.Filter{Work: "example.com/daily.Work3", Status: failed}, 100},
		{"failed of a work without failures", store.Filter{Work: work, Status: failed}, 0},
		{"newest of each call", store.Filter{Newest: true}, 100},
		{"a week ago", store.Filter{Until: time.Now().Add(-7 * 24 * time.Hour)}, 100},
		{"text", store.Filter{Text: "DAY 99"}, 100},
		{"text that is rare", store.Filter{Text: "day 12345"}, 0},
		{"text of one work", store.Filter{Text: "Day 12345", Work: work}, 0},
		{"text that is not of ASCII", store.Filter{Text: "größe"}, 0},
		{"text of one work that is not of ASCII", store.Filter{Text: "größe", Work: work}, 0},
		{"text of failures of one work", store.Filter{Text: "day 12345", Work: "example.com/daily.Work3", Status: failed}, 0},
		{"text of one work since a day", store.Filter{Text: "day 12345", Work: work, Since: time.Now().Add(-24 * time.Hour)}, 0},
	} {
		list.filter.Limit = 100
		b.Run(list.name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				for _, err := range s.History(ctx, list.filter) {
					var partial *store.PartialError
					if errors.As(err, &partial) && list.filter.Searches() {
						break
					}
					if n++; err != nil {
						b.Fatal(err)
					}
				}
				if n != list.want {
					b.Fatalf("%d records", n)
				}
			}
		})
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			other, err := Open("", Options{Dir: dir, Manual: true})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := other.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	b.Run("writing alone", func(b *testing.B) {
		longest := time.Duration(0)
		for b.Loop() {
			for n := range 5000 {
				before := time.Now()
				if err := fail(s, store.Record{Ref: ref(byte(n))}); err != nil {
					b.Fatal(err)
				}
				longest = max(longest, time.Since(before))
				time.Sleep(time.Millisecond)
			}
		}
		b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
	})
	b.Run("bound", func(b *testing.B) {
		longest, held := time.Duration(0), time.Duration(0)
		other := opened(b, dir, Options{Manual: true, History: 1000})
		other.OnHeld(func(d time.Duration) { held = max(held, d) })
		for b.Loop() {
			done := make(chan error)
			go func() { done <- other.gc.boundHistory(true) }()
			for n := byte(0); ; n++ {
				before := time.Now()
				if err := fail(s, store.Record{Ref: ref(n)}); err != nil {
					b.Fatal(err)
				}
				longest = max(longest, time.Since(before))
				select {
				case err := <-done:
					if err != nil {
						b.Fatal(err)
					}
				case <-time.After(time.Millisecond):
					continue
				}
				break
			}
		}
		b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
		b.ReportMetric(float64(held.Microseconds())/1000, "longest-lock-ms")
	})
	info, err := os.Stat(filepath.Join(dir, databaseFile))
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d bytes each", info.Size()/many)
}

// TestASearchSaysThatItIsNotFinished: what is searched for in vain ends after the newest
// records, and says where to go on.
func TestASearchSaysThatItIsNotFinished(t *testing.T) {
	const most = 20_000
	s := opened(t, remember(t, most), Options{Manual: true})
	for name, f := range map[string]store.Filter{
		"text":                   {Text: `"day 42"`},
		"machine":                {Host: "nowhere"},
		"text, since":            {Text: `"day 42"`, Since: time.Now().Add(-30 * 24 * time.Hour)},
		"text, with a limit":     {Text: `"day 42"`, Limit: 7},
		"text and machine, more": {Text: `"day 42"`, Host: "here"},
	} {
		var partial *store.PartialError
		n := 0
		for _, err := range s.History(ctx, f) {
			if n++; n > 1 || !errors.As(err, &partial) {
				t.Fatalf("%s: %d: %v", name, n, err)
			}
		}
		if partial == nil {
			t.Fatalf("%s: nothing says that not all was searched", name)
		}
		want := 0
		if f.Text != "" {
			want = 1
		}
		n = 0
		for _, err := range store.All(ctx, s, f) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if n != want {
			t.Errorf("%s: %d records of all, want %d", name, n, want)
		}
		f.Before = partial.Before
		n = 0
		for range s.History(ctx, store.Filter{Since: time.UnixMicro(int64(partial.Before))}) {
			n++
		}
		if n != store.MaxSearched {
			t.Errorf("%s: %d were searched", name, n)
		}
	}
}

// TestWhoWantsTheBeginningOfAListWaitsForNoMore: what is deleted after the first record was listed
// is listed only as far as it was read before.
func TestWhoWantsTheBeginningOfAListWaitsForNoMore(t *testing.T) {
	s := opened(t, remember(t, 10_000), Options{Manual: true})
	other, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	read := 0
	for _, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if read++; read > 1 {
			continue
		}
		if err := other.exec(`DELETE FROM execution`); err != nil {
			t.Fatal(err)
		}
	}
	if read > 300 {
		t.Errorf("%d records were read at once", read)
	}
}
