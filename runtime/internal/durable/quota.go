package durable

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/workgen/workgen/runtime/store"
)

// quota bounds what the store keeps of the work: now and then the oldest results that are too many are
// discarded, and the oldest records of executions without one. So the store needs to know nothing of it.
type quota struct {
	ended  atomic.Int64 // executions, by this process
	wanted atomic.Int64 // looks for what is too many, of which one is under way if there are any
}

// hasEnded notes that an execution has ended in the store, and has what is too many discarded when a
// tenth of what may be kept is new, and at the first one, since a program may have one each time it is
// started.
func (s *Store) hasEnded() {
	if s.MaxResults == 0 || (s.quota.ended.Add(1)-1)%max(int64(s.MaxResults/10), 1) != 0 {
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

// bounded is what MaxResults bounds the number of, the newest first.
type bounded struct {
	how    store.Status // the rest is discarded
	why    string
	n      int
	failed bool // it is left to the next time
}

// discardOldest discards the results but the newest MaxResults, and the records of executions without a
// result but the newest MaxResults. Results that are in memory stay there.
func (s *Store) discardOldest() {
	ctx := context.Background()
	results := bounded{how: store.Evicted, why: fmt.Sprintf("the store keeps %d results of the work", s.MaxResults)}
	var others bounded
	for rec, err := range store.All(ctx, s.Store, store.Filter{Work: s.Work}) {
		if err != nil {
			s.quotaFailed("stored results cannot be counted", err)
			return
		}
		of := &others
		switch rec.Status {
		case store.Running:
			continue
		case store.Succeeded:
			of = &results
		}
		if of.n++; of.n <= s.MaxResults || of.failed {
			continue
		}
		if err := s.Store.Discard(ctx, &store.Entry{Ref: rec.Ref, Token: rec.Seq}, of.how, of.why); err != nil {
			s.quotaFailed("what the store has too much of the work cannot be discarded", err)
			of.failed = true
		}
	}
}

func (s *Store) quotaFailed(what string, err error) {
	if !errors.Is(err, store.ErrClosed) {
		s.Failed(context.Background(), what, err)
	}
}
