package runtime

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// during runs a loop for a while, and returns what it returned, unless that is the end of the while.
func during(t *testing.T, d time.Duration, l *Loop) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if l.Logger == nil {
		l.Logger = quiet()
	}
	if err := l.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// takes is a body that takes as long as its argument says, up to a space.
func takes(ctx context.Context, arg string) (string, error) {
	d, _, _ := strings.Cut(arg, " ")
	wait, err := time.ParseDuration(d)
	if err != nil {
		return "", err
	}
	select {
	case <-time.After(wait):
		return "got " + arg, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func TestAFanOutLargerThanTheCacheEnds(t *testing.T) {
	for name, flow := range map[string]func(ctx context.Context, f *fetch) error{
		"started": func(ctx context.Context, f *fetch) error {
			var calls []*Call[string]
			for i := range 500 {
				calls = append(calls, f.Start(ctx, fmt.Sprint("1s ", i)))
			}
			_, err := All(ctx, calls)
			return err
		},
		"looked at": func(ctx context.Context, f *fetch) error {
			left := 0
			for i := range 500 {
				if !f.Start(ctx, fmt.Sprint(1+i, "s ", i)).Status().Status.ended() {
					left++
				}
			}
			if left > 0 {
				return nil
			}
			return Stop
		},
		"in turn": func(ctx context.Context, f *fetch) error {
			for i := range 500 {
				if _, err := f.Run(ctx, fmt.Sprint("1s ", i)); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(takes, MaxEntries(10), Concurrency(50))
				once := Once
				if name == "looked at" { // it gets through again and again
					once = func(ctx context.Context, flow func(context.Context) error) error {
						return (&Loop{Flow: flow}).Run(ctx)
					}
				}
				want(t, "error", once(t.Context(), func(ctx context.Context) error { return flow(ctx, f) }), nil)
				s := settled(t, f)
				want(t, "executions", s.Executions, 500)
				want(t, "entries once the flow got through", s.Entries, 10)
			})
		})
	}
}

func TestOneCallThatIsEvictedIsKeptForTheFlowUntilItExpiresOrIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes, MaxEntries(1), TTL(time.Minute))
		var slow Var[string]
		slow.Set("1h")
		l := &Loop{Flow: func(ctx context.Context) error {
			for _, arg := range []string{"1s a", "1s b", slow.Get(ctx)} {
				if _, err := f.Run(ctx, arg); err != nil {
					return err
				}
			}
			return nil
		}}
		go func() {
			time.Sleep(30 * time.Second)
			want(t, "executions before they expire", f.Stats().Executions, 3)
			f.Forget("1s a")
			time.Sleep(5 * time.Second)
			want(t, "executions when one was forgotten", f.Stats().Executions, 4)
			time.Sleep(60 * time.Second)
			want(t, "executions when they have expired", f.Stats().Executions, 6)
		}()
		want(t, "error", during(t, 100*time.Second, l), nil)
	})
}

func TestAFlowOfManyStepsMakesFewPasses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		passes, began := 0, time.Now()
		err := Once(t.Context(), func(ctx context.Context) error {
			passes++
			for i := range 5000 {
				if _, err := f.Run(ctx, fmt.Sprint("1s ", i)); err != nil {
					return err
				}
			}
			return nil
		})
		want(t, "error", err, nil)
		want(t, "time", time.Since(began), 5000*time.Second)
		want(t, "few passes", passes <= suspendsAtOnce+15, true)
	})
}

