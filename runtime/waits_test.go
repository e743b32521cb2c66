package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// gate is a RateLimiter that lets an execution begin when it is opened.
type gate chan struct{}

func (g gate) Wait(ctx context.Context) error {
	select {
	case <-g:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestAPendingCallSaysWhatItWaitsFor: each thing that there is.
func TestAPendingCallSaysWhatItWaitsFor(t *testing.T) {
	flaky := func(context.Context, string) (string, error) { return "", errors.New("for now") }
	retry := Retry(RetryPolicy{Attempts: 2, Initial: time.Minute, Jitter: -1})
	for want, prepare := range map[WaitFor]func(t *testing.T) *fetch{
		WaitSlot: func(t *testing.T) *fetch {
			f := newFetch(sleeper, Concurrency(1))
			f.Start(t.Context(), "before")
			return f
		},
		WaitPool: func(t *testing.T) *fetch {
			pool := NewPool(1)
			newFetch(sleeper, WithPool(pool), Name("other")).Start(t.Context(), "before")
			return newFetch(sleeper, WithPool(pool), Concurrency(1))
		},
		WaitRate:  func(*testing.T) *fetch { return newFetch(sleeper, RateLimit(gate(nil))) },
		WaitRetry: func(*testing.T) *fetch { return newFetch(flaky, retry) },
		WaitPause: func(*testing.T) *fetch {
			f := newFetch(sleeper)
			f.Runner.Pause()
			return f
		},
		WaitArguments: func(*testing.T) *fetch {
			return fetchOf(NewCalls(Spec[string, string, string]{Name: "w", Execute: echo, CloneArgs: func(arg string) string {
				time.Sleep(time.Second)
				return arg
			}}))
		},
		WaitStore: func(*testing.T) *fetch {
			return storing(faulty(memory.New(0), storetest.All, storetest.Refuse), echo)
		},
		WaitExecution: func(t *testing.T) *fetch {
			s := memory.New(time.Minute)
			storing(s.Another(), sleeper).Start(t.Context(), "a")
			synctest.Wait()
			return storing(s, sleeper)
		},
		WaitWorker: func(*testing.T) *fetch {
			s := memory.New(time.Minute)
			return storing(s, echo, WithWorkers(s.Queue(), "gpu"))
		},
	} {
		t.Run(want.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := prepare(t)
				go f.Start(t.Context(), "a")
				synctest.Wait()
				s := f.Status()
				if s.Status != Pending || s.Waits.For != want {
					t.Errorf("%v, waits for %q", s.Status, s.Waits.For)
				}
				if until := s.Waits.Until; (want == WaitRetry) != until.Equal(time.Now().Add(time.Minute)) {
					t.Errorf("until %v", until)
				}
				if (s.Holder == store.Origin{}) != (want != WaitExecution) {
					t.Errorf("holder %v", s.Holder)
				}
				f.calls.Start(t.Context(), "a").Stop()
				time.Sleep(time.Second)
				synctest.Wait()
				if s := f.Status(); s.Status != Stopped || s.Waits != (Wait{}) {
					t.Errorf("at the end: %v, waits for %q", s.Status, s.Waits.For)
				}
			})
		})
	}
}

// TestARunningBodySaysWhatItWaitsFor: a call that it has made, and a slot to go on.
func TestARunningBodySaysWhatItWaitsFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper, Name("inner"))
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "long" {
				time.Sleep(3 * time.Second)
				return arg, nil
			}
			time.Sleep(time.Second)
			inner.Run(ctx, arg)
			return arg, nil
		}, Concurrency(1))
		call := outer.Start(t.Context(), "a")
		check := func(what string, waits Wait) {
			t.Helper()
			synctest.Wait()
			want(t, what+", status", call.Status().Status, Running)
			want(t, what, call.Status().Waits, waits)
		}
		check("while it works", Wait{})
		time.Sleep(1500 * time.Millisecond)
		check("while it waits for a call", Wait{For: WaitCall, Work: "inner"})
		outer.Start(t.Context(), "long")
		time.Sleep(time.Second)
		check("while it waits for its slot", Wait{For: WaitSlot})
		time.Sleep(time.Minute)
	})
}

// TestTheTimeOfAnExecutionHasNoWaitsInIt: what other attempts took, and the waits between them.
func TestTheTimeOfAnExecutionHasNoWaitsInIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		attempts := 0
		f := newFetch(func(context.Context, string) (string, error) {
			attempts++
			time.Sleep(time.Duration(attempts) * time.Second)
			if attempts == 1 {
				return "", errors.New("for now")
			}
			return "done", nil
		}, Retry(RetryPolicy{Attempts: 2, Initial: time.Minute, Jitter: -1}))
		check := func(what string, status Status, ago, took time.Duration) {
			t.Helper()
			s := f.Status()
			want(t, what, s.Status, status)
			want(t, what+", took", s.Took, took)
			want(t, what+", began ago", time.Since(s.Began), ago)
		}
		call := f.Start(t.Context(), "a")
		time.Sleep(time.Second / 2)
		check("the first attempt", Running, time.Second/2, time.Second/2)
		time.Sleep(10 * time.Second)
		check("the wait", Pending, 10500*time.Millisecond, time.Second)
		time.Sleep(51 * time.Second) // half a second into the second attempt
		check("the second attempt", Running, 500*time.Millisecond, 500*time.Millisecond)
		wantResult(t, "done")(call.Wait(t.Context()))
		check("the end", Succeeded, 2*time.Second, 2*time.Second)
	})
}

