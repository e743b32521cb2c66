package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

func testHeld(t *testing.T, s *suite) {
	other := s.another()
	l := s.acquire(s, 1)
	for _, h := range []store.Store{s, other} {
		_, err := h.Acquire(ctx, keyOf(1))
		s.wantError("Acquire of what is held", err, store.ErrHeld)
		var held *store.HeldError
		if !errors.As(err, &held) || held.Key != keyOf(1) || held.Expires.Sub(l.Expires).Abs() > time.Millisecond {
			t.Errorf("Acquire: error %#v, want a HeldError until %v", err, l.Expires)
		}
	}
	s.acquire(other, 2)
}

func testTokens(t *testing.T, s *suite) {
	other := s.another()
	var last uint64
	for i, step := range []func(h store.Store, l store.Lease) error{
		func(h store.Store, l store.Lease) error { return h.Release(ctx, l) },
		func(h store.Store, l store.Lease) error { return h.Put(ctx, l, recordOf(1, "w"), store.Bytes("x")) },
		func(h store.Store, l store.Lease) error { return h.Release(ctx, l) },
		func(h store.Store, l store.Lease) error { return h.Release(ctx, l) },
	} {
		for _, h := range []store.Store{s, other, s} {
			l := s.acquire(h, 1)
			if l.Token <= last {
				t.Errorf("step %d: token %d after %d", i, l.Token, last)
			}
			last = l.Token
			if err := step(h, l); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Delete(ctx, keyOf(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func testPutWithoutLease(t *testing.T, s *suite) {
	other := s.another()
	l := s.acquire(s, 1)
	forged := l
	forged.Token--
	put := func(h store.Store, l store.Lease) error {
		return h.Put(ctx, l, recordOf(1, "w"), store.Bytes("wrong"))
	}
	s.wantError("Put with another token", put(s, forged), store.ErrLost)
	s.wantError("Put with another token", put(other, forged), store.ErrLost)
	s.wantError("Put with no token", put(s, store.Lease{Key: keyOf(1)}), store.ErrLost)
	s.wantError("Put on a key that is not leased", put(s, store.Lease{Key: keyOf(2)}), store.ErrLost)
	forged = l
	forged.Key = keyOf(2)
	s.wantError("Put with the token of another key", put(s, forged), store.ErrLost)
	s.wantMiss(s, 1)
	if err := s.Release(ctx, l); err != nil {
		t.Fatal(err)
	}
	s.wantError("Put after Release", put(s, l), store.ErrLost)
	s.wantMiss(s, 1)

	l = s.acquire(s, 1)
	if err := s.Put(ctx, l, recordOf(1, "w"), store.Bytes("right")); err != nil {
		t.Fatal(err)
	}
	s.wantError("second Put", put(s, l), store.ErrLost)
	s.wantError("second Put", put(other, l), store.ErrLost)
	if got := s.got(other, 1); string(got) != "right" {
		t.Errorf("a result was replaced by %q", got)
	}
}

func testFinished(t *testing.T, s *suite) {
	other := s.another()
	l := s.put(s, 1, recordOf(1, "w"), []byte("x"))
	for _, h := range []store.Store{s, other} {
		_, err := h.Acquire(ctx, keyOf(1))
		s.wantError("Acquire", err, store.ErrFinished)
		_, err = h.Renew(ctx, l)
		s.wantError("Renew", err, store.ErrLost)
		if err := h.Release(ctx, l); err != nil {
			t.Errorf("Release: %v", err)
		}
	}
	s.got(s, 1)
}

func testRelease(t *testing.T, s *suite) {
	other := s.another()
	first := s.acquire(s, 1)
	for range 2 {
		if err := s.Release(ctx, first); err != nil {
			t.Fatal(err)
		}
	}
	second := s.acquire(other, 1)
	if err := s.Release(ctx, first); err != nil {
		t.Fatal(err)
	}
	_, err := s.Acquire(ctx, keyOf(1))
	s.wantError("Acquire after a Release of an old lease", err, store.ErrHeld)
	if err := other.Put(ctx, second, recordOf(1, "w"), store.Bytes("x")); err != nil {
		t.Error(err)
	}
}

func testRenew(t *testing.T, s *suite) {
	other := s.another()
	l := s.acquire(s, 1)
	first := l
	for end := l.Expires.Add(time.Until(l.Expires)); time.Now().Before(end); {
		time.Sleep(time.Until(l.Expires) / 4)
		renewed, err := s.Renew(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		if renewed.Key != l.Key || renewed.Token != l.Token || !renewed.Expires.After(l.Expires) {
			t.Fatalf("Renew made %v of %v", renewed, l)
		}
		l = renewed
		_, err = other.Acquire(ctx, keyOf(1))
		s.wantError("Acquire", err, store.ErrHeld)
	}
	// Whoever kept the lease as it was at first has it all the same.
	if err := s.Put(ctx, first, recordOf(1, "w"), store.Bytes("x")); err != nil {
		t.Error(err)
	}
}

func testExpiredLease(t *testing.T, s *suite) {
	other := s.another()
	lost, kept := s.acquire(s, 1), s.acquire(s, 2)
	time.Sleep(time.Until(kept.Expires) + 10*time.Millisecond)
	taken := s.acquire(other, 1)
	if taken.Token <= lost.Token {
		t.Errorf("token %d after %d", taken.Token, lost.Token)
	}
	_, err := s.Renew(ctx, lost)
	s.wantError("Renew", err, store.ErrLost)
	s.wantError("Put", s.Put(ctx, lost, recordOf(1, "w"), store.Bytes("wrong")), store.ErrLost)
	if err := s.Release(ctx, lost); err != nil {
		t.Error(err)
	}
	s.wantMiss(other, 1)
	if _, err := other.Renew(ctx, taken); err != nil {
		t.Error(err)
	}
	if err := other.Put(ctx, taken, recordOf(1, "w"), store.Bytes("right")); err != nil {
		t.Error(err)
	}
	s.wantError("Put", s.Put(ctx, lost, recordOf(1, "w"), store.Bytes("wrong")), store.ErrLost)
	if got := s.got(s, 1); string(got) != "right" {
		t.Errorf("got %q", got)
	}
	// One that has expired is as good as ever while nobody else wants it.
	if _, err := s.Renew(ctx, kept); err != nil {
		t.Errorf("Renew of an expired lease: %v", err)
	}
	if err := s.Put(ctx, kept, recordOf(2, "w"), store.Bytes("x")); err != nil {
		t.Error(err)
	}
}

func testCloseFreesLeases(t *testing.T, s *suite) {
	dying := s.open()
	l := s.acquire(dying, 1)
	changed, stop := s.Watch(keyOf(1))
	defer stop()
	_, err := s.Acquire(ctx, keyOf(1))
	s.wantError("Acquire", err, store.ErrHeld)
	if err := dying.Close(); err != nil {
		t.Fatal(err)
	}
	s.within("watch of a key whose holder has closed", changed)
	next := s.acquire(s, 1)
	if next.Token <= l.Token || time.Until(next.Expires) <= 0 {
		t.Errorf("got %v after %v", next, l)
	}
}