// TestAPassThatWaitsInPlaceSeesChanges has a flow that is patient wait for a call that takes an
// hour, and changes something.
func TestAPassThatWaitsInPlaceSeesChanges(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(l *Loop, v *Var[int], f *fetch)
		again  bool // the flow runs again
	}{
		{"a Var that it has read", func(_ *Loop, v *Var[int], _ *fetch) { v.Set(1) }, true},
		{"a Var that it has not read", func(*Loop, *Var[int], *fetch) { new(Var[int]).Set(1) }, false},
		{"Wake", func(l *Loop, _ *Var[int], _ *fetch) { l.Wake() }, true},
		{"a result that was forgotten", func(_ *Loop, _ *Var[int], f *fetch) { f.Forget("0s 0") }, true},
		{"the time", func(*Loop, *Var[int], *fetch) { time.Sleep(10 * time.Minute) }, true},
		{"nothing", func(*Loop, *Var[int], *fetch) {}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var v Var[int]
				f := newFetch(takes)
				l := &Loop{Flow: func(ctx context.Context) error {
					v.Get(ctx)
					Now(ctx, 10*time.Minute)
					for i := range suspendsAtOnce + 1 {
						if _, err := f.Run(ctx, fmt.Sprint("0s ", i)); err != nil {
							return err
						}
					}
					_, err := f.Run(ctx, "1h")
					return err
				}}
				go func() {
					time.Sleep(time.Minute)
					synctest.Wait()
					before := l.Status().Pass
					want(t, "state", l.Status().State, LoopWaiting)
					want(t, "waiting", fmt.Sprint(l.Status().Waiting), "[example.com/web.Fetch]")
					test.change(l, &v, f)
					synctest.Wait()
					want(t, "ran again", l.Status().Pass > before, test.again)
				}()
				want(t, "error", during(t, 5*time.Minute+9*time.Minute, l), nil)
				want(t, "slow executions", f.Stats().Stops, 1) // by the end of the loop
			})
		})
	}
}

func TestWorksWithoutCachingAreNeverWaitedForInPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes, CacheCalls(false))
		after := 0
		want(t, "error", during(t, 1000*time.Second, &Loop{Flow: func(ctx context.Context) error {
			if _, err := f.Run(ctx, "1s"); err != nil {
				return err
			}
			after++
			return nil
		}}), nil)
		want(t, "went past it", after, 0)
		want(t, "executions", f.Stats().Executions >= 1000, true)
	})
}

func TestOnlyWhatWasReadWakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		var waits, reads, looks int
		var v, other Var[int]
		started := func(look bool, passes *int) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				*passes++
				for i := range 100 {
					c := f.Start(ctx, fmt.Sprintf("%ds %p", i+1, passes)) // that of no time may end before it is looked at
					if look {
						c.Status()
					}
				}
				v.Get(ctx)
				return nil
			}
		}
		var loops sync.WaitGroup
		for _, flow := range []func(context.Context) error{
			started(false, &reads), started(true, &looks),
			func(ctx context.Context) error {
				waits++
				var calls []Awaitable
				for i := range 100 {
					calls = append(calls, f.Start(ctx, fmt.Sprintf("%ds waits", i)))
				}
				return Await(ctx, calls...)
			},
		} {
			loops.Go(func() { want(t, "error", during(t, 1000*time.Second, &Loop{Flow: flow}), nil) })
		}
		time.Sleep(500 * time.Second)
		synctest.Wait()
		want(t, "passes of a flow that starts calls and does not look at them", reads, 1)
		want(t, "passes of one that looks at them", looks, 101) // at first, and as each has ended
		want(t, "passes of one that waits for all", waits, 2)
		other.Set(1)
		v.Set(1)
		synctest.Wait()
		want(t, "passes after a Var was set", fmt.Sprint(reads, looks, waits), "2 102 2")
		loops.Wait()
	})
}

func TestPassesThatWhatMayComeOftenMakesDueAreFarApart(t *testing.T) {
	for name, test := range map[string]struct {
		takes time.Duration // a pass
		least int
		most  int // passes in a second
	}{
		"short passes": {0, 50, 101},
		"long passes":  {20 * time.Millisecond, 4, 6},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(takes, CacheCalls(false))
				passes := 0
				want(t, "error", during(t, time.Second-1, &Loop{Flow: func(ctx context.Context) error {
					passes++
					time.Sleep(test.takes)
					f.Start(ctx, "1ms")
					return nil
				}}), nil)
				if passes < test.least || passes > test.most {
					t.Errorf("%d passes, want %d to %d", passes, test.least, test.most)
				}
			})
		})
	}
}

func TestWhatIsNotAskedForAnyMoreLeavesTheQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes, Concurrency(1))
		var n Var[int]
		n.Set(100)
		began, through := time.Now(), time.Duration(0)
		go func() { time.Sleep(1500 * time.Millisecond); n.Set(1) }()
		err := Once(t.Context(), func(ctx context.Context) error {
			var calls []*Call[string]
			for i := range n.Get(ctx) {
				calls = append(calls, f.Start(ctx, fmt.Sprint("1s ", 99-i)))
			}
			if n.Get(ctx) == 1 {
				calls = append(calls, f.Start(ctx, "1s new"))
			}
			_, err := All(ctx, calls)
			through = time.Since(began)
			return err
		})
		want(t, "error", err, nil)
		want(t, "through", through, 3*time.Second) // the one that had run, the one that ran, the new one
		want(t, "executions", settled(t, f).Executions, 3)
	})
}

