package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// numbered is a body that takes a second, and returns the number of its execution. As long as
// broken is set it fails.
type numbered struct {
	executions atomic.Int64
	broken     atomic.Bool
}

var errBroken = errors.New("broken")

func (v *numbered) body(ctx context.Context, _ string) (string, error) {
	n := v.executions.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if v.broken.Load() {
		return "", errBroken
	}
	return fmt.Sprint("version ", n), nil
}

// at sleeps until so long after the start of a bubble, and lets everything settle.
func at(start time.Time, d time.Duration) {
	rest(time.Until(start.Add(d)))
}

// rest sleeps, and lets everything settle.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wantAtOnce has a result returned without a wait.
func wantAtOnce(t *testing.T, f *fetch, result string) {
	t.Helper()
	before := time.Now()
	wantResult(t, result)(f.Run(t.Context(), "a"))
	want(t, "wait", time.Since(before), 0)
}

func wantAllCounted(t *testing.T, s Stats, calls int64) {
	t.Helper()
	want(t, "calls counted", s.Hits+s.Misses+s.Joined+s.Refused, calls+s.Refreshes)
}

func TestAHitRefreshesWhatIsOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), RefreshAfter(30*time.Second))
		f.Run(t.Context(), "a") // until second 1
		start := time.Now()
		at(start, 30*time.Second-1)
		wantAtOnce(t, f, "version 1")
		want(t, "executions when it is young", v.executions.Load(), 1)
		at(start, 30*time.Second)
		for range 100 {
			wantAtOnce(t, f, "version 1")
		}
		synctest.Wait()
		want(t, "executions when it is old", v.executions.Load(), 2)
		at(start, 31*time.Second)
		wantAtOnce(t, f, "version 2")
		s := settled(t, f)
		want(t, "refreshes", s.Refreshes, 1)
		want(t, "entries", s.Entries, 1)
		wantAllCounted(t, s, 103)

		// The new one's time counts from its own end, and nobody asks.
		at(start, 91*time.Second-1)
		want(t, "entries before its TTL", f.Stats().Entries, 1)
		at(start, 91*time.Second)
		want(t, "entries after it", f.Stats().Entries, 0)
		want(t, "executions", v.executions.Load(), 2)
	})
}

func TestResultsWithoutTTLAreRefreshed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, RefreshAfter(time.Minute))
		f.Run(t.Context(), "a")
		rest(24 * time.Hour)
		wantAtOnce(t, f, "version 1")
		rest(time.Second)
		wantAtOnce(t, f, "version 2")
		settled(t, f)
	})
}

func TestOneRefreshRunsWhoeverAsks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), RefreshAfter(59500*time.Millisecond))
		f.Run(t.Context(), "a")
		start := time.Now()
		at(start, 59500*time.Millisecond)
		wantAtOnce(t, f, "version 1")
		at(start, time.Minute) // it has expired, and the refresh runs for another half second
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { wantResult(t, "version 2")(f.Run(t.Context(), "a")) })
		}
		all.Wait()
		want(t, "waited until", time.Since(start), 60500*time.Millisecond)
		want(t, "executions", v.executions.Load(), 2)
		wantAllCounted(t, settled(t, f), 12)
	})
}

func TestWhatIsEvictedDuringItsRefreshIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, RefreshAfter(time.Minute), MaxEntries(1))
		f.Run(t.Context(), "a")
		rest(time.Minute)
		f.Run(t.Context(), "a")
		f.Start(t.Context(), "b")
		rest(time.Second) // both end
		synctest.Wait()
		before := v.executions.Load()
		f.Run(t.Context(), "a")
		want(t, "executions", v.executions.Load()-before <= 1, true)
		want(t, "evictions", settled(t, f).Evictions > 0, true)
	})
}

