package runtime

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

func TestAnotherExecutesACallWhileItsNextAttemptWaitsForASlot(t *testing.T) {
	for _, strict := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			s := memory.New(time.Minute)
			n, deadOnArrival := 0, 0
			f := storing(cutOff(s, 70*time.Second), func(ctx context.Context, arg string) (string, error) {
				if arg == "b" {
					time.Sleep(5 * time.Minute)
					return "b", nil
				}
				if n++; n == 1 {
					return "", errors.New("for now")
				}
				if ctx.Err() != nil {
					deadOnArrival++
				}
				return "mine", nil
			}, StrictLease(strict), Concurrency(1), Retry(RetryPolicy{Attempts: 2, Initial: time.Second, Jitter: -1}))
			g := storing(s.Another(), func(context.Context, string) (string, error) {
				time.Sleep(20 * time.Minute)
				return "theirs", nil
			})
			first := f.Start(t.Context(), "a")
			time.Sleep(time.Second / 2)
			b := f.Start(t.Context(), "b")
			time.Sleep(time.Second)
			second := g.Start(t.Context(), "a")
			wantResult(t, "theirs")(first.Wait(t.Context()))
			wantResult(t, "theirs")(second.Wait(t.Context()))
			wantResult(t, "b")(b.Wait(t.Context()))
			want(t, "strict, dead on arrival", deadOnArrival, 0)
			want(t, "bodies of a", n, 1)
			settled(t, f)
			settled(t, g)
		})
	}
}

// TestALeaseThatIsLostBeforeTheBodyRuns: the store is slow to say what else there was.
func TestALeaseThatIsLostBeforeTheBodyRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var slow atomic.Bool // the next look is
		f := storing(hooked{
			Store: cutOff(s, 70*time.Second),
			begun: func(l store.Lease, err error) (store.Lease, error) { slow.Store(err == nil); return l, err },
			looked: func([]store.Found) error {
				if slow.Swap(false) {
					time.Sleep(2 * time.Minute)
				}
				return nil
			},
		}, mustNotRun, attempts(5), StoreTimeout(time.Hour))
		g := storing(s.Another(), func(context.Context, string) (string, error) {
			time.Sleep(20 * time.Minute)
			return "theirs", nil
		})
		first := f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		wantResult(t, "theirs")(g.Run(t.Context(), "a"))
		wantResult(t, "theirs")(first.Wait(t.Context()))
		settled(t, f)
		settled(t, g)
	})
}

func TestALeaseThatIsLostWhileTheStoreCannotBeAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var faults storetest.Faults
		var cause error
		f := storing(faults.Wrap(s), func(ctx context.Context, _ string) (string, error) {
			select {
			case <-ctx.Done():
				cause = context.Cause(ctx)
			case <-time.After(24 * time.Hour):
			}
			return "cut off", nil
		})
		g := storing(s.Another(), func(context.Context, string) (string, error) {
			time.Sleep(10 * time.Minute)
			return "theirs", nil
		})
		first := f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		faults.Inject(storetest.Renew, storetest.For(70*time.Second, storetest.Refuse))
		faults.Inject(storetest.Lookup, storetest.For(90*time.Second, storetest.Refuse)) // a little longer
		second := g.Start(t.Context(), "a")
		wantResult(t, "theirs")(second.Wait(t.Context()))
		wantResult(t, "theirs")(first.Wait(t.Context()))
		wantErr(t, cause, ErrLeaseLost)
		settled(t, f)
		settled(t, g)
	})
}

// TestABodyThatReturnsAfterAnotherHasTakenItsLease, before that was noticed, as when its process
// was stopped: there are never two results.
func TestABodyThatReturnsAfterAnotherHasTakenItsLease(t *testing.T) {
	for name, returns := range map[string]func() (string, error){
		"a result": func() (string, error) { return "mine", nil },
		"an error": func() (string, error) { return "", errors.New("mine") },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Minute)
				var faults storetest.Faults
				faults.Inject(storetest.Renew, storetest.Refuse)
				f := storing(faults.Wrap(s), func(context.Context, string) (string, error) {
					time.Sleep(2 * time.Minute)
					return returns()
				})
				g := storing(s.Another(), func(context.Context, string) (string, error) {
					time.Sleep(10 * time.Minute)
					return "theirs", nil
				})
				first := f.Start(t.Context(), "a")
				time.Sleep(time.Second)
				wantResult(t, "theirs")(g.Run(t.Context(), "a"))
				wantResult(t, "theirs")(first.Wait(t.Context()))
				settled(t, f)
				settled(t, g)
			})
		})
	}
}

