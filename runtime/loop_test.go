package runtime

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/internal/failures"
)

// quiet is a logger for what a test provokes.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// fiveSeconds is a body that takes five seconds and heeds its context.
func fiveSeconds(ctx context.Context, arg string) (string, error) {
	select {
	case <-time.After(5 * time.Second):
		return "got " + arg, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// runLoop runs a loop without heartbeat, of which flow is told the number of the
// pass, until flow returns something else than nil or a suspension.
func runLoop(t *testing.T, flow func(ctx context.Context, pass int) error) error {
	t.Helper()
	passes := 0
	loop := Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
		passes++
		if passes > 10_000 {
			return errors.New("the loop spins")
		}
		return flow(ctx, passes)
	}}
	return loop.Run(t.Context())
}

func TestAFlowIsRunAgainWhenItsCallHasEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(fiveSeconds)
		began := time.Now()
		var passes []string
		err := runLoop(t, func(ctx context.Context, pass int) error {
			for _, arg := range []string{"a", "b", "a"} {
				got, err := f.Run(ctx, arg)
				passes = append(passes, fmt.Sprintf("%d %s %q", pass, arg, got))
				if err != nil {
					return fmt.Errorf("flow: %w", err)
				}
			}
			return Stop
		})
		want(t, "error", err, nil)
		want(t, "passes", strings.Join(passes, ", "), `1 a "", 2 a "got a", 2 b "", 3 a "got a", 3 b "got b", 3 a "got a"`)
		want(t, "time", time.Since(began), 10*time.Second)
		want(t, "executions", settled(t, f).Executions, 2)
	})
}

func TestCachingAndParallel(t *testing.T) {
	for _, test := range []struct {
		name       string
		cache      bool
		start      bool
		executions int64 // in the 22 seconds that the loop runs
		after      bool  // the code after the call is reached
	}{
		{"cached, Run: suspends until it has succeeded, then goes on", true, false, 1, true},
		{"cached, Start: goes on at once", true, true, 1, true},
		{"not cached, Run: the code after it is never reached", false, false, 5, false},
		{"not cached, Start: goes on at once, again once the last one ended", false, true, 5, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(fiveSeconds, CacheCalls(test.cache))
				ctx, cancel := context.WithTimeout(t.Context(), 22*time.Second)
				defer cancel()
				after := false
				loop := Loop{Flow: func(ctx context.Context) error {
					if test.start {
						f.Start(ctx, "a")
					} else if _, err := f.Run(ctx, "a"); err != nil {
						return err
					}
					after = true
					return nil
				}}
				want(t, "error", loop.Run(ctx), error(context.DeadlineExceeded))
				want(t, "executions", settled(t, f).Executions, test.executions)
				want(t, "reached", after, test.after)
			})
		})
	}
}

func TestSeveralGoroutinesOfAFlowMaySuspend(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(fiveSeconds)
		began := time.Now()
		err := runLoop(t, func(ctx context.Context, pass int) error {
			errs := make(chan error, 3)
			for i := range 3 {
				go func() {
					_, err := f.Run(ctx, fmt.Sprint(i))
					errs <- err
				}()
			}
			if err := errors.Join(<-errs, <-errs, <-errs); err != nil {
				return err
			}
			return Stop
		})
		want(t, "error", err, nil)
		want(t, "time", time.Since(began), 5*time.Second)
		want(t, "executions", settled(t, f).Executions, 3)
	})
}

func TestADroppedSuspensionIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(fiveSeconds)
		err := runLoop(t, func(ctx context.Context, pass int) error {
			f.Run(ctx, "a")
			return nil
		})
		var dropped *DroppedError
		want(t, "is a DroppedError", errors.As(err, &dropped), true)
		dropped.At = ""
		want(t, "message", err.Error(), `the flow returned nil although it was suspended by ["example.com/web.Fetch"]: return the error that Run returned`)
	})
}

func TestAnErrorOfTheFlowEndsTheLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		broken := errors.New("broken")
		f := newFetch(func(context.Context, string) (string, error) { return "", broken })
		err := runLoop(t, func(ctx context.Context, pass int) error {
			_, err := f.Run(ctx, "a")
			return err
		})
		want(t, "error", errors.Is(err, broken), true)
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

func TestAFailedCallExecutesAgainAfterItsBackoff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			if arg == "new" {
				return "fine", nil
			}
			at = append(at, time.Since(began))
			if len(at) < 9 {
				return "", errors.New("broken")
			}
			return "mended", nil
		}, Retry(RetryPolicy{Jitter: -1}))
		loop := Loop{KeepGoing: true, Heartbeat: -1, Logger: quiet(), Flow: func(ctx context.Context) error {
			// New arguments execute at once, whatever failed before.
			if _, err := f.Run(ctx, "new"); err != nil {
				return err
			}
			if _, err := f.Run(ctx, "a"); err != nil {
				return err
			}
			return Stop
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		s := time.Second
		want(t, "executed at", fmt.Sprint(at), fmt.Sprint([]time.Duration{0, s, 3 * s, 7 * s, 15 * s, 31 * s, 63 * s, 123 * s, 183 * s}))
	})
}

func TestAStoppedCallStaysStoppedForItsLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(fiveSeconds)
		err := runLoop(t, func(ctx context.Context, pass int) error {
			call := f.Start(ctx, "a")
			switch pass {
			case 1:
				call.Stop()
			case 2:
				want(t, "status", call.Status().Status, Stopped)
				_, err := f.Run(ctx, "a")
				want(t, "error", errors.Is(err, ErrStopped), true)
				want(t, "forgotten", f.Forget("a"), true)
			case 3:
				want(t, "status", call.Status().Status.ended(), false)
			case 4:
				_, err := call.Result()
				want(t, "error", err, nil)
				return Stop
			}
			return nil
		})
		want(t, "error", err, nil)
	})
}

func TestAPanicOfTheFlowEndsTheLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		loop := Loop{KeepGoing: true, Flow: func(context.Context) error { panic("ouch") }}
		var panicked *PanicError
		err := loop.Run(t.Context())
		want(t, "is a PanicError", errors.As(err, &panicked), true)
		want(t, "value", panicked.Value, any("ouch"))
	})
}

func TestThePassesOfAnIdleLoop(t *testing.T) {
	for _, test := range []struct {
		name      string
		heartbeat time.Duration
		passes    int // in a minute
	}{
		{"no heartbeat by default", 0, 1},
		{"a heartbeat", time.Second, 61},
		{"a slower heartbeat", 30 * time.Second, 3},
		{"no heartbeat", -1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				passes := 0
				loop := Loop{Heartbeat: test.heartbeat, Flow: func(context.Context) error { passes++; return nil }}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Millisecond)
				defer cancel()
				loop.Run(ctx)
				want(t, "passes", passes, test.passes)
			})
		})
	}
}

func TestTimeIsAnInput(t *testing.T) {
	// The clock of a bubble starts at midnight UTC, 2000-01-01.
	for _, test := range []struct {
		name string
		ask  func(ctx context.Context) time.Time
		want string // the values in the first three days, and when they came
	}{
		{"Now", func(ctx context.Context) time.Time { return Now(ctx, 24*time.Hour).UTC() }, "1@0s 2@24h0m0s 3@48h0m0s"},
		{"Cron", func(ctx context.Context) time.Time { return Cron(ctx, "TZ=UTC 0 3 * * *").UTC() }, "31@0s 1@3h0m0s 2@27h0m0s 3@51h0m0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				began := time.Now()
				f := newFetch(echo)
				var got []string
				passes := 0
				loop := Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
					passes++
					day := fmt.Sprint(test.ask(ctx).Day())
					if f.Lookup(day); f.Stats().Executions == int64(len(got)) {
						if _, ok := f.Lookup(day); !ok {
							got = append(got, fmt.Sprintf("%s@%v", day, time.Since(began)))
						}
					}
					_, err := f.Run(ctx, day)
					return err
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 72*time.Hour-time.Second)
				defer cancel()
				loop.Run(ctx)
				want(t, "values", strings.Join(got, " "), test.want)
				want(t, "passes", passes, 2*len(got))
			})
		})
	}
}

