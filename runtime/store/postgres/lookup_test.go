//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// TestManyLookupsAtOnce: 500 calls that are looked up by as many goroutines, with the server a
// millisecond away, are a few round trips.
func TestManyLookupsAtOnce(t *testing.T) {
	const most, rounds = 500, 5
	server := pgtest.Shared(t)
	url := server.Database(t)
	near := open(t, url, postgres.Options{})
	for n := range most / 2 {
		put(t, near, benchRef(n), []byte("x"))
	}
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	proxy.Delay(500 * time.Microsecond)
	s := open(t, throughProxy(url, server, proxy), postgres.Options{})
	best := time.Hour
	for range rounds {
		began := time.Now()
		lookAll(t, s, most)
		best = min(best, time.Since(began))
	}
	t.Logf("%v", best)
	if best > 60*time.Millisecond { // 20 ms on a machine that does nothing else
		t.Errorf("%d lookups at once take %v at best", most, best)
	}
}

// lookAll looks up calls, each in a goroutine of its own, of which the first half is found.
func lookAll(t testing.TB, s store.Store, most int) {
	var wg sync.WaitGroup
	for n := range most {
		wg.Go(func() {
			found := make([]store.Found, 1)
			if err := s.Lookup(ctx, []store.Ref{benchRef(n)}, found); err != nil || (found[0].Result() != nil) != (n < most/2) {
				t.Errorf("call %d: %+v, %v", n, found[0], err)
			}
		})
	}
	wg.Wait()
}

// TestLookupIsLeft: of those who look up together, one who leaves ends nothing for the others.
func TestLookupIsLeft(t *testing.T) {
	server := pgtest.Shared(t)
	url := server.Database(t)
	put(t, open(t, url, postgres.Options{}), benchRef(0), []byte("x"))
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	s := open(t, throughProxy(url, server, proxy), postgres.Options{})
	proxy.Delay(20 * time.Millisecond)
	var wg sync.WaitGroup
	for n := range 60 {
		wg.Go(func() {
			mine, cancel := context.WithTimeout(ctx, time.Minute)
			if n%2 == 1 {
				cancel()
				mine, cancel = context.WithTimeout(ctx, time.Duration(n)*time.Millisecond)
			}
			defer cancel()
			found := make([]store.Found, 1)
			err := s.Lookup(mine, []store.Ref{benchRef(0)}, found)
			if err == nil && found[0].Result() == nil || err != nil && (n%2 == 0 || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("%d: %+v, %v", n, found[0], err)
			}
		})
	}
	wg.Wait()
}

// TestUses: how often results were got is written when the Store is closed, at last.
func TestUses(t *testing.T) {
	url := pgtest.Database(t)
	s, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, benchRef(1), []byte("x"))
	before := time.Now()
	for range 5 {
		look(t, s, benchRef(1))
	}
	if _, err := s.Peek(ctx, benchRef(1)); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := listed(t, open(t, url, postgres.Options{}), store.Filter{})[0]
	if r.Hits != 5 || r.Used.Before(before.Add(-time.Second)) {
		t.Errorf("%d uses, the last at %v", r.Hits, r.Used)
	}
}

// listed returns what a filter lets through, as far as a search goes at once.
func listed(t testing.TB, s store.Store, f store.Filter) (records []store.Record) {
	t.Helper()
	for r, err := range s.History(ctx, f) {
		var partial *store.PartialError
		if errors.As(err, &partial) && f.Searches() {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// BenchmarkLookups looks up 500 calls at once, with the server a millisecond away.
func BenchmarkLookups(b *testing.B) {
	server := pgtest.Shared(b)
	url := server.Database(b)
	near := open(b, url, postgres.Options{})
	for n := range 250 {
		put(b, near, benchRef(n), []byte("x"))
	}
	proxy := crashtest.NewProxy(b, "unix", server.Socket())
	proxy.Delay(500 * time.Microsecond)
	s := open(b, throughProxy(url, server, proxy), postgres.Options{})
	for b.Loop() {
		lookAll(b, s, 500)
	}
}
