package tier

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/workgen/workgen/runtime/store"
)

// Lookup implements store.Store. It asks the local store first, and the shared one for the rest.
func (t *Store) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	told := t.told.Load() // before, so that what is deleted meanwhile is not copied
	err := t.lookLocally(ctx, refs, found)
	if err != nil && t.readOnly {
		return err
	}
	var rest []store.Ref
	var at []int // in refs
	for i := range refs {
		if found[i].Result() == nil {
			rest, at = append(rest, refs[i]), append(at, i)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	theirs := make([]store.Found, len(rest))
	if err = t.shared.Lookup(ctx, rest, theirs); err == nil {
		for j, i := range at {
			if err = t.merge(ctx, &found[i], &theirs[j]); err != nil {
				break
			}
		}
	}
	if err != nil {
		closeAll(found)
		closeAll(theirs)
		return err
	}
	for _, i := range at {
		t.copy(&found[i], told)
	}
	return nil
}

// merge makes one answer of those of both stores, of which the local one has no result.
func (t *Store) merge(ctx context.Context, ours, theirs *store.Found) error {
	damaged := ours.Damaged
	switch {
	case !t.readOnly:
		*ours = *theirs
	case theirs.Result() != nil:
		_, buried, err := t.buried(ctx, theirs.Result())
		if err != nil || buried {
			theirs.Close()
			return err
		}
		if ours.Results = theirs.Results; ours.Latest != nil && !ours.Latest.Again {
			ours.Latest = nil
		}
	case damaged == nil:
		damaged = theirs.Damaged
	}
	if ours.Damaged == nil && ours.Result() == nil {
		ours.Damaged = damaged
	}
	theirs.Results = nil // they are those of ours
	return nil
}

// lookLocally looks into the local store, as soon as copies may be found.
func (t *Store) lookLocally(ctx context.Context, refs []store.Ref, found []store.Found) error {
	err := t.askLocally(ctx, refs, found)
	if err == nil && hasResult(found) && !t.isCaughtUp() {
		closeAll(found)
		select {
		case <-t.caught:
		case <-ctx.Done():
		}
		err = t.askLocally(ctx, refs, found)
	}
	return err
}

// present gives results of the local store that are copies the tokens of the shared store. What went
// since it was looked up is not there, and what was replaced is looked up again.
func (t *Store) present(ctx context.Context, ref store.Ref, f *store.Found) error {
	for i := 0; i < len(f.Results); i++ {
		e := f.Results[i]
		token, copied, err := t.tokenOf(ctx, e)
		if err == errReplaced {
			f.Close()
			found := make([]store.Found, 1)
			if err := t.local.Lookup(ctx, []store.Ref{ref}, found); err != nil {
				return err
			}
			*f, i = found[0], -1
			continue
		}
		if errors.Is(err, store.ErrNotFound) {
			f.Close()
			*f = store.Found{}
			return nil
		}
		if err != nil {
			return err
		}
		if e.Token = token; copied && e.Body != nil {
			e.Body = &localBody{ReadCloser: e.Body}
		}
	}
	return nil
}

// askLocally is Lookup of the local store, but that copies have the tokens of the shared one. A cache
// that does not answer is not waited for.
func (t *Store) askLocally(ctx context.Context, refs []store.Ref, found []store.Found) error {
	soon := ctx
	if !t.readOnly {
		var cancel func()
		soon, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	err := t.local.Lookup(soon, refs, found)
	for i := 0; err == nil && i < len(found); i++ {
		err = t.present(soon, refs[i], &found[i])
	}
	if err != nil {
		closeAll(found)
	}
	if err != nil && ctx.Err() == nil && !t.readOnly && !errors.Is(err, store.ErrClosed) {
		t.warn("the local store of a tier fails, so results are got from the shared one", err)
	}
	return err
}

var errReplaced = fmt.Errorf("%w: it was replaced since it was looked up", store.ErrNotFound)

var succeeded = []store.Status{store.Succeeded}

func (t *Store) isCaughtUp() bool {
	select {
	case <-t.caught:
		return true
	default:
		return false
	}
}

// tokenOf returns the token of a result of the local store, and whether it is a copy, which
// has the one of the shared store. Until a result goes, its record is the only one of the call that
// has a result: so it returns errReplaced when another one has, and ErrNotFound when none has.
func (t *Store) tokenOf(ctx context.Context, e *store.Entry) (token uint64, copied bool, err error) {
	if len(e.Inputs) > 0 {
		return e.Token, false, nil
	}
	for r, err := range t.local.History(ctx, store.Filter{Prefix: e.Key.String(), Status: succeeded, Limit: 1}) {
		if err != nil {
			return 0, false, err
		}
		if r.Seq != e.Token {
			return 0, false, errReplaced
		}
		if token, copied := copyOf(&r); copied {
			return token, true, nil
		}
		return e.Token, false, nil
	}
	return 0, false, store.ErrNotFound
}

// localBody is a copy that is read, and may turn out to be damaged, which the shared store's
// result is not.
type localBody struct {
	io.ReadCloser
	damaged bool
}

func (b *localBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var damage *store.CorruptError
	b.damaged = b.damaged || errors.As(err, &damage)
	return n, err
}

func hasResult(found []store.Found) bool {
	for i := range found {
		if found[i].Result() != nil {
			return true
		}
	}
	return false
}

// closeAll closes what was found, and forgets it.
func closeAll(found []store.Found) {
	for i := range found {
		found[i].Close()
	}
	clear(found)
}