func TestTodayBeginsAnewAtMidnight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var days []string
		loop := Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
			today := Today(ctx)
			want(t, "hour", today.Hour(), 0)
			days = append(days, today.Format(time.DateOnly))
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour-time.Minute)
		defer cancel()
		loop.Run(ctx)
		first := time.Now().AddDate(0, 0, -1)
		if len(days) < 2 || len(days) > 3 || days[0] == days[1] {
			t.Errorf("from %v: passes on %v", first, days)
		}
	})
}

func TestAVarWakesTheLoopsThatHaveReadIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var v, unread Var[int]
		var seen []int
		loop := Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
			n := v.Get(ctx)
			seen = append(seen, n)
			if n == 3 {
				return Stop
			}
			return nil
		}}
		go func() {
			for n := range 3 {
				time.Sleep(time.Second)
				v.Set(n + 1)
				unread.Set(n)
				synctest.Wait()
			}
		}()
		want(t, "error", loop.Run(t.Context()), nil)
		want(t, "seen", fmt.Sprint(seen), "[0 1 2 3]")
		want(t, "readers left", len(v.readers), 0)
		want(t, "outside of a flow", v.Get(t.Context()), 3)
	})
}

func TestWakeMakesAPassDue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		loop := Loop{Heartbeat: -1}
		loop.Flow = func(context.Context) error {
			at = append(at, time.Since(began))
			switch len(at) {
			case 1:
				loop.Wake()
				loop.Wake() // one pass for both
			case 3:
				return Stop
			}
			return nil
		}
		loop.Wake() // does nothing: it does not run
		time.AfterFunc(time.Second, loop.Wake)
		want(t, "error", loop.Run(t.Context()), nil)
		want(t, "passes", fmt.Sprint(at), "[0s 0s 1s]")
	})
}

func TestAnExpiredResultWakesTheLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		loop := Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "a")
			return err
		}}
		loop.Run(ctx)
		want(t, "executions", settled(t, f).Executions, 3)
	})
}

func TestAwaitWaitsForAllCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			d, err := time.ParseDuration(arg)
			if err != nil {
				return "", err
			}
			time.Sleep(d)
			return arg, nil
		})
		outside := f.Start(t.Context(), "10s")
		began := time.Now()
		err := runLoop(t, func(ctx context.Context, pass int) error {
			if err := Await(ctx, f.Start(ctx, "1s"), f.Start(ctx, "2s"), outside); err != nil {
				return err
			}
			return Stop
		})
		want(t, "error", err, nil)
		want(t, "time", time.Since(began), 10*time.Second)

		err = Await(t.Context(), f.Start(t.Context(), "3s"), nil, f.Start(t.Context(), "bad"))
		want(t, "error", err.Error(), `time: invalid duration "bad"`)
		want(t, "time", time.Since(began), 13*time.Second)
	})
}

func TestOnceReturnsWhenAPassGetsThrough(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(fiveSeconds)
		result := ""
		flow := func(ctx context.Context) error {
			first, err := f.Run(ctx, "a")
			if err != nil {
				return err
			}
			result, err = f.Run(ctx, first)
			return err
		}
		want(t, "error", Once(t.Context(), flow), nil)
		want(t, "result", result, "got got a")
		want(t, "executions", settled(t, f).Executions, 2)

		broken := errors.New("broken")
		want(t, "error", Once(t.Context(), func(context.Context) error { return broken }), broken)
	})
}

