package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// The backoff of a failed call ends between the moment when a pass asks for the call and the
// end of the pass.
func TestACallThatMayExecuteAgainBeforeAPassEndsDoesSo(t *testing.T) {
	for _, start := range []bool{false, true} {
		t.Run(fmt.Sprint("started ", start), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				broken := 3
				f := newFetch(func(context.Context, string) (string, error) {
					if broken--; broken >= 0 {
						return "", errors.New("broken")
					}
					return "mended", nil
				}, Retry(RetryPolicy{Initial: time.Second, Max: time.Second, Jitter: -1}))
				passes := 0
				l := &Loop{KeepGoing: true, Flow: func(ctx context.Context) (err error) {
					passes++
					if start {
						f.Start(ctx, "a")
					} else {
						_, err = f.Run(ctx, "a")
					}
					time.Sleep(900 * time.Millisecond)
					return err
				}}
				want(t, "error", during(t, time.Minute, l), nil)
				want(t, "executions", settled(t, f).Executions, 4)
				if passes > 10 {
					t.Errorf("%d passes", passes)
				}
			})
		})
	}
}

// patient returns a flow that has been suspended so often that it also waits in place: body is run
// once that is so.
func patient(f *fetch, body func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		for i := range suspendsAtOnce + 3 {
			if _, err := f.Run(ctx, fmt.Sprint("0s step ", i)); err != nil {
				return err
			}
		}
		return body(ctx)
	}
}

func TestAFailedCallExecutesAgainWhileThePassWaitsInPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, steps := newFetch(takes, Retry(RetryPolicy{Jitter: -1})), newFetch(takes)
		l := &Loop{KeepGoing: true, Flow: patient(steps, func(ctx context.Context) error {
			f.Start(ctx, "1s bad")
			f.Start(ctx, "bad")
			_, err := steps.Run(ctx, "1h")
			return err
		})}
		want(t, "error", during(t, 30*time.Minute, l), nil)
		if n := f.Stats().Executions; n < 30 {
			t.Errorf("%d executions, want about one a minute", n)
		}
	})
}
