package runtime

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheStatusOfALoopSaysWhatItWaitsFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		broken := errors.New("broken")
		var fail bool
		l := Loop{KeepGoing: true, Heartbeat: -1, Logger: quiet(), Flow: func(ctx context.Context) error {
			Now(ctx, time.Hour)
			if fail {
				return broken
			}
			_, first := f.Run(ctx, "a")
			_, second := f.Run(ctx, "b")
			return errors.Join(first, second)
		}}
		want(t, "state", l.Status().State, LoopNotStarted)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		start := time.Now().Round(0)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		hour := start.Truncate(time.Hour).Add(time.Hour)
		if diff := cmp.Diff(LoopStatus{
			State: LoopWaiting, Pass: 1, Began: start, Ended: start,
			Waiting: []string{f.name}, Unfinished: 2, Due: hour,
		}, l.Status()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Minute)
		s := l.Status()
		if s.Pass < 2 || s.Waiting != nil || s.Unfinished != 0 || !s.Ended.Equal(start.Add(time.Second)) {
			t.Errorf("after the calls: %+v", s)
		}
		fail = true
		l.Wake()
		synctest.Wait()
		want(t, "error", l.Status().Err, broken)
		cancel()
		<-done
		s = l.Status()
		want(t, "state", s.State, LoopEnded)
		want(t, "error", s.Err, context.Canceled)
		want(t, "due", s.Due, time.Time{})
	})
}

func TestALoopIsStoppingWhileExecutionsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) { time.Sleep(time.Minute); return "", nil })
		l := Loop{Heartbeat: -1, Grace: time.Hour, Flow: func(ctx context.Context) error { _, err := f.Run(ctx, "a"); return err }}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		want(t, "state", l.Status().State, LoopStopping)
		<-done
	})
}

func TestAPausedLoopRunsNoPass(t *testing.T) {
	bubble(t, func(t *testing.T) {
		passes := 0
		l := Loop{Flow: func(ctx context.Context) error { passes++; return nil }}
		l.Pause()
		rang := make(chan struct{}, 1)
		defer l.Notify(rang)()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		time.Sleep(time.Minute)
		want(t, "passes", passes, 0)
		want(t, "state", l.Status().State, LoopPaused)
		<-rang
		l.Resume()
		l.Resume()
		synctest.Wait()
		want(t, "passes", passes, 1)
		want(t, "state", l.Status().State, LoopWaiting)
		<-rang
		l.Pause()
		want(t, "listeners told of the pause", len(rang), 1)
		want(t, "state", l.Status().State, LoopPaused)
		l.Pause()
		time.Sleep(time.Minute)
		want(t, "passes", passes, 1)
		l.Wake()
		synctest.Wait()
		want(t, "passes", passes, 1)
		want(t, "paused", l.Status().Paused, true)
		cancel() // ends a pause, too
		wantErr(t, <-done, context.Canceled)
	})
}

func TestTheEndOfAPauseIsAPass(t *testing.T) {
	bubble(t, func(t *testing.T) {
		passes := 0
		l := Loop{Flow: func(context.Context) error { passes++; return nil }, Heartbeat: -1}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		for _, wake := range []bool{false, true} { // with a pass that the pause has held up
			synctest.Wait()
			before := passes
			l.Pause()
			if wake {
				l.Wake()
			}
			synctest.Wait()
			want(t, "passes in the pause", passes, before)
			l.Resume()
			l.Resume()
			synctest.Wait()
			want(t, "passes after it", passes, before+1)
		}
		cancel()
		wantErr(t, <-done, context.Canceled)
	})
}
