package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// beginnings notes when bodies begin.
type beginnings struct {
	mu    sync.Mutex
	since time.Time
	at    []time.Duration
}

func (b *beginnings) body(ctx context.Context, arg string) (string, error) {
	b.mu.Lock()
	b.at = append(b.at, time.Since(b.since))
	b.mu.Unlock()
	return arg, nil
}

func (b *beginnings) want(t *testing.T, seconds ...float64) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	got := make([]float64, len(b.at))
	for i, d := range b.at {
		got[i] = math.Round(d.Seconds()*1000) / 1000
	}
	want(t, "beginnings in seconds", fmt.Sprint(got), fmt.Sprint(seconds))
}

// pace lets an execution begin every so often. Module testdata/peers has the limiter that
// people use.
type pace struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time
}

func (p *pace) Wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.every)
	p.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// everySecond lets an execution begin in a second.
func everySecond() Option { return RateLimit(&pace{every: time.Second}) }

// hourly is a limiter that lets the next execution begin in an hour.
func hourly() *pace { return &pace{every: time.Hour, next: time.Now().Add(time.Hour)} }

func TestExecutionsWaitForTheRateLimiterAndHitsDoNot(t *testing.T) {
	for name, opts := range map[string][]Option{
		"alone":          nil,
		"with a limit":   {Concurrency(2)},
		"in a pool":      {WithPool(NewPool(1))},
		"with a store":   {WithStore(memory.New(time.Minute))},
		"with a timeout": {Timeout(time.Millisecond)}, // which the wait does not count for
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := &beginnings{since: time.Now()}
				f := storing(nil, b.body, append(opts, everySecond())...)
				var all sync.WaitGroup
				for i := range 4 {
					all.Go(func() { wantResult(t, fmt.Sprint(i))(f.Run(t.Context(), fmt.Sprint(i))) })
				}
				all.Wait()
				wantResult(t, "0")(f.Run(t.Context(), "0"))
				b.want(t, 0, 1, 2, 3)
				settled(t, f)
			})
		})
	}
}

func TestRunnersShareARateLimiter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, limit := &beginnings{since: time.Now()}, everySecond()
		works := []*fetch{newFetch(b.body, limit), newFetch(b.body, limit, Name("other"))}
		for i := range 4 {
			works[i%2].Start(t.Context(), fmt.Sprint(i))
		}
		time.Sleep(time.Minute)
		b.want(t, 0, 1, 2, 3)
		settled(t, works[0])
		settled(t, works[1])
	})
}

func TestEachAttemptWaitsForTheRateLimiter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &beginnings{since: time.Now()}
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			b.body(ctx, arg)
			return "", errors.New("busy")
		}, everySecond(), Retry(RetryPolicy{Attempts: 3, Initial: time.Millisecond}))
		f.Run(t.Context(), "a")
		b.want(t, 0, 1, 2)
		settled(t, f)
	})
}

// TestCallsDoNotCollectPermissions: while no slot is free, no call asks the limiter.
func TestCallsDoNotCollectPermissions(t *testing.T) {
	for name, opt := range map[string]Option{"of the work": Concurrency(1), "of a pool": WithPool(NewPool(1))} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := &beginnings{since: time.Now()}
				f := newFetch(func(ctx context.Context, arg string) (string, error) {
					if b.body(ctx, arg); arg == "0" {
						time.Sleep(time.Hour)
					}
					return arg, nil
				}, everySecond(), opt)
				for i := range 4 {
					f.Start(t.Context(), fmt.Sprint(i))
					synctest.Wait()
				}
				time.Sleep(2 * time.Hour)
				b.want(t, 0, 3600, 3601, 3602)
				settled(t, f)
			})
		})
	}
}

func TestACallThatIsStoppedLeavesTheRateLimiterAtOnce(t *testing.T) {
	for name, stop := range map[string]func(f *fetch, c *Call[string]){
		"Stop":  func(_ *fetch, c *Call[string]) { c.Stop() },
		"Close": func(f *fetch, _ *Call[string]) { f.Close(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				pool := NewPool(1)
				f := newFetch(echo, RateLimit(hourly()), Concurrency(1), WithPool(pool))
				call := f.Start(t.Context(), "a")
				wantPool(t, "it waits with its slots", pool, 1, 0)
				began := time.Now()
				stop(f, call)
				want(t, "executions", settled(t, f).Executions, 0)
				wantPool(t, "its slots are free", pool, 0, 0)
				want(t, "time", time.Since(began), 0)
			})
		})
	}
}

// TestACallWithAStoreThatWaitsForTheRateLimiterHasNoLease, which would keep others from it.
func TestACallWithAStoreThatWaitsForTheRateLimiterHasNoLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		f, g := storing(s, echo, RateLimit(hourly())), storing(s, sleeper)
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		began := time.Now()
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		want(t, "time", time.Since(began), time.Second)
		wantResult(t, "got a")(call.Wait(t.Context()))
		want(t, "executions", settled(t, f).Executions, 0)
		settled(t, g)
	})
}

