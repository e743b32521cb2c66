package runtime

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

func TestEqualCallsThatOverlapExecuteOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { wantResult(t, "got a")(f.Run(t.Context(), "a")) })
		}
		all.Wait()
		s := settled(t, f)
		want(t, "executions", s.Executions, 1)
		want(t, "misses", s.Misses, 1)
		want(t, "joined", s.Joined, 99)
		want(t, "entries", s.Entries, 1)
	})
}

func TestDifferentCallsExecuteAtTheSameTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		began := time.Now()
		a, b := f.Start(t.Context(), "a"), f.Start(t.Context(), "b")
		wantResult(t, "got a")(a.Wait(t.Context()))
		wantResult(t, "got b")(b.Wait(t.Context()))
		want(t, "time", time.Since(began), time.Second)
		settled(t, f)
	})
}

func TestWithoutCachingEveryCallExecutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper, CacheCalls(false))
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { wantResult(t, "got a")(f.Run(t.Context(), "a")) })
			all.Go(func() { wantResult(t, "got a")(f.Start(t.Context(), "a").Wait(t.Context())) })
		}
		all.Wait()
		s := settled(t, f)
		want(t, "executions", s.Executions, 20)
		want(t, "misses", s.Misses, 20)
		want(t, "entries", s.Entries, 0)
		want(t, "forgotten", f.Forget("a"), false)
	})
}

func TestACallerThatGivesUpHarmsNobody(t *testing.T) {
	for name, first := range map[string]bool{"the one who made the call": true, "one who joined it": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(sleeper)
				short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				ctxs := []context.Context{t.Context(), short}
				if first {
					ctxs = []context.Context{short, t.Context()}
				}
				var all sync.WaitGroup
				for _, ctx := range ctxs {
					all.Go(func() {
						got, err := f.Run(ctx, "a")
						if ctx == short {
							want(t, "error", err, context.DeadlineExceeded) // as it is
						} else {
							wantResult(t, "got a")(got, err)
						}
					})
					synctest.Wait()
				}
				all.Wait()
				want(t, "executions", settled(t, f).Executions, 1)
			})
		})
	}
}

func TestWhenTheLastCallerLeavesTheExecutionIsStopped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var cause error
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return "too late", nil
		})
		var all sync.WaitGroup
		for d := range 3 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(d+1)*time.Second)
				defer cancel()
				_, err := f.Run(ctx, "a")
				wantErr(t, err, context.DeadlineExceeded)
			})
		}
		time.Sleep(2500 * time.Millisecond)
		want(t, "status with one left", f.Status().Status, Running)
		all.Wait()
		s := settled(t, f)
		want(t, "stops", s.Stops, 1)
		want(t, "status", f.Status().Status, Stopped)
		wantErr(t, f.Status().Reason, ErrStopped)
		wantErr(t, cause, ErrStopped)
		_, kept := f.Lookup("a")
		want(t, "kept", kept, false)
	})
}

func TestAfterAStopTheNextCallExecutesThoughTheOldBodyStillRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var executions atomic.Int32
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			n := executions.Add(1)
			if n == 1 {
				time.Sleep(time.Hour) // deaf
			}
			return fmt.Sprint("result ", n), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := f.Run(ctx, "a")
		wantErr(t, err, context.DeadlineExceeded)
		want(t, "in flight", f.Stats().InFlight, 1)
		wantResult(t, "result 2")(f.Run(t.Context(), "a"))
		time.Sleep(time.Hour)
		wantResult(t, "result 2")(f.Run(t.Context(), "a"))
		want(t, "executions", settled(t, f).Executions, 2)
	})
}

func TestAContextThatHasEndedGetsWhatIsKeptAndNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.Run(ended, "a")
		want(t, "error on a miss", err, context.Canceled)
		call := f.Start(ended, "a")
		_, err = call.Result()
		want(t, "error of a started call", err, context.Canceled)
		want(t, "its status", call.Status().Status, Stopped)
		<-call.Done()

		running := f.Start(t.Context(), "a")
		_, err = f.Run(ended, "a")
		want(t, "error on joining", err, context.Canceled)
		_, err = running.Wait(ended)
		want(t, "error of Wait", err, context.Canceled)

		wantResult(t, "got a")(running.Wait(t.Context()))
		wantResult(t, "got a")(f.Run(ended, "a"))
		wantResult(t, "got a")(f.calls.Run(ended, hashOf("a"), "a", "a"))
		wantResult(t, "got a")(running.Wait(ended))
		s := settled(t, f)
		want(t, "executions", s.Executions, 1)
		want(t, "refused", s.Refused, 3)
		want(t, "hits", s.Hits, 2)
	})
}

