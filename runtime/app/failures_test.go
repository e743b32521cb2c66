package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// TestAllThatFailedIsFoundHoweverLongThatTakes, and until then what failed lately.
func TestAllThatFailedIsFoundHoweverLongThatTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := false
		s := &slow{Store: memory.New(0)}
		w := newWork("slow.Work", func(_ context.Context, day string) (string, error) {
			if good {
				return day, nil
			}
			return "", errors.New("bad")
		}, runtime.WithStore(s))
		of := usedStore{s, map[string]*runtime.Runner{w.Name(): w.Runner}}
		var k storeLook
		look := func(what string, within time.Duration, failed int, all bool) {
			t.Helper()
			began := time.Now()
			waited, err := k.update(t.Context(), of, began)
			if err != nil {
				t.Fatal(err)
			}
			want(t, what+": failed", len(k.failed), failed)
			want(t, what+": that is all", !k.partly && !k.full.IsZero(), all)
			want(t, what+": waited for all", waited, within)
			want(t, what+": took", time.Since(began), within)
		}
		w.Run(t.Context(), "old")
		w.Run(t.Context(), "superseded")
		time.Sleep(time.Hour)
		good = true
		for n := range mostRecent { // more than is read for what failed lately
			w.Run(t.Context(), fmt.Sprint(n))
		}
		good = false
		w.Run(t.Context(), "a")
		time.Sleep(time.Hour)

		look("at first", glanceWithin, 1, false)
		w.Run(t.Context(), "b")
		look("while all are looked for", 0, 2, false)
		good = true
		w.Run(t.Context(), "superseded")
		time.Sleep(slowBy)
		look("when all are found", 0, 3, true) // old, a, b
		want(t, "all are looked for once", s.times(), 1)
		time.Sleep(20 * slowBy)
		look("when all are looked for again", 0, 3, true)
		want(t, "all are looked for again", s.times(), 2)
	})
}

// slow is a store that takes long to find the newest execution of each call.
type slow struct {
	store.Store
	asked atomic.Int32
}

// times returns how often it was asked, once nothing goes on but time.
func (s *slow) times() int {
	synctest.Wait()
	return int(s.asked.Load())
}

const slowBy = 10 * time.Minute

func (s *slow) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	if !f.Newest {
		return s.Store.History(ctx, f)
	}
	s.asked.Add(1)
	return func(yield func(store.Record, error) bool) {
		var found []store.Record
		for rec := range s.Store.History(ctx, f) {
			found = append(found, rec)
		}
		select {
		case <-time.After(slowBy):
		case <-ctx.Done():
			yield(store.Record{}, ctx.Err())
			return
		}
		for _, rec := range found {
			if !yield(rec, nil) {
				return
			}
		}
	}
}
