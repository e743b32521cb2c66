package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheStatusIsThatOfTheLatestCallThatWasNotAHit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		want(t, "before any call", f.Status(), CallStatus{})
		began := time.Now()
		f.Run(t.Context(), "a")
		after := CallStatus{Status: Succeeded, Number: 1, Requested: began, Started: began, Finished: began.Add(time.Second), Attempts: 1, Began: began, Took: time.Second}
		check := func(what string, want CallStatus) {
			t.Helper()
			if diff := cmp.Diff(want, f.Status()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		check("after a miss", after)
		time.Sleep(time.Minute)
		f.Run(t.Context(), "a")
		check("after a hit", after)
		f.Forget("a")
		check("after forgetting it", after)

		b := f.Start(t.Context(), "b")
		time.Sleep(time.Second / 2)
		c := f.Start(t.Context(), "c")
		<-b.Done()
		want(t, "with an older one done", f.Status().Status, Running)
		<-c.Done()
		synctest.Wait()
		if diff := cmp.Diff(c.Status(), f.Status()); diff != "" {
			t.Errorf("runner's and call's status (-call +runner):\n%s", diff)
		}
	})
}

func TestStatusesHaveNames(t *testing.T) {
	var names []string
	for s := NotStarted; s <= Stopped+1; s++ {
		names = append(names, s.String())
	}
	want(t, "names", strings.Join(names, ", "), "not started, pending, running, succeeded, failed, stopped, Status(6)")
	want(t, "a call's", fmt.Sprint(CallStatus{Status: Failed}), "failed")
}

func TestCountersAddUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		failure := errors.New("no such page")
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			got, err := sleeper(ctx, arg)
			switch arg[0] {
			case '0':
				return "", failure
			case '1':
				panic("oops")
			case '2':
				time.Sleep(time.Minute)
			}
			return got, err
		}, Timeout(10*time.Second), Concurrency(7), MaxEntries(5), TTL(time.Minute), WithLogger(slog.New(slog.DiscardHandler)))
		const callers, calls = 20, 50
		var all sync.WaitGroup
		for g := range callers {
			all.Go(func() {
				for i := range calls {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(g*i)*100*time.Millisecond)
					if arg := fmt.Sprint((g * i) % 37); i%2 == 0 {
						f.Run(ctx, arg)
					} else {
						f.Start(ctx, arg).Wait(ctx)
					}
					cancel()
				}
			})
		}
		all.Wait()
		time.Sleep(time.Hour)
		s := settled(t, f)
		want(t, "hits + misses + joined + refused", s.Hits+s.Misses+s.Joined+s.Refused, callers*calls)
		succeeded := s.Evictions + s.Expirations + int64(s.Entries)
		want(t, "succeeded + errors + stops", succeeded+s.Errors+s.Stops, s.Misses)
		for name, n := range map[string]int64{
			"hits": s.Hits, "joined": s.Joined, "refused": s.Refused, "panics": s.Panics, "timeouts": s.Timeouts,
			"stops": s.Stops, "expirations": s.Expirations, "evictions": s.Evictions,
		} {
			if n == 0 {
				t.Errorf("no %s: the test is weaker than it should be", name)
			}
		}
	})
}

func TestExecutionTimeIsTheSumOverBodies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		f.Start(t.Context(), "a")
		f.Run(t.Context(), "b")
		f.Run(t.Context(), "b")
		want(t, "time", settled(t, f).ExecutionTime, 2*time.Second)
	})
}

func TestForgetAllExecutesEverythingAnew(t *testing.T) {
	f := newFetch(echo)
	for range 2 {
		for i := range 100 {
			f.Run(t.Context(), fmt.Sprint(i))
		}
		f.check(t)
		f.ForgetAll()
		want(t, "entries", f.Stats().Entries, 0)
		want(t, "buckets", len(*f.calls.table.buckets.Load()), minBuckets)
	}
	want(t, "executions", f.Stats().Executions, 200)
}

func TestCloseStopsWhatRunsRefusesMissesAndServesHits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "slow to stop" {
				<-ctx.Done()
				time.Sleep(time.Minute)
				return arg, nil
			}
			return sleeper(ctx, arg)
		}, Concurrency(1))
		f.Run(t.Context(), "kept")
		call := f.Start(t.Context(), "slow to stop")
		synctest.Wait()
		pending := f.Start(t.Context(), "pending")
		began := time.Now()
		want(t, "error", f.Close(t.Context()), nil)
		want(t, "time until the body returned", time.Since(began), time.Minute)
		for _, c := range []*Call[string]{call, pending} {
			_, err := c.Result()
			wantErr(t, err, ErrClosed)
			wantErr(t, err, ErrStopped)
			want(t, "status", c.Status().Status, Stopped)
		}

		wantResult(t, "got kept")(f.Run(t.Context(), "kept"))
		_, err := f.Run(t.Context(), "new")
		wantErr(t, err, ErrClosed)
		_, err = f.Start(t.Context(), "new").Wait(t.Context())
		wantErr(t, err, ErrClosed)
		want(t, "closed again", f.Close(t.Context()), nil)
		s := settled(t, f)
		want(t, "executions", s.Executions, 2)
		want(t, "refused", s.Refused, 2)
	})
}

func TestCloseWaitsNoLongerThanItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) {
			time.Sleep(time.Hour)
			return "deaf", nil
		})
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := f.Close(ctx)
		wantErr(t, err, context.DeadlineExceeded)
		if !strings.Contains(err.Error(), "1 execution") {
			t.Errorf("error does not say how many still run: %v", err)
		}
		_, err = call.Result()
		wantErr(t, err, ErrClosed)

		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { want(t, "error", f.Close(t.Context()), nil) })
		}
		all.Wait()
		want(t, "error with a context that has ended", f.Close(ctx), nil)
		settled(t, f)
	})
}

func TestCloseWhileArgumentsAreBeingCopiedExecutesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := NewCalls(Spec[string, string, string]{
			Name:      "w",
			Execute:   echo,
			CloneArgs: func(s string) string { time.Sleep(time.Second); return s },
		})
		f := fetchOf(calls)
		go func() {
			_, err := f.Run(t.Context(), "a")
			wantErr(t, err, ErrClosed)
		}()
		synctest.Wait()
		want(t, "error", f.Close(t.Context()), nil)
		time.Sleep(time.Minute)
		want(t, "executions", settled(t, f).Executions, 0)
	})
}
