package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/key"
)

var errFlaky = errors.New("flaky")

// failing makes a body that fails so often, and notes when it began.
func failing(times int, at *[]time.Duration) func(context.Context, string) (string, error) {
	began := time.Now()
	return func(context.Context, string) (string, error) {
		*at = append(*at, time.Since(began))
		if len(*at) <= times {
			return "", fmt.Errorf("%w %d", errFlaky, len(*at))
		}
		return "mended", nil
	}
}

func TestRetryWaitsLongerAfterEachFailure(t *testing.T) {
	s := time.Second
	for name, test := range map[string]struct {
		policy RetryPolicy
		want   []time.Duration
		err    string
	}{
		"none":             {RetryPolicy{Jitter: -1}, []time.Duration{0}, "flaky 1"},
		"one attempt":      {RetryPolicy{Jitter: -1, Attempts: 1}, []time.Duration{0}, "flaky 1"},
		"too few":          {RetryPolicy{Jitter: -1, Attempts: 3}, []time.Duration{0, s, 3 * s}, "flaky 3"},
		"enough":           {RetryPolicy{Jitter: -1, Attempts: 9}, []time.Duration{0, s, 3 * s, 7 * s}, ""},
		"other waits":      {RetryPolicy{Jitter: -1, Attempts: 4, Initial: 10 * s, Max: 15 * s}, []time.Duration{0, 10 * s, 25 * s, 40 * s}, ""},
		"short from start": {RetryPolicy{Jitter: -1, Attempts: 4, Initial: 10 * s, Max: 2 * s}, []time.Duration{0, 2 * s, 4 * s, 6 * s}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var at []time.Duration
				f := newFetch(failing(3, &at), Retry(test.policy))
				got, err := f.Run(t.Context(), "a")
				if diff := cmp.Diff(test.want, at); diff != "" {
					t.Errorf("executed at (-want +got):\n%s", diff)
				}
				stats := settled(t, f)
				want(t, "executions", stats.Executions, int64(len(test.want)))
				want(t, "retries", stats.Retries, int64(len(test.want)-1))
				want(t, "attempts", f.Status().Attempts, len(test.want))
				want(t, "misses", stats.Misses, 1)
				if test.err == "" {
					want(t, "result", got, "mended")
					want(t, "error", err, nil)
					want(t, "reason", f.Status().Reason, nil)
					want(t, "errors", stats.Errors, 0)
					want(t, "kept", stats.Entries, 1)
					return
				}
				want(t, "error", fmt.Sprint(err), test.err)
				want(t, "errors", stats.Errors, 1)
				want(t, "kept", stats.Entries, 0)
			})
		})
	}
}

func TestJitterSpreadsTheWaits(t *testing.T) {
	for jitter, bounds := range map[float64][2]time.Duration{
		0:  {800 * time.Millisecond, 1200 * time.Millisecond},
		1:  {0, 2 * time.Second},
		-1: {time.Second, time.Second},
	} {
		var waits []time.Duration
		for range 1000 {
			w := RetryPolicy{Jitter: jitter}.wait(1, 0)
			if w < bounds[0] || w > bounds[1]+1 {
				t.Fatalf("jitter %v: wait %v is not within %v", jitter, w, bounds)
			}
			waits = append(waits, w)
		}
		if spread := slices.Max(waits) - slices.Min(waits); spread < (bounds[1]-bounds[0])*9/10 {
			t.Errorf("jitter %v: waits spread over %v only", jitter, spread)
		}
	}
}

func TestTheCallIsPendingWhileItWaitsToBeRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var at []time.Duration
		f := newFetch(failing(1, &at), Retry(RetryPolicy{Attempts: 2, Jitter: -1}))
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		s := call.Status()
		want(t, "status", s.Status, Pending)
		want(t, "attempts", s.Attempts, 1)
		want(t, "reason", fmt.Sprint(s.Reason), "flaky 1")
		want(t, "started", s.Started.IsZero(), false)
		_, err := call.Result()
		want(t, "error", err, ErrNotFinished)
		want(t, "in flight", f.Stats().InFlight, 0)
		want(t, "pending", f.Stats().Pending, 1)
		_, err = f.Run(t.Context(), "a") // joins it
		want(t, "error", err, nil)
		want(t, "joined", settled(t, f).Joined, 1)
		s = call.Status()
		want(t, "status", s.Status, Succeeded)
		want(t, "attempts", s.Attempts, 2)
		want(t, "reason", s.Reason, nil)
	})
}

