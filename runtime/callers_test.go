package runtime

import (
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"testing"
	"testing/synctest"
	"weak"
)

func callers(r *Runner) []Caller { return Inspect(r).Callers() }

func TestCallersAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newFetch(echo, Name("inner"))
		outer := newFetch(func(ctx context.Context, arg string) (string, error) {
			inner.Start(ctx, arg)
			return inner.Run(ctx, arg) // joins, or hits
		}, Name("outer"))
		loop := &Loop{Name: "nightly", Flow: func(ctx context.Context) error {
			if _, err := outer.Run(ctx, "a"); err != nil {
				return err
			}
			if _, err := inner.Run(ctx, "b"); err != nil {
				return err
			}
			if _, err := inner.Run(ctx, "a"); err != nil { // a hit
				return err
			}
			return Stop
		}}
		if err := loop.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		outer.Run(t.Context(), "c")
		outer.Run(t.Context(), "c")
		want := []Caller{{InLoop: true, Loop: "nightly", Calls: 1}, {Calls: 1}}
		if got := callers(outer.Runner); !slices.Equal(got, want) {
			t.Errorf("outer: got %+v, want %+v", got, want)
		}
		got := callers(inner.Runner)
		if len(got) != 2 || got[0].Work != "outer" || got[0].Calls < 2 || got[1] != (Caller{InLoop: true, Loop: "nightly", Calls: 1}) {
			t.Errorf("inner: got %+v", got)
		}
	})
}

func TestHitsAndRefusedCallsHaveNoCallers(t *testing.T) {
	f := newFetch(echo)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f.Run(ended, "a")
	if got := callers(f.Runner); len(got) != 0 {
		t.Errorf("refused: got %+v", got)
	}
	f.Run(t.Context(), "a")
	for range 3 {
		f.Run(t.Context(), "a")
		f.Start(t.Context(), "a")
	}
	if got, want := callers(f.Runner), []Caller{{Calls: 1}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEachPassOfAFlowIsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resume := make(chan struct{})
		slow := newFetch(func(ctx context.Context, arg string) (string, error) { <-resume; return arg, nil })
		var loop *Loop
		passes := 0
		loop = &Loop{Flow: func(ctx context.Context) error {
			if passes++; passes == 5 {
				close(resume)
			} else if passes < 5 {
				loop.Wake()
			}
			if _, err := slow.Run(ctx, "a"); err != nil {
				return err
			}
			return Stop
		}}
		if err := loop.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := callers(slow.Runner), []Caller{{InLoop: true, Calls: 1}}; !slices.Equal(got, want) || passes < 5 {
			t.Errorf("after %d passes: got %+v, want %+v", passes, got, want)
		}
	})
}

func TestCallersAreBounded(t *testing.T) {
	inner := newFetch(echo)
	for i := range 2 * mostCallers {
		outer := newFetch(inner.Run, Name(fmt.Sprint("outer ", i)))
		outer.Run(t.Context(), fmt.Sprint(i))
	}
	if got := callers(inner.Runner); len(got) != mostCallers || got[0] != (Caller{Work: "outer 0", Calls: 1}) {
		t.Errorf("%d callers, the first of which is %+v", len(got), got[0])
	}
}

func TestCallersAreNotKeptAlive(t *testing.T) {
	inner := newFetch(echo)
	gone := func() weak.Pointer[Runner] {
		outer := newFetch(inner.Run, Name("outer"))
		outer.Run(t.Context(), "a")
		return weak.Make(outer.Runner)
	}()
	for range 100 {
		goruntime.GC()
		if gone.Value() == nil {
			break
		}
	}
	if gone.Value() != nil {
		t.Error("a runner is kept by the one that it called")
	}
	if got := callers(inner.Runner); len(got) != 1 || got[0].Work != "outer" {
		t.Errorf("got %+v", got)
	}
}
