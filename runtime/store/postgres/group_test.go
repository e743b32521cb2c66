//go:build unix

package postgres_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// TestGroupsDoNotWaitInACircle: several processes begin and end the same calls at once, in groups, in any
// order, while others delete some. Each is given to one at a time, and no transaction is given up
// since all wait for each other.
func TestGroupsDoNotWaitInACircle(t *testing.T) {
	const processes, most = 4, 300
	url := pgtest.Database(t)
	var given [most]atomic.Int32
	var wg sync.WaitGroup
	stores := make([]*postgres.Store, processes)
	for i := range stores {
		stores[i] = open(t, url, postgres.Options{})
	}
	for _, s := range stores {
		for _, n := range rand.Perm(most) {
			wg.Go(func() {
				x := store.Record{Ref: benchRef(n), Nonce: rand.Uint64() | 1, Code: "c", Started: time.Now().Add(-2 * time.Minute)}
				l, err := s.Begin(ctx, x)
				if errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				given[n].Add(1)
				x.Status = []store.Status{store.Succeeded, store.Failed}[n%2]
				if err := s.End(ctx, l, x, store.Bytes("x")); err != nil && (!errors.Is(err, store.ErrLost) || n%10 != 0) {
					t.Error(err)
				}
			})
		}
	}
	for range 3 {
		var refs []store.Ref
		for n := 0; n < most; n += 10 {
			refs = append(refs, benchRef(n))
		}
		wg.Go(func() {
			if _, err := stores[0].Delete(ctx, refs...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for n := range most {
		// What succeeds and is not deleted is given once.
		if times := given[n].Load(); times == 0 || n%2 == 0 && n%10 != 0 && times != 1 {
			t.Errorf("call %d was given %d times", n, times)
		}
	}
	wantRecords := 0
	for n := range given {
		wantRecords += int(given[n].Load())
	}
	tokens := map[uint64]bool{}
	for _, r := range listed(t, stores[0], store.Filter{Until: time.Now()}) {
		tokens[r.Seq] = true
	}
	if len(tokens) != wantRecords {
		t.Errorf("%d records of %d executions", len(tokens), wantRecords)
	}
	var deadlocks int
	wantSoon(t, "statistics", func() bool {
		err := stores[0].Connections().QueryRow(ctx, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database() AND xact_commit > 10`).Scan(&deadlocks)
		return err == nil
	})
	if deadlocks > 0 {
		t.Errorf("%d transactions were given up", deadlocks)
	}
}