// limiterFunc is a limiter.
type limiterFunc func(ctx context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestALimiterThatLetsNothingBeginFailsTheCall(t *testing.T) {
	exceeded := errors.New("quota of the day exceeded")
	for name, test := range map[string]struct {
		limiter RateLimiter
		want    string
	}{
		"own error": {limiterFunc(func(context.Context) error { return exceeded }), "work example.com/web.Fetch: its rate limiter lets no execution begin: " +
			"quota of the day exceeded: give the limiter a burst of at least 1"},
		"panic":  {limiterFunc(func(context.Context) error { panic("bug") }), "work example.com/web.Fetch panicked: bug"},
		"Goexit": {limiterFunc(func(context.Context) error { goruntime.Goexit(); return nil }), "goruntime.Goexit"},
		"nil":    {(*pace)(nil), "panicked: runtime error: invalid memory address"},
	} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", kept), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					opts := []Option{RateLimit(test.limiter), Concurrency(1), WithPool(NewPool(1)), CacheErrors(time.Hour), WithLogger(slog.New(slog.DiscardHandler))}
					if kept {
						opts = append(opts, WithStore(memory.New(time.Minute)))
					}
					f := storing(nil, echo, opts...)
					_, err := f.Run(t.Context(), "a")
					if text := strings.ReplaceAll(fmt.Sprint(err), "runtime.Goexit", "goruntime.Goexit"); !strings.Contains(text, test.want) {
						t.Errorf("error %v, want %s", err, test.want)
					}
					if name == "own error" {
						wantErr(t, err, exceeded)
					}
					s := settled(t, f)
					want(t, "executions", s.Executions, 0)
					want(t, "errors", s.Errors, 1)
					want(t, "entries", s.Entries, 0)
				})
			})
		}
	}
}

// TestACallThatWaitsForItsRateDoesNotBeginOncePaused, wherever it goes on from there.
func TestACallThatWaitsForItsRateDoesNotBeginOncePaused(t *testing.T) {
	faults := new(storetest.Faults)
	for name, opts := range map[string][]Option{
		"alone":                       nil,
		"with a store":                {WithStore(memory.New(time.Minute))},
		"with a store that is silent": {WithStore(faults.Wrap(memory.New(time.Minute))), StoreTimeout(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := &beginnings{since: time.Now()}
				f := storing(nil, b.body, append(opts, everySecond(), Concurrency(1))...)
				f.Run(t.Context(), "0")
				f.Start(t.Context(), "1")
				f.Start(t.Context(), "2")
				synctest.Wait()
				f.Runner.Pause()
				defer faults.Inject(storetest.Begin, storetest.Refuse)()
				time.Sleep(time.Minute)
				b.want(t, 0)
				want(t, "pending", f.Stats().Pending, 2)
				if f.store != nil {
					wantNoLease(t, f, "1")
				}
				f.Runner.Resume()
				time.Sleep(30 * time.Second)
				want(t, "executions", settled(t, f).Executions, 3)
			})
		})
	}
}

// wantNoLease reports a call that somebody has the lease of.
func wantNoLease(t *testing.T, f *fetch, arg string) {
	t.Helper()
	found, err := f.store.Lookup(t.Context(), f.calls.Key(arg))
	if found.Close(); err != nil || found.Holder != nil {
		t.Errorf("call %s: held by %v, error %v", arg, found.Holder, err)
	}
}

func TestTheLogSaysThatACallWaitsForItsRate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out journal
		f := newFetch(echo, RateLimit(hourly()), WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		f.Start(t.Context(), "a")
		time.Sleep(90 * time.Second)
		if text := `call=1 status=pending waits_for="its rate limit"`; !strings.Contains(out.String(), text) {
			t.Errorf("the log says\n%s\nwant\n%s", &out, text)
		}
		time.Sleep(time.Hour)
		settled(t, f)
	})
}

// TestALimiterThatIgnoresItsContextHoldsNobodyUp: what it says later of a call that was stopped
// counts no more.
func TestALimiterThatIgnoresItsContextHoldsNobodyUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(1)
		var first sync.Once
		limiter := limiterFunc(func(context.Context) error {
			first.Do(func() { time.Sleep(time.Hour) })
			return nil
		})
		deaf := newFetch(echo, RateLimit(limiter), WithPool(pool), Concurrency(1))
		f := newFetch(echo, WithPool(pool), Name("other"))
		call := deaf.Start(t.Context(), "a")
		wantPool(t, "it waits", pool, 1, 0)
		call.Stop()
		began := time.Now()
		wantResult(t, "got b")(f.Run(t.Context(), "b"))
		want(t, "time", time.Since(began), 0)
		time.Sleep(2 * time.Hour)
		want(t, "executions", settled(t, deaf).Executions, 0)
		settled(t, f)
		wantPool(t, "the end", pool, 0, 0)
	})
}
