package tier

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// whyDeleted is the error of a copy's record.
const whyDeleted = "the shared store does not have it any more"

// Delete implements store.Store. It reaches both stores; the number is that of the one that had more.
func (t *Store) Delete(ctx context.Context, refs ...store.Ref) (int, error) {
	t.told.Add(1)
	if t.readOnly {
		return t.bury(ctx, refs)
	}
	ours, err := t.local.Delete(ctx, refs...)
	if err != nil {
		return 0, err
	}
	theirs, err := t.shared.Delete(ctx, refs...)
	if err != nil {
		return 0, err
	}
	return max(ours, theirs), t.dropLate(ctx, refs, nil)
}

// dropLate drops the copies of what was looked up after a deletion began and before it was done: as
// drop does those that are made, also by other processes, and, by told, those that will be.
func (t *Store) dropLate(ctx context.Context, refs []store.Ref, tokens []uint64) error {
	t.told.Add(1)
	_, err := t.drop(ctx, refs, tokens)
	return err
}

// bury deletes calls where the shared store cannot be written.
func (t *Store) bury(ctx context.Context, refs []store.Ref) (int, error) {
	found := make([]store.Found, len(refs))
	if err := t.shared.Lookup(ctx, refs, found); err != nil {
		return 0, err
	}
	defer closeAll(found)
	theirs := 0
	for i := range found {
		e := found[i].Result()
		if e == nil {
			continue
		}
		was, err := t.note(ctx, e)
		if err != nil {
			return 0, err
		}
		if !was {
			theirs++
		}
	}
	ours, err := t.local.Delete(ctx, refs...)
	return max(ours, theirs), err
}

// markOf is the name of the local store's mark that has the token of the last result of a
// call that is not to be found.
func markOf(r store.Ref) string { return "tier/deleted/" + r.Key.String() }

// buried returns that mark, and tells whether a result of the shared store is not to be found.
func (t *Store) buried(ctx context.Context, e *store.Entry) (m store.Mark, is bool, err error) {
	m, err = t.local.Mark(ctx, markOf(e.Ref))
	if err != nil || m.Version == 0 {
		return m, false, err
	}
	token, err := strconv.ParseUint(m.Value, 10, 64)
	return m, e.Token <= token, err
}

// note sees to it that a result of the shared store is not found again, and tells whether it was
// not before.
func (t *Store) note(ctx context.Context, e *store.Entry) (was bool, err error) {
	for {
		m, is, err := t.buried(ctx, e)
		if is || err != nil {
			return is, err
		}
		m.Value = strconv.FormatUint(e.Token, 10)
		if _, err = t.local.SetMark(ctx, markOf(e.Ref), m); !errors.Is(err, store.ErrConflict) {
			return false, err
		}
	}
}

// Discard implements store.Store. A copy is discarded with what it is a copy of, unless it has
// been damaged since it was made.
func (t *Store) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	if how == 0 {
		return t.dropRecord(ctx, e)
	}
	if b, ok := e.Body.(*localBody); ok && b.damaged {
		return nil // the local store has dropped it
	}
	t.told.Add(1)
	own := false
	err := t.each(ctx, []store.Ref{e.Ref}, func(_ int, l *store.Entry, token uint64, copied bool) error {
		if token != e.Token {
			return nil
		}
		own = !copied
		return t.local.Discard(ctx, l, how, why)
	})
	switch {
	case err != nil:
		return err
	case !t.readOnly:
		err = t.shared.Discard(ctx, e, how, why)
	case own:
		return nil
	default:
		if _, err = t.note(ctx, e); errors.Is(err, store.ErrReadOnly) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return t.dropLate(ctx, []store.Ref{e.Ref}, []uint64{e.Token})
}