// TestACallThatExecutedNowhereHereTookNothing: a stored result, and a call that is stopped before.
func TestACallThatExecutedNowhereHereTookNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		storing(s.Another(), sleeper).Run(t.Context(), "a")
		f := storing(s, sleeper, Concurrency(1))
		f.Run(t.Context(), "a")
		want(t, "stored", f.Status().Stored, true)
		want(t, "took", f.Status().Took, 0)
		f.Start(t.Context(), "b")
		synctest.Wait()
		f.Start(t.Context(), "c").Stop()
		want(t, "stopped", f.Status().Status, Stopped)
		want(t, "began", f.Status().Began.IsZero(), true)
		time.Sleep(time.Minute)
	})
}

// TestAKeptErrorSaysWhatItsExecutionTook.
func TestAKeptErrorSaysWhatItsExecutionTook(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) {
			time.Sleep(time.Second)
			return "", errors.New("broken")
		}, CacheErrors(time.Hour))
		call := f.Start(t.Context(), "a")
		call.Wait(t.Context())
		want(t, "took", call.Status().Took, time.Second)
	})
}

// TestABodyThatRunsOnAfterTheEndIsStopping: from the first moment, and until it returns.
func TestABodyThatRunsOnAfterTheEndIsStopping(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) {
			time.Sleep(3 * time.Second)
			return "", nil
		})
		i := Inspect(f.Runner)
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		d, _ := i.Call(1)
		want(t, "while it runs", d.Stopping.IsZero(), true)
		time.Sleep(time.Second)
		call.Stop()
		time.Sleep(time.Second)
		d, _ = i.Call(1)
		want(t, "status", d.Status, Stopped)
		want(t, "stopping for", time.Since(d.Stopping), time.Second)
		time.Sleep(2 * time.Second)
		d, _ = i.Call(1)
		want(t, "when it has returned", d.Stopping.IsZero(), true)
	})
}

// TestASilentStoreIsSaidToBe: since when, and not any more once nobody knows.
func TestASilentStoreIsSaidToBe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(faulty(memory.New(0), storetest.All, storetest.For(5*time.Second, storetest.Refuse)), echo)
		silent := func() time.Duration {
			since, err := Inspect(f.Runner).StoreSilent()
			if since.IsZero() {
				return 0
			}
			wantErr(t, err, storetest.ErrFault)
			return time.Since(since)
		}
		want(t, "before", silent(), 0)
		call := f.Start(t.Context(), "a")
		time.Sleep(3 * time.Second)
		want(t, "while it does not answer", silent(), 3*time.Second)
		wantResult(t, "got a")(call.Wait(t.Context()))
		want(t, "when it answers", silent(), 0)
	})
	bubble(t, func(t *testing.T) {
		f := storing(faulty(memory.New(0), storetest.All, storetest.Refuse), echo)
		f.Run(t.Context(), "a")
		since, _ := Inspect(f.Runner).StoreSilent()
		want(t, "when it has not answered", since.IsZero(), false)
		time.Sleep(time.Hour)
		since, _ = Inspect(f.Runner).StoreSilent()
		want(t, "when nobody has asked for long", since.IsZero(), true)
		since, _ = Inspect(newFetch(echo).Runner).StoreSilent()
		want(t, "without a store", since.IsZero(), true)
	})
}

// TestWhatRunsAndWhatWaits: the oldest first, also of what the runner does not remember any more,
// and of bodies that outlast their calls.
func TestWhatRunsAndWhatWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) {
			time.Sleep(time.Minute)
			return "", nil
		}, Concurrency(3), History(2))
		i := Inspect(f.Runner)
		var calls []*Call[string]
		for _, arg := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			calls = append(calls, f.Start(t.Context(), arg))
			time.Sleep(time.Second)
		}
		numbers := func(list []CallDetail) (n []uint64) {
			for _, d := range list {
				n = append(n, d.Number)
			}
			return n
		}
		calls[1].Stop()
		running, all := i.Executing(2)
		want(t, "running", fmt.Sprint(numbers(running)), "[1 2]")
		want(t, "all that run", all, 3)
		want(t, "the first, status", running[0].Status, Running)
		want(t, "the first, began ago", time.Since(running[0].Began), 7*time.Second)
		want(t, "the second, status", running[1].Status, Stopped)
		want(t, "the second, stopping", running[1].Stopping.IsZero(), false)
		pending, waiting := i.Pending(3)
		want(t, "pending", fmt.Sprint(numbers(pending)), "[4 5 6]")
		want(t, "waiting", fmt.Sprint(waiting), "map[a slot:4]")
		want(t, "waits for", pending[0].Waits.For, WaitSlot)
		time.Sleep(10 * time.Minute)
		running, all = i.Executing(2)
		pending, _ = i.Pending(3)
		want(t, "at the end", fmt.Sprint(running, all, pending), "[] 0 []")
	})
}

// TestARecordIsCurrentIfItIsOfThisCode.
func TestARecordIsCurrentIfItIsOfThisCode(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		f := storing(s, echo)
		f.Run(t.Context(), "a")
		older := storingSpec(echo)
		older.Code = &Code{Sum: "c0", Symbols: "a 0\n"}
		fetchOf(NewCalls(older, WithStore(s.Another()))).Run(t.Context(), "a")
		var current []bool
		for rec, err := range s.History(t.Context(), store.Filter{}) {
			wantErr(t, err, nil)
			current = append(current, Inspect(f.Runner).Current(&rec))
		}
		want(t, "current", fmt.Sprint(current), "[false true]")
	})
}
