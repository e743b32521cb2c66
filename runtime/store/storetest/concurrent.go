package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Do returns the result of a call: what the store has, or else what execute makes
// of it, once in all processes that ask at the same time. It is the shortest
// correct use of a store. A lease is not renewed meanwhile.
func Do(ctx context.Context, s store.Store, k key.Key, execute func(l store.Lease) ([]byte, error)) ([]byte, error) {
	changed, stop := s.Watch(k)
	defer stop()
	for {
		data, err := whole(s.Get(ctx, k))
		var corrupt *store.CorruptError
		if err == nil || !errors.Is(err, store.ErrNotFound) && !errors.As(err, &corrupt) {
			return data, err
		}
		l, err := s.Acquire(ctx, k)
		switch {
		case errors.Is(err, store.ErrFinished):
			continue
		case errors.Is(err, store.ErrHeld):
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		case err != nil:
			return nil, err
		}
		if data, err = execute(l); err != nil {
			return nil, errors.Join(err, s.Release(ctx, l))
		}
		if err = s.Put(ctx, l, store.Record{Work: "do", Finished: time.Now()}, store.Bytes(data)); !errors.Is(err, store.ErrLost) {
			return data, err
		}
	}
}

func whole(e *store.Entry, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return io.ReadAll(e)
}

