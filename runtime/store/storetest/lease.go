package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

func testHeld(t *testing.T, s *suite) {
	other := s.another()
	l := s.begin(s, 1)
	for _, h := range []store.Store{s, other} {
		_, err := h.Begin(ctx, recordOf(1, "w"))
		s.wantError("Begin of what is held", err, store.ErrHeld)
		var held *store.HeldError
		if !errors.As(err, &held) || held.Ref != refOf(1) || held.Expires.Sub(l.Expires).Abs() > time.Millisecond {
			t.Errorf("Begin: error %#v, want a HeldError until %v", err, l.Expires)
		}
		f := s.lookup(h, refOf(1))
		if f.Holder == nil || f.Holder.Ref != refOf(1) || f.Holder.Expires.Sub(l.Expires).Abs() > time.Millisecond || f.Holder.Origin.PID == 0 {
			t.Errorf("holder %+v, want one until %v", f.Holder, l.Expires)
		}
	}
	s.begin(other, 2)
}

func testTokens(t *testing.T, s *suite) {
	other := s.another()
	var last uint64
	for i, step := range []func(h store.Store, l store.Lease) error{
		stop,
		func(h store.Store, l store.Lease) error {
			return h.End(ctx, l, ended(1, store.Succeeded), store.Bytes("x"))
		},
		func(h store.Store, l store.Lease) error { return h.End(ctx, l, ended(1, store.Failed), nil) },
		stop,
	} {
		for _, h := range []store.Store{s, other, s} {
			l := s.begin(h, 1)
			if l.Token <= last {
				t.Errorf("step %d: token %d after %d", i, l.Token, last)
			}
			last = l.Token
			if err := step(h, l); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Delete(ctx, refOf(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// testNonce: whoever has lost the answer to Begin repeats it, and nobody else has the
// lease then.
func testNonce(t *testing.T, s *suite) {
	other := s.another()
	r := recordOf(1, "w")
	l := s.beginAs(s, r)
	for range 2 {
		if again := s.beginAs(s, r); again.Token != l.Token {
			t.Errorf("Begin gave token %d, and then %d", l.Token, again.Token)
		}
		_, err := s.Begin(ctx, recordOf(1, "w"))
		s.wantError("Begin with another nonce", err, store.ErrHeld)
		nobody := r
		nobody.Nonce = 0
		_, err = s.Begin(ctx, nobody)
		s.wantError("Begin without a nonce", err, store.ErrHeld)
		_, err = other.Begin(ctx, recordOf(1, "w"))
		s.wantError("Begin with another handle", err, store.ErrHeld)
	}
	s.beginAs(s, store.Record{Ref: refOf(2)})
	_, err := s.Begin(ctx, store.Record{Ref: refOf(2)})
	s.wantError("Begin without a nonce, twice", err, store.ErrHeld)
	r.Status = store.Failed
	if err := s.End(ctx, l, r, nil); err != nil {
		t.Fatal(err)
	}
	if next := s.beginAs(s, r); next.Token <= l.Token {
		t.Errorf("after the end Begin gave token %d, and %d before", next.Token, l.Token)
	}
}

func testEndWithoutLease(t *testing.T, s *suite) {
	other := s.another()
	l := s.begin(s, 1)
	forged := l
	forged.Token--
	for _, how := range []store.Status{store.Succeeded, store.Failed, store.GivenUp} {
		end := func(h store.Store, l store.Lease) error {
			return h.End(ctx, l, ended(1, how), store.Bytes("wrong"))
		}
		s.wantError("End with another token", end(s, forged), store.ErrLost)
		s.wantError("End with another token", end(other, forged), store.ErrLost)
		s.wantError("End with no token", end(s, store.Lease{Ref: refOf(1)}), store.ErrLost)
		s.wantError("End of what is not leased", end(s, store.Lease{Ref: refOf(2)}), store.ErrLost)
		swapped := l
		swapped.Ref = refOf(2)
		s.wantError("End with the token of another key", end(s, swapped), store.ErrLost)
	}
	if f := s.lookup(s, refOf(1)); f.Latest != nil || f.Result() != nil {
		t.Errorf("found %+v", f)
	}
	if err := stop(s, l); err != nil {
		t.Fatal(err)
	}
	for _, how := range []store.Status{store.Succeeded, store.Failed} {
		s.wantError("End after Stopped", s.End(ctx, l, ended(1, how), store.Bytes("wrong")), store.ErrLost)
	}
	if f := s.lookup(s, refOf(1)); f.Result() != nil || hasFailed(f.Latest) {
		t.Errorf("found %+v", f)
	}
}

// testEndAgain: whoever has lost the answer to End repeats it. The first counts.
func testEndAgain(t *testing.T, s *suite) {
	other := s.another()
	l := s.begin(s, 1)
	if err := s.End(ctx, l, ended(1, store.Succeeded), store.Bytes("right")); err != nil {
		t.Fatal(err)
	}
	for _, h := range []store.Store{s, other, s} {
		if err := h.End(ctx, l, ended(1, store.Succeeded), store.Bytes("wrong")); err != nil {
			t.Errorf("End again: %v", err)
		}
		s.wantError("End in another way", h.End(ctx, l, ended(1, store.Failed), nil), store.ErrLost)
		if got := s.got(other, 1); string(got) != "right" {
			t.Errorf("a result was replaced by %q", got)
		}
	}
	for n, how := range map[int]store.Status{2: store.Failed, 3: store.GivenUp} {
		l := s.begin(s, n)
		for _, h := range []store.Store{s, s, other} {
			if err := h.End(ctx, l, ended(n, how), nil); err != nil {
				t.Errorf("End again: %v", err)
			}
			s.wantError("End in another way", h.End(ctx, l, ended(n, store.Succeeded), store.Bytes("wrong")), store.ErrLost)
			s.wantMiss(h, n)
		}
		// It is that execution which has ended, and no other one.
		next := s.begin(s, n)
		if err := s.End(ctx, next, ended(n, store.Succeeded), store.Bytes("next")); err != nil {
			t.Fatal(err)
		}
		if err := s.End(ctx, l, ended(n, how), nil); err != nil {
			t.Errorf("End of an old lease, again: %v", err)
		}
		s.wantError("End of an old lease", s.End(ctx, l, ended(n, store.Succeeded), store.Bytes("wrong")), store.ErrLost)
		if got := s.got(other, n); string(got) != "next" {
			t.Errorf("got %q", got)
		}
	}
	if got := s.history(other, store.Filter{Newest: true}); len(got) != 3 {
		t.Errorf("%d records of three calls: %+v", len(got), got)
	}
	// What was deleted since is not there again.
	if _, err := s.Delete(ctx, refOf(1)); err != nil {
		t.Fatal(err)
	}
	s.wantError("End again after Delete", s.End(ctx, l, ended(1, store.Succeeded), store.Bytes("right")), store.ErrLost)
	s.wantMiss(s, 1)
}

func testFinished(t *testing.T, s *suite) {
	other := s.another()
	l := s.putOf(s, 1, "x")
	for _, h := range []store.Store{s, other} {
		_, err := h.Begin(ctx, recordOf(1, "w"))
		s.wantError("Begin", err, store.ErrFinished)
		_, err = h.Renew(ctx, l, recordOf(1, "w"))
		s.wantError("Renew", err, store.ErrLost)
		if err := stop(h, l); err != nil {
			t.Errorf("Stopped: %v", err)
		}
	}
	s.got(s, 1)
}

func testStop(t *testing.T, s *suite) {
	other := s.another()
	first := s.begin(s, 1)
	for range 2 {
		if err := stop(s, first); err != nil {
			t.Fatal(err)
		}
	}
	if f := s.lookup(s, refOf(1)); f.Result() != nil || hasFailed(f.Latest) || f.Holder != nil {
		t.Errorf("after an execution was stopped: %+v", f)
	}
	second := s.begin(other, 1)
	for how := range store.Lost + 2 {
		switch how {
		case store.Succeeded, store.Failed, store.GivenUp, store.Stopped:
			continue
		}
		if err := other.End(ctx, second, ended(1, how), store.Bytes("x")); err == nil {
			t.Errorf("an execution has ended as %v", how)
		}
	}
	if err := stop(s, first); err != nil {
		t.Fatal(err)
	}
	_, err := s.Begin(ctx, recordOf(1, "w"))
	s.wantError("Begin after an old execution was stopped", err, store.ErrHeld)
	if err := other.End(ctx, second, ended(1, store.Succeeded), store.Bytes("x")); err != nil {
		t.Error(err)
	}
}

func testRenew(t *testing.T, s *suite) {
	other := s.another()
	l := s.begin(s, 1)
	first := l
	for end := l.Expires.Add(time.Until(l.Expires)); time.Now().Before(end); {
		time.Sleep(time.Until(l.Expires) / 4)
		renewed, err := s.Renew(ctx, l, recordOf(1, "w"))
		if err != nil {
			t.Fatal(err)
		}
		if renewed.Ref != l.Ref || renewed.Token != l.Token || !renewed.Expires.After(l.Expires) {
			t.Fatalf("Renew made %v of %v", renewed, l)
		}
		l = renewed
		_, err = other.Begin(ctx, recordOf(1, "w"))
		s.wantError("Begin", err, store.ErrHeld)
	}
	// Whoever kept the lease as it was at first has it all the same.
	if err := s.End(ctx, first, ended(1, store.Succeeded), store.Bytes("x")); err != nil {
		t.Error(err)
	}
}

func testExpiredLease(t *testing.T, s *suite) {
	other := s.another()
	lost, kept := s.begin(s, 1), s.begin(s, 2)
	time.Sleep(time.Until(kept.Expires) + 10*time.Millisecond)
	if f := s.lookup(other, refOf(1)); f.Holder != nil {
		t.Errorf("holder %+v of a lease that has expired", f.Holder)
	}
	taken := s.begin(other, 1)
	if taken.Token <= lost.Token {
		t.Errorf("token %d after %d", taken.Token, lost.Token)
	}
	_, err := s.Renew(ctx, lost, recordOf(1, "w"))
	s.wantError("Renew", err, store.ErrLost)
	put := func() error { return s.End(ctx, lost, ended(1, store.Succeeded), store.Bytes("wrong")) }
	s.wantError("End", put(), store.ErrLost)
	s.wantError("End", s.End(ctx, lost, ended(1, store.Failed), nil), store.ErrLost)
	if err := stop(s, lost); err != nil {
		t.Error(err)
	}
	s.wantMiss(other, 1)
	if _, err := other.Renew(ctx, taken, recordOf(1, "w")); err != nil {
		t.Error(err)
	}
	if err := other.End(ctx, taken, ended(1, store.Succeeded), store.Bytes("right")); err != nil {
		t.Error(err)
	}
	s.wantError("End", put(), store.ErrLost)
	if got := s.got(s, 1); string(got) != "right" {
		t.Errorf("got %q", got)
	}
	// One that has expired is as good as ever while nobody else wants it.
	if _, err := s.Renew(ctx, kept, recordOf(2, "w")); err != nil {
		t.Errorf("Renew of an expired lease: %v", err)
	}
	if err := s.End(ctx, kept, ended(2, store.Succeeded), store.Bytes("x")); err != nil {
		t.Error(err)
	}
}

func testCloseFreesLeases(t *testing.T, s *suite) {
	dying := s.open()
	l := s.begin(dying, 1)
	changed, stop := s.Watch(refOf(1))
	defer stop()
	_, err := s.Begin(ctx, recordOf(1, "w"))
	s.wantError("Begin", err, store.ErrHeld)
	if err := dying.Close(); err != nil {
		t.Fatal(err)
	}
	s.within("watch of a key whose holder has closed", changed)
	next := s.begin(s, 1)
	if next.Token <= l.Token || time.Until(next.Expires) <= 0 {
		t.Errorf("got %v after %v", next, l)
	}
}
