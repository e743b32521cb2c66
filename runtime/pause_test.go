package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
)

func TestNoBodyOfAPausedWorkBegins(t *testing.T) {
	for name, opts := range map[string][]Option{
		"without a limit":    nil,
		"with a limit":       {Concurrency(1)},
		"in a pool":          {WithPool(NewPool(1))},
		"with a store":       {WithStore(memory.New(time.Minute))},
		"with all of those":  {Concurrency(1), WithPool(NewPool(1)), WithStore(memory.New(time.Minute))},
		"without a cache":    {CacheCalls(false)},
		"with a small store": {WithStore(memory.New(time.Millisecond))},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := storing(nil, sleeper, opts...)
				wantResult(t, "got kept")(f.Run(t.Context(), "kept"))
				running := f.Start(t.Context(), "running")
				synctest.Wait()
				f.Runner.Pause()
				f.Runner.Pause()
				want(t, "paused", f.Stats().Paused, true)

				var calls []*Call[string]
				for i := range 3 {
					calls = append(calls, f.Start(t.Context(), fmt.Sprint(i)))
				}
				if f.cacheCalls {
					wantResult(t, "got kept")(f.Run(t.Context(), "kept"))
				}
				wantResult(t, "got running")(running.Wait(t.Context())) // what runs goes on
				time.Sleep(time.Hour)
				want(t, "pending", f.Stats().Pending, 3)
				want(t, "executions", f.Stats().Executions, 2)
				calls[1].Stop()
				want(t, "pending", f.Stats().Pending, 2)

				f.Runner.Resume()
				f.Runner.Resume()
				wantResult(t, "got 0")(calls[0].Wait(t.Context()))
				wantResult(t, "got 2")(calls[2].Wait(t.Context()))
				want(t, "paused", f.Stats().Paused, false)
				want(t, "executions", settled(t, f).Executions, 4)
			})
		})
	}
}

// TestACallThatHasItsSlotDoesNotBeginOncePaused: it waits for something else when the work is
// paused.
func TestACallThatHasItsSlotDoesNotBeginOncePaused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(1)
		busy := newFetch(sleeper, WithPool(pool), Name("busy"))
		busy.Start(t.Context(), "a")
		f := newFetch(sleeper, WithPool(pool), Concurrency(1))
		call := f.Start(t.Context(), "b")
		wantPool(t, "it waits for the pool", pool, 1, 1)
		f.Runner.Pause()
		time.Sleep(time.Hour)
		wantPool(t, "it has given its slots back", pool, 0, 0)
		want(t, "status", call.Status().Status, Pending)
		f.Runner.Resume()
		wantResult(t, "got b")(call.Wait(t.Context()))
		settled(t, f)
		settled(t, busy)
	})
}

func TestABodyOfAPausedWorkThatWaitsForAnotherCallGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(sleeper, Name("inner"))
		f := newFetch(func(ctx context.Context, arg string) (string, error) { return inner.Run(ctx, arg) }, Concurrency(1))
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		f.Runner.Pause()
		waits := f.Start(t.Context(), "b")
		wantResult(t, "got a")(call.Wait(t.Context()))
		time.Sleep(time.Minute)
		want(t, "status", waits.Status().Status, Pending)
		f.Runner.Resume()
		wantResult(t, "got b")(waits.Wait(t.Context()))
		settled(t, f)
	})
}

func TestACallOfAPausedWorkIsNotTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if Attempt(ctx) == 1 {
				return "", errors.New("busy")
			}
			return arg, nil
		}, Retry(RetryPolicy{Attempts: 2}))
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		f.Runner.Pause()
		time.Sleep(time.Hour)
		want(t, "attempts", call.Status().Attempts, 1)
		f.Runner.Resume()
		wantResult(t, "a")(call.Wait(t.Context()))
		settled(t, f)
	})
}

func TestCloseEndsTheCallsOfAPausedWork(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		f.Runner.Pause()
		call := f.Start(t.Context(), "a")
		if err := f.Close(t.Context()); err != nil {
			t.Error(err)
		}
		_, err := call.Wait(t.Context())
		wantErr(t, err, ErrClosed)
		f.Runner.Resume()
		want(t, "executions", settled(t, f).Executions, 0)
	})
}

func TestTheLogSaysWhatBoundCallsWaitFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out journal
		log := WithLogger(slog.New(slog.NewTextHandler(&out, nil)))
		pool := NewPool(1)
		busy := newFetch(sleeperFor(time.Hour), WithPool(pool), Name("busy"), log)
		busy.Start(t.Context(), "a")
		pooled := newFetch(sleeper, WithPool(pool), Name("pooled"), log)
		pooled.Start(t.Context(), "a")
		paused := newFetch(sleeper, Name("paused"), log)
		paused.Runner.Pause()
		call := paused.Start(t.Context(), "a")
		time.Sleep(90 * time.Second)
		for _, text := range []string{
			`work=pooled call=1 status=pending waits_for="a slot of the pool"`,
			`work=paused call=1 status=pending waits_for="the work is paused"`,
		} {
			if !strings.Contains(out.String(), text) {
				t.Errorf("the log says\n%s\nwant\n%s", &out, text)
			}
		}
		call.Stop()
		time.Sleep(2 * time.Hour)
	})
}

func TestNoBodyBeginsWhileItsRunnerIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper, Concurrency(1))
		for i := range 1000 {
			f.Start(t.Context(), fmt.Sprint(i))
		}
		synctest.Wait()
		f.Close(t.Context())
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

func TestAPausedWorkServesWhatTheStoreHas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		f, g := storing(s, sleeper), storing(s, mustNotRun)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		g.Runner.Pause()
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		want(t, "stored", settled(t, g).Stored, 1)
		settled(t, f)
	})
}
