package nats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// The newest execution of a call is its lease while it runs. It is had until another one has
// begun, which may be when it has expired. All that happens to it is one message, that is stored
// if nothing else has happened meanwhile.

// put stores the state that comes after another one, and returns errConflict if there is another
// one meanwhile. Where an answer was lost it looks whether its message is there.
func (s *Store) put(ctx context.Context, before, next *state) error {
	next.Ref, next.write = before.Ref, rand.Uint64()
	subject := s.names.call(next.Ref)
	header, data := next.pack(subject)
	seq, unsure, err := s.publish(ctx, subject, before.seq, header, data)
	if unsure && errors.Is(err, errConflict) {
		there, failed := s.newestState(ctx, next.Ref)
		if failed != nil {
			return failed
		}
		if there.write == next.write {
			seq, err = there.seq, nil
		}
	}
	if err != nil {
		return err
	}
	if next.seq = seq; next.Seq == 0 {
		next.Seq = seq
	}
	s.seen.note(next.Key, next)
	s.watches.ring(next.Key)
	return nil
}

// change replaces the state of a call by what next makes of it, nil being that it may stay. Who
// knows what it was lately gives it.
func (s *Store) change(ctx context.Context, ref store.Ref, known *state, next func(st *state) (*state, error)) (before *state, err error) {
	for st := known; ; st = nil {
		if st == nil {
			if st, err = s.newestState(ctx, ref); err != nil {
				return nil, err
			}
		}
		if errors.Is(st.damaged, errNewer) {
			return nil, st.damaged
		}
		to, err := next(st)
		if err != nil && st == known { // it may have changed
			continue
		}
		if to == nil || err != nil {
			return st, err
		}
		if err := s.put(ctx, st, to); !errors.Is(err, errConflict) {
			return st, err
		}
	}
}

// Begin implements store.Store.
func (s *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.checkWrite(ctx); err != nil {
		return store.Lease{}, err
	}
	scope, err := s.scopes.of(ctx, &x)
	if err != nil {
		return store.Lease{}, err
	}
	known := s.seen.last(x.Key)
	if known == nil {
		if known, err = s.state(ctx, x.Ref); err != nil {
			return store.Lease{}, err
		}
	}
	if err := s.keepArguments(ctx, &x); err != nil {
		return store.Lease{}, err
	}
	var got *state
	var past sync.WaitGroup
	_, err = s.change(ctx, x.Ref, known, func(st *state) (*state, error) {
		now := s.serverNow()
		switch {
		case st.isLive(now) && !x.Again:
			return nil, store.ErrFinished
		case st.isHeld(now) && st.holder == s.id && st.Nonce == x.Nonce && x.Nonce != 0:
			got = st
			return nil, nil
		case st.isHeld(now):
			return nil, s.heldBy(st, now)
		}
		switch live := st.live(now); {
		case st.Seq == 0 || live == &st.execution:
		default:
			past.Go(func() { s.remember(ctx, st, now) })
			if st.old != nil && live == nil {
				past.Go(func() { s.dropOf(ctx, st, store.Expired, "") })
			}
		}
		got = s.begun(st, x, scope, now)
		return got, nil
	})
	past.Wait()
	if err != nil {
		return store.Lease{}, err
	}
	s.held.add(got)
	s.gc.began()
	return store.Lease{Ref: x.Ref, Token: got.Seq, Expires: s.fromServer(got.expires())}, nil
}

// begun returns the state of an execution that begins.
func (s *Store) begun(st *state, x store.Record, scope scopeID, now time.Time) *state {
	r := s.kept(store.Record{
		Ref: x.Ref, Nonce: x.Nonce, Status: store.Running, Args: x.Args, Origin: x.Origin,
		Requested: x.Requested, Started: x.Started, Attempt: x.Attempt, Again: x.Again,
	})
	if r.Started.IsZero() || r.Started.After(now) {
		r.Started = now
	}
	next := &state{
		execution: execution{Record: r, scope: scope}, holder: s.id, until: now.Add(s.o.Lease), lease: s.o.Lease, latest: st.newest(now),
		args: st.args,
	}
	if args := short(x.Arguments); args != nil {
		next.args = args
	}
	if live := st.live(now); live != nil { // it stays until there is another one
		old := *live
		next.old, next.result = &old, st.result
		if live == &st.execution {
			next.latest = nil
		}
	}
	return next
}

// remember adds an execution that another one comes after to the history. It may have been added
// already, by who did not get to begin the other one, and as it was before it ended.
func (s *Store) remember(ctx context.Context, st *state, now time.Time) {
	past := &state{execution: st.asOf(now), base: st.seq}
	subject := s.names.past(st.Ref, past.Seq)
	header, _ := past.pack(subject)
	_, _, err := s.publish(ctx, subject, 0, header, nil)
	for errors.Is(err, errConflict) {
		var m *message
		if m, err = s.leader(ctx, s.names.history, subject); err != nil || m == nil {
			break
		}
		if there := unpack(st.Ref, m); there.damaged == nil && there.base >= past.base {
			return
		}
		_, _, err = s.publish(ctx, subject, m.seq, header, nil)
	}
	if err != nil {
		s.log.Warn("an execution is missing in the history", slog.String("work", st.Work), slog.String("key", st.Key.String()), slog.Any("error", err))
	}
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
	if err := s.checkWrite(ctx); err != nil {
		return store.Lease{}, err
	}
	var renewed *state
	_, err := s.change(ctx, l.Ref, s.held.get(l), func(st *state) (*state, error) {
		if !st.leasedBy(l) {
			return nil, store.ErrLost
		}
		next := *st
		next.Progress, next.Log = x.Progress, x.Log
		next.until, next.lease, next.at = s.serverNow().Add(s.o.Lease), s.o.Lease, time.Time{}
		renewed = &next
		return renewed, nil
	})
	if err != nil {
		return store.Lease{}, s.lost(l, err)
	}
	s.held.renew(renewed)
	l.Expires = s.fromServer(renewed.expires())
	return l, nil
}

