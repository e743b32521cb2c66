package storetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// againOf is an execution of call n of the work w that may have a result.
func againOf(n int) store.Record {
	r := recordOf(n, "w")
	r.Again = true
	return r
}

// endAgain ends an execution Again.
func endAgain(h store.Store, l store.Lease, n int, how store.Status, data string) error {
	r := againOf(n)
	r.Status = how
	return h.End(ctx, l, r, store.Bytes(data))
}

// wantResult looks a call up that has a result, and returns what else there is.
func (s *suite) wantResult(h store.Store, n int, want string) store.Found {
	s.Helper()
	f := s.lookup(h, refOf(n))
	e := f.Result()
	if e == nil {
		s.Fatalf("call %d has no result, want %.20q", n, want)
	}
	defer e.Close()
	if data, err := whole(e); err != nil || string(data) != want || len(f.Results) != 1 {
		s.Fatalf("%d results, the first %.20q, %v, want %.20q", len(f.Results), data, err, want)
	}
	return f
}

// wantSoon waits until a call has a result that has replaced another, and nothing else: whoever
// keeps copies is told of that within about a second.
func (s *suite) wantSoon(h store.Store, n int, want string) {
	s.Helper()
	var data []byte
	var err error
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if data, err = read(h, refOf(n)); err == nil && string(data) == want {
			return
		}
	}
	s.Fatalf("got %.20q, %v, want %.20q", data, err, want)
}

// testAgain: the old result is found until the new one is there, and then nobody finds it.
func testAgain(t *testing.T, s *suite) {
	for n, data := range []string{"old", strings.Repeat("old", 100_000)} {
		other := s.another()
		first := s.putOf(s, n, data)
		l := s.beginAs(s, againOf(n))
		if l.Token <= first.Token {
			t.Errorf("token %d after %d", l.Token, first.Token)
		}
		for _, h := range []store.Store{s, other} {
			f := s.wantResult(h, n, data)
			if f.Holder != nil && f.Holder.Expires.Sub(l.Expires).Abs() > time.Millisecond || f.Latest != nil || f.Result().Token != first.Token {
				t.Errorf("while it is executed again: found %+v", f)
			}
			_, err := h.Begin(ctx, againOf(n))
			s.wantError("Begin Again of what is held", err, store.ErrHeld)
			_, err = h.Begin(ctx, recordOf(n, "w"))
			s.wantError("Begin beside a result", err, store.ErrFinished)
		}
		l, err := s.Renew(ctx, l, againOf(n))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // whoever has lost the answer repeats it
			if err := endAgain(s, l, n, store.Succeeded, "new"+data); err != nil {
				t.Fatal(err)
			}
		}
		for _, h := range []store.Store{s, other} {
			s.wantSoon(h, n, "new"+data)
			_, err = h.Begin(ctx, recordOf(n, "w"))
			s.wantError("Begin beside a result", err, store.ErrFinished)
		}
		got := s.history(other, store.Filter{Prefix: keyOf(n).String()})
		if len(got) != 2 || got[0].Status != store.Succeeded || !got[0].Again || !got[0].Gone.IsZero() ||
			got[1].Status != store.Replaced || got[1].Again || got[1].Gone.IsZero() {
			t.Errorf("history %+v", got)
		}
		for how, want := range map[store.Status]int{store.Succeeded: 1, store.Replaced: 1} {
			if got := s.history(s, store.Filter{Work: "w", Prefix: keyOf(n).String(), Status: []store.Status{how}}); len(got) != want {
				t.Errorf("%d records that are %v, want %d", len(got), how, want)
			}
		}
	}
	if a, ok := s.Store.(store.Administrator); ok {
		if use, err := a.Usage(ctx); err != nil || use.Results != 2 || use.Records != 4 {
			t.Errorf("usage %+v, %v", use, err)
		}
		if err := a.GC(ctx); err != nil {
			t.Fatal(err)
		}
		s.wantResult(s, 0, "newold")
	}
}