func TestStartKeepsACallGoingUntilItsContextEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		ctx, cancel := context.WithCancel(t.Context())
		call := f.Start(ctx, "a")
		_, err := call.Result()
		want(t, "early result", err, ErrNotFinished)
		cancel()
		synctest.Wait() // a Wait that came first would keep it going
		_, err = call.Wait(t.Context())
		wantErr(t, err, ErrStopped)
		want(t, "status", call.Status().Status, Stopped)
		settled(t, f)
	})
}

func TestWaitKeepsACallGoingWhenStartsContextEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		ctx, cancel := context.WithCancel(t.Context())
		call := f.Start(ctx, "a")
		go func() {
			synctest.Wait()
			cancel()
		}()
		wantResult(t, "got a")(call.Wait(t.Context()))
		wantResult(t, "got a")(call.Result())
		settled(t, f)
	})
}

func TestACallThatOnlyWaitWantsStopsWhenWaitLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		ctx, cancel := context.WithCancel(t.Context())
		call := f.Start(ctx, "a")
		wait, leave := context.WithTimeout(t.Context(), time.Second/2)
		defer leave()
		go func() {
			synctest.Wait() // until the Wait below has begun
			cancel()
		}()
		_, err := call.Wait(wait)
		want(t, "error", err, context.DeadlineExceeded)
		want(t, "status", call.Status().Status, Stopped)
		settled(t, f)
	})
}

func TestStartingAgainWithTheSameContextAddsNoWaiter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		ctx, cancel := context.WithCancel(t.Context())
		call := f.Start(ctx, "a")
		for range 10 {
			same := f.Start(context.WithValue(ctx, t, 1), "a")
			want(t, "handle", same, call)
		}
		want(t, "contexts", len(call.node.call.Load().starts), 1)
		other, cancelOther := context.WithCancel(t.Context())
		f.Start(other, "a")
		want(t, "contexts", len(call.node.call.Load().starts), 2)
		cancel()
		synctest.Wait()
		want(t, "status with one context left", call.Status().Status, Running)
		cancelOther()
		synctest.Wait()
		want(t, "status with none left", call.Status().Status, Stopped)
		settled(t, f)
	})
}

func TestAContextThatNeverEndsKeepsAStartedCallGoing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		call := f.Start(context.Background(), "a")
		ctx, cancel := context.WithCancel(t.Context())
		f.Start(ctx, "a")
		cancel()
		<-call.Done()
		wantResult(t, "got a")(call.Result())
		settled(t, f)
	})
}

func TestStopEndsACallForEveryone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		call := f.Start(t.Context(), "a")
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				_, err := f.Run(t.Context(), "a")
				wantErr(t, err, ErrStopped)
			})
		}
		synctest.Wait()
		call.Stop()
		call.Stop()
		all.Wait()
		want(t, "status", call.Status().Status, Stopped)
		s := settled(t, f)
		want(t, "stops", s.Stops, 1)

		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		again := f.Start(t.Context(), "a")
		again.Stop() // has succeeded: nothing to stop
		wantResult(t, "got a")(again.Wait(t.Context()))
	})
}

func TestTheExecutionSeesTheValuesOfItsCallersContextAndNotItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type traceKey struct{}
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if d, ok := ctx.Deadline(); ok {
				return "", fmt.Errorf("the body has somebody's deadline %v", d)
			}
			time.Sleep(time.Second)
			return fmt.Sprint(ctx.Value(traceKey{})), ctx.Err()
		})
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), traceKey{}, "trace 7"), time.Millisecond)
		defer cancel()
		call := f.Start(ctx, "a")
		wantResult(t, "trace 7")(call.Wait(t.Context()))
		settled(t, f)
	})
}

func TestTheExecutionsContextEndsWithTheBody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var kept context.Context
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			kept = ctx
			return arg, ctx.Err()
		})
		wantResult(t, "a")(f.Run(t.Context(), "a"))
		synctest.Wait()
		wantErr(t, kept.Err(), context.Canceled)
	})
}

func TestWhatABodyStartedAndNobodyWaitsForStopsWithIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper)
		var call *Call[string]
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			call = inner.Start(ctx, arg)
			return "done", nil
		})
		wantResult(t, "done")(outer.Run(t.Context(), "a"))
		settled(t, inner)
		want(t, "status", call.Status().Status, Stopped)
	})
}

