package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	goruntime "runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAResultExpiresWhenItsTimeIsOverAndNotBefore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper, TTL(time.Minute))
		f.Run(t.Context(), "a")
		time.Sleep(time.Minute - 1)
		f.Run(t.Context(), "a") // being hit makes nothing younger
		want(t, "hits", settled(t, f).Hits, 1)
		time.Sleep(time.Nanosecond)
		s := settled(t, f)
		want(t, "entries", s.Entries, 0)
		want(t, "expirations", s.Expirations, 1)
		_, kept := f.Lookup("a")
		want(t, "kept", kept, false)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "executions", settled(t, f).Executions, 2)
	})
}

// A test may use a runner in a bubble that is a variable of its package, and then the clock is set
// back by years, for the runner.
func TestResultsExpireInABubbleThatTheRunnerWasMadeOutsideOf(t *testing.T) {
	for _, ttl := range []time.Duration{time.Minute, math.MaxInt64} {
		f := newFetch(echo, TTL(ttl))
		bubble(t, func(t *testing.T) {
			f.Run(t.Context(), "a")
			time.Sleep(time.Minute - 1)
			want(t, "entries before", settled(t, f).Entries, 1)
			time.Sleep(time.Minute)
			want(t, "expires", settled(t, f).Entries == 0, ttl == time.Minute)
		})
	}
}

func TestEveryResultExpiresAtItsOwnTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(10*time.Second))
		for i := range 20 {
			f.Run(t.Context(), fmt.Sprint(i))
			time.Sleep(time.Second)
		}
		want(t, "entries", settled(t, f).Entries, 9) // 11 to 19
		f.Forget("11")                               // the timer is set for this one
		f.Forget("15")
		for now := 20; now < 30; now++ {
			settled(t, f)
			for i := range 20 {
				_, kept := f.Lookup(fmt.Sprint(i))
				want(t, fmt.Sprintf("%d kept after %ds", i, now), kept, i+10 > now && i != 11 && i != 15)
			}
			time.Sleep(time.Second)
		}
		want(t, "expirations", settled(t, f).Expirations, 18)
		f.Run(t.Context(), "again")
		time.Sleep(10 * time.Second)
		want(t, "entries", settled(t, f).Entries, 0)
	})
}

func TestErrorsExpireByTheirOwnTime(t *testing.T) {
	for name, opts := range map[string][]Option{
		"sooner than results": {TTL(time.Hour), CacheErrors(time.Minute)},
		"later than results":  {TTL(time.Minute), CacheErrors(time.Hour)},
		"results never":       {CacheErrors(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				failure := errors.New("no such page")
				f := newFetch(func(ctx context.Context, arg string) (string, error) {
					if arg == "fails" {
						return "", failure
					}
					return arg, nil
				}, opts...)
				for _, d := range []time.Duration{f.ttl, f.cacheErrors} {
					f.Run(t.Context(), "succeeds")
					f.Run(t.Context(), "fails")
					f.ForgetAll() // with both timers set
					f.Run(t.Context(), "succeeds")
					f.Run(t.Context(), "fails")
					if d != 0 {
						time.Sleep(d - 1)
					}
					settled(t, f)
					_, err := f.Run(t.Context(), "fails")
					want(t, "error", err, failure)
				}
				time.Sleep(f.ttl + f.cacheErrors)
				entries := 0
				if f.ttl == 0 {
					entries = 1
				}
				want(t, "entries", settled(t, f).Entries, entries)
			})
		})
	}
}

func TestErrorsAndResultsShareTheBoundAndEvictEachOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if len(arg)%2 == 0 {
				return "", errors.New("odd")
			}
			return arg, nil
		}, TTL(time.Minute), CacheErrors(time.Hour), MaxEntries(3))
		arg := ""
		for range 100 {
			arg += "x"
			f.Run(t.Context(), arg)
			f.check(t)
		}
		want(t, "entries", settled(t, f).Entries, 3)
		time.Sleep(time.Minute)
		entries := settled(t, f).Entries
		f.mu.Lock()
		want(t, "errors left", entries, f.expiry.Len())
		f.mu.Unlock()
		time.Sleep(time.Hour)
		want(t, "entries", settled(t, f).Entries, 0)
	})
}

func TestTheLongestTTLIsLong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(math.MaxInt64), Timeout(math.MaxInt64))
		time.Sleep(time.Hour)
		f.Run(t.Context(), "a")
		time.Sleep(time.Hour)
		want(t, "entries", settled(t, f).Entries, 1)
	})
}

func TestATimerDoesNotKeepARunnerAlive(t *testing.T) {
	f := newFetch(echo, TTL(time.Hour))
	f.Run(t.Context(), "a")
	var gone atomic.Bool
	goruntime.AddCleanup(f.calls, func(struct{}) { gone.Store(true) }, struct{}{})
	f = nil
	for i := 0; !gone.Load(); i++ {
		if i == 100 {
			t.Fatal("the runner is still there")
		}
		goruntime.GC()
		goruntime.Gosched()
	}
}

func TestAnUnfinishedCallDoesNotExpire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(time.Hour)
			return arg, nil
		}, TTL(time.Second))
		call := f.Start(t.Context(), "a")
		time.Sleep(time.Minute)
		want(t, "joined", f.Start(t.Context(), "a"), call)
		<-call.Done()
		synctest.Wait()
		want(t, "hit", f.Start(t.Context(), "a"), call)
		time.Sleep(time.Second)
		settled(t, f)
	})
}
