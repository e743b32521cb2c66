package nats_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// TestListWhileExecutionsEnd: what was there before is listed, each once, in order, though it ends, or
// another execution of the same call begins, while the list is read.
func TestListWhileExecutionsEnd(t *testing.T) {
	t.Parallel()
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL(), Lease: time.Hour})
	const most = 1500 // more than one block
	records, leases := make([]store.Record, most), make([]store.Lease, most)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for n := i; n < most; n += 10 {
				records[n] = recordOf(newCall())
				var err error
				if leases[n], err = s.Begin(ctx, records[n]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[uint64]int{}
	last := ^uint64(0)
	n := 0
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Seq >= last {
			t.Fatalf("record %d after %d", r.Seq, last)
		}
		last = r.Seq
		seen[r.Seq]++
		for range 2 { // all others end meanwhile, and some begin again
			if n == most {
				break
			}
			x := records[n]
			x.Status, x.Finished = store.Failed, time.Now()
			err := s.End(ctx, leases[n], x, nil)
			if err == nil && n%3 == 0 {
				_, err = s.Begin(ctx, recordOf(x.Ref))
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	for _, l := range leases {
		if seen[l.Token] != 1 {
			t.Fatalf("execution %d was listed %d times, of %d", l.Token, seen[l.Token], len(seen))
		}
	}
}

// TestDamageOfTheHistory: an execution whose record was damaged is unreadable, and not another one.
func TestDamageOfTheHistory(t *testing.T) {
	t.Parallel()
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL()})
	_, js := connect(t, c.URL())
	r := newCall()
	x := recordOf(r)
	l, err := s.Begin(ctx, x)
	if err == nil {
		x.Status = store.Failed
		err = s.End(ctx, l, x, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, r, []byte("result"))
	for subject := range subjects(t, js, "workgen-history") {
		publish(t, js, subject, []byte("nonsense"))
	}
	got := statuses(t, s)
	if len(got) != 2 || got[store.Succeeded] != 1 || got[store.Unreadable] != 1 {
		t.Errorf("there are %v", got)
	}
	if err := s.End(ctx, l, x, nil); !errors.Is(err, store.ErrLost) {
		t.Errorf("End of what nobody knows: %v", err)
	}
}