func TestARefreshThatFailsIsTriedAgainAndHurtsNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), RefreshAfter(30*time.Second), Retry(RetryPolicy{Initial: 2 * time.Second, Jitter: -1}))
		f.Run(t.Context(), "a")
		start := time.Now()
		v.broken.Store(true)
		at(start, 30*time.Second)
		wantAtOnce(t, f, "version 1")
		at(start, 31*time.Second) // it has failed
		wantAtOnce(t, f, "version 1")
		at(start, 33*time.Second-1)
		wantAtOnce(t, f, "version 1")
		want(t, "executions before the wait is over", v.executions.Load(), 2)
		at(start, 33*time.Second)
		wantAtOnce(t, f, "version 1")
		synctest.Wait()
		want(t, "executions afterwards", v.executions.Load(), 3)
		at(start, 38*time.Second-1) // until second 34, and twice the wait
		wantAtOnce(t, f, "version 1")
		synctest.Wait()
		want(t, "executions during the longer wait", v.executions.Load(), 3)
		at(start, 38*time.Second)
		v.broken.Store(false)
		wantAtOnce(t, f, "version 1")
		rest(time.Second)
		wantAtOnce(t, f, "version 4")
		s := settled(t, f)
		want(t, "errors", s.Errors, 2)
		wantAllCounted(t, s, 8)
	})
}

func TestARefreshThatFailsDoesNotMakeAResultOlderThanItsTTL(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), RefreshAfter(50*time.Second))
		f.Run(t.Context(), "a")
		start := time.Now()
		v.broken.Store(true)
		at(start, 50*time.Second)
		wantAtOnce(t, f, "version 1")
		at(start, time.Minute)
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, errBroken)
		want(t, "entries", settled(t, f).Entries, 0)
	})
}

func TestAResultThatHasExpiredIsGivenIfThereIsNothingBetter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), StaleIfError(time.Hour), Retry(RetryPolicy{Initial: 10 * time.Second, Jitter: -1}))
		f.Run(t.Context(), "a")
		start := time.Now()
		v.broken.Store(true)

		at(start, time.Minute)
		_, kept := f.Lookup("a")
		want(t, "kept after the TTL", kept, false)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { wantResult(t, "version 1")(f.Run(t.Context(), "a")) })
		}
		all.Wait()
		want(t, "they waited until", time.Since(start), 61*time.Second)
		want(t, "executions", v.executions.Load(), 2)
		want(t, "stale", f.Stats().Stale, 1)
		wantAtOnce(t, f, "version 1") // until the next attempt is due

		at(start, 71*time.Second)
		call := f.Start(t.Context(), "a")
		want(t, "status before its end", call.Status().Status, Running)
		wantResult(t, "version 1")(call.Wait(t.Context()))
		want(t, "status", call.Status().Status, Failed)
		wantErr(t, call.Status().Reason, errBroken)
		if err := Await(t.Context(), call); err != nil {
			t.Errorf("Await: %v", err)
		}
		want(t, "executions at the next attempt", v.executions.Load(), 3)

		v.broken.Store(false)
		at(start, 2*time.Minute)
		wantResult(t, "version 4")(f.Run(t.Context(), "a"))
		want(t, "entries", settled(t, f).Entries, 1)

		v.broken.Store(true)
		rest(time.Minute + time.Hour)
		want(t, "entries when it is gone", settled(t, f).Entries, 0)
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, errBroken)
		settled(t, f)
	})
}

func TestWhatIsStaleIsBetterThanARefusal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), StaleIfError(time.Hour), MaxPending(1))
		f.Run(t.Context(), "a")
		rest(time.Minute)
		other := f.Start(t.Context(), "b")
		wantAtOnce(t, f, "version 1")
		other.Wait(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.Run(ctx, "a")
		wantErr(t, err, context.Canceled)
		wantResult(t, "version 3")(f.Run(t.Context(), "a"))
		rest(time.Minute)
		f.Close(t.Context())
		wantAtOnce(t, f, "version 3")
		wantAllCounted(t, settled(t, f), 6)
	})
}

