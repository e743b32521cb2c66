package nats

import (
	"context"
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, refs ...store.Ref) (n int, err error) {
	if err := s.checkWrite(ctx); err != nil || len(refs) == 0 {
		return 0, err
	}
	distinct, has := refs[:0:0], map[store.Ref]bool{}
	for _, r := range refs {
		if !has[r] {
			has[r] = true
			distinct = append(distinct, r)
		}
	}
	had := make([]bool, len(distinct))
	err = each(len(distinct), maxAsking, func(i int) (err error) {
		had[i], err = s.delete(ctx, distinct[i])
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, had := range had {
		if had {
			n++
		}
	}
	return n, s.deleted.announce(ctx, distinct)
}

// delete deletes one call, and tells whether it had a result or was leased.
func (s *Store) delete(ctx context.Context, ref store.Ref) (had bool, err error) {
	before, err := s.change(ctx, ref, nil, func(st *state) (*state, error) {
		now := s.serverNow()
		had = st.isLive(now) || st.isHeld(now)
		if st.seq == 0 || !st.Gone.IsZero() {
			return nil, nil
		}
		next := st.ended()
		next.execution = st.asOf(now)
		switch {
		case st.Status == store.Succeeded && st.isLive(now):
			next.Status = store.Deleted
		case st.isHeld(now):
			next.Status, next.Error, next.Finished = store.Lost, "the call was deleted", now
		}
		next.Gone, next.latest = now, nil
		return next, nil
	})
	if err == nil {
		s.dropOf(ctx, before, store.Deleted, "")
	}
	return had, err
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	if err := s.check(ctx); err != nil || s.o.ReadOnly {
		return err // the next one who looks finds it again
	}
	if how == 0 {
		return s.dropRecord(ctx, e.Ref, e.Token)
	}
	_, err := s.discard(ctx, e.Ref, e.Token, how, why)
	return err
}

// dropRecord drops the record of an execution, but for what is a result or leased: from the message
// of the call, and from the history, where it may be as well.
func (s *Store) dropRecord(ctx context.Context, ref store.Ref, token uint64) error {
	for {
		st, err := s.newestState(ctx, ref)
		if err != nil {
			return err
		}
		done, err := s.dropFrom(ctx, st, token)
		switch {
		case errors.Is(err, errConflict):
			continue
		case err != nil || !done:
			return err
		}
		m, err := s.leader(ctx, s.names.history, s.names.past(ref, token))
		if m == nil || err != nil {
			return err
		}
		_, err = s.remove(ctx, s.names.history, m.seq)
		return err
	}
}

// dropFrom drops the record of an execution from the state of its call. It returns false if it has to
// stay, and errConflict when there is another state meanwhile.
func (s *Store) dropFrom(ctx context.Context, st *state, token uint64) (done bool, err error) {
	now := s.serverNow()
	x := st.owner()
	switch isNewest := st.seq > 0 && (st.Seq == token || st.Seq == 0 && st.seq == token); {
	case errors.Is(st.damaged, errNewer):
		return false, st.damaged
	case x != nil && x.Seq == token && st.isLive(now), isNewest && st.isHeld(now):
		return false, nil
	case x != nil && x.Seq <= token && !st.isLive(now): // with what is kept of its result
		if _, err := s.discard(ctx, st.Ref, x.Seq, store.Expired, ""); err != nil {
			return false, err
		}
		return false, errConflict
	case isNewest && st.old != nil: // which has the result
		next := st.ended()
		next.execution, next.result, next.latest = *st.old, st.result, nil
		return true, s.put(ctx, st, next)
	case isNewest:
		removed, err := s.remove(ctx, s.names.calls, st.seq)
		switch {
		case err != nil:
			return false, err
		case !removed:
			return false, errConflict
		}
		return true, s.forgetArguments(ctx, st.Key)
	case st.latest != nil && st.latest.Seq == token:
		next := *st // whoever executes it goes on
		next.latest, next.at = nil, time.Time{}
		return true, s.put(ctx, st, &next)
	}
	return true, nil
}

// discard drops the result of an execution, or what is damaged, if it is still there.
func (s *Store) discard(ctx context.Context, ref store.Ref, token uint64, how store.Status, why string) (gone bool, err error) {
	before, err := s.change(ctx, ref, nil, func(st *state) (*state, error) {
		if st.damaged == nil && st.old != nil && st.old.Seq == token {
			next := *st // whoever executes it goes on
			next.old, next.result, next.at = nil, result{}, time.Time{}
			gone = true
			return &next, nil
		}
		if st.Seq != token || st.seq == 0 || st.Status != store.Succeeded && st.damaged == nil || !st.Gone.IsZero() {
			gone = false
			return nil, nil
		}
		next := st.ended()
		next.Status, next.Gone, next.Error, next.latest = how, s.serverNow(), why, nil
		gone = true
		return next, nil
	})
	if err == nil && gone {
		s.dropOf(ctx, before, how, why)
	}
	return gone, err
}

// dropOf drops what there was of the result of a call. That of an execution that was not the newest
// one goes into the history.
func (s *Store) dropOf(ctx context.Context, before *state, how store.Status, why string) {
	token := before.Seq
	if before.old != nil {
		token = before.old.Seq
	}
	s.drop(before.Ref, token, &before.result)
	if before.old == nil {
		return
	}
	now := s.serverNow()
	past := &state{seq: before.seq, execution: *before.old}
	if past.execution = past.asOf(now); past.Status == store.Succeeded {
		past.Status, past.Gone, past.Error = how, now, why
	}
	s.remember(ctx, past, now)
}
