package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// web makes works that call each other: body n calls those that next names.
func web(next func(name string) []string, wait time.Duration) map[string]*fetch {
	works := map[string]*fetch{}
	for _, name := range []string{"a", "b", "c", "d"} {
		works[name] = newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(wait)
			for _, n := range next(name) {
				if _, err := works[n].Run(ctx, arg); err != nil {
					return "", fmt.Errorf("%s: %w", name, err)
				}
			}
			return name, nil
		}, Name(name), CacheErrors(time.Hour), Concurrency(1))
	}
	return works
}

func wantCycle(t *testing.T, err error, works ...string) {
	t.Helper()
	var cycle *CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("error: got %v, want a CycleError", err)
	}
	if diff := cmp.Diff(works, cycle.Works); diff != "" {
		t.Errorf("works (-want +got):\n%s", diff)
	}
}

func TestACallThatWaitsForItselfGetsACycleError(t *testing.T) {
	for name, test := range map[string]struct {
		next  map[string][]string
		cycle []string
	}{
		"by itself":           {map[string][]string{"a": {"a"}}, []string{"a"}},
		"through another":     {map[string][]string{"a": {"b"}, "b": {"a"}}, []string{"b", "a"}},
		"through two others":  {map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a"}}, []string{"c", "a", "b"}},
		"further down":        {map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"b"}}, []string{"c", "b"}},
		"on the second visit": {map[string][]string{"a": {"d", "b"}, "b": {"d", "a"}}, []string{"b", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				works := web(func(n string) []string { return test.next[n] }, 0)
				_, err := works["a"].Run(t.Context(), "x")
				wantCycle(t, err, test.cycle...)
				for n, w := range works {
					s := settled(t, w)
					want(t, n+": kept errors", s.Entries, map[bool]int{true: 1}[n == "d" && s.Executions == 1])
				}
				refused := works[test.cycle[1%len(test.cycle)]] // by the call that would have closed it
				want(t, "refused", refused.Stats().Refused, 1)
			})
		})
	}
}

func TestTwoExecutionsThatJoinEachOtherDoNotWaitForEver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		works := web(func(n string) []string {
			return map[string][]string{"a": {"b"}, "b": {"a"}}[n]
		}, time.Second)
		var errs [2]error
		var all sync.WaitGroup
		all.Go(func() { _, errs[0] = works["a"].Run(t.Context(), "x") })
		all.Go(func() { _, errs[1] = works["b"].Run(t.Context(), "x") })
		all.Wait()
		for _, err := range errs {
			var cycle *CycleError
			want(t, "CycleError", errors.As(err, &cycle), true)
		}
		want(t, "executions of a", settled(t, works["a"]).Executions, 1)
		want(t, "executions of b", settled(t, works["b"]).Executions, 1)
	})
}

func TestWaitOnAHandleSeesCyclesToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var call *Call[string]
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			synctest.Wait()
			return call.Wait(ctx)
		}, Name("self"))
		call = f.Start(t.Context(), "x")
		_, err := call.Wait(t.Context())
		wantCycle(t, err, "self")
		settled(t, f)
	})
}

func TestABodyCanGoOnWithoutTheResultThatWouldCloseACycle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *fetch
		f = newFetch(func(ctx context.Context, arg string) (string, error) {
			if _, err := f.Run(ctx, arg); err == nil {
				t.Error("a call waited for itself")
			}
			return "went on", nil
		})
		wantResult(t, "went on")(f.Run(t.Context(), "x"))
		s := settled(t, f)
		want(t, "refused", s.Refused, 1)
		want(t, "entries", s.Entries, 1)
	})
}

func TestCallsThatMeetWithoutACycleAreLetBe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// a calls b and c, both call d: d is reached twice, and nobody twice
		// from below.
		works := web(func(n string) []string {
			return map[string][]string{"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}[n]
		}, time.Second)
		var all sync.WaitGroup
		for _, n := range []string{"a", "b", "c", "d"} {
			all.Go(func() { wantResult(t, n)(works[n].Run(t.Context(), "x")) })
		}
		all.Wait()
		for n, w := range works {
			want(t, n+" executions", settled(t, w).Executions, 1)
			for f := range w.unfinished {
				t.Errorf("%s: call %v is left", n, f)
			}
		}
	})
}

func TestAWaitThatWasGivenUpIsNoPartOfACycle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var a, b *fetch
		a = newFetch(func(ctx context.Context, arg string) (string, error) {
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			b.Run(short, arg) // gives up
			time.Sleep(time.Hour)
			return "a", nil
		}, Name("a"))
		b = newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(time.Minute)
			return a.Run(ctx, arg)
		}, Name("b"))
		waitA, waitB := a.Start(t.Context(), "x"), b.Start(t.Context(), "x")
		wantResult(t, "a")(waitA.Wait(t.Context()))
		wantResult(t, "a")(waitB.Wait(t.Context()))
		settled(t, a)
		settled(t, b)
	})
}

func TestCycleErrorNamesTheWorksInOrder(t *testing.T) {
	want(t, "message", (&CycleError{Works: []string{"a", "b"}}).Error(), "works wait for each other: a -> b -> a")
	want(t, "empty", (&CycleError{}).Error(), "works wait for each other")
}

func TestACallThatHasEndedIsNoPartOfACycle(t *testing.T) {
	// Its waiters have not yet taken their notes back, and its body, being
	// deaf, goes on and calls others.
	r := newRunner(config{name: "w"})
	waiter := &call{runner: r, node: new(node)}
	ended := &call{runner: r, node: new(node)}
	want(t, "first wait", (&execution{call: waiter}).waitFor(ended), nil)
	if (&execution{call: ended}).waitFor(waiter) == nil {
		t.Error("the cycle was not found")
	}
	ended.node.state.Store(uint32(Succeeded))
	want(t, "wait after the end", (&execution{call: ended}).waitFor(waiter), nil)
}
