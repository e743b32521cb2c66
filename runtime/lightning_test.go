package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/flows"
)

// second is a body that takes a second and returns its argument.
func second(ctx context.Context, value int) (int, error) {
	select {
	case <-time.After(time.Second):
		return value, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// probe is a runner of a work with this body.
func probe(body func(context.Context, int) (int, error), opts ...runtime.Option) *flows.ProbeRunner {
	return flows.NewProbeRunner(&flows.Probe{Body: body}, opts...)
}

// passes runs a flow without heartbeat or log, until it stops or d has passed.
func passes(t *testing.T, d time.Duration, keepGoing bool, flow func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	l := runtime.Loop{Flow: flow, Heartbeat: -1, KeepGoing: keepGoing, Logger: slog.New(slog.DiscardHandler)}
	return l.Run(ctx)
}

// TestWhatLightningPromised has a row for each behaviour that Lightning App
// documents or tests for its works, flows and event loop.
func TestWhatLightningPromised(t *testing.T) {
	for _, row := range []struct {
		name string
		test func(t *testing.T) (got any)
		want any
	}{
		{"a work given 1 five times and then 10 executes twice", func(t *testing.T) any {
			w := probe(second)
			err := runtime.Once(t.Context(), func(ctx context.Context) error { return inTurn(ctx, w, 1, 1, 1, 1, 1, 10) })
			return fmt.Sprint(w.Stats().Executions, err)
		}, "2 <nil>"},

		{"with caching off it executes six times", func(t *testing.T) any {
			w := probe(second, runtime.CacheCalls(false))
			for _, v := range []int{1, 1, 1, 1, 1, 10} {
				w.Run(t.Context(), v)
			}
			return w.Stats().Executions
		}, int64(6)},

		{"with caching off and parallel off, the code after run is unreachable", func(t *testing.T) any {
			w, before, after := probe(second, runtime.CacheCalls(false)), 0, 0
			passes(t, 10*time.Second-1, false, func(ctx context.Context) error {
				before++
				if _, err := w.Run(ctx, 1); err != nil {
					return err
				}
				after++
				return nil
			})
			return [2]int{before, after}
		}, [2]int{10, 0}},

		{"a work given the date executes once per date", func(t *testing.T) any {
			w := probe(second)
			passes(t, 72*time.Hour-time.Minute, false, func(ctx context.Context) error {
				_, err := w.Run(ctx, runtime.Now(ctx, 24*time.Hour).YearDay())
				return err
			})
			return w.Stats().Executions
		}, int64(3)},

		{"two calls of one work are independent, and so are two runners", func(t *testing.T) any {
			a, b := probe(second), probe(second)
			err := runtime.Once(t.Context(), func(ctx context.Context) error {
				return errors.Join(inTurn(ctx, a, 1, 2), inTurn(ctx, b, 1))
			})
			return fmt.Sprint(a.Stats().Executions, b.Stats().Executions, err)
		}, "2 1 <nil>"},

		{"positions, order, repetition, omitted and explicit zero all differ", func(t *testing.T) any {
			w, zero := flows.NewArgsRunner(&flows.Args{}), 0
			ctx := t.Context()
			w.Run(ctx, "a", "b", nil, nil)
			w.Run(ctx, "b", "a", nil, nil)
			w.Run(ctx, "ab", "", nil, nil)
			w.Run(ctx, "a", "b", []int{1, 2}, nil)
			w.Run(ctx, "a", "b", []int{2, 1}, nil)
			w.Run(ctx, "a", "b", []int{1, 1, 2}, nil)
			w.Run(ctx, "a", "b", []int{}, nil)
			w.Run(ctx, "a", "b", nil, &zero)
			w.Run(ctx, "a", "b", nil, nil, "")
			return w.Stats().Executions
		}, int64(9)},

		{"flows nested five deep run each work once", func(t *testing.T) any {
			w := probe(second)
			var nested func(ctx context.Context, depth int) error
			nested = func(ctx context.Context, depth int) error {
				if depth == 0 {
					return nil
				}
				if _, err := w.Run(ctx, depth); err != nil {
					return err
				}
				return nested(ctx, depth-1)
			}
			err := runtime.Once(t.Context(), func(ctx context.Context) error { return nested(ctx, 5) })
			return fmt.Sprint(w.Stats().Executions, err)
		}, "5 <nil>"},

		{"a parallel call is seen running, then succeeded", func(t *testing.T) any {
			w, seen := probe(second), ""
			l := runtime.Loop{Heartbeat: 300 * time.Millisecond, Flow: func(ctx context.Context) error {
				call := w.Start(ctx, 1)
				synctest.Wait() // until it runs
				seen += call.Status().String() + " "
				if call.Status().Status == runtime.Succeeded {
					return runtime.Stop
				}
				return nil
			}}
			return fmt.Sprint(seen, l.Run(t.Context()))
		}, "running running running running succeeded <nil>"},

		{"a failure is seen by the flow, which goes on", func(t *testing.T) any {
			w, seen := probe(func(context.Context, int) (int, error) { return 0, errors.New("broken") }), 0
			passes(t, 10*time.Second, true, func(ctx context.Context) error {
				_, err := w.Run(ctx, 1)
				if err != nil && !errors.Is(err, runtime.ErrSuspended) {
					seen++
				}
				return err
			})
			return fmt.Sprint(w.Stats().Executions, seen > 3)
		}, "4 true"}, // after 0, 1, 3 and 7 seconds

		{"a failure ends the loop", func(t *testing.T) any {
			w := probe(func(context.Context, int) (int, error) { return 0, errors.New("broken") })
			return fmt.Sprint(passes(t, time.Hour, false, func(ctx context.Context) error { return inTurn(ctx, w, 1) }))
		}, "broken"},

		{"a panic of a work is a failure", func(t *testing.T) any {
			w := probe(func(context.Context, int) (int, error) { panic("ouch") }, runtime.WithLogger(slog.New(slog.DiscardHandler)))
			return fmt.Sprint(passes(t, time.Hour, false, func(ctx context.Context) error { return inTurn(ctx, w, 1) }))
		}, "work github.com/workgen/workgen/testdata/golden/flows.Probe panicked: ouch"},

		{"a work is stopped at a counter", func(t *testing.T) any {
			var counter runtime.Var[int]
			w := probe(func(ctx context.Context, _ int) (int, error) {
				for n := 1; ctx.Err() == nil; n++ {
					counter.Set(n)
					time.Sleep(time.Second)
				}
				return 0, ctx.Err()
			})
			l := runtime.Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
				call := w.Start(ctx, 1)
				if counter.Get(ctx) == 5 {
					call.Stop()
				}
				if call.Status().Status == runtime.Stopped {
					return runtime.Stop
				}
				return nil
			}}
			return fmt.Sprint(l.Run(t.Context()), w.Stats().Executions, w.Status().Status)
		}, "<nil> 1 stopped"},

		{"different arguments of one parallel work are tracked apart", func(t *testing.T) any {
			w := probe(func(ctx context.Context, value int) (int, error) {
				time.Sleep(time.Duration(value) * time.Second)
				return value, nil
			})
			began, done := time.Now(), ""
			passes(t, time.Minute, false, func(ctx context.Context) error {
				for _, v := range []int{3, 1, 2} {
					call := w.Start(ctx, v)
					if got, err := call.Result(); err == nil {
						done += fmt.Sprintf("%v:%d ", time.Since(began), got)
					}
				}
				return nil
			})
			return fmt.Sprint(done, w.Stats().Executions)
		}, "1s:1 2s:1 2s:2 3s:3 3s:1 3s:2 3"},

		{"a loop that is started again resumes at what had not finished", func(t *testing.T) any {
			w := probe(second)
			flow := func(ctx context.Context) error {
				if err := inTurn(ctx, w, 1, 2, 3); err != nil {
					return err
				}
				return runtime.Stop
			}
			first := passes(t, 1500*time.Millisecond, false, flow)
			return fmt.Sprint(first, passes(t, time.Hour, false, flow), w.Stats().Executions)
		}, "context deadline exceeded <nil> 3"}, // the second one goes on at the end of the first run
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := row.test(t); got != row.want {
					t.Errorf("got %v, want %v", got, row.want)
				}
			})
		})
	}
}

// inTurn runs a work for one value after the other.
func inTurn(ctx context.Context, w *flows.ProbeRunner, values ...int) error {
	for _, v := range values {
		if _, err := w.Run(ctx, v); err != nil {
			return err
		}
	}
	return nil
}
