package worktest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
)

// Run runs a loop for d and stops it. It returns nil when d has passed, and otherwise what ended
// the loop before. What the loop has begun may go on for its Grace, as when a program ends; a
// negative Grace stops it at once.
//
// In a bubble of testing/synctest, d takes no time.
func Run(t testing.TB, l *runtime.Loop, d time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	err := l.Run(ctx)
	if err == ctx.Err() && t.Context().Err() == nil { // that very error: a flow may fail with one that wraps it
		return nil
	}
	return err
}

// Start runs a loop until stop is called, or the test ends. stop waits for the end of the loop,
// as [Run] does, and returns nil, or what ended the loop before. It may be called several times, by
// the goroutine of the test. A loop that fails while nobody calls stop fails the test.
func Start(t testing.TB, l *runtime.Loop) (stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended, asked := make(chan struct{}), false
	var err error
	go func() {
		defer close(ended)
		if err = l.Run(ctx); err == ctx.Err() {
			err = nil
		}
	}()
	end := func() error {
		cancel()
		<-ended
		return err
	}
	t.Cleanup(func() {
		if err := end(); err != nil && !asked {
			t.Errorf("worktest: the loop has ended: %v", err)
		}
	})
	return func() error {
		asked = true
		return end()
	}
}

// Pass runs one pass of a flow, waits until the calls have ended that this waited for, and
// reports whether the flow got through. The error is that of the pass; a call that fails after it
// is no error of the pass, and executes again in the next one. To run a flow until it gets
// through, use [runtime.Once].
func Pass(t testing.TB, flow func(ctx context.Context) error) (through bool, err error) {
	l := &runtime.Loop{}
	passes := 0
	l.Flow = func(ctx context.Context) error {
		if passes++; passes > 1 {
			return runtime.Stop
		}
		err := flow(ctx)
		if through = err == nil || errors.Is(err, runtime.Stop); through || l.Status().Unfinished == 0 {
			l.Wake() // there is nothing to wait for
		}
		return err
	}
	err = l.Run(t.Context())
	return through && err == nil, err
}

// SleepUntil sets the clock of a bubble of testing/synctest, which begins at midnight UTC on
// 2000-01-01, by sleeping: schedules, timeouts and bodies then agree on the time. Call it before
// runners, loops and stores are made, which else do what they do while years pass. A time that is
// over fails the test, and so does sleeping outside of a bubble.
func SleepUntil(t testing.TB, at time.Time) {
	t.Helper()
	if !inBubble() {
		t.Fatal("worktest: SleepUntil outside of a bubble would sleep: call it inside of synctest.Test")
	}
	d := time.Until(at)
	if d < 0 {
		t.Fatalf("worktest: SleepUntil(%v): it is %v already: set the clock once, before anything sleeps", at, time.Now())
	}
	time.Sleep(d)
}

// inBubble reports whether the goroutine is in a bubble.
func inBubble() (in bool) {
	defer func() { in = recover() == nil }()
	synctest.Wait()
	return true
}