// testAgainFails: what came to nothing leaves the old result, and hides nothing.
func testAgainFails(t *testing.T, s *suite) {
	other := s.another()
	first := s.putOf(s, 1, "old")
	for _, how := range []store.Status{store.Failed, store.Stopped, store.GivenUp, store.Failed} {
		l := s.beginAs(other, againOf(1))
		if err := endAgain(other, l, 1, how, ""); err != nil {
			t.Fatal(err)
		}
		for _, h := range []store.Store{s, other} {
			f := s.wantResult(h, 1, "old")
			if f.Holder != nil || f.Result().Token != first.Token {
				t.Errorf("after %v: found %+v", how, f)
			}
			if f.Latest != nil && how.Failure() && (f.Latest.Seq != l.Token || f.Latest.Status != how || !f.Latest.Again) {
				t.Errorf("after %v: the latest record is %+v", how, f.Latest)
			}
			_, err := h.Begin(ctx, recordOf(1, "w"))
			s.wantError("Begin beside a result", err, store.ErrFinished)
		}
	}
	// Nor is anything lost when its result cannot be kept.
	l := s.beginAs(s, againOf(1))
	r := againOf(1)
	r.Status = store.Succeeded
	if err := s.End(ctx, l, r, failing{size: 4, err: errors.New("no more")}); err == nil {
		t.Error("no error from a result that fails")
	}
	s.wantResult(other, 1, "old")
	if err := endAgain(s, l, 1, store.Succeeded, "new"); err != nil {
		t.Fatal(err)
	}
	s.wantSoon(other, 1, "new")
	// Without a result it is an execution like any other.
	l = s.beginAs(s, againOf(2))
	if f := s.lookup(other, refOf(2)); f.Holder == nil || f.Result() != nil {
		t.Errorf("found %+v", f)
	}
	_, err := other.Begin(ctx, recordOf(2, "w"))
	s.wantError("Begin of what is held", err, store.ErrHeld)
	if err := endAgain(s, l, 2, store.Failed, ""); err != nil {
		t.Fatal(err)
	}
	s.wantMiss(other, 2)
	s.putOf(other, 2, "first")
	s.got(s, 2)
}

// testAgainLost: an execution that lost its lease, or whose process died, changes nothing.
func testAgainLost(t *testing.T, s *suite) {
	other := s.another()
	s.putOf(s, 1, "old")
	l := s.beginAs(s, againOf(1))
	time.Sleep(time.Until(l.Expires) + 20*time.Millisecond)
	if f := s.wantResult(other, 1, "old"); f.Holder != nil {
		t.Errorf("held until %v", f.Holder.Expires)
	}
	_, err := other.Begin(ctx, recordOf(1, "w"))
	s.wantError("Begin beside a result", err, store.ErrFinished)
	next := s.beginAs(other, againOf(1))
	s.wantError("End under a lost lease", endAgain(s, l, 1, store.Succeeded, "wrong"), store.ErrLost)
	s.wantResult(s, 1, "old")
	if err := endAgain(other, next, 1, store.Succeeded, "new"); err != nil {
		t.Fatal(err)
	}
	s.wantError("End under a lost lease", endAgain(s, l, 1, store.Succeeded, "wrong"), store.ErrLost)
	s.wantSoon(s, 1, "new")
	// The handle is closed while it executes.
	third := s.open()
	s.beginAs(third, againOf(1))
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	s.wantResult(s, 1, "new")
	s.beginAs(s, againOf(1))
}

// testAgainGone: whatever has the old result go meanwhile, the new one is one; but not once
// the call was deleted.
func testAgainGone(t *testing.T, s *suite) {
	other := s.another()
	s.putOf(s, 1, "old")
	l := s.beginAs(s, againOf(1))
	if n, err := other.Delete(ctx, refOf(1)); n != 1 || err != nil {
		t.Errorf("Delete: %d, %v, want 1", n, err)
	}
	s.wantMiss(s, 1)
	s.wantError("End after Delete", endAgain(s, l, 1, store.Succeeded, "wrong"), store.ErrLost)
	s.wantMiss(other, 1)
	s.putOf(other, 1, "old")

	l = s.beginAs(s, againOf(1))
	if err := endAgain(s, l, 1, store.Failed, ""); err != nil {
		t.Fatal(err)
	}
	if n, err := other.Delete(ctx, refOf(1)); n != 1 || err != nil {
		t.Errorf("Delete after a failure: %d, %v, want 1", n, err)
	}
	if f := s.lookup(s, refOf(1)); f.Result() != nil || f.Latest != nil || f.Holder != nil {
		t.Errorf("after Delete: found %+v", f)
	}
	s.putOf(s, 1, "old")

	f := s.lookup(s, refOf(1))
	e := f.Result()
	e.Close()
	l = s.beginAs(s, againOf(1))
	if err := other.Discard(ctx, e, store.Unreadable, "it is nonsense"); err != nil {
		t.Fatal(err)
	}
	if f := s.lookup(s, refOf(1)); f.Result() != nil || f.Holder == nil {
		t.Errorf("after Discard: found %+v", f)
	}
	if err := endAgain(s, l, 1, store.Succeeded, "new"); err != nil {
		t.Fatal(err)
	}
	if err := other.Discard(ctx, e, store.Unreadable, "it is nonsense"); err != nil {
		t.Fatal(err)
	}
	s.wantSoon(other, 1, "new")

	r := recordOf(2, "w")
	r.Expires = time.Now().Add(200 * time.Millisecond)
	s.put(s, r, []byte("old"))
	l = s.beginAs(s, againOf(2))
	if err := endAgain(s, l, 2, store.Failed, ""); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(r.Expires) + 10*time.Millisecond)
	s.wantMiss(other, 2)
	s.putOf(other, 2, "next")
	if got := s.got(s, 2); string(got) != "next" {
		t.Errorf("got %q", got)
	}
}