// leasedBy tells whether a lease is still had. One that has expired is until another execution
// begins.
func (st *state) leasedBy(l store.Lease) bool {
	return st.seq > 0 && st.damaged == nil && st.Seq == l.Token && st.Status == store.Running
}

// lost returns the error of what was done with a lease, and forgets the lease if it is lost.
func (s *Store) lost(l store.Lease, err error) error {
	if errors.Is(err, store.ErrLost) {
		s.held.drop(l)
	}
	return err
}

// End implements store.Store.
func (s *Store) End(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
	if err := s.checkWrite(ctx); err != nil {
		return err
	}
	var r result
	switch x.Status {
	case store.Succeeded:
		w := s.writer(ctx, l)
		defer w.Free()
		_, err := from.WriteTo(w)
		if err == nil {
			r, err = w.finish()
		}
		if err != nil {
			s.drop(l.Ref, l.Token, &result{upload: w.upload, chunks: w.Sent.N})
			return err
		}
		x.Size, x.Expires = w.Size, s.expiry(&x)
	case store.Failed, store.GivenUp, store.Stopped:
		if x.Size = 0; x.Status != store.Failed {
			x.Expires = time.Time{}
		}
	default:
		return fmt.Errorf("nats: %v is no end of an execution", x.Status)
	}
	err := s.lost(l, s.end(ctx, l, s.kept(x), r))
	if err == nil && x.Again && x.Status == store.Succeeded { // it may have replaced another
		err = s.deleted.announce(ctx, []store.Ref{l.Ref})
	}
	return err
}

// errEnded says that an execution has ended in this way already.
var errEnded = errors.New("nats: the execution has ended")

// end has the end of an execution kept. One that has ended in that way already, under the same
// lease, stays as it is.
func (s *Store) end(ctx context.Context, l store.Lease, x store.Record, r result) error {
	before, err := s.change(ctx, l.Ref, s.held.get(l), func(st *state) (*state, error) {
		if !st.leasedBy(l) {
			return nil, errEnded
		}
		next := st.ended()
		if x.Status == store.Stopped {
			next.latest = st.latest
		}
		scope, started := st.scope, st.Started
		next.Record = x
		next.Ref, next.Seq, next.Nonce, next.Started, next.scope = l.Ref, l.Token, st.Nonce, started, scope
		next.Gone, next.Used, next.Hits, next.Again, next.Arguments = time.Time{}, time.Time{}, 0, st.Again, nil
		if next.result = r; x.Status != store.Succeeded {
			next.old, next.result = st.old, st.result
		}
		return next, nil
	})
	if err == nil {
		s.held.drop(l)
		if before.old != nil && x.Status == store.Succeeded {
			s.dropOf(ctx, before, store.Replaced, "")
		}
		return nil
	}
	if !errors.Is(err, errEnded) {
		return err
	}
	s.drop(l.Ref, l.Token, &r) // whose record was not stored, and will not be
	if x.Status == store.Stopped {
		s.held.drop(l)
		return nil
	}
	if before.Seq == l.Token {
		return answerOfEnd(before.Status, x.Status)
	}
	m, err := s.leader(ctx, s.names.history, s.names.past(l.Ref, l.Token))
	if err != nil {
		return err
	}
	if m == nil {
		return store.ErrLost
	}
	return answerOfEnd(unpack(l.Ref, m).Status, x.Status)
}

// answerOfEnd is what End returns of an execution that has ended somehow.
func answerOfEnd(ended, how store.Status) error {
	if ended == how {
		return nil
	}
	return store.ErrLost
}

// held are the leases of a Store, as they were put last.
type held struct {
	mu     sync.Mutex
	leases map[key.Key]*state
}

func (h *held) add(st *state) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leases == nil {
		h.leases = map[key.Key]*state{}
	}
	h.leases[st.Key] = st
}

// renew replaces a lease that is still had.
func (h *held) renew(st *state) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.leases[st.Key]; x != nil && x.Seq == st.Seq && x.seq < st.seq {
		h.leases[st.Key] = st
	}
}

// get returns the state of a lease, nil if it is not of this Store.
func (h *held) get(l store.Lease) *state {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.leases[l.Key]; x != nil && x.Seq == l.Token && x.Ref == l.Ref {
		return x
	}
	return nil
}

func (h *held) drop(l store.Lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.leases[l.Key]; x != nil && x.Seq == l.Token {
		delete(h.leases, l.Key)
	}
}

// all returns all leases.
func (h *held) all() (all []*state) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, st := range h.leases {
		all = append(all, st)
	}
	return all
}

// release gives up the leases of this Store.
func (s *Store) release() {
	ctx, cancel := context.WithTimeout(s.running, closing)
	defer cancel()
	all := s.held.all()
	_ = each(len(all), maxAsking, func(i int) error {
		l := store.Lease{Ref: all[i].Ref, Token: all[i].Seq}
		x := all[i].Record
		x.Status, x.Finished = store.Stopped, s.now()
		x = s.kept(x) // but for the times that are kept already
		x.Requested, x.Started, x.Retry = all[i].Requested, all[i].Started, all[i].Retry
		return s.end(ctx, l, x, result{})
	})
}
