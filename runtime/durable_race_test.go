package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// hooked is a store that calls back, where there is a function, after it has done
// what it was asked for.
type hooked struct {
	store.Store
	looked   func([]store.Found) error
	begun    func(store.Lease, error) (store.Lease, error)
	put      func(context.Context)
	released func()
}

func (s hooked) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	err := s.Store.Lookup(ctx, refs, found)
	if s.looked != nil {
		err = s.looked(found)
	}
	return err
}

func (s hooked) Begin(ctx context.Context, r store.Record) (store.Lease, error) {
	l, err := s.Store.Begin(ctx, r)
	if s.begun != nil {
		return s.begun(l, err)
	}
	return l, err
}

func (s hooked) End(ctx context.Context, l store.Lease, r store.Record, w io.WriterTo) error {
	err := s.Store.End(ctx, l, r, w)
	switch {
	case r.Status == store.Succeeded && s.put != nil:
		s.put(ctx)
	case r.Status == store.Stopped && s.released != nil:
		s.released()
	}
	return err
}

// TestACallThatEndsWhileItsLeaseIsAcquired must leave neither the lease nor a slot
// behind: at the first acquisition, and at one for which it had to wait.
func TestACallThatEndsWhileItsLeaseIsAcquired(t *testing.T) {
	for _, waits := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			s := memory.New(time.Hour)
			var call *Call[string]
			started := make(chan struct{})
			var held store.Lease
			times := 0
			f := storing(hooked{Store: s, begun: func(l store.Lease, err error) (store.Lease, error) {
				times++
				switch {
				case waits && times == 1:
					_ = giveBack(s, l)
					held, _ = s.Another().Begin(t.Context(), store.Record{Ref: l.Ref})
					time.AfterFunc(time.Minute, func() { _ = giveBack(s, held) })
					return l, &store.HeldError{Ref: l.Ref}
				case err == nil:
					<-started // by then there is a call
					call.Stop()
				}
				return l, err
			}}, mustNotRun, Concurrency(1))
			call = f.Start(t.Context(), "a")
			close(started)
			_, err := call.Wait(t.Context())
			wantErr(t, err, ErrStopped)
			settled(t, f)
			if _, err := s.Begin(t.Context(), beginning(f, "a")); err != nil {
				t.Errorf("waits %t: %v", waits, err)
			}
		})
	}
}

func TestADeafBodyKeepsOthersAwayForTheTimeOfItsLeaseOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		deaf := storing(s, func(context.Context, string) (string, error) { time.Sleep(time.Hour); return "", nil }, Timeout(10*time.Minute))
		began := time.Now()
		_, err := deaf.Run(t.Context(), "a")
		wantErr(t, err, context.DeadlineExceeded)
		f := storing(s.Another(), echo)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		if took := time.Since(began); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("it took %v", took)
		}
		settled(t, f)
		time.Sleep(time.Hour)
		settled(t, deaf)
		wantResult(t, "got a")(storing(s, mustNotRun).Run(t.Context(), "a"))
	})
}

func TestAStoreMayContradictItselfForAWhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		times, s := 0, memory.New(0)
		f := storing(hooked{Store: s, begun: func(l store.Lease, err error) (store.Lease, error) {
			if times++; times < 4 {
				_ = giveBack(s, l)
				return l, store.ErrFinished
			}
			return l, err
		}}, echo)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "store errors", settled(t, f).StoreErrors, 0)
		want(t, "records", len(records(t, s)), 1)
	})
}

// TestAFailureWhileTheStoreTakesItsTimeToAnswerEndsTheWaiting: what a look showed may be old
// when it is here, and the failure since then is one of those who waited.
func TestAFailureWhileTheStoreTakesItsTimeToAnswerEndsTheWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		g := storing(s.Another(), func(context.Context, string) (string, error) { return "", errors.New("no page") })
		looks := 0
		f := storing(hooked{Store: s, looked: func([]store.Found) error {
			if looks++; looks == 1 {
				_, err := g.Run(t.Context(), "a")
				want(t, "failed", err != nil, true)
				time.Sleep(time.Second)
			}
			return nil
		}}, mustNotRun)
		_, err := f.Run(t.Context(), "a")
		var remote *RemoteError
		want(t, "failed elsewhere", errors.As(err, &remote), true)
		settled(t, f)
	})
}

func TestWhatIsBeingPutTakesNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(hooked{Store: memory.New(0), put: func(context.Context) { time.Sleep(time.Hour) }}, echo, Concurrency(1))
		began := time.Now()
		first, second := f.Start(t.Context(), "a"), f.Start(t.Context(), "b")
		wantResult(t, "got a")(first.Wait(t.Context()))
		wantResult(t, "got b")(second.Wait(t.Context()))
		want(t, "took", time.Since(began), time.Hour)
		settled(t, f)
	})
}

func TestAResultIsPutAlsoWhenNobodyWaitsAnyMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		var call *Call[string]
		released := 0
		f := storing(hooked{Store: s, released: func() { released++ }, put: func(ctx context.Context) {
			call.Stop()
			if ctx.Err() != nil {
				t.Error("the context of Put has ended")
			}
		}}, sleeper)
		call = f.Start(t.Context(), "a")
		_, err := call.Wait(t.Context())
		wantErr(t, err, ErrStopped)
		settled(t, f)
		want(t, "records", len(records(t, s)), 1)
		want(t, "leases released that were put under", released, 0)
	})
}

func TestWhatFailsBecauseACallWasStoppedIsNoErrorOfTheStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var call *Call[string]
		f := storing(hooked{Store: memory.New(0), looked: func([]store.Found) error {
			synctest.Wait()
			call.Stop()
			return context.Canceled
		}}, mustNotRun)
		call = f.Start(t.Context(), "a")
		_, err := call.Wait(t.Context())
		wantErr(t, err, ErrStopped)
		want(t, "store errors", settled(t, f).StoreErrors, 0)
	})
}

func TestAForgottenResultDoesNotExpire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		wantResult(t, "got a")(storing(s, echo, TTL(time.Hour)).Run(t.Context(), "a"))
		f := storing(s, echo)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "stored", f.Stats().Stored, 1)
		want(t, "forgotten", f.Forget("a"), true)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		time.Sleep(2 * time.Hour)
		stats := settled(t, f)
		want(t, "expirations", stats.Expirations, 0)
		want(t, "entries", stats.Entries, 1)
	})
}

// TestWhatIsForgottenWhileItExecutesIsNotStored forgets a call when its body runs,
// and when its result is being put.
func TestWhatIsForgottenWhileItExecutesIsNotStored(t *testing.T) {
	for _, all := range []bool{false, true} {
		for _, late := range []bool{false, true} {
			bubble(t, func(t *testing.T) {
				s := memory.New(0)
				var f *fetch
				forget := func() {
					if all {
						f.ForgetAll()
					} else {
						want(t, "forgotten", f.Forget("a"), true)
					}
				}
				f = storing(hooked{Store: lossy{s, func(store.Lease) {
					if late {
						forget() // has looked into the store before the result is there
					}
				}}}, sleeper)
				call := f.Start(t.Context(), "a")
				time.Sleep(time.Second / 2)
				if !late {
					forget()
				}
				wantResult(t, "got a")(call.Wait(t.Context()))
				settled(t, f)
				for _, r := range records(t, s) {
					if r.Status == store.Succeeded {
						t.Errorf("stored although it was forgotten (all %t, late %t)", all, late)
					}
				}
				began := time.Now()
				wantResult(t, "got a")(f.Run(t.Context(), "a"))
				want(t, "took", time.Since(began) >= time.Second, true)
				settled(t, f)
			})
		}
	}
}

// TestWhatIsForgottenElsewhereWhileItExecutesDoesNotCount has one process, as it
// were, execute a call, another forget it, and a third wait for it.
func TestWhatIsForgottenElsewhereWhileItExecutesDoesNotCount(t *testing.T) {
	for name, lease := range map[string]time.Duration{"a short lease": 100 * time.Millisecond, "a long one": time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(lease)
				version := "old"
				body := func(ctx context.Context, arg string) (string, error) {
					got := version
					_, err := sleeper(ctx, arg)
					return got, err
				}
				f, g, h := storing(s, body), storing(s.Another(), body), storing(s.Another(), body)
				old := f.Start(t.Context(), "a")
				time.Sleep(time.Second / 2)
				waiting := h.Start(t.Context(), "a")
				synctest.Wait()
				version = "new"
				want(t, "forgotten", g.Forget("a"), true)
				began := time.Now()
				wantResult(t, "new")(g.Run(t.Context(), "a"))
				want(t, "took", time.Since(began) < 3*time.Second/2, true)
				wantResult(t, "old")(old.Wait(t.Context())) // it was asked for before
				wantResult(t, "new")(waiting.Wait(t.Context()))
				for _, r := range []*fetch{f, g, h} {
					wantResult(t, "new")(r.Run(t.Context(), "a"))
					want(t, "store errors", settled(t, r).StoreErrors, 0)
				}
				want(t, "executions", f.Stats().Executions+g.Stats().Executions+h.Stats().Executions, 2)
			})
		})
	}
}

