package memory

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// History implements store.Store. It has the newest execution of each call, and of the others
// the newest ten thousand at least.
func (s *Store) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		records, partial, err := s.matching(ctx, f)
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		for _, r := range records {
			if err := ctx.Err(); err != nil {
				yield(store.Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if partial != nil {
			yield(store.Record{}, partial)
		}
	}
}

// matching returns what History yields, as it is now.
func (s *Store) matching(ctx context.Context, f store.Filter) (records []store.Record, partial *store.PartialError, err error) {
	if err := s.lock(ctx); err != nil {
		return nil, nil, err
	}
	defer s.shared.mu.Unlock()
	searched := 0
	for _, x := range slices.Backward(s.shared.executions) {
		if f.Limit > 0 && len(records) == f.Limit {
			break
		}
		newest := s.shared.calls[x.Key] == x
		if newest {
			x = s.shared.newest(x.Key)
		}
		if !newest && f.Newest || !f.MatchIndexed(&x.Record) {
			continue
		}
		if f.Searches() && searched == store.MaxSearched {
			return records, &store.PartialError{Before: x.Seq + 1}, nil
		}
		searched++
		if f.MatchSearch(&x.Record) {
			r := x.Record
			if !f.Arguments {
				r.Arguments = nil
			}
			records = append(records, r)
		}
	}
	return records, nil, nil
}

// Watch implements store.Store. It wakes in vain once in the time that leases
// have, since nobody else says when one expires.
func (s *Store) Watch(r store.Ref) (<-chan struct{}, func()) {
	k := r.Key
	changed := make(chan struct{}, 1)
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	if s.shared.watches[k] == nil {
		s.shared.watches[k] = map[chan struct{}]struct{}{}
	}
	s.shared.watches[k][changed] = struct{}{}
	done := make(chan struct{})
	go s.shared.tick(changed, done)
	return changed, func() {
		close(done)
		s.shared.mu.Lock()
		defer s.shared.mu.Unlock()
		delete(s.shared.watches[k], changed)
		if len(s.shared.watches[k]) == 0 {
			delete(s.shared.watches, k)
		}
	}
}

// tick wakes one watch again and again.
func (s *shared) tick(changed chan<- struct{}, done <-chan struct{}) {
	ticker := time.NewTicker(s.lease)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}
}