func TestTheEndOfTheLoopLetsExecutionsFinish(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			takes, _, _ := strings.Cut(arg, " ")
			d, _ := time.ParseDuration(takes)
			select {
			case <-time.After(d):
				return "got " + arg, nil
			case <-ctx.Done():
			}
			if strings.HasSuffix(arg, "deaf") {
				time.Sleep(time.Minute)
			} else {
				time.Sleep(time.Second) // tidies up
			}
			return "", ctx.Err()
		}, Concurrency(2))
		for _, test := range []struct {
			args  string
			grace time.Duration
			took  time.Duration
			kept  bool // what the first came to
		}{
			{"3s", 5 * time.Second, 3 * time.Second, true},
			{"10s", 0, 10 * time.Second, true},
			{"20s", 5 * time.Second, 6 * time.Second, false},
			{"30s", 0, 26 * time.Second, false},
			{"40s deaf", 5 * time.Second, 9 * time.Second, false},
			{"5s,6s,7s", 5500 * time.Millisecond, 6500 * time.Millisecond, true}, // the third never begins
			{"8s", -1, 0, false},
		} {
			time.Sleep(time.Hour)
			loop := Loop{Logger: logger, Grace: test.grace, Flow: func(ctx context.Context) error {
				for arg := range strings.SplitSeq(test.args, ",") {
					f.Start(ctx, arg)
				}
				synctest.Wait()
				return Stop
			}}
			began := time.Now()
			want(t, "error", loop.Run(t.Context()), nil)
			want(t, test.args+": time", time.Since(began), test.took)
			first, _, _ := strings.Cut(test.args, ",")
			_, kept := f.Lookup(first)
			want(t, test.args+": kept", kept, test.kept)
		}
		time.Sleep(time.Hour)
		want(t, "executions", f.Stats().Executions, 8)
		for _, said := range []string{
			`msg="the loop ends, and waits for executions" executions="[example.com/web.Fetch, call 1, since 1s]" more=0 longest=5s`,
			`msg="the loop ends, and waits for executions" executions="[example.com/web.Fetch, call 2, since 6s]" more=0 longest=25s`,
			`msg="executions ignore that the loop has ended" executions="[example.com/web.Fetch, call 5, since 9s]"`,
		} {
			want(t, said, strings.Contains(log.String(), said), true)
		}
		if t.Failed() {
			t.Log(log)
		}
	})
}

func TestALoopStartedAgainResumesAtWhatHadNotFinished(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(fiveSeconds)
		flow := func(ctx context.Context) error {
			for _, arg := range []string{"a", "b", "c"} {
				if _, err := f.Run(ctx, arg); err != nil {
					return err
				}
			}
			return Stop
		}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		loop := Loop{Flow: flow}
		want(t, "first run", loop.Run(ctx), error(context.DeadlineExceeded))
		want(t, "second run", loop.Run(t.Context()), nil)
		s := settled(t, f)
		want(t, "executions", s.Executions, 3) // b went on when the first run ended
		want(t, "stops", s.Stops, 0)
	})
}

func TestWorksInsideOfWorksBlock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(fiveSeconds)
		outer := newFetch(func(ctx context.Context, arg string) (string, error) { return inner.Run(ctx, arg) })
		passes := 0
		err := runLoop(t, func(ctx context.Context, pass int) error {
			passes = pass
			if _, err := outer.Run(ctx, "a"); err != nil {
				return err
			}
			return Stop
		})
		want(t, "error", err, nil)
		want(t, "passes", passes, 2)
	})
}

func TestALoopRunsOnceAtATime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var loop Loop
		want(t, "without a flow", loop.Run(t.Context()) != nil, true)
		loop.Flow = func(ctx context.Context) error {
			want(t, "second Run", strings.Contains(loop.Run(ctx).Error(), "running already"), true)
			return Stop
		}
		want(t, "error", loop.Run(t.Context()), nil)
	})
}