func TestAllEachAndGroup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		start := func(ctx context.Context, args ...string) (calls []*Call[string]) {
			for _, arg := range args {
				calls = append(calls, f.Start(ctx, arg))
			}
			return calls
		}
		inFlow := func(do func(ctx context.Context) (string, error)) func() string {
			return func() string {
				out := ""
				l := &Loop{Logger: quiet(), Flow: func(ctx context.Context) error {
					got, err := do(ctx)
					if Suspended(err) {
						return err
					}
					out = fmt.Sprint(got, err)
					return Stop
				}}
				return fmt.Sprint(out, l.Run(t.Context()))
			}
		}
		outside := func(do func(ctx context.Context) (string, error)) func() string {
			return func() string { got, err := do(t.Context()); return fmt.Sprint(got, err, "<nil>") }
		}
		for where, in := range map[string]func(func(ctx context.Context) (string, error)) func() string{"in a flow": inFlow, "outside": outside} {
			for _, test := range []struct {
				name string
				do   func(ctx context.Context) (string, error)
				want string
				took time.Duration
			}{
				{"All", func(ctx context.Context) (string, error) {
					all, err := All(ctx, append(start(ctx, "2s", "1s"), nil))
					return fmt.Sprintf("%q", all), err
				}, `["got 2s" "got 1s" ""]<nil><nil>`, 2 * time.Second},
				{"All of which one fails", func(ctx context.Context) (string, error) {
					all, err := All(ctx, start(ctx, "1h", "bad"))
					return fmt.Sprintf("%q", all), err
				}, `[]time: invalid duration "bad"<nil>`, 0},
				{"Each", func(ctx context.Context) (string, error) {
					each, err := Each(ctx, start(ctx, "2s", "bad", "1s"))
					return fmt.Sprintf("%v", each), err
				}, `[{got 2s <nil>} { time: invalid duration "bad"} {got 1s <nil>}]<nil><nil>`, 2 * time.Second},
				{"All of none", func(ctx context.Context) (string, error) {
					all, err := All(ctx, []*Call[string]{})
					return fmt.Sprint(all), err
				}, `[]<nil><nil>`, 0},
				{"Group", func(ctx context.Context) (string, error) {
					var g Group
					for _, arg := range []string{"1s", "2s", "3s"} {
						g.Go(func() error { _, err := f.Run(ctx, arg); return err })
					}
					return "", g.Wait()
				}, `<nil><nil>`, 3 * time.Second},
				{"Group with an error", func(ctx context.Context) (string, error) {
					var g Group
					g.Go(func() error { _, err := f.Run(ctx, "1s"); return err })
					g.Go(func() error { panic("ouch") })
					return "", g.Wait()
				}, `work (flow) panicked: ouch<nil>`, time.Second},
			} {
				f.ForgetAll()
				time.Sleep(2 * time.Hour)
				began := time.Now()
				got := in(test.do)()
				if got = strings.ReplaceAll(got, " <nil>\"<nil>", ""); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(test.want, " ", "") {
					t.Errorf("%s %s: got %s, want %s", test.name, where, got, test.want)
				}
				if took := time.Since(began); test.name != "Group with an error" && took != test.took && !(strings.Contains(test.name, "fails") && where == "in a flow") {
					t.Errorf("%s %s: took %v, want %v", test.name, where, took, test.took)
				}
			}
		}
	})
}

func TestSuspendedTellsASuspensionFromAnError(t *testing.T) {
	broken, step := errors.New("broken"), errors.New("step 3")
	suspended := named("w", ErrSuspended)
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{broken, false},
		{suspended, true},
		{fmt.Errorf("step: %w", suspended), true},
		{fmt.Errorf("%w: %w", step, suspended), true},
		{errors.Join(suspended, nil, suspended), true},
		{errors.Join(suspended, broken), false},
		{fmt.Errorf("all: %w", errors.Join(suspended, fmt.Errorf("x: %w", broken))), false},
		{errors.Join(), false},
	} {
		want(t, fmt.Sprint(test.err), Suspended(test.err), test.want)
	}
}

