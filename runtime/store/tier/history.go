package tier

import (
	"context"
	"errors"
	"iter"
	"math"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// History implements store.Store. See the package's documentation for whose it is.
func (t *Store) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	switch {
	case t.readOnly:
		return t.both(ctx, f)
	case f.Newest && f.Limit == 0 && f.Before == 0 && f.Wants(store.Succeeded):
		return t.sharedFirst(ctx, f)
	}
	return t.shared.History(ctx, f)
}

// sharedFirst lists the calls that the shared store has, and then those whose results only the
// local one has, so that who lists all calls to delete them reaches these.
func (t *Store) sharedFirst(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		listed := map[key.Key]bool{}
		for r, err := range store.All(ctx, t.shared, f) {
			listed[r.Key] = true
			if !yield(r, err) || err != nil {
				return
			}
		}
		f.Status = []store.Status{store.Succeeded}
		for r, err := range store.All(ctx, t.local, f) {
			if err == nil && listed[r.Key] {
				continue
			}
			if token, ok := copyOf(&r); ok {
				r.Seq = token
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// both lists the records of both stores by their tokens, as far as both have searched. Of copies and of what they were made
// of it lists the latter; of what was deleted here, nothing.
func (t *Store) both(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	limit := f.Limit
	f.Limit = 0 // not all of them are listed
	return func(yield func(store.Record, error) bool) {
		nextOurs, stop := iter.Pull2(t.local.History(ctx, f))
		defer stop()
		nextTheirs, stop := iter.Pull2(t.shared.History(ctx, f))
		defer stop()
		listed := map[key.Key]bool{} // if each call is to be listed once
		a, errA, isA := placed(nextOurs())
		b, errB, isB := placed(nextTheirs())
		for n := 0; (isA || isB) && (limit == 0 || n < limit); {
			r, err, skip := a, errA, false
			if ours := isA && (!isB || a.Seq >= b.Seq); ours {
				_, copied := copyOf(&r)
				skip = copied && !f.Newest
				a, errA, isA = placed(nextOurs())
			} else {
				r, err = b, errB
				if err == nil && r.Status == store.Succeeded {
					_, skip, err = t.buried(ctx, &store.Entry{Ref: r.Ref, Token: r.Seq})
				}
				b, errB, isB = placed(nextTheirs())
			}
			if err == nil && (skip || listed[r.Key]) {
				continue
			}
			if f.Newest {
				listed[r.Key] = true
			}
			if n++; !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// placed gives an error its place among the records: a search that is not finished says so once all
// is listed that came later than what it has not seen, and any other error at once.
func placed(r store.Record, err error, ok bool) (store.Record, error, bool) {
	var partial *store.PartialError
	if errors.As(err, &partial) {
		r.Seq = partial.Before - 1
	} else if err != nil {
		r.Seq = math.MaxUint64
	}
	return r, err, ok
}