func TestWhoGivesUpGetsNothingStale(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Minute), StaleIfError(time.Hour))
		f.Run(t.Context(), "a")
		rest(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := f.Run(ctx, "a")
		wantErr(t, err, context.DeadlineExceeded)
		settled(t, f)
		call := f.Start(t.Context(), "a") // one second later, as after a failure
		wantResult(t, "version 1")(call.Result())
		rest(2 * time.Second)
		call = f.Start(t.Context(), "a")
		call.Stop()
		_, err = call.Wait(t.Context())
		wantErr(t, err, ErrStopped)
		settled(t, f)
	})
}

func TestWhatIsForgottenDuringItsRefreshIsNotKept(t *testing.T) {
	for name, forget := range map[string]func(f *fetch){
		"one": func(f *fetch) { f.Forget("a") },
		"all": (*fetch).ForgetAll,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var v numbered
				f := newFetch(v.body, RefreshAfter(time.Minute))
				f.Run(t.Context(), "a")
				rest(time.Minute)
				wantAtOnce(t, f, "version 1")
				forget(f)
				rest(time.Second)
				want(t, "entries", settled(t, f).Entries, 0)
				wantResult(t, "version 3")(f.Run(t.Context(), "a"))
			})
		})
	}
}

func TestAFlowReadsWhatWasRefreshed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		f := newFetch(v.body, TTL(time.Hour), RefreshAfter(time.Minute))
		var mu sync.Mutex
		var read []string
		ctx, cancel := context.WithCancel(t.Context())
		loop := &Loop{Flow: func(ctx context.Context) error {
			page, err := f.Run(ctx, "a")
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if len(read) == 0 || read[len(read)-1] != page {
				read = append(read, page)
			}
			return nil
		}, KeepGoing: true}
		done := make(chan error)
		go func() { done <- loop.Run(ctx) }()
		rest(3 * time.Minute)
		cancel()
		<-done
		want(t, "read", fmt.Sprint(read), "[version 1 version 2 version 3]")
	})
}

// sharing makes a runner as another process would.
func sharing(body func(context.Context, string) (string, error), s store.Store) *fetch {
	return againWith(body, WithStore(s), TTL(10*time.Minute), RefreshAfter(time.Minute))
}

func TestOneOfSeveralProcessesRefreshes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v numbered
		s := memory.New(0)
		one, other := sharing(v.body, s), sharing(v.body, s.Another())
		one.Run(t.Context(), "a")
		other.Run(t.Context(), "a")
		want(t, "executions", v.executions.Load(), 1)
		rest(time.Minute)
		wantAtOnce(t, one, "version 1")
		wantAtOnce(t, other, "version 1")
		rest(10 * time.Second)
		want(t, "executions of the refresh", v.executions.Load(), 2)
		wantAtOnce(t, one, "version 2")
		wantAtOnce(t, other, "version 2")

		third := sharing(v.body, s.Another()) // a result of the store is as old as it is
		wantAtOnce(t, third, "version 2")
		rest(51 * time.Second)
		wantAtOnce(t, third, "version 2")
		rest(2 * time.Second)
		wantAtOnce(t, third, "version 3")
		settled(t, one)
		settled(t, other)
		settled(t, third)
	})
}

func TestWorkersCannotRefresh(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "leave out one or the other") {
			t.Errorf("got panic %q, want one that names the fix", text)
		}
	}()
	s := memory.New(0)
	againWith(echo, WithStore(s), WithWorkers(s.Queue(), "pool"), StaleIfError(time.Minute), TTL(time.Minute))
}

func TestLifetimesWithJitterAreSpread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(100*time.Second), Jitter(0.5))
		for i := range 1000 {
			f.Run(t.Context(), fmt.Sprint(i))
		}
		for _, step := range []struct {
			after       time.Duration
			least, most int
		}{{50*time.Second - 1, 1000, 1000}, {25 * time.Second, 400, 600}, {25*time.Second + 1, 0, 0}} {
			rest(step.after)
			if n := settled(t, f).Entries; n < step.least || n > step.most {
				t.Errorf("%d entries, want %d to %d", n, step.least, step.most)
			}
		}
	})
}