func TestAnErrorThatIsJoinedWithASuspensionShows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		err := Once(t.Context(), func(ctx context.Context) error {
			_, slow := f.Run(ctx, "1h")
			_, bad := f.Run(ctx, "bad")
			return errors.Join(slow, bad)
		})
		want(t, "shows", err != nil && strings.Contains(err.Error(), `invalid duration "bad"`), true)
	})
}

func TestTheContextOfAFlowIsOfNoUseAfterItsPass(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		var kept context.Context
		want(t, "error", Once(t.Context(), func(ctx context.Context) error { kept = ctx; return nil }), nil)
		_, err := f.Run(kept, "1s")
		wantErr(t, err, ErrPassEnded)
		_, err = f.Start(kept, "1s").Result()
		wantErr(t, err, ErrPassEnded)
		c := f.Start(t.Context(), "1s")
		_, err = c.Wait(kept)
		wantErr(t, err, ErrPassEnded)
		wantErr(t, Await(kept, c), ErrPassEnded)
		<-c.Done()
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

func TestSeveralLoopsDoNotMultiplyRetries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		executions := func(loops int) int64 {
			f := newFetch(func(context.Context, string) (string, error) { return "", errors.New("broken") }, Retry(RetryPolicy{Jitter: -1}))
			var all sync.WaitGroup
			for i := range loops {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 300 * time.Millisecond)
					_ = during(t, time.Hour-time.Duration(i)*300*time.Millisecond, &Loop{KeepGoing: true, Flow: func(ctx context.Context) error { _, err := f.Run(ctx, "a"); return err }})
				})
			}
			all.Wait()
			return settled(t, f).Executions
		}
		want(t, "executions for three loops", executions(3), executions(1))
	})
}

func TestAStoppedCallEndsNoLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		l := &Loop{Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "1h")
			return err
		}}
		go func() {
			time.Sleep(time.Minute)
			f.Start(t.Context(), "1h").Stop()
			time.Sleep(time.Minute)
			s := l.Status()
			want(t, "state", s.State, LoopWaiting)
			wantErr(t, s.Err, ErrStopped)
			f.Forget("1h")
		}()
		want(t, "error", during(t, 3*time.Hour, l), nil)
		want(t, "executions", fmt.Sprint(f.Stats().Executions, f.Stats().Successes), "2 1")
		err := Once(t.Context(), func(ctx context.Context) error {
			f.Start(ctx, "2h").Stop()
			_, err := f.Run(ctx, "2h")
			return err
		})
		wantErr(t, err, ErrStopped)
	})
}

// failures has a loop tell of failures for a while.
func failuresOf(t *testing.T, d time.Duration, l *Loop) (told []string, log string) {
	logger, b := logged()
	l.Logger = logger
	l.OnFailure = func(f Failure) {
		told = append(told, strings.TrimSpace(fmt.Sprint(f.Work, " ", f.Arguments, " ", f.Err, " ", f.Times)))
	}
	l.KeepGoing = true
	want(t, "error", during(t, d, l), nil)
	return told, b.String()
}

func TestAFailureIsSaidOnceAndAgainWhenItChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			switch n++; {
			case n <= 3:
				return "", errors.New("no such table")
			case n == 4:
				panic("ouch")
			case n <= 8:
				return "", errors.New("no such table")
			}
			return "mended", nil
		}, WithLogger(quiet()))
		told, log := failuresOf(t, time.Hour, &Loop{Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "sales")
			return err
		}})
		want(t, "told", strings.Join(told, "\n"), strings.Join([]string{
			`example.com/web.Fetch "sales" no such table 1`,
			`example.com/web.Fetch "sales" work example.com/web.Fetch panicked: ouch 4`,
			`example.com/web.Fetch "sales" no such table 5`,
		}, "\n"))
		want(t, "lines", strings.Count(log, "\n"), 4)
		for _, said := range []string{
			`msg="a call has failed" work=example.com/web.Fetch call=1 arguments="\"sales\"" error="no such table" times=1 again=2000-01-01T`,
			"stack=\"goroutine", `msg="the flow gets through again" failed=8`,
		} {
			want(t, said, strings.Contains(log, said), true)
		}
	})
}

func TestAnErrorOfTheFlowItselfIsTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		err    func(error) error
		passes int
		nights string // that the flow got through
	}{
		"an error":            {func(err error) error { return err }, 6, "[3 3]"},
		"one with a wait":     {func(err error) error { return RetryAfter(err, time.Hour) }, 6, "[6 3]"},
		"one that is to stay": {Permanent, 3, "[3]"}, // the first night is given up
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				passes, nights := 0, []int{}
				l := &Loop{Flow: func(ctx context.Context) error {
					passes++
					tick := Cron(ctx, "TZ=UTC 0 3 * * *", SkipFirst())
					if passes > 1 && passes < 5 && tick.Day() == 1 {
						return test.err(errors.New("no such folder"))
					}
					if tick.Year() == 2000 {
						nights = append(nights, time.Now().Hour())
					}
					return nil
				}}
				told, _ := failuresOf(t, 48*time.Hour, l)
				want(t, "told", fmt.Sprint(told), "[no such folder 1]")
				want(t, "passes", passes, test.passes)
				want(t, "nights", fmt.Sprint(nights), test.nights)
			})
		})
	}
}

func TestManyFailuresFillNoLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(_ context.Context, arg string) (string, error) { return "", errors.New("broken: " + arg) })
		_, log := failuresOf(t, 10*time.Minute, &Loop{Flow: func(ctx context.Context) error {
			var calls []Awaitable
			for i := range 200 {
				calls = append(calls, f.Start(ctx, fmt.Sprint(i)))
			}
			return Await(ctx, calls...)
		}})
		if lines := strings.Count(log, "\n"); lines > 15 || len(log) > 10_000 {
			t.Errorf("%d lines, %d bytes:\n%.2000s", lines, len(log), log)
		}
	})
}

func TestAPanicOfTheFlowIsLoggedWithItsStack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		var broken *int
		err := (&Loop{Logger: logger, Flow: func(context.Context) error { *broken = 1; return nil }}).Run(t.Context())
		var panicked *PanicError
		want(t, "is a panic", errors.As(err, &panicked), true)
		want(t, "stack in the log", strings.Contains(log.String(), "TestAPanicOfTheFlowIsLoggedWithItsStack"), true)
	})
}

func TestCallsThatNobodyWaitedForAreNamedAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		f := newFetch(takes, Concurrency(1))
		l := &Loop{Logger: logger, Flow: func(ctx context.Context) error {
			for _, arg := range []string{"1s", "2s", "3s"} {
				f.Start(ctx, arg)
			}
			return Stop
		}}
		want(t, "error", l.Run(t.Context()), nil)
		want(t, "executions", settled(t, f).Executions, 1)
		want(t, "said", strings.Contains(log.String(),
			`msg="calls of the flow that had not begun are dropped at the end of the loop" calls=2 works=[example.com/web.Fetch]`), true)
	})
}

func TestAFlowThatBlocksIsNamedAndCanBeEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		end := make(chan struct{})
		l := &Loop{Logger: logger, Flow: func(ctx context.Context) error { <-end; return nil }}
		go func() {
			time.Sleep(6 * time.Second)
			s := l.Status()
			want(t, "state", s.State, LoopBlocked)
			want(t, "blocked since", time.Since(s.Blocked), 6*time.Second)
			want(t, "stack", strings.Contains(s.Stack, "TestAFlowThatBlocks"), true)
			time.Sleep(time.Hour - 7*time.Second)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := l.Run(ctx)
		wantErr(t, err, context.DeadlineExceeded)
		want(t, "error", err.Error(), "context deadline exceeded: the flow has not returned, see the log")
		if n := strings.Count(log.String(), "the flow blocks"); n < 2 || n > 12 {
			t.Errorf("said %d times", n)
		}
		want(t, "stack in the log", strings.Contains(log.String(), "TestAFlowThatBlocks"), true)
		close(end)
	})
}

