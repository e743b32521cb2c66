package runtime

import (
	"context"
	goruntime "runtime"
	"testing"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// page is a result that is large enough to have memory of its own.
type page struct{ Text [1 << 10]byte }

func newPages(s store.Store, opts ...Option) *Calls[string, string, *page] {
	return NewCalls(Spec[string, string, *page]{
		Name: "example.com/web.Page", Schema: "s1", Code: &Code{Sum: "c1"},
		Execute: func(context.Context, string) (*page, error) { return new(page), nil },
		Encode:  func(arg *string, e *key.Encoder) { e.String(*arg) },
	}, append(opts, WithStore(s), WithLogger(quiet()))...)
}

// TestAResultFromTheFutureIsExecutedAgain has the clock set back by an hour after a
// result was put: a work with a time to live cannot tell how much of it is over.
func TestAResultFromTheFutureIsExecutedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		storing(s, echo).Run(t.Context(), "a")
		ahead := hooked{Store: s, looked: func(found []store.Found) error {
			found[0].Results[0].Finished = found[0].Results[0].Finished.Add(time.Hour)
			return nil
		}}
		want(t, "stored for ever", storedBy(t, storing(ahead, echo)), 1)
		want(t, "stored, with a time to live", storedBy(t, storing(ahead, echo, TTL(time.Hour))), 0)
	})
}

func storedBy(t *testing.T, f *fetch) int {
	t.Helper()
	wantResult(t, "got a")(f.Run(t.Context(), "a"))
	return int(settled(t, f).Stored)
}

// TestStoredResultsThatExpireKeepNothingAlive: neither those that were dropped
// before, nor the runner.
func TestStoredResultsThatExpireKeepNothingAlive(t *testing.T) {
	s := memory.New(0)
	c := newPages(s, TTL(time.Hour))
	run := func(c *Calls[string, string, *page], arg string) *page {
		result, err := c.Run(t.Context(), hashOf(arg), arg, arg)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	run(c, "a")
	run(c, "b")
	c = newPages(s, MaxEntries(1))
	first := weak.Make(run(c, "a"))
	second := weak.Make(run(c, "b")) // evicts the first
	want(t, "stored", c.Runner().Stats().Stored, 2)
	want(t, "that expire", c.runner.expiry.Len(), 1)
	collect := func() {
		for range 3 {
			goruntime.GC()
		}
	}
	collect()
	want(t, "first is in memory", first.Value() != nil, false)
	want(t, "second is in memory", second.Value() != nil, true)
	runner := weak.Make(c)
	c = nil
	collect()
	want(t, "runner is in memory", runner.Value() != nil, false)
}

func TestTheResultOfSomebodyElseExpiresWhenItDoesInTheStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		other := s.Another()
		f := storing(lossy{s, func(l store.Lease) {
			_ = giveBack(s, l)
			again, err := other.Begin(t.Context(), store.Record{Ref: l.Ref})
			if err != nil {
				t.Fatal(err)
			}
			theirs := "theirs"
			r := store.Record{Ref: l.Ref, Status: store.Succeeded, Expires: time.Now().Add(time.Minute)}
			if err := other.End(t.Context(), again, r, store.Encoded(other.Codec(), "s1", &theirs)); err != nil {
				t.Fatal(err)
			}
		}}, echo)
		wantResult(t, "theirs")(f.Run(t.Context(), "a"))
		time.Sleep(2 * time.Minute)
		stats := settled(t, f)
		want(t, "entries", stats.Entries, 0)
		want(t, "expirations", stats.Expirations, 1)
	})
}
