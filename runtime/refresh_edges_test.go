package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
)

// slowly is a body whose second execution takes longer than the others.
func slowly(times *atomic.Int64, second time.Duration) func(context.Context, string) (string, error) {
	return func(ctx context.Context, _ string) (string, error) {
		n, d := times.Add(1), time.Second
		if n == 2 {
			d = second
		}
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return "", ctx.Err()
		}
		return fmt.Sprint("version ", n), nil
	}
}

func TestARefreshThatWasForgottenIsNotInherited(t *testing.T) {
	for name, forget := range map[string]func(f *fetch){"one": func(f *fetch) { f.Forget("a") }, "all": (*fetch).ForgetAll} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var times atomic.Int64
				f := newFetch(slowly(&times, 20*time.Minute), TTL(10*time.Minute), RefreshAfter(9*time.Minute))
				f.Run(t.Context(), "a")
				rest(9 * time.Minute)
				wantAtOnce(t, f, "version 1")
				rest(0)
				forget(f)
				wantResult(t, "version 3")(f.Run(t.Context(), "a"))
				rest(10 * time.Minute)
				wantResult(t, "version 4")(f.Run(t.Context(), "a"))
				rest(time.Hour)
				settled(t, f)
			})
		})
	}
}

func TestARefreshThatWasForgottenDoesNotKeepOffTheNext(t *testing.T) {
	for name, forget := range map[string]func(f *fetch){"one": func(f *fetch) { f.Forget("a") }, "all": (*fetch).ForgetAll} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var times atomic.Int64
				f := newFetch(slowly(&times, 20*time.Minute), RefreshAfter(5*time.Minute))
				f.Run(t.Context(), "a")
				rest(5 * time.Minute)
				wantAtOnce(t, f, "version 1")
				rest(0)
				forget(f)
				wantResult(t, "version 3")(f.Run(t.Context(), "a"))
				rest(5 * time.Minute)
				wantAtOnce(t, f, "version 3")
				rest(time.Second)
				wantAtOnce(t, f, "version 4")
				rest(time.Hour)
				wantAtOnce(t, f, "version 4")
				rest(time.Second)
				wantAtOnce(t, f, "version 5")
			})
		})
	}
}

func TestAForgottenRefreshThatFailsLeavesTheNewResultAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var times atomic.Int64
		f := newFetch(func(ctx context.Context, a string) (string, error) {
			n := times.Load() + 1
			s, err := slowly(&times, time.Minute)(ctx, a)
			if n == 2 {
				return "", errBroken
			}
			return s, err
		}, RefreshAfter(5*time.Minute))
		f.Run(t.Context(), "a")
		rest(5 * time.Minute)
		wantAtOnce(t, f, "version 1")
		rest(0)
		f.Forget("a")
		wantResult(t, "version 3")(f.Run(t.Context(), "a"))
		rest(2 * time.Minute)
		wantAtOnce(t, f, "version 3")
		rest(time.Second)
		want(t, "executions", times.Load(), 3)
	})
}

func TestAgainThatFailsChangesNothingOfWhatIsYoung(t *testing.T) {
	for name, opts := range map[string][]Option{
		"refreshed": {RefreshAfter(time.Hour)}, "stale if error": {TTL(time.Hour), StaleIfError(time.Hour)},
	} {
		for _, stop := range []bool{true, false} {
			t.Run(fmt.Sprint(name, stop), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					var v numbered
					f := againWith(v.body, opts...)
					release := Inspect(f.Runner).Notify(make(chan struct{}, 1))
					defer release()
					number := f.Start(t.Context(), "a").Status().Number
					rest(time.Second)
					v.broken.Store(true)
					n, err := Inspect(f.Runner).Again(t.Context(), number)
					wantErr(t, err, nil)
					if stop {
						Inspect(f.Runner).Stop(n)
					}
					rest(time.Minute)
					wantAtOnce(t, f, "version 1")
					rest(0)
					want(t, "executions", v.executions.Load(), 2)
				})
			})
		}
	}
}