// logged returns a logger and what it has logged.
func logged() (*slog.Logger, *strings.Builder) {
	var b strings.Builder
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

// pairArgs stands for a generated argument struct.
type pairArgs struct {
	Name, At string
	State    *int `workgen:"-"`
}

func newPair() *Calls[pairArgs, pairArgs, int] {
	return NewCalls(Spec[pairArgs, pairArgs, int]{Name: "example.com/web.Pair", Execute: func(context.Context, pairArgs) (int, error) { return 1, nil }})
}

func runPair(ctx context.Context, c *Calls[pairArgs, pairArgs, int], args pairArgs) (int, error) {
	h := hashOf(args.Name + args.At)
	if v := c.Hit(h, &args); v != nil {
		return *v, nil
	}
	return c.Run(ctx, h, args, args)
}

func TestAnArgumentThatIsNewOnEveryPassIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		pair := newPair()
		passes := 0
		loop := Loop{Heartbeat: -1, Logger: logger, Flow: func(ctx context.Context) error {
			if passes++; passes == 30 {
				return Stop
			}
			_, err := runPair(ctx, pair, pairArgs{Name: "same", At: fmt.Sprint(passes), State: new(int)})
			return err
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		want(t, "warnings", strings.Count(log.String(), "gets new arguments before the flow gets past it"), 1)
		want(t, "names work and argument", strings.Contains(log.String(), "work=example.com/web.Pair arguments=At\n"), true)
	})
}

func TestAFlowThatGoesThroughAListIsNotWarnedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		pair := newPair()
		loop := Loop{Heartbeat: -1, Logger: logger, Flow: func(ctx context.Context) error {
			for i := range 30 {
				if _, err := runPair(ctx, pair, pairArgs{At: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return Stop
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		want(t, "log", log.String(), "")
	})
}

func TestAWorkWithoutCachingIsWarnedAboutOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		f := newFetch(echo, CacheCalls(false))
		passes := 0
		loop := Loop{Heartbeat: -1, Logger: logger, Flow: func(ctx context.Context) error {
			if passes++; passes == 30 {
				return Stop
			}
			_, err := f.Run(ctx, "a")
			return err
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		want(t, "warnings", strings.Count(log.String(), "never reached"), 1)
		want(t, "executions", f.Stats().Executions, 29)
	})
}

func TestASlowPassIsWarnedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		loop := Loop{Logger: logger, Flow: func(context.Context) error { time.Sleep(2 * time.Second); return Stop }}
		loop.Run(t.Context())
		want(t, "warned", strings.Contains(log.String(), "took=2s"), true)
	})
}

func TestALoopForgetsWhatItsFlowHasLeftBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		broken := errors.New("broken")
		fails := newFetch(func(context.Context, string) (string, error) { return "", broken })
		passes := 0
		left := map[string]int{}
		loop := Loop{Heartbeat: 10 * time.Second, KeepGoing: true, Logger: quiet(), Flow: func(ctx context.Context) error {
			synctest.Wait() // until the calls of earlier passes have ended
			if passes++; passes == 2000 {
				e := passOf(ctx).engine
				e.mu.Lock()
				defer e.mu.Unlock()
				left["failures"] = failed.all.Len() - failures.Most
				left["unstable"] = e.unstable.Len() - 2000
				left["unreachable"] = e.unreachable.Len()
				left["running"], left["bodies"], left["pinned"] = len(e.running), len(e.members), len(e.pinned)-fewPins-pinnedFor
				return Stop
			}
			// A runner for one pass, and arguments that are never asked for again.
			own := newFetch(echo)
			own.Start(ctx, "a")
			newFetch(echo, CacheCalls(false)).Run(ctx, "b")
			_, err := fails.Run(ctx, fmt.Sprint(passes))
			return err
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		for name, n := range left {
			if n > 10 {
				t.Errorf("%s: %d are left", name, n)
			}
		}
	})
}

