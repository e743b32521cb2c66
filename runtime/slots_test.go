package runtime

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestConcurrencyBoundsTheBodiesThatRunAtOnce(t *testing.T) {
	for _, limit := range []int{0, 1, 3, 100} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var now, most atomic.Int32
				f := newFetch(func(ctx context.Context, arg string) (string, error) {
					n := now.Add(1)
					defer now.Add(-1)
					if n > most.Load() {
						most.Store(n) // bodies begin one after another: see the delay
					}
					return sleeper(ctx, arg)
				}, Concurrency(limit))
				var all sync.WaitGroup
				for i := range 10 {
					all.Go(func() {
						time.Sleep(time.Duration(i)) // one after another
						f.Run(t.Context(), fmt.Sprint(i))
					})
				}
				all.Wait()
				expect := limit
				if limit == 0 || limit > 10 {
					expect = 10
				}
				want(t, "most bodies at once", int(most.Load()), expect)
				want(t, "executions", settled(t, f).Executions, 10)
			})
		})
	}
}

func TestPendingCallsTakeTurnsInTheOrderTheyCame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var order []string
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			order = append(order, arg)
			return sleeper(ctx, arg)
		}, Concurrency(1))
		for i := range 5 {
			f.Start(t.Context(), fmt.Sprint(i))
			synctest.Wait()
		}
		want(t, "pending", f.Stats().Pending, 4)
		want(t, "status of the latest", f.Status().Status, Pending)
		want(t, "its start", f.Status().Started.IsZero(), true)
		time.Sleep(5 * time.Second)
		settled(t, f)
		want(t, "order", fmt.Sprint(order), "[0 1 2 3 4]")
		s := f.Status()
		want(t, "time in the queue", s.Started.Sub(s.Requested), 4*time.Second)
	})
}

func TestAPendingCallThatNobodyWaitsForNeverExecutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper, Concurrency(1))
		f.Start(t.Context(), "first")
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := f.Run(ctx, "second")
		wantErr(t, err, context.DeadlineExceeded)
		f.mu.Lock()
		_, _, queued := f.slots.Count()
		f.mu.Unlock()
		want(t, "queued", queued, 0)
		time.Sleep(time.Hour)
		s := settled(t, f)
		want(t, "executions", s.Executions, 1)
		want(t, "stops", s.Stops, 1)
	})
}

func TestAWorkThatCallsItselfNeedsOnlyOneSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *fetch
		active := 0 // not atomic: with one slot there is no race
		f = newFetch(func(ctx context.Context, arg string) (string, error) {
			active++
			want(t, "active bodies", active, 1)
			n, _ := strconv.Atoi(arg)
			sum := n
			if n > 0 {
				active--
				rest, err := f.Run(ctx, fmt.Sprint(n-1))
				if err != nil {
					return "", err
				}
				active++
				m, _ := strconv.Atoi(rest)
				sum += m
			}
			time.Sleep(time.Second)
			active--
			return fmt.Sprint(sum), nil
		}, Concurrency(1))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { wantResult(t, "5050")(f.Run(t.Context(), "100")) })
			all.Go(func() { wantResult(t, "1275")(f.Run(t.Context(), "50")) })
		}
		all.Wait()
		want(t, "executions", settled(t, f).Executions, 101)
	})
}

func TestABodyThatWaitsInSeveralGoroutinesNeedsOnlyOneSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *fetch
		f = newFetch(func(ctx context.Context, arg string) (string, error) {
			if len(arg) > 3 {
				return sleeper(ctx, arg)
			}
			var all sync.WaitGroup
			for i := range 3 {
				all.Go(func() {
					// Twice, so that the body waits anew while it is to go on.
					f.Run(ctx, arg+fmt.Sprint(i))
					f.Run(ctx, arg+fmt.Sprint(i+3))
				})
			}
			all.Wait()
			return arg, ctx.Err()
		}, Concurrency(1))
		wantResult(t, "x")(f.Run(t.Context(), "x"))
		settled(t, f)
	})
}