// TestWhatIsForgottenElsewhereWhileItExecutesIsForgottenOnce looks at what a second
// Forget finds while nobody waits, who would execute the call before it.
func TestWhatIsForgottenElsewhereWhileItExecutesIsForgottenOnce(t *testing.T) {
	for name, lease := range map[string]time.Duration{"a short lease": 100 * time.Millisecond, "a long one": time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(lease)
				f, g := storing(s, sleeper), storing(s.Another(), sleeper)
				call := f.Start(t.Context(), "a")
				time.Sleep(time.Second / 2)
				want(t, "forgotten", g.Forget("a"), true)
				want(t, "forgotten again", g.Forget("a"), false)
				wantResult(t, "got a")(call.Wait(t.Context()))
				settled(t, f)
				want(t, "forgotten when it has ended", g.Forget("a"), false)
			})
		})
	}
}

// TestWhatIsForgottenElsewhereIsDroppedFromMemory, also when it is being read from the
// store at that moment; other calls stay.
func TestWhatIsForgottenElsewhereIsDroppedFromMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		version := "old"
		body := func(context.Context, string) (string, error) { return version, nil }
		f, g := storing(s, body), storing(s.Another(), body)
		wantResult(t, "old")(f.Run(t.Context(), "a"))
		wantResult(t, "old")(f.Run(t.Context(), "b"))
		version = "new"
		want(t, "forgotten", g.Forget("a"), true)
		wantResult(t, "new")(f.Run(t.Context(), "a"))
		wantResult(t, "old")(f.Run(t.Context(), "b"))
		want(t, "executions", f.Stats().Executions, 3)
		want(t, "hits", f.Stats().Hits, 1)

		h := storing(hooked{Store: s, looked: func([]store.Found) error {
			if version == "new" {
				version = "newer"
				g.Forget("a")
			}
			return nil
		}}, body)
		wantResult(t, "new")(h.Run(t.Context(), "a")) // it was asked for before
		wantResult(t, "newer")(h.Run(t.Context(), "a"))
		g.ForgetAll()
		for _, r := range []*fetch{f, g, h} {
			settled(t, r)
			want(t, "entries", r.Stats().Entries, 0)
			want(t, "durable keys", len(r.attributes), 0)
		}
	})
}

// TestABodyMayForgetItsOwnCall and make it again: neither it nor anybody else waits
// for a lease under which nothing will be put.
func TestABodyMayForgetItsOwnCall(t *testing.T) {
	for _, all := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			s := memory.New(time.Hour)
			var f *fetch
			executed := 0
			f = storing(s, func(ctx context.Context, arg string) (string, error) {
				if executed++; executed > 1 {
					return "inner", nil
				}
				if all {
					f.ForgetAll()
				} else {
					f.Forget(arg)
				}
				inner, err := f.Run(ctx, arg)
				return "outer " + inner, err
			})
			began := time.Now()
			wantResult(t, "outer inner")(f.Run(t.Context(), "a"))
			want(t, "took", time.Since(began), 0)
			wantResult(t, "inner")(f.Run(t.Context(), "a"))
			settled(t, f)
			wantResult(t, "inner")(storing(s, mustNotRun).Run(t.Context(), "a"))
		})
	}
}

func TestWhatIsForgottenWhileItIsReadIsNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		wantResult(t, "got a")(storing(s, echo).Run(t.Context(), "a"))
		var f *fetch
		first := true
		f = storing(hooked{Store: s, looked: func([]store.Found) error {
			if first {
				first = false
				f.Forget("a")
			}
			return nil
		}}, echo)
		for range 2 {
			wantResult(t, "got a")(f.Run(t.Context(), "a"))
		}
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

func TestCallsWithoutKeyAreNotStored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		m := newMarshalled(echo, WithStore(s), WithLogger(quiet()))
		for range 2 {
			wantResult(t, "got bad")(m.Run(t.Context(), "bad"))
		}
		want(t, "executions", m.Stats().Executions, 2)
		want(t, "records", len(records(t, s)), 0)
		_, found := m.calls.Lookup("bad")
		want(t, "found", found, false)
		want(t, "forgotten", m.calls.Forget("bad"), false)
		wantResult(t, "got good")(m.Run(t.Context(), "good"))
		want(t, "records", len(records(t, s)), 1)
	})
}