func TestRetryExecutesAgainForErrorsThatMayPass(t *testing.T) {
	body := errors.New("no such page")
	for name, test := range map[string]struct {
		err   error
		again bool
	}{
		"an error":                       {body, true},
		"a deadline somewhere inside":    {fmt.Errorf("fetch: %w", context.DeadlineExceeded), true},
		"a nested call's timeout":        {&TimeoutError{Work: "inner"}, true},
		"the body's own cancellation":    {context.Canceled, false},
		"a nested call that was stopped": {named("inner", ErrStopped), false},
		"a nested runner that is closed": {named("inner", ErrClosed), false},
		"a nested panic":                 {fmt.Errorf("fetch: %w", &PanicError{Work: "inner"}), false},
		"a changed input":                {&InputChangedError{Work: "inner"}, false},
		"a cycle":                        {&CycleError{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(func(context.Context, string) (string, error) { return "", test.err }, Retry(RetryPolicy{Attempts: 2}))
				_, err := f.Run(t.Context(), "a")
				want(t, "error", err, test.err)
				want(t, "executed again", settled(t, f).Executions == 2, test.again)
			})
		})
	}
}

func TestIfSaysWhichErrorsAreRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		passing := errors.New("busy")
		policy := Retry(RetryPolicy{Attempts: 3, If: func(err error) bool {
			var p *PanicError
			if err.Error() == "bad" {
				panic("If itself")
			}
			return errors.Is(err, passing) || errors.As(err, &p)
		}})
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			switch arg {
			case "busy":
				return "", passing
			case "panic":
				panic("at the disco")
			}
			return "", errors.New(arg)
		}, policy, WithLogger(quiet()))
		for arg, executions := range map[string]int64{"busy": 3, "panic": 3, "gone": 1, "bad": 1} {
			before := f.Stats().Executions
			f.Run(t.Context(), arg)
			want(t, "executions for "+arg, settled(t, f).Executions-before, executions)
		}
	})
}

func TestAChangedInputIsNeverRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		executions, text := 0, []byte("a")
		c := NewCalls(Spec[string, *[]byte, int]{
			Name:    "w",
			Execute: func(_ context.Context, b *[]byte) (int, error) { executions++; (*b)[0]++; return 0, nil },
			Verify:  func(b **[]byte, e *key.Encoder) { e.Bytes(**b) },
		}, Retry(RetryPolicy{Attempts: 5, If: func(error) bool { return true }}))
		_, err := c.Run(t.Context(), 1, "a", &text)
		var changed *InputChangedError
		want(t, "changed", errors.As(err, &changed), true)
		want(t, "executions", executions, 1)
	})
}

func TestEveryAttemptHasItsOwnArguments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var seen []string
		c := NewCalls(Spec[string, []string, int]{
			Name: "w",
			Execute: func(_ context.Context, list []string) (int, error) {
				seen = append(seen, list[0])
				list[0] = "overwritten"
				return 0, errFlaky
			},
			CloneArgs: slices.Clone[[]string],
		}, Retry(RetryPolicy{Attempts: 3}))
		list := []string{"mine"}
		c.Run(t.Context(), 1, "a", list)
		want(t, "seen", fmt.Sprint(seen), "[mine mine mine]")
		want(t, "the caller's", list[0], "mine")
	})
}

func TestEveryAttemptHasItsOwnTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		attempt := 0
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if attempt++; attempt < 3 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			time.Sleep(4 * time.Second)
			return "in time", ctx.Err()
		}, Timeout(5*time.Second), Retry(RetryPolicy{Attempts: 3, Jitter: -1}))
		began := time.Now()
		got, err := f.Run(t.Context(), "a")
		want(t, "result", got, "in time")
		want(t, "error", err, nil)
		want(t, "took", time.Since(began), (5+1+5+2+4)*time.Second)
		want(t, "timeouts", settled(t, f).Timeouts, 0) // of calls
	})
}

func TestAttemptsThatIgnoreTheirTimeoutDoNotOverlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		running := 0
		f := newFetch(func(context.Context, string) (string, error) {
			running++
			defer func() { running-- }()
			want(t, "running", running, 1)
			time.Sleep(time.Minute)
			return "too late", nil
		}, Timeout(5*time.Second), Retry(RetryPolicy{Attempts: 2, Jitter: -1}))
		began := time.Now()
		_, err := f.Run(t.Context(), "a")
		var timeout *TimeoutError
		want(t, "timed out", errors.As(err, &timeout), true)
		want(t, "released after", time.Since(began), (60+1+5)*time.Second)
		time.Sleep(time.Hour)
		want(t, "timeouts", settled(t, f).Timeouts, 1)
	})
}

func TestAWaitHoldsNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		attempts := map[string]int{}
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			time.Sleep(time.Second)
			if attempts[arg]++; attempts[arg] == 1 {
				return "", errFlaky
			}
			return arg, nil
		}, Concurrency(1), Retry(RetryPolicy{Attempts: 2, Initial: 10 * time.Second, Jitter: -1}))
		began := time.Now()
		var calls []Awaitable
		for _, arg := range []string{"a", "b", "c"} {
			calls = append(calls, f.Start(t.Context(), arg))
		}
		want(t, "error", Await(t.Context(), calls...), nil)
		// All three fail in the first three seconds, and succeed from 11 s on.
		want(t, "took", time.Since(began), 14*time.Second)
		settled(t, f)
	})
}

// A goroutine that one attempt left behind, waiting for a call, neither takes
// nor frees a slot of the next attempt.
func TestWhatAnAttemptLeavesBehindHasNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := newFetch(fiveSeconds)
		attempts := 0
		f := newFetch(func(ctx context.Context, _ string) (string, error) {
			if attempts++; attempts == 1 {
				go inner.Run(ctx, "left behind")
				synctest.Wait()
				return "", errFlaky
			}
			time.Sleep(10 * time.Second)
			return "done", nil
		}, Concurrency(1), Retry(RetryPolicy{Attempts: 2, Jitter: -1}))
		_, err := f.Run(t.Context(), "a")
		want(t, "error", err, nil)
		settled(t, f)
	})
}

func TestACallThatWaitsToBeRetriedCanBeEnded(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, f *fetch, call *Call[string], cancel func()){
		"Stop":  func(t *testing.T, f *fetch, call *Call[string], _ func()) { call.Stop() },
		"Close": func(t *testing.T, f *fetch, _ *Call[string], _ func()) { want(t, "error", f.Close(t.Context()), nil) },
		"leave": func(t *testing.T, f *fetch, _ *Call[string], cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var at []time.Duration
				f := newFetch(failing(100, &at), Retry(RetryPolicy{Attempts: 100}))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				call := f.Start(ctx, "a")
				synctest.Wait()
				end(t, f, call, cancel)
				synctest.Wait()
				want(t, "status", call.Status().Status, Stopped)
				_, err := call.Result()
				want(t, "stopped", errors.Is(err, ErrStopped), true)
				time.Sleep(time.Hour)
				want(t, "executions", settled(t, f).Executions, 1)
			})
		})
	}
}

func TestACallThatWasStoppedWhileItsBodyRanIsNotRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) {
			time.Sleep(time.Second)
			return "", errFlaky
		}, Retry(RetryPolicy{Attempts: 100, If: func(error) bool { return true }}))
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		call.Stop()
		time.Sleep(time.Hour)
		want(t, "status", call.Status().Status, Stopped)
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

