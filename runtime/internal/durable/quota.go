package durable

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/workgen/workgen/runtime/store"
)

// quota bounds how many results of the work the store keeps: now and then the oldest of those that
// are too many are discarded. So the store needs to know nothing of it.
type quota struct {
	put    atomic.Int64 // results, by this process
	wanted atomic.Int64 // looks for what is too many, of which one is under way if there are any
}

// hasPut notes that the store has got a result, and has what is too many discarded when a tenth of what
// may be kept is new, and at the first one, since a program may put one each time it is started.
func (s *Store) hasPut() {
	if s.MaxResults == 0 || (s.quota.put.Add(1)-1)%max(int64(s.MaxResults/10), 1) != 0 {
		return
	}
	if s.quota.wanted.Add(1) > 1 {
		return // who looks does it once more
	}
	go func() {
		for more := true; more; {
			seen := s.quota.wanted.Load()
			s.discardOldest()
			more = !s.quota.wanted.CompareAndSwap(seen, 0)
		}
	}()
}

// discardOldest discards the results but the newest MaxResults. Those that are in memory stay there.
func (s *Store) discardOldest() {
	var old []store.Entry
	n := 0
	for rec, err := range store.All(context.Background(), s.Store, store.Filter{Work: s.Work, Status: []store.Status{store.Succeeded}}) {
		if err != nil {
			s.quotaFailed("stored results cannot be counted", err)
			return
		}
		if n++; n > s.MaxResults {
			old = append(old, store.Entry{Ref: rec.Ref, Token: rec.Seq})
		}
	}
	why := fmt.Sprintf("the store keeps %d results of the work", s.MaxResults)
	for i := range old {
		if err := s.Store.Discard(context.Background(), &old[i], store.Evicted, why); err != nil {
			s.quotaFailed("stored results cannot be discarded", err)
			return // the next time
		}
	}
}

func (s *Store) quotaFailed(what string, err error) {
	if !errors.Is(err, store.ErrClosed) {
		s.Failed(context.Background(), what, err)
	}
}
