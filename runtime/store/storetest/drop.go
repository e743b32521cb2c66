package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// drop drops the record of an execution of call n, twice, since that may be repeated.
func (s *suite) drop(h store.Store, n int, token uint64) {
	s.Helper()
	for range 2 {
		if err := h.Discard(ctx, &store.Entry{Ref: refOf(n), Token: token}, 0, ""); err != nil {
			s.Fatalf("Discard of a record: %v", err)
		}
	}
}

// records returns the tokens of the records that there are of call n.
func (s *suite) records(h store.Store, n int) (tokens []uint64) {
	s.Helper()
	for _, r := range s.history(h, store.Filter{Prefix: keyOf(n).String()}) {
		tokens = append(tokens, r.Seq)
	}
	return tokens
}

// failAs has an execution of call n fail: its error is kept until some time.
func (s *suite) failAs(h store.Store, n int, until time.Time, again bool) store.Lease {
	s.Helper()
	r := ended(n, store.Failed)
	r.Expires, r.Again = until, again
	l := s.beginAs(h, r)
	must(s.T, h.End(ctx, l, r, nil))
	return l
}

// testDropRecord: whatever became of an execution, without a result its record can be dropped.
func testDropRecord(t *testing.T, s *suite) {
	other := s.another()
	tomorrow := time.Now().Add(24 * time.Hour)
	remove := func(n int) { must(t, second(s.Delete(ctx, refOf(n)))) }
	for n, end := range []func(n int) store.Lease{
		func(n int) store.Lease { return s.failAs(s, n, time.Time{}, false) },
		func(n int) store.Lease { return s.failAs(s, n, tomorrow, false) },
		func(n int) store.Lease {
			l := s.begin(s, n)
			must(t, s.End(ctx, l, ended(n, store.GivenUp), nil))
			return l
		},
		func(n int) store.Lease {
			l := s.begin(s, n)
			must(t, stop(s, l))
			return l
		},
		func(n int) store.Lease {
			defer remove(n)
			return s.failAs(s, n, tomorrow, false)
		},
		func(n int) store.Lease {
			defer remove(n)
			return s.putOf(s, n, "x")
		},
		func(n int) store.Lease {
			defer remove(n)
			return s.begin(s, n)
		},
		func(n int) store.Lease {
			l := s.putOf(s, n, "x")
			must(t, s.Discard(ctx, &store.Entry{Ref: l.Ref, Token: l.Token}, store.Evicted, "there are too many"))
			return l
		},
		func(n int) store.Lease {
			r := recordOf(n, "w")
			r.Expires = time.Now().Add(-time.Second)
			return s.put(s, r, make([]byte, 400_000))
		},
		func(n int) store.Lease {
			l := s.begin(s, n)
			time.Sleep(time.Until(l.Expires) + 300*time.Millisecond)
			return l
		},
	} {
		before := s.failAs(other, n, tomorrow, false)
		last := end(n)
		s.drop(other, n, last.Token)
		for _, h := range []store.Store{s, other} {
			if got := s.records(h, n); slices.Contains(got, last.Token) {
				t.Errorf("case %d: the record is listed among %d", n, got)
			}
			if f := s.lookup(h, refOf(n)); f.Latest != nil || f.Holder != nil || f.Results != nil {
				t.Errorf("case %d: there is %+v", n, f)
			}
		}
		s.drop(other, n, before.Token)
		if got := s.records(s, n); len(got) != 0 {
			t.Errorf("case %d: of the execution before it there is %d", n, got)
		}
		s.wantError("End of what was dropped", s.End(ctx, last, ended(n, store.Succeeded), store.Bytes("late")), store.ErrLost)
		next := s.putOf(s, n, "next")
		if next.Token <= last.Token {
			t.Errorf("case %d: token %d after %d", n, next.Token, last.Token)
		}
		if got := s.got(other, n); string(got) != "next" {
			t.Errorf("case %d: got %q", n, got)
		}
	}

	// The arguments of a call go with its last record.
	const with = 101
	r := ended(with, store.Failed)
	r.Arguments = bytes.Repeat([]byte("argument "), 1000)
	fails := func() uint64 {
		r.Nonce = nonce()
		l := s.beginAs(s, r)
		must(t, s.End(ctx, l, r, nil))
		return l.Token
	}
	wantArguments := func(size int) {
		t.Helper()
		for _, r := range s.history(other, store.Filter{Prefix: keyOf(with).String(), Arguments: true}) {
			if len(r.Arguments) != size {
				t.Errorf("a call has %d bytes of arguments, want %d", len(r.Arguments), size)
			}
		}
	}
	before, last := fails(), fails()
	s.drop(other, with, before)
	wantArguments(len(r.Arguments))
	s.drop(other, with, last)
	r.Arguments = nil
	fails()
	wantArguments(0)

	// A result that has expired, below an execution Again.
	const n = 100
	r = recordOf(n, "w")
	r.Expires = time.Now().Add(300 * time.Millisecond)
	first := s.put(s, r, []byte("x"))
	again := s.failAs(s, n, tomorrow, true)
	time.Sleep(time.Until(r.Expires) + 10*time.Millisecond)
	for _, l := range []store.Lease{first, again} {
		s.drop(other, n, l.Token)
		if got := s.records(s, n); slices.Contains(got, l.Token) {
			t.Errorf("the record %d is listed among %d", l.Token, got)
		}
	}
	if f := s.lookup(s, refOf(n)); f.Latest != nil || f.Results != nil {
		t.Errorf("there is %+v", f)
	}
}

