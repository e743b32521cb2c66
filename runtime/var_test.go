package runtime

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestAVarMayBeSetWhileALoopThatReadsItEnds: both take the other's lock.
func TestAVarMayBeSetWhileALoopThatReadsItEnds(t *testing.T) {
	var v Var[int]
	stop := make(chan struct{})
	setting := make(chan struct{})
	go func() {
		defer close(setting)
		for {
			select {
			case <-stop:
				return
			default:
				v.Set(1)
			}
		}
	}()
	for range 300 {
		ended := make(chan error, 1)
		l := &Loop{Logger: quiet(), Flow: func(ctx context.Context) error {
			v.Get(ctx)
			for range 20 {
				new(Var[int]).Get(ctx)
			}
			return Stop
		}}
		go func() { ended <- l.Run(t.Context()) }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("the loop does not end")
		}
	}
	close(stop)
	<-setting
	want(t, "readers", len(v.readers), 0)
}

// A goroutine that the flow has not waited for reads a Var in a pass that is over.
func TestALatePassDoesNotHideThatAVarWasRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v Var[int]
		passes := 0
		var first context.Context
		l := &Loop{}
		l.Flow = func(ctx context.Context) error {
			if passes++; passes == 1 {
				first = ctx
				l.Wake()
			}
			v.Get(ctx)
			return nil
		}
		go func() {
			time.Sleep(time.Second)
			synctest.Wait()
			v.Get(first)
			v.Set(1)
		}()
		want(t, "error", during(t, time.Minute, l), nil)
		want(t, "passes", passes, 3)
	})
}