// As in the original, a flow may make works as it goes: one for each element of
// a list that grows and shrinks.
func TestWorksMadeInsideAFlowBehaveLikeOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		executions := map[string]int{}
		made := map[string]*fetch{}
		pass := 0
		err := (&Loop{Heartbeat: time.Minute, Logger: quiet(), Flow: func(ctx context.Context) error {
			list := []string{"a", "b", "c"}
			if pass++; pass < 8 {
				list = list[:1+pass/3]
			} else {
				list = list[1:]
			}
			for name, f := range made {
				if !slices.Contains(list, name) {
					want(t, "closing", f.Close(ctx), nil)
					_, err := f.Run(ctx, "new")
					want(t, "closed", errors.Is(err, ErrClosed), true)
					got, err := f.Run(ctx, "x")
					want(t, "what was kept", fmt.Sprint(got, err), name+" x<nil>")
					delete(made, name)
				}
			}
			for _, name := range list {
				if made[name] == nil {
					made[name] = newFetch(func(_ context.Context, arg string) (string, error) {
						executions[name]++
						return name + " " + arg, nil
					}, Name(name))
				}
				if _, err := made[name].Run(ctx, "x"); err != nil {
					return err
				}
			}
			if len(made) == 2 && pass > 8 {
				return Stop
			}
			return nil
		}}).Run(t.Context())
		want(t, "error", err, nil)
		want(t, "executions", fmt.Sprint(executions), "map[a:1 b:1 c:1]")
	})
}

func TestAPassOverKeptCallsIsCheap(t *testing.T) {
	f := newFetch(echo)
	args := make([]string, 1000)
	for i := range args {
		args[i] = fmt.Sprint("work ", i)
		f.Run(t.Context(), args[i])
	}
	var perPass float64
	loop := Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
		perPass = testing.AllocsPerRun(10, func() {
			for _, arg := range args {
				f.Run(ctx, arg)
			}
		})
		return Stop
	}}
	want(t, "error", loop.Run(t.Context()), nil)
	want(t, "allocations", perPass, 0)
}

func BenchmarkPass(b *testing.B) {
	for _, works := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(works), func(b *testing.B) {
			f := newFetch(echo, MaxEntries(works))
			args := make([]string, works)
			for i := range args {
				args[i] = fmt.Sprint("work ", i)
				f.Run(b.Context(), args[i])
			}
			loop := Loop{Heartbeat: -1}
			loop.Flow = func(ctx context.Context) error {
				if !b.Loop() {
					return Stop
				}
				for _, arg := range args {
					if _, err := f.Run(ctx, arg); err != nil {
						return err
					}
				}
				loop.Wake()
				return nil
			}
			if err := loop.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

var long = flag.Bool("long", false, "do at full length what takes long")

// TestMemoryStaysFlatOverManyPassesAndCalls does a million of both with -long.
func TestMemoryStaysFlatOverManyPassesAndCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	passes := 100_000
	if *long {
		passes = 1_000_000
	}
	f := newFetch(echo, MaxEntries(1000))
	heap := func() uint64 {
		goruntime.GC()
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	unfinished := func() int { s := f.Stats(); return s.Pending + s.InFlight }
	var half uint64
	n := 0
	loop := Loop{Heartbeat: -1, Logger: quiet()}
	loop.Flow = func(ctx context.Context) error {
		for n%50 == 0 && unfinished() > 0 { // and passes in which no call ends look as if the flow spins
			goruntime.Gosched() // bodies that are behind take memory, too
		}
		if n++; n == passes/2 {
			half = heap()
		}
		if n == passes {
			return Stop
		}
		loop.Wake()
		Now(ctx, time.Hour)
		f.Start(ctx, strconv.Itoa(n))
		_, err := f.Run(ctx, "the same")
		return err
	}
	before := goruntime.NumGoroutine()
	want(t, "error", loop.Run(t.Context()), nil)
	end := heap()
	t.Logf("after %d passes %d bytes, after %d passes %d bytes", passes/2, half, passes, end)
	if end > half+half/4+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", half, end)
	}
	if s := f.Stats(); s.Misses < int64(passes) {
		t.Errorf("%d calls were made", s.Misses)
	}
	want(t, "goroutines", goruntime.NumGoroutine() <= before, true)
}
