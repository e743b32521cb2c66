package runtime

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
)

var errWhy = errors.New("why")

// bodyContext is that of a body whose caller has a value.
func bodyContext() *execution {
	return newExecution(&call{origin: context.WithValue(context.Background(), errWhy, "caller's")})
}

func wantEnded(t *testing.T, ctx context.Context) {
	t.Helper()
	want(t, "error", ctx.Err(), context.Canceled)
	want(t, "cause", context.Cause(ctx), errWhy)
	select {
	case <-ctx.Done():
	default:
		t.Error("it has ended, and Done is open")
	}
}

func TestTheContextOfABodyEndsWithItsCause(t *testing.T) {
	for name, look := range map[string]func(x *execution){
		"nobody looked before": func(*execution) {},
		"somebody waits":       func(x *execution) { x.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			x := bodyContext()
			look(x)
			want(t, "error", x.Err(), nil)
			want(t, "cause", x.endedBy(), nil)
			x.cancel(errWhy)
			x.cancel(errors.New("another"))
			x.cancel(nil)
			want(t, "ended by", x.endedBy(), errWhy)
			wantEnded(t, x)
			want(t, "value", x.Value(errWhy), any("caller's"))
		})
	}
}

func TestContextsMadeOfThatOfABodyEndWithIt(t *testing.T) {
	x := bodyContext()
	child, cancel := context.WithTimeout(context.WithValue(x, errWhy, 2), time.Hour)
	defer cancel()
	told := make(chan struct{})
	context.AfterFunc(x, func() { close(told) })
	want(t, "error", child.Err(), nil)
	x.cancel(errWhy)
	wantEnded(t, child)
	<-told
	want(t, "execution", executionOf(child), x)
	want(t, "without end", x.withoutEnd().Err(), nil)
	want(t, "execution", executionOf(x.withoutEnd()), x)
}

// Whoever sees an error finds Done closed, however the two meet.
func TestTheContextOfABodyEndsWhileOthersLook(t *testing.T) {
	for range 200 {
		x := bodyContext()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for x.Err() == nil {
					runtime.Gosched()
				}
				wantEnded(t, x)
			})
			all.Go(func() { <-x.Done(); wantEnded(t, x) })
		}
		all.Go(func() { x.cancel(errWhy); wantEnded(t, x) })
		all.Wait()
	}
}

func TestNoContextIsMadeForABodyThatDoesNotLook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen context.Context
	f := newFetch(func(ctx context.Context, arg string) (string, error) {
		seen = ctx
		return arg, nil
	})
	wantResult(t, "a")(f.Run(ctx, "a"))
	x := seen.(*execution)
	if x.made.Load() != nil {
		t.Error("a context was made")
	}
	f.Close(t.Context())
	want(t, "error once the body has returned", x.Err(), context.Canceled)
}
