package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

func numbersOf(i Inspection, below uint64) (out []uint64) {
	for d := range i.Calls(below) {
		out = append(out, d.Number)
	}
	return out
}

func TestInspectionListsRememberedCallsNewestFirst(t *testing.T) {
	f := newFetch(echo, History(3))
	i := Inspect(f.Runner)
	if got := numbersOf(i, 0); got != nil {
		t.Errorf("before the first call: %v", got)
	}
	for n := range 5 {
		f.Run(t.Context(), strconv.Itoa(n))
	}
	for below, wanted := range map[uint64][]uint64{0: {5, 4, 3}, 5: {4, 3}, 4: {3}, 3: nil, 1: nil, 100: {5, 4, 3}} {
		if diff := cmp.Diff(wanted, numbersOf(i, below)); diff != "" {
			t.Errorf("below %d: %s", below, diff)
		}
	}
	if _, ok := i.Call(2); ok {
		t.Error("a call is remembered beyond the limit")
	}
	want(t, "latest", i.Latest(), 5)
}

func TestInspectionGoesThroughManyCalls(t *testing.T) {
	f := newFetch(echo, History(600))
	for n := range 600 + 10 {
		f.Run(t.Context(), strconv.Itoa(n))
	}
	got := numbersOf(Inspect(f.Runner), 0)
	want(t, "calls", len(got), 600)
	for n, number := range got {
		want(t, "number", number, uint64(600+10-n))
	}
}

func TestInspectionTellsOfEveryExecutionOfACall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		broken := errors.New("broken")
		tries := 0
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(time.Second)
			if tries++; tries < 3 {
				return "", broken
			}
			return arg, nil
		}, Retry(RetryPolicy{Attempts: 3, Initial: 10 * time.Second, Jitter: -1}), History(1))
		start := time.Now().Round(0)
		call := f.Start(t.Context(), "a")
		time.Sleep(12500 * time.Millisecond) // the second one failed at 12s
		d, ok := Inspect(f.Runner).Call(1)
		at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
		first := []Execution{{Began: at(0), Ended: at(1), Err: broken, Attempt: 1}, {Began: at(11), Ended: at(12), Err: broken, Attempt: 2}}
		if diff := cmp.Diff(first, d.Executions, cmp.Comparer(func(a, b error) bool { return a == b })); !ok || diff != "" {
			t.Error(diff)
		}
		call.Wait(t.Context())
		d, _ = Inspect(f.Runner).Call(1)
		all := append(first, Execution{Began: at(32), Ended: at(33), Attempt: 3})
		if diff := cmp.Diff(all, d.Executions, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		f.Run(t.Context(), "b") // does not fail any more: one execution
		d, _ = Inspect(f.Runner).Call(2)
		if diff := cmp.Diff([]Execution{{Began: at(33), Ended: at(34), Attempt: 1}}, d.Executions); diff != "" {
			t.Error(diff)
		}
		want(t, "what is remembered", len(f.History()), 1) // the second call has taken the place of the first
	})
}

func TestInspectionRemembersTheLatestExecutionsOfMany(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) { return "", errors.New("broken") },
			Retry(RetryPolicy{Attempts: maxExecutions + 20, Initial: time.Second, Max: time.Second, Jitter: -1}))
		f.Run(t.Context(), "a")
		d, _ := Inspect(f.Runner).Call(1)
		want(t, "attempts", d.Attempts, maxExecutions+20)
		want(t, "executions", len(d.Executions), maxExecutions)
		want(t, "time of the latest", d.Executions[maxExecutions-1].Ended, d.Finished)
	})
}

func TestInspectionShowsArgumentsAndResultsWhileSomebodyListens(t *testing.T) {
	f := newFetch(echo)
	i := Inspect(f.Runner)
	f.Run(t.Context(), "before")
	rang := make(chan struct{}, 1)
	stop := i.Notify(rang)
	f.Run(t.Context(), "a")
	select {
	case <-rang:
	default:
		t.Error("a listener was not told")
	}
	stop()
	f.Run(t.Context(), "after")
	select {
	case <-rang:
		t.Error("a listener was told after it had stopped")
	default:
	}
	for number, text := range map[uint64]string{1: "", 2: `"a"`, 3: ""} {
		d, _ := i.Call(number)
		got := ""
		if len(d.Args) > 0 {
			got = d.Args[0].Text
		}
		want(t, "argument", got, text)
	}
	result, ok := i.Result(2)
	if !ok || result != "got a" {
		t.Errorf("result %v, %v", result, ok)
	}
	if _, ok := i.Result(9); ok {
		t.Error("a call that was never made has a result")
	}
}

