package runtime

import (
	"context"
	"errors"
	"io"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// wantEnd waits for the end of a call that code of the user's could keep open.
func wantEnd(t *testing.T, f *fetch, call *Call[string]) {
	t.Helper()
	select {
	case <-call.Done():
	case <-time.After(time.Hour):
		t.Errorf("has not ended: %+v", f.Stats())
		call.Stop()
	}
	settled(t, f)
}

// quits is an error whose text ends the goroutine.
type quits struct{}

func (quits) Error() string { goruntime.Goexit(); return "" }

func TestGoexitInAnErrorEndsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(memory.New(0), func(context.Context, string) (string, error) { return "", quits{} })
		call := f.Start(t.Context(), "a")
		wantEnd(t, f, call)
	})
}

func TestGoexitInRetryIfEndsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) { return "", errors.New("no") },
			Retry(RetryPolicy{Attempts: 2, If: func(error) bool { goruntime.Goexit(); return false }}), Concurrency(1))
		call := f.Start(t.Context(), "a")
		wantEnd(t, f, call)
	})
}

type exitCodec struct{ store.Codec }

func (c exitCodec) Encode(io.Writer, string, any) error { goruntime.Goexit(); return nil }

func TestGoexitInAnEncodingEndsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(memory.New(0), echo)
		f.store.Codec = exitCodec{f.store.Codec}
		call := f.Start(t.Context(), "a")
		wantEnd(t, f, call)
	})
}

func TestGoexitInADescriptionEndsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		spec, encoded := storingSpec(echo), 0
		spec.Encode = func(*string, *key.Encoder) {
			if encoded++; encoded > 1 { // first it is for the key
				goruntime.Goexit()
			}
		}
		f := fetchOf(NewCalls(spec, WithStore(memory.New(0)), Concurrency(1)))
		call := f.Start(t.Context(), "a")
		select {
		case <-call.Done():
		case <-time.After(time.Minute):
			t.Errorf("has not ended: %+v", f.Stats())
			call.Stop()
		}
		settled(t, f)
	})
}

type exitDecode struct{ store.Codec }

func (c exitDecode) Decode(*store.Entry, string, any) error { goruntime.Goexit(); return nil }

func TestGoexitInADecodingEndsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		wantResult(t, "got a")(storing(s, echo).Run(t.Context(), "a"))
		f := storing(hooked{Store: s, looked: func([]store.Found) error { time.Sleep(time.Second); return nil }}, echo)
		f.store.Codec = exitDecode{f.store.Codec}
		go func() { _, _ = f.Run(t.Context(), "a") }()
		time.Sleep(time.Second / 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := f.Run(ctx, "a") // joins
		if err == context.DeadlineExceeded {
			t.Errorf("the one who joined waits for ever: %+v", f.Stats())
		}
		cancel()
		settled(t, f)
	})
}

type nosy struct{ look func() }

func (e nosy) Error() string { return "nosy" }

func (e nosy) As(any) bool { e.look(); return false }

func TestErrorsAreAskedWithoutTheRunnersLock(t *testing.T) {
	var f *fetch
	f = newFetch(func(context.Context, string) (string, error) {
		return "", nosy{func() { f.Stats() }}
	}, Retry(RetryPolicy{Attempts: 2, Initial: time.Millisecond}))
	done := make(chan struct{})
	go func() { _, _ = f.Run(context.Background(), "a"); close(done) }()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		t.Error("deadlock")
	}
}

func TestErrorsAreAskedWithoutTheLoopsLock(t *testing.T) {
	var l *Loop
	f := newFetch(func(context.Context, string) (string, error) {
		return "", nosy{func() { l.Status() }}
	})
	n := 0
	l = &Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
		if n++; n > 1 {
			return Stop
		}
		_, err := f.Run(ctx, "a")
		return err
	}}
	done := make(chan struct{})
	go func() { _ = l.Run(context.Background()); close(done) }()
	select {
	case <-done:
	case <-time.After(4 * time.Second):
		t.Error("deadlock")
	}
}
