package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
)

// wantPool compares the stats of a pool.
func wantPool(t *testing.T, what string, p *Pool, running, waiting int) {
	t.Helper()
	synctest.Wait()
	want(t, what, p.Stats(), PoolStats{Limit: p.limit, Running: running, Waiting: waiting})
}

func TestAPoolBoundsTheBodiesOfAllRunnersInTheOrderTheirCallsCame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(2)
		var order []string
		var mu sync.Mutex
		body := func(ctx context.Context, arg string) (string, error) {
			mu.Lock()
			order = append(order, arg)
			mu.Unlock()
			return sleeper(ctx, arg)
		}
		works := []*fetch{newFetch(body, WithPool(pool)), newFetch(body, WithPool(pool), Name("other")), newFetch(body, WithPool(pool), Name("third"))}
		for i := range 9 {
			works[i%3].Start(t.Context(), fmt.Sprint(i))
			time.Sleep(time.Millisecond) // one after another
		}
		wantPool(t, "all have come", pool, 2, 7)
		time.Sleep(time.Second)
		wantPool(t, "two have ended", pool, 2, 5)
		time.Sleep(4 * time.Second)
		wantPool(t, "all have ended", pool, 0, 0)
		for _, w := range works {
			settled(t, w)
		}
		want(t, "order", fmt.Sprint(order), "[0 1 2 3 4 5 6 7 8]")
	})
}

func TestAPoolAndConcurrencyBothBind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(2)
		narrow := newFetch(sleeper, WithPool(pool), Concurrency(1))
		wide := newFetch(sleeper, WithPool(pool), Name("wide"))
		for i := range 3 {
			narrow.Start(t.Context(), fmt.Sprint(i))
		}
		wantPool(t, "one call of the work has come to the pool", pool, 1, 0)
		call := wide.Start(t.Context(), "a")
		wide.Start(t.Context(), "b")
		wantPool(t, "the other work has the second slot", pool, 2, 1)
		<-call.Done()
		time.Sleep(3 * time.Second)
		settled(t, narrow)
		settled(t, wide)
	})
}

// TestWorksOfOnePoolCallEachOther: only those run that wait for nothing.
func TestWorksOfOnePoolCallEachOther(t *testing.T) {
	for name, opts := range map[string]func(one, two *Pool) (a, b []Option){
		"through one pool":           func(one, _ *Pool) (a, b []Option) { return []Option{WithPool(one)}, []Option{WithPool(one)} },
		"through two pools":          func(one, two *Pool) (a, b []Option) { return []Option{WithPool(one)}, []Option{WithPool(two)} },
		"through a pool and a limit": func(one, _ *Pool) (a, b []Option) { return []Option{WithPool(one)}, []Option{Concurrency(1)} },
		"through a pool and two limits": func(one, _ *Pool) (a, b []Option) {
			return []Option{WithPool(one), Concurrency(1)}, []Option{WithPool(one), Concurrency(1)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				one, two := NewPool(1), NewPool(1)
				var works [2]*fetch
				body := func(ctx context.Context, arg string) (string, error) {
					n, _ := strconv.Atoi(arg)
					if n > 0 { // the two in turns, so pools are asked for in either order
						var all sync.WaitGroup
						for _, w := range works { // in two goroutines of the body
							all.Go(func() { w.Run(ctx, fmt.Sprint(n-1)) })
						}
						all.Wait()
					}
					return sleeper(ctx, arg)
				}
				a, b := opts(one, two)
				works[0], works[1] = newFetch(body, a...), newFetch(body, append(b, Name("other"))...)
				var all sync.WaitGroup
				for i := range 4 {
					all.Go(func() { wantResult(t, "got 20")(works[i%2].Run(t.Context(), "20")) })
				}
				all.Wait()
				for _, w := range works {
					want(t, "executions", settled(t, w).Executions, 21)
				}
				wantPool(t, "the end", one, 0, 0)
				wantPool(t, "the end", two, 0, 0)
			})
		})
	}
}

func TestASlotOfAPoolIsFreeHoweverABodyEnds(t *testing.T) {
	for name, end := range map[string]func(context.Context) error{
		"error":       func(context.Context) error { return errors.New("failed") },
		"panic":       func(context.Context) error { panic("bug") },
		"Goexit":      func(context.Context) error { goruntime.Goexit(); return nil },
		"its timeout": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				pool := NewPool(1)
				inner := newFetch(sleeper, WithPool(pool), Name("inner"))
				f := newFetch(func(ctx context.Context, arg string) (string, error) {
					inner.Run(ctx, arg)
					return "", end(ctx)
				}, WithPool(pool), Timeout(time.Minute), WithLogger(slog.New(slog.DiscardHandler)))
				if _, err := f.Run(t.Context(), "a"); err == nil {
					t.Error("the call has not failed")
				}
				wantPool(t, "the end", pool, 0, 0)
				wantResult(t, "got b")(inner.Run(t.Context(), "b"))
				settled(t, f)
				settled(t, inner)
			})
		})
	}
}