func TestForgettingAnUnfinishedCallLeavesItsWaitersTheirResult(t *testing.T) {
	for name, forget := range map[string]func(*fetch){
		"Forget":    func(f *fetch) { f.Forget("a") },
		"ForgetAll": func(f *fetch) { f.ForgetAll() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(sleeper)
				first := f.Start(t.Context(), "a")
				time.Sleep(time.Second / 2)
				forget(f)
				want(t, "forgotten twice", f.Forget("a"), false)
				second := f.Start(t.Context(), "a")
				if first == second {
					t.Error("a forgotten call was joined")
				}
				wantResult(t, "got a")(first.Wait(t.Context()))
				_, kept := f.Lookup("a")
				want(t, "kept after the first", kept, false)
				wantResult(t, "got a")(second.Wait(t.Context()))
				_, kept = f.Lookup("a")
				want(t, "kept after the second", kept, true)
				want(t, "executions", settled(t, f).Executions, 2)
			})
		})
	}
}

func TestArgumentsAreCopiedOnceAndBeforeStartReturns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		copies := 0
		calls := NewCalls(Spec[string, []int, int]{
			Name: "sum",
			Execute: func(ctx context.Context, args []int) (sum int, err error) {
				time.Sleep(time.Second)
				for _, n := range args {
					sum += n
				}
				return sum, nil
			},
			Identify:  func([]int) (uint64, string, *key.Encoder) { return 1, "123", nil },
			CloneArgs: func(args []int) []int { copies++; return append([]int(nil), args...) },
		})
		args := []int{1, 2, 3}
		call := calls.Start(t.Context(), args)
		calls.Start(t.Context(), args)
		args[0] = 100
		sum, err := call.Wait(t.Context())
		want(t, "sum", sum, 6)
		want(t, "error", err, nil)
		calls.Start(t.Context(), args)
		want(t, "copies", copies, 1)
	})
}

func TestEveryCallerHasAResultOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := NewCalls(Spec[string, string, []int]{
			Name: "list",
			Execute: func(ctx context.Context, arg string) ([]int, error) {
				time.Sleep(time.Second)
				return []int{1, 2, 3}, map[string]error{"fails": errors.New("partly")}[arg]
			},
			Identify:    byItself,
			CloneResult: func(r []int) []int { return append([]int(nil), r...) },
		})
		for _, arg := range []string{"succeeds", "fails"} {
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					got, _ := calls.Run(t.Context(), hashOf(arg), arg, arg)
					want(t, "first element", got[0], 1)
					got[0] = 100 // also a data race, if it were shared
				})
			}
			all.Wait()
		}
		got, ok := calls.Lookup("succeeds")
		want(t, "found", ok, true)
		want(t, "looked up", got[0], 1)
		got[0] = 100
		// Whatever method of a call has a result, it is a copy.
		call, methods := reflect.ValueOf(calls.Start(t.Context(), "succeeds")), 0
		for i := range call.NumMethod() {
			m, args := call.Method(i), []reflect.Value{reflect.ValueOf(t.Context())}
			if m.Type().NumOut() == 0 || m.Type().Out(0) != reflect.TypeFor[[]int]() {
				continue
			}
			methods++
			m.Call(args[:m.Type().NumIn()])[0].Index(0).SetInt(100)
		}
		want(t, "methods with a result", methods, 2) // Result and Wait
		k := "succeeds"
		want(t, "kept", (*calls.Hit(hashOf(k), &k))[0], 1)
	})
}

// watched is a context that counts who watches for its end.
type watched struct {
	context.Context
	watchers *atomic.Int32
}

// Value hides that a standard context is inside, which would be used directly.
func (watched) Value(any) any { return nil }

func (w watched) AfterFunc(f func()) func() bool {
	w.watchers.Add(1)
	stop := context.AfterFunc(w.Context, f)
	return func() bool { w.watchers.Add(-1); return stop() }
}

func TestNothingIsLeftOnAContextThatWasGivenToStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *fetch
		calls := NewCalls(Spec[string, string, string]{
			Name:    "w",
			Execute: sleeper,
			CloneArgs: func(arg string) string {
				if arg == "ends early" { // before Start could begin to watch
					f.Close(context.Background())
				}
				return arg
			},
		})
		f = fetchOf(calls)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := watched{ctx, new(atomic.Int32)}
		for _, arg := range []string{"a", "ends early"} {
			call := f.Start(w, arg)
			if arg == "a" {
				f.Start(w, arg) // again
				want(t, "watchers meanwhile", w.watchers.Load(), 1)
			}
			<-call.Done()
			synctest.Wait()
			want(t, arg+": watchers", w.watchers.Load(), 0)
		}
	})
}
