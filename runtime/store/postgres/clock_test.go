//go:build unix

package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// TestWrongClocks: machines whose clocks differ by hours neither take the leases of others, nor lose
// theirs, nor keep results for longer or shorter than the others do.
func TestWrongClocks(t *testing.T) {
	url := pgtest.Database(t)
	right := open(t, url, postgres.Options{})
	for n, off := range []time.Duration{-3 * time.Hour, 3 * time.Hour, 500 * time.Millisecond} {
		wrong := open(t, url, postgres.Options{})
		now := func() time.Time { return time.Now().Add(off) }
		if err := wrong.SetNow(now); err != nil {
			t.Fatal(err)
		}
		x := store.Record{Ref: benchRef(n), Nonce: 1, Started: now(), Requested: now()}
		l, err := wrong.Begin(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "the lease, by its holder's clock", l.Expires, now().Add(30*time.Second))
		var held *store.HeldError
		_, err = right.Begin(ctx, store.Record{Ref: benchRef(n), Nonce: 2})
		if !errors.As(err, &held) {
			t.Fatalf("Begin of what is held: %v", err)
		}
		near(t, "the lease, by another clock", held.Expires, time.Now().Add(30*time.Second))
		if l, err = wrong.Renew(ctx, l, x); err != nil {
			t.Fatal(err)
		}
		near(t, "the renewed lease", l.Expires, now().Add(30*time.Second))
		x.Status, x.Finished, x.Expires = store.Succeeded, now(), now().Add(time.Hour)
		if err := wrong.End(ctx, l, x, store.Bytes("x")); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			s   *postgres.Store
			now time.Time
		}{{right, time.Now()}, {wrong, now()}} {
			found := make([]store.Found, 1)
			if err := c.s.Lookup(ctx, []store.Ref{benchRef(n)}, found); err != nil || found[0].Result() == nil {
				t.Fatalf("%v off: found %+v, %v", off, found[0], err)
			}
			e := found[0].Result()
			near(t, "the end", e.Finished, c.now)
			near(t, "the expiry", e.Expires, c.now.Add(time.Hour))
			for r := range c.s.History(ctx, store.Filter{Limit: 1, Since: c.now.Add(-time.Minute), Until: c.now.Add(time.Minute)}) {
				near(t, "the start in the history", r.Started, c.now)
				near(t, "when it was asked for", r.Requested, c.now)
			}
		}
		x.Ref = benchRef(100 + n) // held by the right one
		if _, err := right.Begin(ctx, x); err != nil {
			t.Fatal(err)
		}
		if _, err := wrong.Begin(ctx, store.Record{Ref: x.Ref, Nonce: 3}); !errors.Is(err, store.ErrHeld) {
			t.Errorf("%v off: Begin of what is held: %v", off, err)
		}
	}
}

func near(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want).Abs(); d > 5*time.Second {
		t.Errorf("%s: %v instead of %v", what, got, want)
	}
}