func TestInspectionForgetsAndStopsByNumber(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper)
		i := Inspect(f.Runner)
		f.Run(t.Context(), "a")
		f.Run(t.Context(), "b")
		d, _ := i.Call(1)
		want(t, "kept", d.Kept, true)
		want(t, "forgotten", i.Forget(1), true)
		want(t, "forgotten again", i.Forget(1), false)
		want(t, "forgotten, unknown", i.Forget(77), false)
		d, _ = i.Call(1)
		want(t, "kept", d.Kept, false)
		want(t, "removed", d.Removed, Forgotten)
		if _, ok := f.Lookup("b"); !ok {
			t.Error("the other call is gone, too")
		}
		want(t, "stop of an ended call", i.Stop(2), false)
		f.Run(t.Context(), "a")
		want(t, "forgotten by the number of an older, equal call", i.Forget(1), true)
		if _, ok := f.Lookup("a"); ok {
			t.Error("the equal call is kept")
		}
		want(t, "nothing is left to forget", i.Forget(3), false)

		call := f.Start(t.Context(), "a")
		synctest.Wait()
		d4, _ := i.Call(4)
		want(t, "equal arguments", d4.Equal, d.Equal)
		want(t, "stop", i.Stop(4), true)
		_, err := call.Wait(t.Context())
		wantErr(t, err, ErrStopped)

		again := f.Start(t.Context(), "c")
		synctest.Wait()
		want(t, "forget of an unfinished call", i.Forget(5), true)
		wantResult(t, "got c")(again.Wait(t.Context()))
		if _, ok := f.Lookup("c"); ok {
			t.Error("a call that was forgotten is kept")
		}
		settled(t, f)
	})
}

func TestForgettingAFailedCallExecutesItAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) { return "", errors.New("broken") },
			Retry(RetryPolicy{Initial: 30 * time.Second, Jitter: -1}))
		ctx, cancel := context.WithCancel(t.Context())
		l := Loop{KeepGoing: true, Heartbeat: -1, Logger: quiet(), Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "a")
			return err
		}}
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		time.Sleep(time.Second)
		want(t, "executions", f.Stats().Executions, 1)
		want(t, "forgotten", Inspect(f.Runner).Forget(1), true)
		synctest.Wait()
		want(t, "executions", f.Stats().Executions, 2)
		cancel()
		<-done
	})
}

func TestRunnersAreThoseInUse(t *testing.T) {
	before := len(Runners())
	f := newFetch(echo)
	all := Runners()
	if all[len(all)-1] != f.Runner {
		t.Error("a new runner is not the last one")
	}
	for range 10 {
		for range 50 {
			newFetch(echo)
		}
		goruntime.GC()
	}
	if n := len(Runners()); n > before+100 {
		t.Errorf("%d runners that nobody uses are there", n)
	}
	goruntime.KeepAlive(f)
}

func TestInspectionForgetsWhatTheStoreHas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		f := storing(s, echo)
		rang := make(chan struct{}, 1)
		defer Inspect(f.Runner).Notify(rang)()
		f.Run(t.Context(), "a")
		d, _ := Inspect(f.Runner).Call(1)
		if d.Key == (key.Key{}) {
			t.Fatal("the call has no durable key")
		}
		want(t, "name", d.Args[0].Name, "url")
		want(t, "text", d.Args[0].Text, `"a"`)
		want(t, "text of a secret", d.Args[1].Text, "")
		want(t, "secret", d.Args[1].Secret && d.Args[1].Digest != [16]byte{}, true)
		want(t, "forgotten", Inspect(f.Runner).Forget(1), true)
		var found [1]store.Found
		want(t, "error", s.Lookup(t.Context(), []store.Ref{f.store.Ref(d.Key)}, found[:]), nil)
		want(t, "results", len(found[0].Results), 0)
		f.Run(t.Context(), "a")
		want(t, "executions", f.Stats().Executions, 2)
	})
}

// TestInspectionTellsOfExecutions: their logs, while somebody listens, and their records.
func TestInspectionTellsOfExecutions(t *testing.T) {
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprintf("with a store: %v", kept), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				tries := 0
				body := func(ctx context.Context, arg string) (string, error) {
					tries++
					Logger(ctx).Info("try", "n", tries)
					time.Sleep(time.Second)
					if tries < 7 {
						return "", errors.New("broken")
					}
					return arg, nil
				}
				retry := Retry(RetryPolicy{Attempts: 7, Initial: time.Second, Max: time.Second, Jitter: -1})
				f := newFetch(body, retry, WithLogger(slog.New(slog.DiscardHandler)))
				if kept {
					f = storing(memory.New(time.Minute), body, retry)
				}
				stop := Inspect(f.Runner).Notify(make(chan struct{}, 1))
				call := f.Start(t.Context(), "a")
				time.Sleep(time.Second / 2)
				d, _ := Inspect(f.Runner).Call(1)
				if x := d.Executions; len(x) != 1 || !strings.HasSuffix(x[0].Log, "msg=try n=1\n") || x[0].Attempt != 1 {
					t.Errorf("while it runs: %+v", x)
				}
				call.Wait(t.Context())
				d, _ = Inspect(f.Runner).Call(1)
				for i, x := range d.Executions {
					if has := strings.Contains(x.Log, fmt.Sprintf("n=%d\n", i+1)); has != (i > 2) || x.Attempt != i+1 {
						t.Errorf("execution %d: %+v", i, x)
					}
				}
				var records []uint64
				if s := Inspect(f.Runner).Store(); s != nil {
					for r, err := range s.History(t.Context(), store.Filter{}) {
						if err != nil {
							t.Fatal(err)
						}
						records = append([]uint64{r.Seq}, records...)
					}
				} else {
					records = make([]uint64, 7)
				}
				for i, x := range d.Executions {
					if x.Seq != records[i] {
						t.Errorf("execution %d is record %d, want %d", i, x.Seq, records[i])
					}
				}
				stop()
				f.Run(t.Context(), "b")
				d, _ = Inspect(f.Runner).Call(2)
				if d.Executions[0].Log != "" != kept {
					t.Errorf("nobody listens, and kept is %q", d.Executions[0].Log)
				}
			})
		})
	}
}