func TestABodyThatIgnoresItsTimeoutKeepsItsSlotOfThePool(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(1)
		deaf := newFetch(func(context.Context, string) (string, error) { time.Sleep(time.Hour); return "", nil },
			WithPool(pool), Timeout(time.Second), WithLogger(slog.New(slog.DiscardHandler)))
		f := newFetch(sleeper, WithPool(pool), Name("other"))
		_, err := deaf.Run(t.Context(), "a")
		wantErr(t, err, context.DeadlineExceeded)
		f.Start(t.Context(), "b")
		wantPool(t, "it still runs", pool, 1, 1)
		time.Sleep(time.Hour + time.Second)
		wantPool(t, "the end", pool, 0, 0)
		settled(t, f)
		settled(t, deaf)
	})
}

func TestACallThatIsStoppedLeavesTheQueueOfThePool(t *testing.T) {
	for name, stop := range map[string]func(f *fetch, c *Call[string], leave func()){
		"Stop":              func(_ *fetch, c *Call[string], _ func()) { c.Stop() },
		"Close":             func(f *fetch, _ *Call[string], _ func()) { f.Close(context.Background()) },
		"its caller leaves": func(_ *fetch, _ *Call[string], leave func()) { leave() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				pool := NewPool(1)
				first := newFetch(sleeper, WithPool(pool), Name("first"))
				f := newFetch(sleeper, WithPool(pool), Concurrency(1))
				first.Start(t.Context(), "a")
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				call := f.Start(ctx, "b")
				wantPool(t, "it waits", pool, 1, 1)
				stop(f, call, leave)
				wantPool(t, "it has left", pool, 1, 0)
				want(t, "status", call.Status().Status, Stopped)
				want(t, "executions", settled(t, f).Executions, 0)
				time.Sleep(time.Second)
				settled(t, first)
			})
		})
	}
}

// TestManyBodiesOfPools ends calls in all ways at once, for the race detector.
func TestManyBodiesOfPools(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pools := []*Pool{NewPool(1), NewPool(2)}
		works := make([]*fetch, 4)
		for i := range works {
			works[i] = newFetch(func(ctx context.Context, arg string) (string, error) {
				n, _ := strconv.Atoi(arg)
				time.Sleep(time.Duration(n%7) * time.Millisecond)
				switch {
				case n%11 == 3:
					panic("bug")
				case n%11 == 5:
					goruntime.Goexit()
				case n > 0:
					w := works[n%len(works)]
					w.Start(ctx, fmt.Sprint(n/3))
					w.Run(ctx, fmt.Sprint(n/2))
					w.Run(ctx, fmt.Sprint(n-1))
				}
				return arg, ctx.Err()
			}, WithPool(pools[i%2]), Name(fmt.Sprint(i)), Concurrency(i), Timeout(time.Second), WithLogger(slog.New(slog.DiscardHandler)))
		}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%50)*time.Millisecond)
				defer cancel()
				w := works[i%len(works)]
				if call := w.Start(ctx, fmt.Sprint(i)); i%5 == 0 {
					time.Sleep(time.Duration(i%9) * time.Millisecond)
					call.Stop()
				}
				w.Run(ctx, fmt.Sprint(200-i))
				if i%20 == 0 {
					w.Runner.Pause()
					time.Sleep(time.Millisecond)
					w.Runner.Resume()
				}
			})
		}
		all.Wait()
		for _, w := range works {
			w.Close(context.Background())
			settled(t, w)
		}
		wantPool(t, "the end", pools[0], 0, 0)
		wantPool(t, "the end", pools[1], 0, 0)
	})
}

// TestACallWithAStoreThatWaitsForAPoolHasNoLease, which would keep others from it.
func TestACallWithAStoreThatWaitsForAPoolHasNoLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		pool := NewPool(1)
		busy := newFetch(sleeperFor(time.Hour), WithPool(pool), Name("busy"))
		busy.Start(t.Context(), "x")
		f, g := storing(s, sleeper, WithPool(pool)), storing(s, sleeper)
		call := f.Start(t.Context(), "a")
		wantPool(t, "it waits", pool, 1, 1)
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		wantResult(t, "got a")(call.Wait(t.Context())) // when the pool has a slot
		want(t, "executions", settled(t, f).Executions, 0)
		want(t, "executions", settled(t, g).Executions, 1)
	})
}

func TestAPoolHasASlot(t *testing.T) {
	defer func() {
		want(t, "panic", fmt.Sprint(recover()), "runtime: NewPool(0): must be at least 1: leave WithPool out for no limit")
	}()
	NewPool(0)
}

// TestABodyThatIsToGoOnWaitsForTheFirstFreeSlotOfThePool, as it does for one of its work.
func TestABodyThatIsToGoOnWaitsForTheFirstFreeSlotOfThePool(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(1)
		inner := newFetch(sleeper, Name("inner"))
		outer := newFetch(func(ctx context.Context, arg string) (string, error) { return inner.Run(ctx, arg) }, WithPool(pool), Name("outer"))
		other := newFetch(func(_ context.Context, arg string) (string, error) {
			time.Sleep(3 * time.Second)
			return arg, nil
		}, WithPool(pool))
		began := time.Now()
		call := outer.Start(t.Context(), "waits")
		synctest.Wait()
		other.Start(t.Context(), "begins while that one waits")
		last := other.Start(t.Context(), "is pending before that one wants to go on")
		time.Sleep(2 * time.Second)
		wantPool(t, "it wants to go on", pool, 1, 2)
		<-call.Done()
		want(t, "time", time.Since(began), 3*time.Second)
		<-last.Done()
		want(t, "time", time.Since(began), 6*time.Second)
		settled(t, outer)
		settled(t, other)
		wantPool(t, "the end", pool, 0, 0)
	})
}
