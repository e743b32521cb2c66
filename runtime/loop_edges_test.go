package runtime

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestACallMayEndAsItIsAwaited(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		c := f.Start(t.Context(), "1s")
		<-c.Done()
		want(t, "error", awaitBlocking(t.Context(), []*call{c.node.call.Load()}, false), nil)
		want(t, "error", awaitBlocking(t.Context(), []*call{c.node.call.Load()}, true), nil)
	})
}

func TestANilCallIsLeftOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var none *Call[string]
		f := newFetch(takes)
		want(t, "error", Await(t.Context(), none, nil, f.Start(t.Context(), "1s")), nil)
		want(t, "error", Once(t.Context(), func(ctx context.Context) error { return Await(ctx, none, f.Start(ctx, "2s")) }), nil)
	})
}

// looksAtTheEnd looks at a handle in the middle of the end of its call.
type looksAtTheEnd struct {
	gathering
	look func()
}

func (l *looksAtTheEnd) pins(*call) bool { l.look(); return false }
func (l *looksAtTheEnd) ended(*call)     {}

func TestAHandleThatIsLookedAtWhileItsCallEndsWasLookedAt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		h := f.Start(t.Context(), "1s")
		c := h.node.call.Load()
		closed := true
		w := &looksAtTheEnd{look: func() {
			select {
			case <-h.Done():
			default:
				closed = false
			}
		}}
		f.mu.Lock()
		c.watchers = append(c.watchers, w)
		f.mu.Unlock()
		<-c.done
		want(t, "the flow saw its end", closed, false)
		want(t, "it was looked at", c.touched.Load(), true)
	})
}

// A loop ends in the moment in which its last call fails.
func TestALoopThatHasEndedLeavesNoFailures(t *testing.T) {
	for i := range 200 {
		bubble(t, func(t *testing.T) {
			f := newFetch(func(context.Context, string) (string, error) {
				time.Sleep(time.Second)
				return "", errors.New("broken")
			})
			told, over := 0, false
			l := &Loop{KeepGoing: true, Logger: quiet(), OnFailure: func(f Failure) {
				if told++; over {
					t.Error("OnFailure was called after the end")
				}
			}}
			if i%4 == 0 {
				l.Grace = -1
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%2)*time.Second+time.Second/2)
			defer cancel()
			l.Flow = func(ctx context.Context) error {
				for i := range 10 {
					f.Start(ctx, fmt.Sprint(i))
				}
				return nil
			}
			_ = l.Run(ctx)
			over = true
			synctest.Wait()
			time.Sleep(time.Minute)
			failed.mu.Lock()
			n := failed.all.Len()
			failed.mu.Unlock()
			want(t, "failures left", n, 0)
		})
		if t.Failed() {
			return
		}
	}
}

func TestAFailureHookThatEndsItsGoroutineHangsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		told := 0
		l := &Loop{OnFailure: func(Failure) { told++; goruntime.Goexit() }, KeepGoing: true, Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "bad")
			if err != nil && !Suspended(err) {
				return errors.New("the flow's own")
			}
			return err
		}}
		want(t, "error", during(t, 10*time.Second, l), nil)
		want(t, "told", told, 2) // of the call, and of the flow
		want(t, "executions", f.Stats().Executions >= 3, true)
	})
}

// A goroutine that the flow does not wait for waits in place.
func TestAGoroutineThatTheFlowDoesNotWaitForIsReleased(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		got := make(chan error, 10)
		through := 0
		l := &Loop{Flow: patient(f, func(ctx context.Context) error {
			if through++; through == 1 {
				go func() { _, err := f.Run(ctx, "1h"); got <- err }()
				time.Sleep(time.Second)
			}
			return nil
		})}
		go func() {
			time.Sleep(time.Minute)
			select {
			case err := <-got:
				wantErr(t, err, ErrPassEnded)
			default:
				t.Error("it still waits")
			}
		}()
		want(t, "error", during(t, 2*time.Minute, l), nil)
	})
}

// A goroutine of an earlier pass has just been let into the loop when that pass ends.
func TestAnEarlierPassTakesNoWaitAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		var first *pass
		through := 0
		l := &Loop{}
		l.Flow = func(ctx context.Context) error {
			if first == nil {
				first = passOf(ctx)
				l.Wake()
				return nil
			}
			c := f.Start(ctx, "1s")
			if _, err := c.Wait(ctx); err != nil {
				first.waitFor([]*call{c.node.call.Load()}, true)
				return err
			}
			through++
			return nil
		}
		want(t, "error", during(t, time.Minute, l), nil)
		want(t, "got through", through, 1)
	})
}

func TestAFlowMakesOneCallOfEqualOnesThatItsGoroutinesMake(t *testing.T) {
	f := newFetch(takes, CacheCalls(false))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	executions := int64(0)
	l := &Loop{Logger: quiet(), Grace: -1, Flow: func(ctx context.Context) error {
		var g Group
		for range 8 {
			g.Go(func() error { f.Start(ctx, "1h"); return nil })
		}
		_ = g.Wait()
		executions = f.Stats().Misses
		return Stop
	}}
	want(t, "error", l.Run(ctx), nil)
	want(t, "calls", executions, 1)
}

func TestAnAbandonedCallOfAnotherOneIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(time.Millisecond)
			return "", fmt.Errorf("nested: %w", errAbandoned)
		})
		l := &Loop{KeepGoing: true, Flow: func(ctx context.Context) error { _, err := f.Run(ctx, "a"); return err }}
		want(t, "error", during(t, time.Minute, l), nil)
		if n := f.Stats().Executions; n > 10 {
			t.Errorf("%d executions in a minute", n)
		}
	})
}

func TestAFlowThatIsBetweenPassesIgnoresNoEnd(t *testing.T) {
	for _, grace := range []time.Duration{-1, time.Second} {
		bubble(t, func(t *testing.T) {
			logger, log := logged()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			l := &Loop{Grace: grace, Logger: logger, Flow: func(ctx context.Context) error { return nil }}
			want(t, "error", l.Run(ctx), error(context.DeadlineExceeded))
			want(t, "log", log.String(), "")
		})
	}
}

func TestAllFailsFastOfACallThatFailsAsItIsAwaited(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		got := false
		l := &Loop{Logger: quiet(), Flow: func(ctx context.Context) error {
			slow, bad := f.Start(ctx, "1h"), f.Start(t.Context(), "bad")
			<-bad.Done()
			p := passOf(ctx)
			got, _ = p.waitFor([]*call{slow.node.call.Load(), bad.node.call.Load()}, true)
			return Stop
		}}
		want(t, "error", during(t, time.Second, l), nil)
		want(t, "over", got, true)
	})
}

// A Var changes what a patient flow asks for: what it no longer asks for is not executed first.
func TestAPatientFlowLeavesTheQueueToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, steps := newFetch(takes, Concurrency(1)), newFetch(takes)
		var n Var[int]
		n.Set(100)
		began := time.Now()
		go func() { time.Sleep(90 * time.Minute); n.Set(0) }()
		err := Once(t.Context(), patient(steps, func(ctx context.Context) error {
			var calls []*Call[string]
			for i := range n.Get(ctx) {
				calls = append(calls, f.Start(ctx, fmt.Sprint("1h ", i)))
			}
			calls = append(calls, f.Start(ctx, fmt.Sprint("1h of ", n.Get(ctx))))
			_, err := All(ctx, calls)
			return err
		}))
		want(t, "error", err, nil)
		want(t, "time", time.Since(began), 3*time.Hour) // two that had begun, and the new one
	})
}

func TestAFlowWaitsForRoom(t *testing.T) {
	for _, await := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			f := newFetch(takes, MaxPending(10))
			for i := range 10 { // of others
				f.Start(t.Context(), fmt.Sprint("1m other ", i))
			}
			l := &Loop{Flow: func(ctx context.Context) error {
				var calls []*Call[string]
				for i := range 100 {
					calls = append(calls, f.Start(ctx, fmt.Sprint("10s ", i)))
				}
				if await {
					_, err := All(ctx, calls)
					return err
				}
				return nil
			}}
			want(t, "error", during(t, 4*time.Minute, l), nil)
			want(t, "executions", settled(t, f).Successes, 110)
		})
	}
}

// A loop that has tried a failed call again ends, while the call goes on for somebody else.
func TestACallThatALoopLeavesBehindMayExecuteAgainForOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		f := newFetch(func(ctx context.Context, _ string) (string, error) {
			if n++; n == 2 {
				time.Sleep(time.Minute)
			}
			if n > 2 {
				return "mended", nil
			}
			return "", errors.New("broken")
		}, Retry(RetryPolicy{Jitter: -1}))
		through := false
		flow := func(ctx context.Context) error { _, err := f.Run(ctx, "a"); return err }
		l := &Loop{KeepGoing: true, Logger: quiet(), Grace: -1, Flow: flow}
		other := &Loop{KeepGoing: true, Logger: quiet(), Flow: func(ctx context.Context) error {
			if err := flow(ctx); err != nil {
				return err
			}
			through = true
			return Stop
		}}
		ctx, cancel := context.WithCancel(t.Context())
		ended, otherEnded := make(chan error), make(chan error)
		go func() { ended <- l.Run(ctx) }()
		go func() { otherEnded <- other.Run(t.Context()) }()
		synctest.Wait()
		other.Pause()
		time.Sleep(2 * time.Second)
		c := f.Start(t.Context(), "a")
		want(t, "status", c.Status().Status, Running)
		cancel()
		<-ended
		<-c.Done()
		time.Sleep(time.Minute)
		other.Resume()
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, "the other loop got through", through, true)
		if !through {
			other.Flow = nil
			f.Forget("a")
		}
		<-otherEnded
	})
}