// What is found out late about the timeout of one attempt does not end the next.
func TestATimeoutEndsOnlyItsOwnAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		attempts := 0
		var asked atomic.Int32
		f := newFetch(func(ctx context.Context, _ string) (string, error) {
			if attempts++; attempts == 1 {
				<-ctx.Done()
				time.Sleep(time.Nanosecond)
				return "", ctx.Err()
			}
			time.Sleep(4 * time.Second)
			return "done", ctx.Err()
		}, Timeout(5*time.Second), Retry(RetryPolicy{Attempts: 3, Jitter: -1, If: func(error) bool {
			if asked.Add(1) > 1 {
				return true // for the body that has returned
			}
			time.Sleep(3 * time.Second) // at the timeout; meanwhile the second attempt begins
			return false
		}}))
		_, err := f.Run(t.Context(), "a")
		want(t, "error", err, nil)
	})
}

func TestALoopCallsAgainWhatIfTakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var at []time.Duration
		f := newFetch(failing(3, &at), Retry(RetryPolicy{Attempts: 2, Jitter: -1, If: func(error) bool { return true }}))
		loop := Loop{KeepGoing: true, Logger: quiet(), Flow: func(ctx context.Context) error {
			if _, err := f.Run(ctx, "a"); err != nil {
				return err
			}
			return Stop
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		// Twice in one call, then after the loop's first wait twice in another.
		want(t, "executed at", fmt.Sprint(at), "[0s 1s 2s 3s]")
	})
}

func TestAFlowIsSuspendedByACallThatIsRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var at []time.Duration
		f := newFetch(failing(2, &at), Retry(RetryPolicy{Attempts: 3, Jitter: -1}))
		passes := 0
		err := Once(t.Context(), func(ctx context.Context) error {
			passes++
			_, err := f.Run(ctx, "a")
			return err
		})
		want(t, "error", err, nil)
		want(t, "passes", passes, 2)
		want(t, "executions", len(at), 3)
	})
}

func TestALoopDoesNotCallAgainWhatIfRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gone := errors.New("gone")
		var at []time.Duration
		began := time.Now()
		f := newFetch(func(context.Context, string) (string, error) {
			at = append(at, time.Since(began))
			return "", gone
		}, Retry(RetryPolicy{Attempts: 5, If: func(err error) bool { return err != gone }}))
		forgotten := false
		loop := Loop{KeepGoing: true, Heartbeat: time.Second, Logger: quiet(), Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "a")
			switch {
			case time.Since(began) >= time.Hour && !forgotten:
				forgotten = f.Forget("a")
			case time.Since(began) > 2*time.Hour:
				return Stop
			}
			return err
		}}
		want(t, "error", loop.Run(t.Context()), nil)
		want(t, "executed at", fmt.Sprint(at), "[0s 1h0m0s]")
	})
}

func TestHistoryHoldsTheLatestCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			if arg == "2" {
				return "", errFlaky
			}
			time.Sleep(time.Second)
			return arg, nil
		}, History(3))
		want(t, "at first", len(f.History()), 0)
		list := func() (s string) {
			for _, rec := range f.History() {
				s += fmt.Sprint(rec.Number, " ", rec.Status, "; ")
			}
			return s
		}
		slow := f.Start(t.Context(), "1")
		f.Run(t.Context(), "2")
		synctest.Wait()
		want(t, "while one runs", list(), "1 running; 2 failed; ")
		<-slow.Done()
		want(t, "when it has ended", list(), "1 succeeded; 2 failed; ")
		f.Run(t.Context(), "1") // a hit
		f.Start(t.Context(), "3")
		f.Start(t.Context(), "4")
		f.Start(t.Context(), "5")
		f.Start(t.Context(), "6")
		synctest.Wait()
		want(t, "with others", list(), "4 running; 5 running; 6 running; ")
		time.Sleep(time.Minute) // 3 ends, whose place is taken
		want(t, "at last", list(), "4 succeeded; 5 succeeded; 6 succeeded; ")
		s := settled(t, f)
		want(t, "successes", s.Successes, 5)
		want(t, "errors", s.Errors, 1)
	})
}