// testAgainTold: who keeps the old result in memory is told that it was replaced.
func testAgainTold(t *testing.T, s *suite) {
	other := s.another()
	told := make(chan struct{}, 100)
	for _, h := range []store.Store{s, other} {
		h.OnDelete(func(deleted []store.Ref) bool {
			if len(deleted) == 0 || slices.ContainsFunc(deleted, func(r store.Ref) bool { return r.Key == keyOf(1) }) {
				if data, err := read(h, refOf(1)); err != nil || string(data) == "old" {
					s.Errorf("told before it was replaced: %q, %v", data, err)
				}
				told <- struct{}{}
			}
			return true
		})
	}
	s.putOf(s, 1, "old")
	if err := endAgain(s, s.beginAs(s, againOf(1)), 1, store.Succeeded, "new"); err != nil {
		t.Fatal(err)
	}
	s.within("both handles", told)
	s.within("both handles", told)
}

// testAgainChaos: whoever looks while a call is executed again and again finds a result, whole;
// also if answers are lost.
func testAgainChaos(t *testing.T, s *suite) {
	var faults Faults
	ended := faults.Inject(Begin|End|Renew, Every(3, LoseAnswer))
	defer ended()
	value := func(n byte) []byte {
		data := make([]byte, 1000*int(n)+100_000*int(n%2))
		_, _ = rand.NewChaCha8([32]byte{n}).Read(data[1:])
		data[0] = n
		return data
	}
	s.put(s, recordOf(1, "w"), value(1))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		h := s.another()
		wg.Go(func() {
			for {
				found := make([]store.Found, 1)
				if err := h.Lookup(ctx, []store.Ref{refOf(1)}, found); err != nil {
					t.Errorf("Lookup: %v", err)
					return
				}
				e := found[0].Result()
				if e == nil {
					t.Errorf("no result: found %+v", found[0])
					return
				}
				data, err := whole(e)
				e.Close()
				if errors.As(err, new(*store.CorruptError)) {
					continue // it was replaced while it was read, and its bytes have gone
				}
				if err != nil || len(data) == 0 || !bytes.Equal(data, value(data[0])) {
					t.Errorf("result of token %d: %d bytes, %v", e.Token, len(data), err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	dropping := s.another()
	wg.Go(func() {
		random := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := dropSome(dropping, store.Filter{}, random); err != nil {
				t.Errorf("dropping records: %v", err)
				return
			}
		}
	})
	var writers sync.WaitGroup
	for w := range 2 {
		h := faults.Wrap(s.another())
		writers.Go(func() {
			for i := range 8 {
				x := againOf(1)
				var l store.Lease
				err := again(ctx, func() (err error) { l, err = h.Begin(ctx, x); return err })
				if errors.Is(err, store.ErrHeld) {
					time.Sleep(time.Millisecond)
					continue
				}
				x.Status = store.Succeeded
				if i%3 == 2 {
					x.Status = store.Failed
				}
				if err == nil {
					err = again(ctx, func() error { return h.End(ctx, l, x, store.Bytes(value(byte(2+w+2*i)))) })
				}
				if err != nil && !errors.Is(err, store.ErrLost) {
					t.Errorf("Begin or End: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	wg.Wait()
	if got := s.history(s, store.Filter{Status: []store.Status{store.Succeeded}}); len(got) != 1 {
		t.Errorf("%d executions have a result", len(got))
	}
}

// testArguments: they are kept for a call, and given to who asks for them.
func testArguments(t *testing.T, s *suite) {
	other := s.another()
	for n, size := range []int{1, 300, store.MaxArguments} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		r := recordOf(n, "w")
		r.Arguments = data
		l := s.beginAs(s, r)
		check := func(what string) {
			t.Helper()
			for _, asked := range []bool{false, true} {
				got := s.history(other, store.Filter{Prefix: keyOf(n).String(), Newest: true, Arguments: asked})
				if len(got) != 1 || asked && !bytes.Equal(got[0].Arguments, data) || !asked && got[0].Arguments != nil {
					t.Errorf("%s: %d records, want one with arguments: %v, of %d bytes", what, len(got), asked, size)
				}
			}
		}
		check("while it runs")
		l, err := s.Renew(ctx, l, r)
		if err != nil {
			t.Fatal(err)
		}
		check("renewed")
		r.Status = store.Failed
		if err := s.End(ctx, l, r, nil); err != nil {
			t.Fatal(err)
		}
		check("failed")
		if f := s.lookup(other, r.Ref); f.Latest == nil || f.Latest.Arguments != nil {
			t.Errorf("found %+v", f.Latest)
		}
		s.put(s, r, []byte("x"))
		check("succeeded")
		if _, err := other.Delete(ctx, r.Ref); err != nil {
			t.Fatal(err)
		}
		check("deleted")
		if a, ok := s.Store.(store.Administrator); ok {
			if err := a.GC(ctx); err != nil {
				t.Fatal(err)
			}
			check("collected")
		}
	}
}
