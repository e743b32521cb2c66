package storetest

import (
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// failUntil has an execution of a call fail with an error that is kept until then, and returns its
// record.
func (s *suite) failUntil(h store.Store, n int, finished, expires time.Time) store.Record {
	s.Helper()
	r := recordOf(n, "w")
	r.Finished, r.Expires = finished.Truncate(time.Microsecond).UTC(), expires.Truncate(time.Microsecond).UTC()
	l, err := fail(h, r)
	if err != nil {
		s.Fatal(err)
	}
	r.Status, r.Seq = store.Failed, l.Token
	return r
}

// wantKept checks what there is of a call that has failed.
func (s *suite) wantKept(what string, h store.Store, want store.Record, answers bool) {
	s.Helper()
	f := s.lookup(h, want.Ref)
	if f.Latest == nil || f.Results != nil {
		s.Fatalf("%s: found %+v", what, f)
	}
	s.wantRecord(what, *f.Latest, want)
	if f.Latest.Answers(time.Now()) != answers {
		s.Errorf("%s: it is the answer: %v, want %v", what, !answers, answers)
	}
}

// testKeptErrors: until when an error is kept is found with it, wherever, for as long as it is the newest
// record of its call. It holds nobody back who begins.
func testKeptErrors(t *testing.T, s *suite) {
	now := time.Now()
	gone := s.open()
	kept := s.failUntil(gone, 1, now, now.Add(time.Hour))
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	other := s.another()
	s.wantKept("kept", s, kept, true)
	s.wantKept("kept", other, kept, true)
	s.wantKept("kept until a moment ago", other, s.failUntil(s, 2, now.Add(-time.Hour), now.Add(-time.Millisecond)), false)
	s.wantKept("put in the future", other, s.failUntil(s, 3, now.Add(2*time.Hour), now.Add(3*time.Hour)), false)
	s.wantKept("not kept", other, s.failUntil(s, 4, now, time.Time{}), false)

	if a, ok := s.Store.(store.Administrator); ok {
		if err := a.GC(ctx); err != nil {
			t.Fatal(err)
		}
		s.wantKept("kept, after GC", other, kept, true)
	}
	failures := store.Filter{Status: []store.Status{store.Failed}, Prefix: kept.Key.String()}
	if got := s.history(other, failures); len(got) != 1 {
		t.Errorf("%d records of it", len(got))
	} else {
		s.wantRecord("kept, in the history", got[0], kept)
	}

	l := s.begin(other, 1)
	if f := s.lookup(s, kept.Ref); f.Holder == nil || f.Latest == nil || !f.Latest.Answers(time.Now()) {
		t.Errorf("while it is executed: found %+v", f)
	}
	must(t, stop(other, l))
	s.wantKept("kept, after an execution that was stopped", s, kept, true)

	must(t, second(other.Delete(ctx, kept.Ref)))
	if f := s.lookup(s, kept.Ref); f.Latest != nil {
		t.Errorf("after it was deleted: found %+v", f.Latest)
	}
	s.failUntil(s, 1, now, now.Add(time.Hour))
	s.wantKept("after another failure", other, s.failUntil(s, 1, now, time.Time{}), false)
	for _, how := range []store.Status{store.GivenUp, store.Failed} {
		r := ended(1, how)
		r.Finished, r.Expires = now, now.Add(time.Hour)
		must(t, s.End(ctx, s.begin(s, 1), r, nil))
		if f := s.lookup(other, kept.Ref); f.Latest == nil || f.Latest.Answers(time.Now()) != (how == store.Failed) {
			t.Errorf("after %v: found %+v", how, f.Latest)
		}
	}
	s.putOf(other, 1, "x")
	if got := s.got(s, 1); string(got) != "x" {
		t.Errorf("got %q", got)
	}
}