func TestABodyThatLeavesWaitingGoroutinesBehindFreesItsSlotOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *fetch
		var left sync.WaitGroup
		f = newFetch(func(ctx context.Context, arg string) (string, error) {
			switch arg {
			case "outer":
				for i := range 3 {
					left.Go(func() { f.Run(ctx, fmt.Sprint("inner", i)) })
				}
				time.Sleep(time.Second / 2)
				return arg, nil
			case "deaf":
				time.Sleep(time.Hour)
				return arg, nil
			}
			return sleeper(ctx, arg)
		}, Concurrency(2))
		wantResult(t, "outer")(f.Run(t.Context(), "outer"))
		left.Wait()
		settled(t, f)
		f.Start(t.Context(), "deaf")
		wantResult(t, "got b")(f.Run(t.Context(), "b"))
		time.Sleep(time.Hour)
		settled(t, f)
	})
}

func TestAStoppedBodyThatWantsToGoOnStillTakesItsTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper)
		var now, most int // guarded by the one slot
		enter := func() { now++; most = max(most, now) }
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			enter()
			if arg == "a" {
				now--
				inner.Run(ctx, arg)
				enter()
			} else {
				time.Sleep(time.Hour)
			}
			now--
			return arg, nil
		}, Concurrency(1))
		call := outer.Start(t.Context(), "a")
		synctest.Wait()
		outer.Start(t.Context(), "b") // has the slot now
		time.Sleep(2 * time.Second)   // a has its result, and wants to go on
		call.Stop()
		synctest.Wait()
		want(t, "in flight", outer.Stats().InFlight, 2)
		time.Sleep(time.Hour)
		settled(t, outer)
		want(t, "most bodies at once", most, 1)
	})
}

func TestACallThatIsStoppedWhileItsArgumentsAreCopiedTakesNoPlaceInTheQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := NewCalls(Spec[string, string, string]{
			Name:      "w",
			Execute:   sleeper,
			CloneArgs: func(arg string) string { time.Sleep(time.Second / 2); return arg },
		}, Concurrency(1))
		f := fetchOf(calls)
		f.Start(t.Context(), "first")
		go f.Run(t.Context(), "second")
		synctest.Wait()
		f.Start(t.Context(), "second").Stop()
		time.Sleep(time.Second * 3 / 4) // copied by now, while the first still runs
		f.check(t)
		time.Sleep(time.Minute)
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

func TestAGoroutineThatABodyLeftBehindWaitsForNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper)
		var left sync.WaitGroup
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "long" {
				time.Sleep(time.Hour)
				return arg, nil
			}
			left.Go(func() { inner.Run(ctx, arg) })
			time.Sleep(3 * time.Second)
			return arg, nil
		}, Concurrency(1))
		began := time.Now()
		left.Go(func() { outer.Run(t.Context(), "a") })
		synctest.Wait()
		outer.Start(t.Context(), "long") // takes the slot while a waits, and keeps it
		synctest.Wait()
		left.Wait()
		want(t, "time", time.Since(began), 3*time.Second)
		time.Sleep(time.Hour)
		settled(t, outer)
	})
}

func TestABodyThatIsToGoOnDoesSoBeforeCallsThatHaveNotBegun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper)
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "waits" {
				return inner.Run(ctx, arg)
			}
			time.Sleep(3 * time.Second)
			return arg, nil
		}, Concurrency(1))
		began := time.Now()
		call := outer.Start(t.Context(), "waits")
		synctest.Wait()
		outer.Start(t.Context(), "begins while that one waits")
		last := outer.Start(t.Context(), "is pending before that one wants to go on")
		<-call.Done()
		want(t, "time", time.Since(began), 3*time.Second)
		<-last.Done()
		want(t, "time", time.Since(began), 6*time.Second)
		settled(t, outer)
	})
}

func TestABodyThatWaitsAnewLetsItsOtherGoroutinesGoOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper)
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "long" {
				time.Sleep(10 * time.Second)
				return arg, nil
			}
			began := time.Now()
			var all sync.WaitGroup
			all.Go(func() {
				inner.Run(ctx, "x") // done after a second, but there is no slot
				want(t, "first goroutine", time.Since(began), 1500*time.Millisecond)
			})
			all.Go(func() {
				time.Sleep(1500 * time.Millisecond)
				inner.Run(ctx, "y")
				want(t, "second goroutine", time.Since(began), 10*time.Second)
			})
			all.Wait()
			return arg, nil
		}, Concurrency(1))
		call := outer.Start(t.Context(), "a")
		synctest.Wait()
		outer.Start(t.Context(), "long")
		wantResult(t, "a")(call.Wait(t.Context()))
		settled(t, outer)
	})
}