func TestAFlowThatEndsItsGoroutineIsNotSaidToBlock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		l := &Loop{Logger: logger, Flow: func(context.Context) error { goruntime.Goexit(); return nil }}
		wantErr(t, l.Run(t.Context()), ErrGoexit)
		time.Sleep(time.Hour)
		want(t, "log", log.String(), "")
	})
}

func TestAFlowThatIgnoresTheEndIsNotSaidToBlockForEver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		logger, log := logged()
		end := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l := &Loop{Logger: logger, Grace: time.Second, Flow: func(context.Context) error { <-end; return nil }}
		wantErr(t, l.Run(ctx), context.DeadlineExceeded)
		before := log.String()
		time.Sleep(24 * time.Hour)
		want(t, "said", strings.TrimPrefix(log.String(), before), "")
		close(end)
	})
}

// One goroutine of a flow waits in place before another one asks for the time.
func TestAPassThatWaitsInPlaceHeedsATimeThatIsAskedForMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		var asked []time.Time
		l := &Loop{Flow: patient(f, func(ctx context.Context) error {
			var g Group
			g.Go(func() error { _, err := f.Run(ctx, "1h"); return err })
			time.Sleep(time.Millisecond)
			now := Now(ctx, 10*time.Minute)
			asked = append(asked, now)
			return g.Wait()
		})}
		want(t, "error", during(t, 35*time.Minute, l), nil)
		seen := map[time.Time]bool{}
		for _, at := range asked {
			seen[at] = true
		}
		want(t, "times", len(seen), 4)
	})
}

func TestAFlowThatHasBlockedAndThenWaitsIsWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		first := true
		l := &Loop{Flow: patient(f, func(ctx context.Context) error {
			if first {
				first = false
				time.Sleep(time.Minute)
			}
			_, err := f.Run(ctx, "1h")
			return err
		})}
		go func() {
			time.Sleep(30 * time.Second)
			want(t, "state", l.Status().State, LoopBlocked)
			time.Sleep(time.Minute)
			s := l.Status()
			want(t, "state", s.State, LoopWaiting)
			want(t, "stack", s.Stack, "")
			want(t, "blocked", s.Blocked.IsZero(), true)
		}()
		want(t, "error", during(t, 10*time.Minute, l), nil)
	})
}

func TestALongPassPutsTheNextOffByASecondAtMost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes, CacheCalls(false))
		passes := 0
		want(t, "error", during(t, 15*time.Second-1, &Loop{Flow: func(ctx context.Context) error {
			passes++
			time.Sleep(500 * time.Millisecond)
			f.Start(ctx, "1ms")
			return nil
		}}), nil)
		want(t, "passes", passes, 10)
	})
}

func TestAPassThatWaitsInPlaceIsNotSaidToBeSlow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		logger, log := logged()
		l := &Loop{Logger: logger, Flow: patient(f, func(ctx context.Context) error {
			_, err := f.Run(ctx, "1h")
			return err
		})}
		want(t, "error", during(t, 2*time.Hour, l), nil)
		want(t, "log", log.String(), "")
	})
}

// Two branches of a flow go on by themselves.
func TestABranchOfAFlowGoesOnWhileAnotherOneWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		l := &Loop{Flow: func(ctx context.Context) error {
			var g Group
			g.Go(func() error { _, err := f.Run(ctx, "1h"); return err })
			g.Go(func() error {
				for i := range 5 {
					if _, err := f.Run(ctx, fmt.Sprint("1s ", i)); err != nil {
						return err
					}
				}
				return nil
			})
			return g.Wait()
		}}
		want(t, "error", during(t, time.Minute, l), nil)
		want(t, "executions", f.Stats().Successes, 5)
	})
}

func TestACallThatIsToBeTriedAgainIsNotAtTheEndOfTheLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) {
			time.Sleep(time.Second)
			return "", errors.New("broken")
		}, Retry(RetryPolicy{Attempts: 5, Jitter: -1}))
		began := time.Now()
		want(t, "error", during(t, time.Second/2, &Loop{Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "a")
			return err
		}}), nil)
		want(t, "time", time.Since(began), time.Second)
		want(t, "executions", settled(t, f).Executions, 1)
	})
}

func TestACallThatHasExecutedIsTriedAgainAlthoughNobodyAsksForIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) { return "", errors.New("broken") },
			Retry(RetryPolicy{Attempts: 3, Jitter: -1}))
		var asks Var[bool]
		asks.Set(true)
		time.AfterFunc(time.Second/2, func() { asks.Set(false) })
		want(t, "error", during(t, time.Minute, &Loop{Flow: func(ctx context.Context) error {
			if asks.Get(ctx) {
				_, err := f.Run(ctx, "a")
				return err
			}
			return nil
		}}), nil)
		want(t, "executions", settled(t, f).Executions, 3)
		want(t, "calls that were stopped", f.Stats().Stops, 0)
	})
}