// dropRecord drops the record of an execution, and those of its copies that have gone.
func (t *Store) dropRecord(ctx context.Context, e *store.Entry) error {
	if err := t.truth.Discard(ctx, e, 0, ""); err != nil {
		return err
	}
	for r, err := range t.local.History(ctx, store.Filter{Prefix: e.Key.String()}) {
		if token, copied := copyOf(&r); err == nil && copied && token <= e.Token {
			err = t.local.Discard(ctx, &store.Entry{Ref: r.Ref, Token: r.Seq}, 0, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// each calls f for the results that the local store has of calls.
func (t *Store) each(ctx context.Context, refs []store.Ref, f func(i int, e *store.Entry, token uint64, copied bool) error) error {
	found := make([]store.Found, len(refs))
	defer closeAll(found)
	if err := t.local.Lookup(ctx, refs, found); err != nil {
		return err
	}
	for i := range found {
		for _, e := range found[i].Results {
			token, copied, err := t.tokenOf(ctx, e)
			if err == nil {
				err = f(i, e, token, copied)
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// drop drops the results that the local store has of calls that the shared one has deleted. If tokens
// are given, which are of the shared store, it drops copies of these only.
func (t *Store) drop(ctx context.Context, refs []store.Ref, tokens []uint64) (dropped []store.Ref, err error) {
	err = t.each(ctx, refs, func(i int, e *store.Entry, token uint64, copied bool) error {
		if !copied && (t.readOnly || tokens != nil) || tokens != nil && token != tokens[i] {
			return nil
		}
		dropped = append(dropped, e.Ref)
		return t.local.Discard(ctx, e, store.Deleted, whyDeleted)
	})
	return dropped, err
}

// deleted is told by the shared store what was deleted.
func (t *Store) deleted(refs []store.Ref) bool {
	if t.closing.Err() != nil {
		return false
	}
	t.told.Add(1)
	if len(refs) > 0 {
		ctx, cancel := context.WithTimeout(t.closing, slow)
		defer cancel()
		if _, err := t.drop(ctx, refs, nil); err == nil {
			return t.tell(refs)
		}
	}
	select { // some may be there still
	case t.behind <- struct{}{}:
	default:
	}
	return t.tell(refs)
}

// follow finds out what was deleted while that was not told.
func (t *Store) follow() {
	caught := sync.OnceFunc(func() { close(t.caught) })
	defer caught()
	defer time.AfterFunc(patience, caught).Stop()
	for {
		select {
		case <-t.behind:
		case <-t.closing.Done():
			return
		}
		for wait := patience; ; wait = min(2*wait, time.Minute) {
			err := t.catchUp()
			caught()
			if err == nil || errors.Is(err, store.ErrClosed) {
				break
			}
			select {
			case <-time.After(wait):
			case <-t.closing.Done():
				return
			}
		}
	}
}

// catchUp drops the copies of all results of which the history of the shared store says that
// they were deleted, or replaced.
func (t *Store) catchUp() error {
	const batch = 500
	ctx, cancel := context.WithTimeout(t.closing, time.Minute)
	defer cancel()
	var refs []store.Ref
	var tokens []uint64
	flush := func() error {
		dropped, err := t.drop(ctx, refs, tokens)
		if len(dropped) > 0 {
			t.tell(dropped)
		}
		refs, tokens = refs[:0], tokens[:0]
		return err
	}
	for r, err := range t.shared.History(ctx, store.Filter{Status: []store.Status{store.Deleted, store.Replaced}}) {
		if err != nil {
			return err
		}
		if refs, tokens = append(refs, r.Ref), append(tokens, r.Seq); len(refs) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// tells are those who want to be told what was deleted.
type tells struct {
	mu  sync.Mutex
	all map[*teller]struct{}
}

type teller struct {
	tell func(deleted []store.Ref) bool
}

// OnDelete implements store.Store.
func (t *Store) OnDelete(tell func(deleted []store.Ref) bool) {
	t.tells.mu.Lock()
	defer t.tells.mu.Unlock()
	t.tells.all[&teller{tell}] = struct{}{}
}

// tell tells everybody that calls were deleted, and returns whether there will be more.
func (t *Store) tell(refs []store.Ref) bool {
	t.tells.mu.Lock()
	all := slices.Collect(maps.Keys(t.tells.all))
	t.tells.mu.Unlock()
	for _, to := range all {
		if !to.tell(refs) {
			t.tells.mu.Lock()
			delete(t.tells.all, to)
			t.tells.mu.Unlock()
		}
	}
	return t.closing.Err() == nil
}