func testSingleFlight(t *testing.T, s *suite) {
	const handles, calls = 4, 100
	var executed [calls]atomic.Int32
	var wg sync.WaitGroup
	for range handles {
		h := s.another()
		for range 2 {
			order := rand.Perm(calls)
			wg.Go(func() {
				for _, n := range order {
					data, err := Do(ctx, h, keyOf(n), func(store.Lease) ([]byte, error) {
						executed[n].Add(1)
						time.Sleep(100 * time.Microsecond)
						return keyOf(n).MarshalText()
					})
					if err != nil || string(data) != keyOf(n).String() {
						t.Errorf("call %d: %q, %v", n, data, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for n := range executed {
		if got := executed[n].Load(); got != 1 {
			t.Errorf("call %d was executed %d times", n, got)
		}
	}
}

func testWatch(t *testing.T, s *suite) {
	other := s.another()
	for n, end := range []func(l store.Lease) error{
		func(l store.Lease) error { return s.Put(ctx, l, recordOf(0, "w"), store.Bytes("x")) },
		func(l store.Lease) error { return s.Release(ctx, l) },
		func(l store.Lease) error { time.Sleep(time.Until(l.Expires)); return nil },
	} {
		l := s.acquire(s, n)
		var wg sync.WaitGroup
		for i := range 20 {
			h := []store.Store{s, other}[i%2]
			wg.Go(func() {
				changed, stop := h.Watch(keyOf(n))
				defer stop()
				for {
					mine, err := h.Acquire(ctx, keyOf(n))
					if !errors.Is(err, store.ErrHeld) {
						if err == nil {
							err = h.Release(ctx, mine)
						}
						if err != nil && !errors.Is(err, store.ErrFinished) {
							t.Errorf("Acquire: %v", err)
						}
						return
					}
					select {
					case <-changed:
					case <-time.After(patience):
						t.Errorf("watch %d: nothing in %v", n, patience)
						return
					}
				}
			})
		}
		if err := end(l); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

func testContext(t *testing.T, s *suite) {
	l := s.acquire(s, 1)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err := s.Get(ended, keyOf(1))
	s.wantError("Get", err, context.Canceled)
	_, err = s.Acquire(ended, keyOf(2))
	s.wantError("Acquire", err, context.Canceled)
	_, err = s.Renew(ended, l)
	s.wantError("Renew", err, context.Canceled)
	s.wantError("Release", s.Release(ended, l), context.Canceled)
	s.wantError("Put", s.Put(ended, l, recordOf(1, "w"), store.Bytes("x")), context.Canceled)
	s.wantError("Note", s.Note(ended, recordOf(1, "w")), context.Canceled)
	_, err = s.Delete(ended, keyOf(1))
	s.wantError("Delete", err, context.Canceled)
	s.wantError("Discard", s.Discard(ended, &store.Entry{Key: keyOf(1)}, store.Expired, ""), context.Canceled)
	for _, err := range s.List(ended, store.Filter{}) {
		s.wantError("List", err, context.Canceled)
	}
	if err := s.Put(ctx, l, recordOf(1, "w"), store.Bytes("x")); err != nil {
		t.Errorf("what was cancelled ended the lease: %v", err)
	}
}

func testClosed(t *testing.T, s *suite) {
	l := s.acquire(s, 1)
	changed, stop := s.Watch(keyOf(1))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Get(ctx, keyOf(1))
	s.wantError("Get", err, store.ErrClosed)
	_, err = s.Acquire(ctx, keyOf(2))
	s.wantError("Acquire", err, store.ErrClosed)
	_, err = s.Renew(ctx, l)
	s.wantError("Renew", err, store.ErrClosed)
	s.wantError("Release", s.Release(ctx, l), store.ErrClosed)
	s.wantError("Put", s.Put(ctx, l, recordOf(1, "w"), store.Bytes("x")), store.ErrClosed)
	s.wantError("Note", s.Note(ctx, recordOf(1, "w")), store.ErrClosed)
	_, err = s.Delete(ctx, keyOf(1))
	s.wantError("Delete", err, store.ErrClosed)
	s.wantError("Discard", s.Discard(ctx, &store.Entry{Key: keyOf(1)}, store.Expired, ""), store.ErrClosed)
	listed := 0
	for _, err := range s.List(ctx, store.Filter{}) {
		s.wantError("List", err, store.ErrClosed)
		listed++
	}
	if listed != 1 {
		t.Errorf("a closed store listed %d times", listed)
	}
	select {
	case _, open := <-changed:
		if !open {
			t.Error("channel of a watch was closed")
		}
	default:
	}
	stop()
	_, stop = s.Watch(keyOf(1))
	stop()
	if s.Codec() == nil {
		t.Error("no codec")
	}
}

// testChaos does everything at once to few keys. A result says which lease it was
// put under, so that a wrong or torn one is seen.
func testChaos(t *testing.T, s *suite) {
	const keys = 5
	end := time.Now().Add(500 * time.Millisecond)
	var wg sync.WaitGroup
	for i := range 4 {
		h := s.another()
		for j := range 2 {
			random := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			wg.Go(func() {
				for time.Now().Before(end) {
					if err := anything(h, keyOf(random.IntN(keys)), random); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

func anything(h store.Store, k key.Key, random *rand.Rand) error {
	switch random.IntN(6) {
	case 0:
		_, err := h.Delete(ctx, k)
		return err
	case 1:
		return h.Note(ctx, store.Record{Key: k, Work: "chaos"})
	case 2:
		for _, err := range h.List(ctx, store.Filter{Limit: 3}) {
			if err != nil {
				return err
			}
		}
		return nil
	case 3:
		l, err := h.Acquire(ctx, k)
		if errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished) {
			return nil
		}
		if err == nil && random.IntN(4) == 0 {
			return h.Release(ctx, l)
		}
		if err == nil {
			err = h.Put(ctx, l, store.Record{Work: "chaos"}, store.Bytes(resultOf(l.Token)))
		}
		return ignoring(err, store.ErrLost)
	default:
		e, err := h.Get(ctx, k)
		if err != nil {
			return ignoring(err, store.ErrNotFound)
		}
		data, err := whole(e, nil)
		if err == nil && !bytes.Equal(data, resultOf(e.Token)) {
			err = fmt.Errorf("the result of token %d has %d wrong bytes", e.Token, len(data))
		}
		return err
	}
}

// resultOf returns a result that nobody else has, some small and some large.
func resultOf(token uint64) []byte {
	return bytes.Repeat([]byte(fmt.Sprint(token, " ")), 1+int(token%3)*10_000)
}

// ignoring returns err unless it is one that may happen.
func ignoring(err, may error) error {
	if errors.Is(err, may) {
		return nil
	}
	return err
}
