package nats

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// maxAsking is how many calls are looked up at once.
const maxAsking = 128

// Lookup implements store.Store. A result that is found is read from any server; what is not
// found there is read from the leader.
func (s *Store) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	err := each(len(refs), maxAsking, func(i int) (err error) {
		found[i], err = s.lookup(ctx, refs[i])
		return err
	})
	if err != nil {
		for i := range refs {
			found[i].Close()
			found[i] = store.Found{}
		}
	}
	return err
}

// each calls f for the numbers below n, for some of them at once, until one has failed.
func each(n, atOnce int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	var mu sync.Mutex
	var failed error
	next := 0
	take := func(err error) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = err
		}
		next++
		return next - 1, failed == nil && next <= n
	}
	var wg sync.WaitGroup
	for range min(n, atOnce) {
		wg.Go(func() {
			for i, more := take(nil); more; i, more = take(f(i)) {
			}
		})
	}
	wg.Wait()
	return failed
}

func (s *Store) lookup(ctx context.Context, ref store.Ref) (f store.Found, err error) {
	st, err := s.state(ctx, ref)
	if err != nil {
		return f, err
	}
	now := s.serverNow()
	token := st.Seq
	if x := st.live(now); x != nil {
		e, err := s.entry(st, x, false)
		if err == nil {
			f.Results = []*store.Entry{e}
		}
		if err == nil && st.old == nil {
			return f, nil
		}
		token, st.damaged = x.Seq, err
	}
	if st.damaged != nil {
		if errors.Is(st.damaged, errNewer) {
			return f, st.damaged
		}
		f.Damaged = s.unreadable(ref, token, st.damaged)
		return f, nil
	}
	if st.isHeld(now) {
		f.Holder = s.heldBy(st, now)
	}
	if x := st.newest(now); x != nil {
		r, err := s.record(ctx, *x)
		if err != nil {
			return f, err
		}
		f.Latest = &r
	}
	return f, nil
}

// heldBy returns the error that says who has the lease of a call, and has those woken who wait for
// it when the lease expires.
func (s *Store) heldBy(st *state, now time.Time) *store.HeldError {
	s.watches.at(st.Key, st.expires().Sub(now))
	return &store.HeldError{Ref: st.Ref, Expires: s.fromServer(st.expires()), Origin: st.Origin}
}

// unreadable drops a result that cannot be read, and returns the error that says so.
func (s *Store) unreadable(r store.Ref, token uint64, damage error) *store.CorruptError {
	ctx, cancel := context.WithTimeout(s.running, closing)
	defer cancel()
	err := s.Discard(ctx, &store.Entry{Ref: r, Token: token}, store.Unreadable, damage.Error())
	if err != nil {
		damage = errors.Join(damage, err)
	}
	return &store.CorruptError{Ref: r, Err: damage}
}

// state returns what there is of a call: as any server says, unless it is known to be old, and
// otherwise as the leader does.
func (s *Store) state(ctx context.Context, ref store.Ref) (*state, error) {
	m, err := s.direct(ctx, s.names.calls, s.names.call(ref))
	if err != nil {
		return nil, err
	}
	if s.replicas == 1 {
		return s.noted(ref, m), nil
	}
	if m != nil && m.seq >= s.seen.least(ref.Key) {
		if st := s.noted(ref, m); st.Status == store.Succeeded { // what else there is may be old
			return st, nil
		}
	}
	return s.newestState(ctx, ref)
}

// newestState returns what the leader says that there is of a call.
func (s *Store) newestState(ctx context.Context, ref store.Ref) (*state, error) {
	m, err := s.leader(ctx, s.names.calls, s.names.call(ref))
	if err != nil {
		return nil, err
	}
	return s.noted(ref, m), nil
}

// noted returns the state that a message has, nil being none, and remembers it.
func (s *Store) noted(ref store.Ref, m *message) *state {
	st := &state{execution: execution{Record: store.Record{Ref: ref}}}
	if m != nil {
		st = unpack(ref, m)
	}
	s.seen.note(ref.Key, st)
	return st
}

// read returns the last message of a subject that does not change once it is there: from any
// server, or from the leader where it is not there yet. nil is none.
func (s *Store) read(ctx context.Context, stream, subject string) (*message, error) {
	m, err := s.direct(ctx, stream, subject)
	if m == nil && err == nil && s.replicas > 1 {
		m, err = s.leader(ctx, stream, subject)
	}
	return m, err
}

// seen is what a Store knows of calls from having looked, or from having changed them. So an
// execution begins without another look, and no server's old answer is taken for a new one.
type seen struct {
	mu    sync.Mutex
	calls map[key.Key]sight
}

type sight struct {
	seq uint64
	st  *state    // nil: only seq is known
	at  time.Time // when it was seen
}

const (
	// maxSeen is how many calls are remembered.
	maxSeen = 10_000

	// fresh is how long it is likely that a call is as it was seen.
	fresh = 5 * time.Second
)

// least returns the sequence number that the state of a call has at least.
func (c *seen) least(k key.Key) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[k].seq
}

// last returns the state of a call that was seen lately, nil if none was.
func (c *seen) last(k key.Key) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.calls[k]; x.st != nil && time.Since(x.at) < fresh {
		return x.st
	}
	return nil
}

// note remembers what was seen, unless something newer was. Results are not remembered.
func (c *seen) note(k key.Key, st *state) {
	if st.Status == store.Succeeded || st.old != nil {
		c.atLeast(k, st.seq)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if st.seq >= c.calls[k].seq {
		c.set(k, sight{st.seq, st, time.Now()})
	}
}

// atLeast remembers that the state of a call has a sequence number, or a greater one.
func (c *seen) atLeast(k key.Key, seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seq > c.calls[k].seq {
		c.set(k, sight{seq: seq})
	}
}

// set needs mu.
func (c *seen) set(k key.Key, x sight) {
	if c.calls == nil || len(c.calls) >= maxSeen {
		c.calls = map[key.Key]sight{}
	}
	c.calls[k] = x
}
