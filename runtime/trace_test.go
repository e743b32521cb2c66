package runtime

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestATracerIsToldOfEveryExecution(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var told []string
		type traceKey struct{}
		broken := errors.New("broken")
		trace := func(ctx context.Context, work string, call CallStatus) (context.Context, func(error)) {
			told = append(told, fmt.Sprintf("%s %d.%d begins after %v", work, call.Number, call.Attempts, time.Since(call.Requested)))
			return context.WithValue(ctx, traceKey{}, "in it"), func(err error) { told = append(told, fmt.Sprint("ends: ", err)) }
		}
		tries := 0
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			want(t, "value in the context", ctx.Value(traceKey{}), any("in it"))
			if tries++; tries == 1 {
				return "", broken
			}
			if arg == "panics" {
				panic("ouch")
			}
			return arg, nil
		}, WithTracer(trace), Retry(RetryPolicy{Attempts: 2, Initial: time.Second, Jitter: -1}), WithLogger(quiet()), Name("w"))
		f.Run(t.Context(), "a")
		f.Run(t.Context(), "a") // a hit
		f.Run(t.Context(), "panics")
		if diff := cmp.Diff([]string{
			"w 1.1 begins after 0s", "ends: broken", "w 1.2 begins after 1s", "ends: <nil>",
			"w 2.1 begins after 0s", "ends: work w panicked: ouch",
		}, told); diff != "" {
			t.Error(diff)
		}
		settled(t, f)
	})
}

func TestATracerDoesNoHarm(t *testing.T) {
	for name, tracer := range map[string]Tracer{
		"returns nothing": func(context.Context, string, CallStatus) (context.Context, func(error)) { return nil, nil },
		"panics":          func(context.Context, string, CallStatus) (context.Context, func(error)) { panic("ouch") },
		"panics at the end": func(ctx context.Context, _ string, _ CallStatus) (context.Context, func(error)) {
			return ctx, func(error) { panic("ouch") }
		},
		"calls Goexit at the end": func(ctx context.Context, _ string, _ CallStatus) (context.Context, func(error)) {
			return ctx, func(error) { goruntime.Goexit() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(func(ctx context.Context, arg string) (string, error) { return "got " + arg, ctx.Err() },
					WithTracer(tracer), WithLogger(quiet()))
				wantResult(t, "got a")(f.Run(t.Context(), "a"))
				settled(t, f)
			})
		})
	}
	t.Run("calls Goexit", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			f := newFetch(echo, WithTracer(func(context.Context, string, CallStatus) (context.Context, func(error)) {
				goruntime.Goexit()
				return nil, nil
			}))
			_, err := f.Run(t.Context(), "a")
			wantErr(t, err, ErrGoexit)
			settled(t, f)
		})
	})
}
