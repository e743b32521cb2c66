package tier

import (
	"context"
	"iter"

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
		for r, err := range t.shared.History(ctx, f) {
			listed[r.Key] = true
			if !yield(r, err) || err != nil {
				return
			}
		}
		f.Status = []store.Status{store.Succeeded}
		for r, err := range t.local.History(ctx, f) {
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

// both lists the records of both stores by their tokens. Of copies and of what they were made
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
		a, errA, isA := nextOurs()
		b, errB, isB := nextTheirs()
		for n := 0; (isA || isB) && (limit == 0 || n < limit); {
			r, err, skip := a, errA, false
			if ours := isA && (errA != nil || !isB || errB == nil && a.Seq >= b.Seq); ours {
				_, copied := copyOf(&r)
				skip = copied && !f.Newest
				a, errA, isA = nextOurs()
			} else {
				r, err = b, errB
				if err == nil && r.Status == store.Succeeded {
					_, skip, err = t.buried(ctx, &store.Entry{Ref: r.Ref, Token: r.Seq})
				}
				b, errB, isB = nextTheirs()
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