func TestAFlowThatSpinsIsSlowedDownAndNamed(t *testing.T) {
	for name, flow := range map[string]func(ctx context.Context, l *Loop, v *Var[int]) string{
		"a Var": func(ctx context.Context, _ *Loop, v *Var[int]) string { v.Set(v.Get(ctx) + 1); return "a Var was set" },
		"Wake":  func(_ context.Context, l *Loop, _ *Var[int]) string { l.Wake(); return "Loop.Wake was called" },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				logger, log := logged()
				var v Var[int]
				passes, because := 0, ""
				l := &Loop{Logger: logger}
				l.Flow = func(ctx context.Context) error { passes++; because = flow(ctx, l, &v); return nil }
				want(t, "error", during(t, time.Hour, l), nil)
				if passes > 4500 {
					t.Errorf("%d passes in an hour", passes)
				}
				want(t, "said", strings.Count(log.String(), "the flow spins"), 1)
				want(t, "because", strings.Contains(log.String(), `because="`+because+`"`), true)
			})
		})
	}
}

func TestArgumentsThatChangeBeforeTheFlowGetsPastAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		arg func(ctx context.Context, began time.Time) string
	}{
		"the clock": {func(ctx context.Context, began time.Time) string {
			Now(ctx, time.Second)
			return fmt.Sprintf("5s %d", time.Since(began)/time.Second)
		}},
		"Now with a period that is shorter than the work": {func(ctx context.Context, began time.Time) string {
			return fmt.Sprint("61s ", Now(ctx, time.Minute))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				logger, log := logged()
				f := newFetch(takes)
				began := time.Now()
				want(t, "error", during(t, time.Hour, &Loop{Logger: logger, Flow: func(ctx context.Context) error {
					_, err := f.Run(ctx, test.arg(ctx, began))
					return err
				}}), nil)
				want(t, "said", strings.Count(log.String(), "a work gets new arguments before the flow gets past it"), 1)
			})
		})
	}
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		f := newFetch(takes)
		want(t, "error", during(t, 24*time.Hour, &Loop{Logger: logger, Flow: func(ctx context.Context) error {
			f.Start(ctx, fmt.Sprint("90s started ", Now(ctx, time.Minute)))
			_, err := f.Run(ctx, fmt.Sprint("59s ", Now(ctx, time.Minute)))
			return err
		}}), nil)
		warned := slices.DeleteFunc(strings.SplitAfter(log.String(), "\n"), func(line string) bool { return !strings.Contains(line, "WARN") })
		want(t, "said of flows that get past it", strings.Join(warned, ""), "")
	})
}

func TestALoopKeepsNoRunnersThatItsFlowHasDropped(t *testing.T) {
	count := func() (n int) {
		for range Runners() {
			n++
		}
		return n
	}
	before, passes := count(), 0
	var l Loop
	l = Loop{Logger: quiet(), Flow: func(ctx context.Context) error {
		fails := passes%2 == 0
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			if fails {
				return "", errors.New("broken")
			}
			return arg, nil
		}, Name("example.com/web.Dropped"))
		_, err := f.Run(t.Context(), "a")
		f.Start(ctx, "a")
		if passes++; passes == 300 {
			// Goroutines of the latest passes may still be about to end.
			for tries := 0; count()-before > 20 && tries < 500; tries++ {
				goruntime.GC()
				time.Sleep(10 * time.Millisecond)
			}
			if n := count() - before; n > 20 {
				t.Errorf("%d runners are left", n)
			}
			return Stop
		}
		_ = f.Close(t.Context())
		l.Wake()
		_ = err
		return nil
	}}
	want(t, "error", l.Run(t.Context()), nil)
}

func TestATickThatCannotBeStoredIsSaidOnceAndTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		s := &refusing{Store: memory.New(time.Minute), refuses: true}
		done := 0
		l := &Loop{Name: "l", Store: s, Logger: logger, Heartbeat: time.Minute, Flow: func(ctx context.Context) error { Today(ctx); done++; return nil }}
		go func() { time.Sleep(time.Hour); s.allow() }()
		want(t, "error", during(t, 2*time.Hour, l), nil)
		want(t, "said", strings.Count(log.String(), "could not be stored"), 1)
		m, err := s.Mark(t.Context(), l.markOf())
		want(t, "error", err, nil)
		want(t, "stored", strings.Contains(m.Value, "2000-01-01"), true)
	})
}

// refusing is a store that takes no marks for a while.
type refusing struct {
	store.Store
	mu      sync.Mutex
	refuses bool
}

func (r *refusing) allow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuses = false
}

func (r *refusing) SetMark(ctx context.Context, name string, m store.Mark) (store.Mark, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuses {
		return m, errors.New("no")
	}
	return r.Store.SetMark(ctx, name, m)
}
