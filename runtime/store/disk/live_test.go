package disk

import (
	"os"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// TestWhoIsBuriedHoldsNothing: somebody has removed the file of a dead process, and has
// not come to its leases yet.
func TestWhoIsBuriedHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{}), opened(t, dir, Options{})
	l, err := s.Acquire(ctx, numbered(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.self.lock.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Acquire(ctx, numbered(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, l, store.Record{}, store.Bytes("late")); err != store.ErrLost {
		t.Errorf("error %v, want ErrLost", err)
	}
}

// TestScopesOfNoRecordAreForgotten: every change of code makes one.
func TestScopesOfNoRecordAreForgotten(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Relaxed: true})
	for n := range maxScopes + 50 {
		if err := s.Note(ctx, store.Record{Key: numbered(byte(n % 10)), Work: "w", Code: string(rune('!' + n))}); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range []string{string(rune('!' + maxScopes + 49)), "another"} {
		if err := s.GC(ctx); err != nil {
			t.Fatal(err)
		}
		c, err := s.readers.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := c.value(`SELECT count(*) FROM scope`)
		s.readers.give(c)
		if err != nil || n > 10 {
			t.Errorf("%d scopes are left of 10 records, %v", n, err)
		}
		if err := s.Note(ctx, store.Record{Key: numbered(1), Work: "w", Code: code}); err != nil {
			t.Fatal(err)
		}
		found := 0
		for r, err := range s.List(ctx, store.Filter{Prefix: numbered(1).String()}) {
			if found++; err != nil || r.Work != "w" || r.Code != code {
				t.Errorf("%+v, %v", r, err)
			}
		}
		if found != 1 {
			t.Errorf("%d records", found)
		}
	}
}
