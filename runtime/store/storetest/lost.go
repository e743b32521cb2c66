package storetest

import (
	"syscall"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// testLostAnswers: what was done and is asked for again is done once.
func testLostAnswers(t *testing.T, s *suite) {
	var f Faults
	h, other := f.Wrap(s.another()), s.another()
	for n, how := range []store.Status{store.Succeeded, store.Failed, store.GivenUp, store.Stopped} {
		end := f.Inject(Begin, Times(3, LoseAnswer))
		r := recordOf(n, "w")
		var l store.Lease
		ask := func() (err error) { l, err = h.Begin(ctx, r); return err }
		for range 2 {
			s.wantError("Begin", ask(), ErrFault)
		}
		end()
		if err := ask(); err != nil {
			t.Fatalf("Begin again: %v", err)
		}
		_, err := other.Begin(ctx, recordOf(n, "w"))
		s.wantError("Begin of another", err, store.ErrHeld)

		end = f.Inject(All, Times(2, LoseAnswer))
		r.Status = how
		for range 2 {
			s.wantError("End", h.End(ctx, l, r, store.Bytes("x")), ErrFault)
		}
		end()
		if err := h.End(ctx, l, r, store.Bytes("y")); err != nil {
			t.Errorf("End again: %v", err)
		}
		if data, err := read(other, refOf(n)); how == store.Succeeded && string(data) != "x" || how != store.Succeeded && err == nil {
			t.Errorf("after %v there is %q, %v", how, data, err)
		}
	}
	if got := s.history(other, store.Filter{Status: []store.Status{store.Succeeded, store.Failed, store.GivenUp}}); len(got) != 3 {
		t.Errorf("%d records of three calls: %+v", len(got), got)
	}
	f.Inject(Delete, Times(1, LoseAnswer))
	_, err := h.Delete(ctx, refOf(0))
	s.wantError("Delete", err, ErrFault)
	if _, err := h.Delete(ctx, refOf(0)); err != nil {
		t.Errorf("Delete again: %v", err)
	}
	s.wantMiss(other, 0)
}

// testFull: what found no room is kept when it is asked for again, under the same lease.
func testFull(t *testing.T, s *suite) {
	var f Faults
	h := f.Wrap(s.another())
	end := f.Inject(Begin, Full)
	_, err := h.Begin(ctx, recordOf(1, "w"))
	s.wantError("Begin", err, syscall.ENOSPC)
	end()
	l := s.begin(h, 1)
	end = f.Inject(End, Full)
	for _, how := range []store.Status{store.Succeeded, store.Failed} {
		s.wantError("End", h.End(ctx, l, ended(1, how), store.Bytes("x")), syscall.ENOSPC)
	}
	// Nothing was kept of it, and nobody else begins meanwhile.
	s.wantMiss(s, 1)
	_, err = s.Begin(ctx, recordOf(1, "w"))
	s.wantError("Begin of another", err, store.ErrHeld)
	end()
	if err := h.End(ctx, l, ended(1, store.Succeeded), store.Bytes("x")); err != nil {
		t.Error(err)
	}
	s.got(s, 1)
}

// testLostLease: of two who execute a call one result is kept, that of who has the lease.
func testLostLease(t *testing.T, s *suite) {
	var f Faults
	h, other := f.Wrap(s.another()), s.another()
	for n, lose := range []func(l store.Lease) error{
		func(l store.Lease) error { return second(h.Renew(ctx, l, recordOf(1, "w"))) },
		func(l store.Lease) error { return h.End(ctx, l, ended(1, store.Succeeded), store.Bytes("wrong")) },
	} {
		lost := s.begin(h, n)
		end := f.Inject(Renew|End, Times(1, LoseLease))
		s.wantError("a lease that was lost", lose(lost), store.ErrLost)
		end()
		kept := s.begin(other, n)
		if kept.Token <= lost.Token {
			t.Errorf("token %d after %d", kept.Token, lost.Token)
		}
		s.wantError("End", h.End(ctx, lost, ended(n, store.Succeeded), store.Bytes("wrong")), store.ErrLost)
		if err := other.End(ctx, kept, ended(n, store.Succeeded), store.Bytes("right")); err != nil {
			t.Error(err)
		}
		if got := s.got(h, n); string(got) != "right" {
			t.Errorf("got %q", got)
		}
	}
	// Whoever has lost it executes again, or takes the result of another.
	f.Inject(End, Times(2, LoseLease))
	executed := 0
	data, err := Do(ctx, h, refOf(7), func(l store.Lease) ([]byte, error) {
		executed++
		return resultOf(l.Token), nil
	})
	if e := s.lookup(other, refOf(7)); err != nil || executed != 3 || string(data) != string(resultOf(e.Result().Token)) {
		t.Errorf("executed %d times, want 3; error %v", executed, err)
	}
}