func TestAgainByHandDoesNotLoseTheRefresh(t *testing.T) {
	for _, stop := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			var v numbered
			f := againWith(v.body, RefreshAfter(time.Hour))
			release := Inspect(f.Runner).Notify(make(chan struct{}, 1))
			defer release()
			number := f.Start(t.Context(), "a").Status().Number
			rest(time.Second)
			rest(time.Hour - 1)
			v.broken.Store(true)
			n, err := Inspect(f.Runner).Again(t.Context(), number)
			wantErr(t, err, nil)
			rest(time.Second / 2)
			wantAtOnce(t, f, "version 1")
			if stop {
				Inspect(f.Runner).Stop(n)
			}
			rest(time.Second * 3)
			v.broken.Store(false)
			wantAtOnce(t, f, "version 1")
			rest(time.Second)
			wantAtOnce(t, f, "version 3")
		})
	}
}

func TestJitterWithAStoreDoesNotLookAgainAndAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := againWith(v.body, WithStore(memory.New(0)), RefreshAfter(time.Minute), Jitter(0.5))
		f.Run(t.Context(), "a")
		for range 5900 {
			f.Run(t.Context(), "a")
			rest(10 * time.Millisecond)
		}
		s := settled(t, f)
		if s.Refreshes > 3 {
			t.Errorf("%d refreshes in a minute, %d executions", s.Refreshes, s.Executions)
		}
	})
}

func TestAFlowGetsNothingThatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(func(ctx context.Context, a string) (string, error) {
			s, err := v.body(ctx, a)
			if err != nil {
				err = RetryAfter(err, time.Hour)
			}
			return s, err
		}, TTL(time.Minute), StaleIfError(time.Minute), WithLogger(slog.New(slog.DiscardHandler)))
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var last string
		loop := &Loop{Flow: func(ctx context.Context) error {
			s, err := f.Run(ctx, "a")
			mu.Lock()
			defer mu.Unlock()
			if !Suspended(err) {
				last = fmt.Sprint(s, err)
			}
			return err
		}, KeepGoing: true, Heartbeat: time.Second, Logger: slog.New(slog.DiscardHandler)}
		done := make(chan error)
		go func() { done <- loop.Run(ctx) }()
		rest(2 * time.Second)
		v.broken.Store(true)
		rest(10 * time.Minute)
		mu.Lock()
		if last == "version 1<nil>" {
			t.Error("the flow gets what is gone")
		}
		mu.Unlock()
		cancel()
		<-done
	})
}

// nasty is an error with a method that panics.
type nasty struct{}

func (e *nasty) Error() string { return "nasty" }
func (e *nasty) As(any) bool   { panic("no such method") }

func TestARefreshWhoseErrorPanicsIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		f := newFetch(func(ctx context.Context, a string) (string, error) {
			if n.Add(1) > 1 {
				return "", &nasty{}
			}
			return "x", nil
		}, RefreshAfter(time.Minute), WithLogger(slog.New(slog.DiscardHandler)))
		f.Run(t.Context(), "a")
		rest(time.Minute)
		wantAtOnce(t, f, "x")
		rest(time.Minute)
		wantAtOnce(t, f, "x")
		rest(time.Minute)
		want(t, "refreshes", settled(t, f).Refreshes, 2)
	})
}

func TestARefreshThatWasGivenUpIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		s := memory.New(0)
		f := againWith(v.body, WithStore(s), RefreshAfter(time.Minute), Retry(RetryPolicy{Attempts: 2}))
		f.Run(t.Context(), "a")
		v.broken.Store(true)
		rest(time.Minute)
		wantAtOnce(t, f, "version 1")
		rest(10 * time.Second)
		v.broken.Store(false)
		rest(10 * time.Minute)
		wantAtOnce(t, f, "version 1")
		rest(10 * time.Second)
		wantAtOnce(t, f, "version 4")
		settled(t, f)
	})
}

