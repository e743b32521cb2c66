package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// testSingleFlight: overlapping calls execute once, whatever happens on the way, as long
// as no lease is lost.
func testSingleFlight(t *testing.T, s *suite) {
	for name, inject := range map[string]func(f *Faults){
		"nothing happens":    func(*Faults) {},
		"the store refuses":  func(f *Faults) { f.Inject(All, For(50*time.Millisecond, Refuse)) },
		"answers are lost":   func(f *Faults) { f.Inject(All, Every(5, LoseAnswer)) },
		"looks are stale":    func(f *Faults) { f.Inject(Lookup, Every(2, Stale)) },
		"it is slow":         func(f *Faults) { f.Inject(All, Every(10, Slow(3*time.Millisecond))) },
		"the medium is full": func(f *Faults) { f.Inject(Begin|End, For(50*time.Millisecond, Full)) },
		"everything goes awry": func(f *Faults) {
			f.Inject(All, Every(7, Refuse))
			f.Inject(All, Every(8, LoseAnswer))
			f.Inject(Lookup, Every(2, Stale))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &suite{T: t, open: s.open}
			var f Faults
			inject(&f)
			singleFlight(t, name, s, &f)
		})
	}
}

func singleFlight(t *testing.T, work string, s *suite, f *Faults) {
	const handles, calls = 4, 50
	var executed [calls]atomic.Int32
	var wg sync.WaitGroup
	for range handles {
		h := f.Wrap(s.another())
		for range 2 {
			order := rand.Perm(calls)
			wg.Go(func() {
				for _, n := range order {
					r := store.Ref{Work: work, Key: sha256.Sum256(fmt.Append(nil, work, n))}
					data, err := Do(ctx, h, r, func(store.Lease) ([]byte, error) {
						executed[n].Add(1)
						time.Sleep(100 * time.Microsecond)
						return r.Key.MarshalText()
					})
					if err != nil || string(data) != r.Key.String() {
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

// testSharedFailure: a failure is as final for those who wait elsewhere.
func testSharedFailure(t *testing.T, s *suite) {
	var told [4]atomic.Bool // that it is held
	var handles [len(told)]store.Store
	for i := range told {
		var f Faults
		f.Inject(Begin, func(ctx context.Context, c *Call) error {
			err := c.Do(ctx)
			told[i].Store(true)
			return err
		})
		handles[i] = f.Wrap(s.another())
	}
	l := s.begin(s, 1) // now, since to open handles may take as long as leases last
	var wg sync.WaitGroup
	for _, h := range handles {
		wg.Go(func() {
			_, err := Do(ctx, h, refOf(1), func(store.Lease) ([]byte, error) {
				t.Error("executed again")
				return nil, nil
			})
			if err == nil || err.Error() != "no such file" {
				t.Errorf("one who waited got error %v", err)
			}
		})
	}
	for i := range told {
		for !told[i].Load() {
			time.Sleep(time.Millisecond)
		}
	}
	x := ended(1, store.Failed)
	x.Error = "no such file"
	if err := s.End(ctx, l, x, nil); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func testWatch(t *testing.T, s *suite) {
	other := s.another()
	for n, end := range []func(l store.Lease) error{
		func(l store.Lease) error { return s.End(ctx, l, ended(0, store.Succeeded), store.Bytes("x")) },
		func(l store.Lease) error { return s.End(ctx, l, ended(1, store.Failed), nil) },
		func(l store.Lease) error { return stop(s, l) },
		func(l store.Lease) error { time.Sleep(time.Until(l.Expires)); return nil },
	} {
		l := s.begin(s, n)
		var wg sync.WaitGroup
		for i := range 20 {
			h := []store.Store{s, other}[i%2]
			wg.Go(func() {
				changed, unwatch := h.Watch(refOf(n))
				defer unwatch()
				for {
					mine, err := h.Begin(ctx, recordOf(n, "w"))
					if !errors.Is(err, store.ErrHeld) {
						if err == nil {
							err = stop(h, mine)
						}
						if err != nil && !errors.Is(err, store.ErrFinished) {
							t.Errorf("Begin: %v", err)
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

// everything calls each method, and checks the errors.
func everything(s *suite, ctx context.Context, l store.Lease, want error) {
	s.Helper()
	s.wantError("Lookup", s.Lookup(ctx, []store.Ref{refOf(1)}, make([]store.Found, 1)), want)
	_, err := s.Begin(ctx, recordOf(2, "w"))
	s.wantError("Begin", err, want)
	_, err = s.Renew(ctx, l, recordOf(1, "w"))
	s.wantError("Renew", err, want)
	for _, how := range []store.Status{store.Succeeded, store.Failed, store.Stopped} {
		s.wantError("End", s.End(ctx, l, ended(1, how), store.Bytes("x")), want)
	}
	_, err = s.Delete(ctx, refOf(1))
	s.wantError("Delete", err, want)
	_, err = s.Delete(ctx)
	s.wantError("Delete of nothing", err, want)
	s.wantError("Discard", s.Discard(ctx, &store.Entry{Ref: refOf(1)}, store.Expired, ""), want)
	listed := 0
	for _, err := range s.History(ctx, store.Filter{}) {
		s.wantError("History", err, want)
		listed++
	}
	if listed != 1 {
		s.Errorf("History had %d records", listed)
	}
	_, err = s.Mark(ctx, "a mark")
	s.wantError("Mark", err, want)
	_, err = s.SetMark(ctx, "a mark", store.Mark{})
	s.wantError("SetMark", err, want)
}

func testContext(t *testing.T, s *suite) {
	l := s.begin(s, 1)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	everything(s, ended, l, context.Canceled)
	late, cancel := context.WithTimeout(ctx, time.Nanosecond)
	defer cancel()
	everything(s, late, l, context.DeadlineExceeded)
	x := recordOf(1, "w")
	x.Status = store.Succeeded
	if err := s.End(ctx, l, x, store.Bytes("x")); err != nil {
		t.Errorf("what was cancelled ended the lease: %v", err)
	}
}

func testClosed(t *testing.T, s *suite) {
	l := s.begin(s, 1)
	changed, stop := s.Watch(refOf(1))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	everything(s, ctx, l, store.ErrClosed)
	select {
	case _, open := <-changed:
		if !open {
			t.Error("channel of a watch was closed")
		}
	default:
	}
	stop()
	_, stop = s.Watch(refOf(1))
	stop()
	s.OnDelete(func([]store.Ref) bool { return true })
	if s.Codec() == nil {
		t.Error("no codec")
	}
}

// testChaos does everything at once to few keys, with faults and without. A result says
// which lease it was put under, so that a wrong or torn one is seen.
func testChaos(t *testing.T, s *suite) {
	var f Faults
	chaos(t, s, &f)
	f.Inject(All, Every(6, LoseAnswer))
	f.Inject(Renew|End, Every(5, LoseLease))
	f.Inject(Lookup, Every(4, Stale))
	chaos(t, s, &f)
}

func chaos(t *testing.T, s *suite, f *Faults) {
	const keys = 5
	end := time.Now().Add(300 * time.Millisecond)
	var wg sync.WaitGroup
	for i := range 4 {
		h := f.Wrap(s.another())
		for j := range 2 {
			random := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			wg.Go(func() {
				for time.Now().Before(end) {
					if err := ignoring(anything(h, refOf(random.IntN(keys)), random), ErrFault); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

func anything(h store.Store, r store.Ref, random *rand.Rand) error {
	switch random.IntN(6) {
	case 0:
		_, err := h.Delete(ctx, r)
		return err
	case 1:
		return dropSome(h, store.Filter{Limit: 3}, random)
	case 2, 3:
		return execute(h, r, random)
	default:
		found := make([]store.Found, 1)
		if err := h.Lookup(ctx, []store.Ref{r}, found); err != nil {
			return err
		}
		e := found[0].Result()
		if e == nil {
			return nil
		}
		defer e.Close()
		data, err := whole(e)
		if err == nil && !bytes.Equal(data, resultOf(e.Token)) {
			err = fmt.Errorf("the result of token %d has %d wrong bytes", e.Token, len(data))
		}
		return err
	}
}

// dropSome lists records, and drops some of them.
func dropSome(h store.Store, f store.Filter, random *rand.Rand) error {
	for r, err := range h.History(ctx, f) {
		if err == nil && random.IntN(2) == 0 {
			err = h.Discard(ctx, &store.Entry{Ref: r.Ref, Token: r.Seq}, 0, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// execute executes a call, unless somebody else does or did. It ends in any way.
func execute(h store.Store, r store.Ref, random *rand.Rand) error {
	l, err := h.Begin(ctx, store.Record{Ref: r, Nonce: nonce()})
	if err != nil {
		return ignoring(ignoring(err, store.ErrHeld), store.ErrFinished)
	}
	how := []store.Status{store.Succeeded, store.Succeeded, store.Failed, store.GivenUp, store.Stopped}[random.IntN(5)]
	for range 1 + random.IntN(2) { // it may end twice
		err = h.End(ctx, l, store.Record{Ref: r, Status: how}, store.Bytes(resultOf(l.Token)))
	}
	return ignoring(err, store.ErrLost)
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