// testNotDropped: results and leases stay, with what there is later of their calls.
func testNotDropped(t *testing.T, s *suite) {
	other := s.another()
	tomorrow := time.Now().Add(24 * time.Hour)
	wantRecords := func(what string, n int, want ...uint64) {
		t.Helper()
		if got := s.records(s, n); !slices.Equal(got, want) {
			t.Errorf("%s: the records are %d, want %d", what, got, want)
		}
	}

	// A lease.
	l := s.begin(s, 1)
	s.drop(other, 1, l.Token)
	must(t, second(s.Renew(ctx, l, recordOf(1, "w"))))
	must(t, s.End(ctx, l, ended(1, store.Succeeded), store.Bytes("x")))

	// A result, alone and beside executions Again that run or have failed.
	s.drop(other, 1, l.Token)
	failed := s.failAs(s, 1, time.Time{}, true)
	s.drop(other, 1, l.Token)
	wantRecords("below an execution again", 1, failed.Token, l.Token)
	s.drop(other, 1, failed.Token)
	wantRecords("without the execution again", 1, l.Token)
	if got := s.got(other, 1); string(got) != "x" {
		t.Errorf("got %q", got)
	}
	r := recordOf(1, "w")
	r.Again = true
	running := s.beginAs(s, r)
	s.drop(other, 1, running.Token)
	s.drop(other, 1, l.Token)
	wantRecords("below an execution again that runs", 1, running.Token, l.Token)
	r.Status = store.Succeeded
	must(t, s.End(ctx, running, r, store.Bytes("y")))
	s.drop(other, 1, l.Token) // which is replaced
	wantRecords("of a result that was replaced", 1, running.Token)
	if got := s.got(s, 1); string(got) != "y" {
		t.Errorf("got %q", got)
	}

	// What is later, which still hides what is before it.
	first := s.failAs(s, 2, tomorrow, false)
	second := s.begin(s, 2)
	must(t, stop(s, second))
	s.drop(other, 2, first.Token)
	wantRecords("after one that failed", 2, second.Token)
	if f := s.lookup(s, refOf(2)); f.Latest != nil {
		t.Errorf("the newest record is %+v", f.Latest)
	}
	first = s.failAs(s, 2, tomorrow, false)
	l = s.begin(s, 2)
	s.drop(other, 2, first.Token)
	if f := s.lookup(s, refOf(2)); f.Latest != nil || f.Holder == nil {
		t.Errorf("while another one runs there is %+v", f)
	}
	must(t, s.End(ctx, l, ended(2, store.Succeeded), store.Bytes("z")))

	// What is of no execution, or of another call.
	s.drop(other, 2, l.Token+1)
	s.drop(other, 3, l.Token)
	if got := s.got(other, 2); string(got) != "z" {
		t.Errorf("got %q", got)
	}
}
