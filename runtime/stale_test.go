package runtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

func TestAnOldFailureThatALookDidNotShowIsNotThatOfTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		var n atomic.Int64
		body := func(ctx context.Context, arg string) (string, error) {
			if n.Add(1) == 1 {
				return "", errors.New("old")
			}
			return sleeper(ctx, arg)
		}
		g := storing(s.Another(), body)
		_, err := g.Run(t.Context(), "a")
		want(t, "error", err.Error(), "old")
		time.Sleep(time.Minute)
		again := g.Start(t.Context(), "a")
		time.Sleep(time.Second / 2)
		looks := 0
		f := storing(hooked{Store: s, looked: func(found []store.Found) error {
			if looks++; looks == 1 {
				clear(found)
			}
			return nil
		}}, body)
		got, err := f.Run(t.Context(), "a")
		wantResult(t, "got a")(got, err)
		wantResult(t, "got a")(again.Wait(t.Context()))
	})
}

func TestAnOldFailureThatCouldNotBeDeletedIsNotThatOfTheCall(t *testing.T) {
	t.Setenv("WORKGEN_CACHE", "")
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		var n atomic.Int64
		body := func(ctx context.Context, arg string) (string, error) {
			if n.Add(1) == 1 {
				return "", errors.New("old")
			}
			return sleeperFor(time.Minute)(ctx, arg)
		}
		g := storing(s.Another(), body)
		_, err := g.Run(t.Context(), "a")
		want(t, "error", err.Error(), "old")
		again := g.Start(t.Context(), "a")
		time.Sleep(time.Second / 2)
		t.Setenv("WORKGEN_CACHE", "refresh")
		var faults storetest.Faults
		faults.Inject(storetest.Delete, storetest.Refuse)
		f := storing(faults.Wrap(s), body)
		got, err := f.Run(t.Context(), "a")
		wantResult(t, "got a")(got, err)
		wantResult(t, "got a")(again.Wait(t.Context()))
	})
}

func TestAReplicaThatLagsIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		g := storing(s.Another(), echo)
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		fresh := time.Now().Add(50 * time.Millisecond)
		f := storing(hooked{Store: s, looked: func(found []store.Found) error {
			if time.Now().Before(fresh) {
				clear(found)
			}
			return nil
		}}, echo)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "executions", settled(t, f).Executions, 0)
		want(t, "store errors", f.Stats().StoreErrors, 0)
	})
}

func TestTwoGoroutinesOfAFlowMayAskForOneStoredCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		wantResult(t, "got a")(storing(s.Another(), echo).Run(t.Context(), "a"))
		f := storing(hooked{Store: s, looked: func([]store.Found) error { time.Sleep(time.Second); return nil }}, mustNotRun)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		err := Once(ctx, func(ctx context.Context) error {
			var errs [2]error
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() {
					time.Sleep(time.Duration(i) * time.Second / 2)
					_, errs[i] = f.Run(ctx, "a")
				})
			}
			all.Wait()
			return errors.Join(errs[:]...)
		})
		want(t, "error", err, nil)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
		settled(t, f)
	})
}

func TestWhatAnAttemptLeftBehindIsNoPartOfACycle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f, g *fetch
		n := 0
		f = newFetch(func(ctx context.Context, arg string) (string, error) {
			if n++; n == 1 {
				go func() { _, _ = g.Run(context.WithoutCancel(ctx), "b") }()
				time.Sleep(time.Second / 2)
				return "", errors.New("for now")
			}
			return sleeperFor(10*time.Second)(ctx, arg)
		}, Retry(RetryPolicy{Attempts: 2, Initial: time.Second, Jitter: -1}))
		g = newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(2 * time.Second)
			got, err := f.Run(ctx, "a")
			if err != nil {
				t.Errorf("from f: %v", err)
			}
			return got, err
		})
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		time.Sleep(time.Minute)
		settled(t, f)
		settled(t, g)
	})
}

// storm makes calls of all kinds on two runners, one every so often.
func storm(t *testing.T, calls int, every time.Duration, kinds int, f, g *fetch) {
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			time.Sleep(time.Duration(i) * every)
			r, arg := f, string(rune('a'+i%5))
			if i%2 == 0 {
				r = g
			}
			switch i % kinds {
			case 0:
				r.Forget(arg)
			case 1:
				r.Start(t.Context(), arg).Stop()
			case 2:
				r.ForgetAll()
			case 3:
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				_, _ = r.Run(ctx, arg)
			default:
				if got, err := r.Run(t.Context(), arg); err == nil && got != "got "+arg {
					t.Error("wrong result", got)
				}
			}
		})
	}
	all.Wait()
	time.Sleep(time.Minute)
	for _, r := range []*fetch{f, g} {
		stats := settled(t, r)
		want(t, "misses", stats.Misses, stats.Successes+stats.Errors+stats.Stops)
	}
}

func TestManyCallsOfAllKindsAddUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Second)
		body := sleeperFor(300 * time.Millisecond)
		f := storing(s, body, Concurrency(2), Timeout(time.Second))
		g := storing(s.Another(), body, Concurrency(2), Timeout(250*time.Millisecond), Retry(RetryPolicy{Attempts: 3, Initial: 100 * time.Millisecond}))
		storm(t, 200, 7*time.Millisecond, 11, f, g)
	})
}

func TestManyCallsOfAllKindsAddUpThoughTheStoreFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Second)
		var faults storetest.Faults
		faults.Inject(storetest.Begin|storetest.End|storetest.Renew, storetest.Every(3, storetest.LoseAnswer))
		faults.Inject(storetest.Lookup, storetest.Every(4, storetest.Stale))
		faults.Inject(storetest.All, storetest.Every(7, storetest.Refuse))
		faults.Inject(storetest.Renew|storetest.End, storetest.Every(13, storetest.LoseLease))
		body := sleeperFor(1300 * time.Millisecond)
		f := storing(faults.Wrap(s), body, Concurrency(2), Timeout(2*time.Second), StrictLease(true))
		g := storing(faults.Wrap(s.Another()), body, Concurrency(2), Timeout(1250*time.Millisecond), Retry(RetryPolicy{Attempts: 3, Initial: 900 * time.Millisecond}))
		storm(t, 300, 37*time.Millisecond, 23, f, g)
	})
}