func TestALeaseThatAnotherTakesLaterThanItIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var cause error
		f := storing(cutOff(s, 70*time.Second), func(ctx context.Context, _ string) (string, error) {
			select {
			case <-ctx.Done():
				cause = context.Cause(ctx)
			case <-time.After(24 * time.Hour):
			}
			return "cut off", nil
		})
		stopped := storing(s.Another(), sleeperFor(15*time.Second))
		g := storing(s.Another(), func(context.Context, string) (string, error) {
			time.Sleep(10 * time.Minute)
			return "theirs", nil
		})
		first := f.Start(t.Context(), "a")
		time.Sleep(61 * time.Second)
		// Somebody takes the call over, and is stopped.
		other := stopped.Start(t.Context(), "a")
		time.Sleep(2 * time.Second)
		other.Stop()
		time.Sleep(17 * time.Second)
		second := g.Start(t.Context(), "a")
		wantResult(t, "theirs")(second.Wait(t.Context()))
		wantResult(t, "theirs")(first.Wait(t.Context()))
		wantErr(t, cause, ErrLeaseLost)
		settled(t, f)
		settled(t, g)
		settled(t, stopped)
	})
}

func TestATimeoutHoldsAlsoAfterALeaseWasLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		began := time.Now()
		f := storing(cutOff(s, 70*time.Second), func(context.Context, string) (string, error) {
			time.Sleep(100 * time.Hour)
			return "deaf", nil
		}, Timeout(time.Hour))
		g := storing(s.Another(), func(context.Context, string) (string, error) {
			time.Sleep(10 * time.Minute)
			return "theirs", nil
		})
		first := f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		second := g.Start(t.Context(), "a")
		wantResult(t, "theirs")(second.Wait(t.Context()))
		got, err := first.Wait(t.Context())
		if took := time.Since(began); took > time.Hour {
			t.Errorf("it took %v: %v %v", took, got, err)
		}
		time.Sleep(100 * time.Hour)
		settled(t, f)
		settled(t, g)
	})
}

func TestAStrictLeaseThatIsLostOftenStaysStrict(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		f := storing(cutOff(s, 24*time.Hour), sleeperFor(30*time.Minute), StrictLease(true))
		call := f.Start(t.Context(), "a")
		time.Sleep(20 * time.Minute)
		g := storing(s.Another(), sleeperFor(10*time.Minute))
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		want(t, "bodies in flight beside the other's", f.Stats().InFlight, 0)
		call.Stop()
		settled(t, f)
	})
}

func TestACallThatIsStoppedWhenTheAnswerOfBeginIsLostLeavesNoLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var faults storetest.Faults
		s := memory.New(time.Hour)
		f := storing(faults.Wrap(s), echo)
		end := faults.Inject(storetest.Begin, func(ctx context.Context, c *storetest.Call) error {
			_ = c.Do(ctx)
			<-ctx.Done()
			return ctx.Err()
		})
		call := f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		call.Stop()
		end()
		began := time.Now()
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("the next call waited for %v", took)
		}
		settled(t, f)
	})
}

func TestForgetWaitsForAStoreThatHangsAsLongAsItMay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var faults storetest.Faults
		f := storing(faults.Wrap(memory.New(time.Minute)), sleeperFor(time.Hour))
		f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		end := faults.Inject(storetest.All, storetest.Slow(1000*time.Hour))
		began := time.Now()
		f.Forget("a")
		if took := time.Since(began); took > time.Hour {
			t.Errorf("Forget took %v", took)
		}
		end()
		time.Sleep(time.Hour)
		settled(t, f)
	})
}