// slowToRenew is a store that takes until the end of the context to renew a lease.
type slowToRenew struct{ store.Store }

func (s slowToRenew) Renew(ctx context.Context, l store.Lease, _ store.Record) (store.Lease, error) {
	<-ctx.Done()
	return l, ctx.Err()
}

func TestNobodyWaitsForARenewal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(slowToRenew{memory.New(time.Minute)}, func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		for _, arg := range []string{"a", "b"} {
			call := f.Start(t.Context(), arg)
			time.Sleep(45 * time.Second) // the lease is being renewed since half of its time
			began := time.Now()
			if arg == "a" {
				call.Stop()
			} else {
				want(t, "closed", f.Close(t.Context()), nil)
			}
			want(t, "took", time.Since(began), 0)
		}
		time.Sleep(time.Minute)
		settled(t, f)
	})
}

// silent is a store that answers a Lookup only when told to, or when the context ends.
type silent struct {
	store.Store
	answer chan struct{}
}

func (s silent) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	select {
	case <-s.answer:
		return s.Store.Lookup(ctx, refs, found)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestCallersLeaveAStoreThatDoesNotAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		wantResult(t, "got a")(storing(s, echo).Run(t.Context(), "a"))
		for _, joined := range []bool{false, true} {
			answer := make(chan struct{})
			f := storing(silent{s, answer}, mustNotRun, StoreTimeout(time.Hour))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			left := make(chan error)
			began := time.Now()
			go func() {
				_, err := f.Run(ctx, "a")
				left <- err
			}()
			synctest.Wait()
			var call *Call[string]
			if joined {
				call = f.Start(t.Context(), "a")
			}
			wantErr(t, <-left, context.DeadlineExceeded)
			want(t, "took", time.Since(began), time.Minute)
			close(answer)
			if joined {
				wantResult(t, "got a")(call.Wait(t.Context()))
			}
			want(t, "store errors", settled(t, f).StoreErrors, 0)
			cancel()
			t.Setenv("WORKGEN_CACHE", "only") // where a miss would be an error
		}
	})
}

// TestNothingOfACallStaysWithTheContextOfItsCaller, which may live as long as the
// process.
func TestNothingOfACallStaysWithTheContextOfItsCaller(t *testing.T) {
	for _, body := range []func(context.Context, string) (string, error){echo, failing(1, new([]time.Duration))} {
		bubble(t, func(t *testing.T) {
			s := memory.New(0)
			ctx := &counted{Context: t.Context()}
			for range 2 { // the second time the store has it
				f := storing(s, body)
				_, _ = f.Run(ctx, "a")
				settled(t, f)
			}
			want(t, "watches that are left", ctx.watches.Load(), 0)
		})
	}
}

// counted counts who waits for its end.
type counted struct {
	context.Context
	watches atomic.Int64
}

func (c *counted) Done() <-chan struct{} { return make(chan struct{}) }
func (c *counted) Value(any) any         { return nil }
func (c *counted) AfterFunc(func()) func() bool {
	c.watches.Add(1)
	return func() bool { c.watches.Add(-1); return true }
}

// slow is a store that takes a minute to be asked for a result, or to delete it, and
// counts that.
type slow struct {
	store.Store
	asked *atomic.Int64
}

func (s slow) Lookup(context.Context, []store.Ref, []store.Found) error {
	s.asked.Add(1)
	time.Sleep(time.Minute)
	return context.Canceled
}

func (s slow) Delete(context.Context, ...store.Ref) (int, error) {
	s.asked.Add(1)
	time.Sleep(time.Minute)
	return 0, context.Canceled
}

func TestAStoppedCallAsksTheStoreNoMore(t *testing.T) {
	for _, override := range []string{"", "only", "refresh"} {
		t.Setenv("WORKGEN_CACHE", override)
		bubble(t, func(t *testing.T) {
			asked := new(atomic.Int64)
			f := storing(slow{memory.New(0), asked}, mustNotRun)
			call := f.Start(t.Context(), "a")
			synctest.Wait()
			call.Stop()
			time.Sleep(time.Hour)
			want(t, "times that it was asked", asked.Load(), 1)
			settled(t, f)
		})
	}
}

func TestALoopLeavesAStoreThatDoesNotAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(silent{memory.New(0), nil}, mustNotRun, StoreTimeout(time.Hour))
		l := Loop{Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "a")
			return err
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		wantErr(t, l.Run(ctx), context.DeadlineExceeded)
		settled(t, f)
	})
}

func TestWhatTheStoreHasMakesNoPassDue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		wantResult(t, "got a")(storing(s, echo).Run(t.Context(), "a"))
		f := storing(s, mustNotRun)
		passes := 0
		l := Loop{Flow: func(ctx context.Context) error {
			passes++
			_, err := f.Run(ctx, "a")
			return err
		}, Heartbeat: -1}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		wantErr(t, l.Run(ctx), context.DeadlineExceeded)
		want(t, "passes", passes, 1)
	})
}

// TestAFailureElsewhereTellsOfItsKind: callers in other processes see a timeout as one.
func TestAFailureElsewhereTellsOfItsKind(t *testing.T) {
	for name, c := range map[string]struct {
		err                error
		canceled, deadline bool
	}{
		"another":    {err: errors.New("no page")},
		"a timeout":  {err: fmt.Errorf("no page: %w", context.DeadlineExceeded), deadline: true},
		"an end":     {err: context.Canceled, canceled: true},
		"with panic": {},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Hour)
				g := storing(s.Another(), func(context.Context, string) (string, error) {
					time.Sleep(time.Second)
					if c.err == nil {
						panic("no page")
					}
					return "", c.err
				})
				g.Start(t.Context(), "a")
				synctest.Wait()
				f := storing(s, mustNotRun)
				_, err := f.Run(t.Context(), "a")
				var remote *RemoteError
				want(t, "failed elsewhere", errors.As(err, &remote), true)
				want(t, "canceled", errors.Is(err, context.Canceled), c.canceled)
				want(t, "deadline exceeded", errors.Is(err, context.DeadlineExceeded), c.deadline)
				want(t, "panicked", remote.Kind == store.ErrorPanic, c.err == nil)
				settled(t, f)
				settled(t, g)
			})
		})
	}
}

// far is a store of several machines, a second away.
type far struct{ store.Store }

func (far) Shared() bool { return true }

func (s far) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	time.Sleep(time.Second)
	return s.Store.Lookup(ctx, refs, found)
}

// TestAFlowLooksUpAtOnceWhatItStarts where that takes its time, and not one after the other.
func TestAFlowLooksUpAtOnceWhatItStarts(t *testing.T) {
	for name, body := range map[string]func(context.Context, string) (string, error){"found": mustNotRun, "executed": echo} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Hour)
				if name == "found" {
					for n := range 100 {
						_, _ = storing(s, echo).Run(t.Context(), fmt.Sprint(n))
					}
				}
				f := storing(far{s.Another()}, body)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				began, passes := time.Now(), 0
				l := Loop{Flow: func(ctx context.Context) error {
					passes++
					calls := make([]*Call[string], 100)
					for n := range calls {
						calls[n] = f.Start(ctx, fmt.Sprint(n))
					}
					results, err := All(ctx, calls)
					if err != nil {
						return err
					}
					want(t, "result", results[99], "got 99")
					if took := time.Since(began); took > 3*time.Second {
						t.Errorf("it took %v", took)
					}
					cancel()
					return nil
				}}
				wantErr(t, l.Run(ctx), context.Canceled)
				want(t, "few passes", passes <= 3, true)
				settled(t, f)
			})
		})
	}
}

// slowClock is a store whose executions end half a minute ago, as they do on a machine whose
// clock is behind.
type slowClock struct{ store.Store }

func (s slowClock) End(ctx context.Context, l store.Lease, r store.Record, w io.WriterTo) error {
	r.Finished = r.Finished.Add(-30 * time.Second)
	r.Origin.Host = "another"
	return s.Store.End(ctx, l, r, w)
}

func TestAFailureElsewhereIsOneAlsoIfTheClockThereIsBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		g := storing(slowClock{s.Another()}, func(context.Context, string) (string, error) {
			time.Sleep(time.Second)
			return "", errors.New("no page")
		})
		g.Start(t.Context(), "a")
		synctest.Wait()
		f := storing(s, mustNotRun)
		_, err := f.Run(t.Context(), "a")
		var remote *RemoteError
		want(t, "failed elsewhere", errors.As(err, &remote), true)
		settled(t, f)
		settled(t, g)
	})
}