// wellKept checks what has to hold when nothing runs.
func wellKept(t *testing.T, f *fetch) {
	t.Helper()
	r := f.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	var bytes int64
	n := 0
	for i := range *f.calls.table.buckets.Load() {
		for e := (*f.calls.table.buckets.Load())[i].Load(); e != nil; e = e.next.Load() {
			n++
			node := &e.call.node
			a := r.attributes[node]
			bytes += a.bytes
			if a.ages && node.due == 0 && !node.isStale() {
				t.Errorf("%s is never refreshed again", e.key)
			}
		}
	}
	if f.calls.table.old.Load() == nil {
		want(t, "bytes", r.stats.Bytes, bytes)
		want(t, "entries", r.stats.Entries, n)
	}
	want(t, "renewals", len(r.renewals), 0)
	if len(r.attributes) > r.stats.Entries {
		t.Errorf("%d attributes of %d entries", len(r.attributes), r.stats.Entries)
	}
}

func TestNoResultIsLostWhateverHappensToItsRefreshes(t *testing.T) {
	for round := range 30 {
		bubble(t, func(t *testing.T) {
			var times atomic.Int64
			body := func(ctx context.Context, a string) (string, error) {
				n := times.Add(1)
				select {
				case <-time.After(time.Duration(rand.IntN(3000)) * time.Millisecond):
				case <-ctx.Done():
					return "", ctx.Err()
				}
				switch rand.IntN(8) {
				case 0:
					return "", errBroken
				case 1:
					panic("body")
				}
				return fmt.Sprint(n), nil
			}
			opts := []Option{WithLogger(slog.New(slog.DiscardHandler)), TTL(10 * time.Second), RefreshAfter(5 * time.Second), Jitter(0.3),
				MaxBytes(100), Timeout(2500 * time.Millisecond), Concurrency(3), MaxPending(8),
				Weigh(func(string) int64 {
					if rand.IntN(20) == 0 {
						panic("weigh")
					}
					return int64(rand.IntN(110))
				})}
			if round%2 == 0 {
				opts = append(opts, StaleIfError(10*time.Second))
			}
			if round%3 == 0 {
				opts = append(opts, WithStore(memory.New(0)))
			}
			if round%5 == 0 {
				opts = append(opts, CacheErrors(time.Second))
			}
			f := againWith(body, opts...)
			release := Inspect(f.Runner).Notify(make(chan struct{}, 1))
			defer release()
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 300 {
						k := fmt.Sprint(rand.IntN(6))
						switch rand.IntN(20) {
						case 0:
							f.Forget(k)
						case 1:
							if rand.IntN(5) == 0 {
								f.ForgetAll()
							}
						case 2:
							if s := f.Status(); s.Number > 0 {
								Inspect(f.Runner).Again(t.Context(), s.Number)
							}
						case 3:
							f.Start(t.Context(), k).Stop()
						case 4:
							ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(1000))*time.Millisecond)
							f.Run(ctx, k)
							cancel()
						default:
							f.Run(t.Context(), k)
						}
						time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
					}
				})
			}
			all.Wait()
			rest(4 * time.Second)
			wellKept(t, f)
			s := settled(t, f)
			want(t, "misses", s.Misses, s.Successes+s.Errors+s.Stops)
			rest(time.Hour)
			s = settled(t, f)
			want(t, "entries at the end", s.Entries, 0)
			want(t, "bytes at the end", s.Bytes, 0)
			want(t, "attributes at the end", len(f.runner.attributes), 0)
		})
		if t.Failed() {
			return
		}
	}
}

func TestWhatALoopDoesNotNeedAnyMoreMakesRoom(t *testing.T) {
	SetMaxBytes(1 << 40)
	defer SetMaxBytes(0)
	bubble(t, func(t *testing.T) {
		f := newFetch(repeated, Weigh(func(string) int64 { return 600 << 30 }))
		loop := &Loop{Flow: func(ctx context.Context) error {
			for _, arg := range []string{"a", "b", "c"} {
				if _, err := f.Run(ctx, arg); err != nil {
					return err
				}
			}
			return Stop
		}}
		wantErr(t, loop.Run(t.Context()), nil)
		want(t, "bytes", f.Stats().Bytes, 600<<30)
		f.ForgetAll() // does not count for other tests
	})
}

func TestLookupGivesNothingThatHasExpired(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), StaleIfError(time.Hour))
		f.Run(t.Context(), "a")
		v.broken.Store(true)
		rest(time.Minute)
		wantResult(t, "version 1")(f.Run(t.Context(), "a"))
		_, kept := f.Lookup("a")
		want(t, "kept until the next attempt", kept, false)
	})
}
