package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// everyHour is a flow that does something for each hour, and notes for which.
type everyHour struct {
	began time.Time
	opts  []TickOption
	takes func(hour int) string // of the body, or why it fails
	*fetch
	done, missed []int
	ticks        map[int]bool // that the flow was given
}

func newHourly(takesFor func(hour int) string, opts ...TickOption) *everyHour {
	h := &everyHour{began: time.Now(), opts: opts, takes: takesFor, ticks: map[int]bool{}}
	h.fetch = newFetch(func(ctx context.Context, arg string) (string, error) {
		_, arg, _ = strings.Cut(arg, "@")
		if strings.HasPrefix(arg, "never") {
			return "", Permanent(errors.New("no such thing"))
		}
		return takes(ctx, arg)
	}, Retry(RetryPolicy{Jitter: -1}))
	return h
}

func (h *everyHour) hour(t time.Time) int { return int(t.Sub(h.began).Hours()) }

func (h *everyHour) flow(ctx context.Context) error {
	hour := h.hour(Cron(ctx, "TZ=UTC @hourly", h.opts...))
	if !h.ticks[hour] {
		h.ticks[hour] = true
		for _, at := range MissedTicks(ctx, "TZ=UTC @hourly") {
			h.missed = append(h.missed, h.hour(at))
		}
	}
	if _, err := h.Run(ctx, fmt.Sprint(hour, "@", h.takes(hour))); err != nil {
		return err
	}
	if len(h.done) == 0 || h.done[len(h.done)-1] != hour {
		h.done = append(h.done, hour)
	}
	return nil
}

func TestTicksHoldAndAreMissed(t *testing.T) {
	const long = 4*time.Hour + 30*time.Minute
	for _, test := range []struct {
		name         string
		opts         []TickOption
		takes        func(hour int) string
		done, missed string
		log          string
	}{
		{
			name:  "all is well",
			takes: func(int) string { return "1m" },
			done:  "[0 1 2 3 4]", missed: "[]",
		}, {
			name:  "one takes long",
			takes: func(hour int) string { return []string{"1m", "150m", "1m", "1m", "1m"}[hour] },
			done:  "[0 1 3 4]", missed: "[2]", log: "ticks were missed",
		}, {
			name:  "the first is skipped",
			opts:  []TickOption{SkipFirst()},
			takes: func(int) string { return "1m" },
			done:  "[1 2 3 4]", missed: "[]",
		}, {
			name:  "one is too late",
			opts:  []TickOption{Within(90 * time.Minute)},
			takes: func(hour int) string { return []string{"1m", "150m", "1m", "1m", "1m"}[hour] },
			// At 02:30 it is too late for the tick of 01:00, and that of 02:00 comes.
			done: "[0 2 3 4]", missed: "[1]", log: "ticks were missed",
		}, {
			name:  "one is too late before the next comes",
			opts:  []TickOption{Within(20 * time.Minute)},
			takes: func(hour int) string { return []string{"1m", "70m", "1m", "1m", "1m"}[hour] },
			done:  "[0 2 3 4]", missed: "[1]", log: "it is too late for a tick",
		}, {
			name:  "one is in time",
			opts:  []TickOption{Within(160 * time.Minute)},
			takes: func(hour int) string { return []string{"1m", "150m", "1m", "1m", "1m"}[hour] },
			done:  "[0 1 3 4]", missed: "[2]", log: "ticks were missed",
		}, {
			name:  "one fails for good",
			takes: func(hour int) string { return []string{"1m", "never", "1m", "1m", "1m"}[hour] },
			done:  "[0 2 3 4]", missed: "[]",
		}, {
			name:  "one fails, and is tried again",
			takes: func(hour int) string { return []string{"1m", "broken", "1m", "1m", "1m"}[hour] },
			done:  "[0]", missed: "[]",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHourly(test.takes, test.opts...)
				logger, log := logged()
				passes := 0
				l := &Loop{KeepGoing: true, Logger: logger, Flow: func(ctx context.Context) error { passes++; return h.flow(ctx) }}
				want(t, "error", during(t, long, l), nil)
				want(t, "done", fmt.Sprint(h.done), test.done)
				want(t, "missed", fmt.Sprint(h.missed), test.missed)
				want(t, "said "+test.log, strings.Contains(log.String(), test.log), true)
				if test.log == "" {
					want(t, "said", strings.Contains(log.String(), "miss") || strings.Contains(log.String(), "late"), false)
				}
				if passes > 20 && !strings.Contains(test.name, "tried again") {
					t.Errorf("%d passes", passes)
				}
			})
		})
	}
}

func TestALoopWithANameRemembersWhatIsDone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		began := time.Now()
		run := func(d time.Duration, name string, opts ...TickOption) string {
			h := newHourly(func(int) string { return "1m" }, opts...)
			h.began = began
			l := &Loop{Name: name, Store: s, KeepGoing: true, Flow: h.flow}
			want(t, "error", during(t, d, l), nil)
			return fmt.Sprint(h.done, " missed ", h.missed)
		}
		want(t, "first start", run(10*time.Minute, "a"), "[0] missed []")
		want(t, "again", run(20*time.Minute, "a"), "[] missed []") // 0:30
		want(t, "another loop", run(10*time.Minute, "b"), "[0] missed []")
		want(t, "without a name", run(10*time.Minute, ""), "[0] missed []")
		want(t, "over the next tick", run(20*time.Minute, "a"), "[1] missed []") // 1:10
		time.Sleep(3 * time.Hour)
		want(t, "after a time in which it did not run", run(20*time.Minute, "a"), "[4] missed [2 3]")
		want(t, "again", run(10*time.Minute, "a"), "[] missed []")
		want(t, "the other, which did not see its tick done", run(10*time.Minute, "b"), "[4] missed [1 2 3]")
		want(t, "another one that skips the first", run(10*time.Minute, "c", SkipFirst()), "[] missed []")
		want(t, "which comes to its next", run(time.Hour, "c", SkipFirst()), "[5] missed []")
	})
}

func TestAScheduleThatIsNewToAKnownLoopBeginsWithItsNextTick(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, began := memory.New(time.Minute), time.Now()
		run := func(d time.Duration, takesFor string, expressions ...string) (done []string) {
			f := newFetch(takes)
			l := &Loop{Name: "a", Store: s, Flow: func(ctx context.Context) error {
				for _, x := range expressions {
					arg := fmt.Sprint(takesFor, " ", x, " ", Cron(ctx, "TZ=UTC "+x).Sub(began))
					if _, known := f.Lookup(arg); known {
						continue
					}
					if _, err := f.Run(ctx, arg); err != nil {
						return err
					}
					done = append(done, arg)
				}
				return nil
			}}
			l.Flow = func(flow func(context.Context) error) func(context.Context) error {
				return func(ctx context.Context) error { done = nil; return flow(ctx) }
			}(l.Flow)
			want(t, "error", during(t, d, l), nil)
			n := f.Stats().Successes
			return append([]string{fmt.Sprint(n)}, done...)
		}
		want(t, "first start", run(20*time.Minute, "1m", "0 * * * *")[0], "1")
		want(t, "with one more", run(20*time.Minute, "1m", "0 * * * *", "30 * * * *")[0], "0") // 0:40
		// It does not forget that the new one has begun, although it ends before that is done.
		want(t, "until 1:40", run(time.Hour, "30m", "30 * * * *")[0], "0")
		want(t, "until 2:15", run(35*time.Minute, "1m", "30 * * * *")[0], "1")
	})
}

func TestAStoreThatDoesNotAnswerAtTheStartIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var faults storetest.Faults
		s := memory.New(time.Minute)
		run := func(d time.Duration) (*everyHour, string) {
			h := newHourly(func(int) string { return "1m" })
			logger, log := logged()
			want(t, "error", during(t, d, &Loop{Name: "a", Store: faults.Wrap(s), Logger: logger, Flow: h.flow}), nil)
			return h, log.String()
		}
		h, _ := run(10 * time.Minute)
		want(t, "done", fmt.Sprint(h.done), "[0]")
		end := faults.Inject(storetest.Marks, storetest.Refuse)
		h, log := run(10 * time.Minute)
		want(t, "done without an answer", fmt.Sprint(h.done), "[]")
		want(t, "said", strings.Count(log, "the store does not say which ticks are done"), 1)
		time.AfterFunc(5*time.Minute, end)
		h, _ = run(10 * time.Minute)
		want(t, "done again", fmt.Sprint(h.done), "[]")
		want(t, "executions", h.Stats().Executions, 0)
	})
}

func TestWhatAnotherProcessHasDoneMeanwhileStays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		h := newHourly(func(int) string { return "1m" })
		l := &Loop{Name: "a", Store: s, Flow: h.flow}
		go func() {
			time.Sleep(30 * time.Minute)
			m, err := s.Mark(t.Context(), l.markOf())
			want(t, "error", err, nil)
			m.Value = strings.Replace(m.Value, "{", `{"0 9 * * *":"1999-12-31T09:00:00Z",`, 1)
			_, err = s.SetMark(t.Context(), l.markOf(), m)
			want(t, "error", err, nil)
		}()
		want(t, "error", during(t, 90*time.Minute, l), nil)
		m, err := s.Mark(t.Context(), l.markOf())
		want(t, "error", err, nil)
		want(t, "its own", strings.Contains(m.Value, "01:00:00Z"), true)
		want(t, "the other's", strings.Contains(m.Value, "1999-12-31T09:00:00Z"), true)
	})
}

// A mark that cannot be read counts as nothing; the ticks before the start are not done again.
func TestAMarkThatCannotBeReadIsReplaced(t *testing.T) {
	for _, value := range []string{"rubbish", "null", `{"0 * * * *": 7}`, `[1]`} {
		bubble(t, func(t *testing.T) {
			s := memory.New(time.Minute)
			h := newHourly(func(int) string { return "1m" })
			l := &Loop{Name: "a", Store: s, Flow: h.flow}
			_, err := s.SetMark(t.Context(), l.markOf(), store.Mark{Value: value})
			want(t, "error", err, nil)
			want(t, "error", during(t, 90*time.Minute, l), nil)
			want(t, "done", fmt.Sprint(h.done), "[1]")
			m, _ := s.Mark(t.Context(), l.markOf())
			want(t, "stored", strings.Contains(m.Value, "01:00:00Z"), true)
		})
	}
}

func TestAnExpressionThatIsWrongIsAnErrorOfTheFlow(t *testing.T) {
	for _, keepGoing := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			f := newFetch(takes)
			var expression Var[string]
			expression.Set("every now and then")
			logger, log := logged()
			l := &Loop{KeepGoing: keepGoing, Logger: logger, Flow: func(ctx context.Context) error {
				tick := Cron(ctx, expression.Get(ctx))
				_, _ = f.Run(ctx, "1m "+tick.String()) // whatever it does with the error
				return nil
			}}
			if keepGoing {
				l.Flow = func(ctx context.Context) error {
					tick := Cron(ctx, expression.Get(ctx))
					_, err := f.Run(ctx, "1m "+tick.String())
					return err
				}
			}
			go func() {
				time.Sleep(time.Hour)
				synctest.Wait()
				want(t, "executions before", f.Stats().Misses, 0)
				expression.Set("@hourly")
			}()
			err := during(t, 90*time.Minute, l)
			if !keepGoing {
				want(t, "ends", err != nil && strings.Contains(err.Error(), "every now and then"), true)
				want(t, "executions", f.Stats().Misses, 0)
				time.Sleep(2 * time.Hour)
				return
			}
			want(t, "error", err, nil)
			want(t, "executions", f.Stats().Successes, 1)
			want(t, "said", strings.Count(log.String(), "the flow has failed"), 1)
		})
	}
}

func TestSeveralSchedulesOfAFlowEndTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		began := time.Now()
		var got []string
		l := &Loop{Flow: func(ctx context.Context) error {
			arg := "0s"
			for _, x := range []string{"TZ=UTC 0 * * * *", "TZ=UTC */20 * * * *"} {
				arg += fmt.Sprint(" ", Cron(ctx, x).Sub(began))
			}
			if strings.HasPrefix(arg, "0s 1h0m0s 1h0m0s") {
				arg = strings.Replace(arg, "0s", "45m", 1)
			}
			if _, err := f.Run(ctx, arg); err != nil {
				return err
			}
			got = append(got, fmt.Sprint(arg, " at ", time.Since(began)))
			return nil
		}}
		want(t, "error", during(t, 2*time.Hour+time.Minute, l), nil)
		want(t, "got", strings.Join(got, "\n"), strings.Join([]string{
			"0s 0s 0s at 0s", "0s 0s 20m0s at 20m0s", "0s 0s 40m0s at 40m0s",
			"45m 1h0m0s 1h0m0s at 1h45m0s", "0s 1h0m0s 1h40m0s at 1h45m0s", "0s 2h0m0s 2h0m0s at 2h0m0s",
		}, "\n"))
	})
}

// TestNamesOfTicksAreOnlyShown: with another name, or with several, it is the same tick.
func TestNamesOfTicksAreOnlyShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		run := func(d time.Duration, names ...string) (ticks, status, log string) {
			logger, lines := logged()
			l := &Loop{Name: "a", Store: s, Logger: logger}
			l.Flow = func(ctx context.Context) error {
				opts := []TickOption{}
				for _, name := range names {
					opts = append(opts, Named(name))
				}
				tick := Cron(ctx, "TZ=UTC 0 * * * *", opts...) // by the last
				for _, opt := range opts {
					if other := Cron(ctx, "TZ=UTC 0 * * * *", opt); !other.Equal(tick) {
						t.Errorf("by one name it is %v, by another %v", tick, other)
					}
				}
				ticks += fmt.Sprintln(tick.UTC().Hour())
				status = ""
				for _, tick := range l.Status().Ticks {
					status += tick.Name + "|"
				}
				return nil
			}
			want(t, "error", during(t, d, l), nil)
			return strings.TrimSpace(ticks), status, lines.String()
		}
		ticks, status, log := run(10*time.Minute, "night", "late", "", "night")
		want(t, "first start", ticks+" "+status, "0 late|night|")
		if n := strings.Count(log, `msg="a schedule"`); n != 2 || !strings.Contains(log, "name=night schedule=") || !strings.Contains(log, "name=late schedule=") {
			t.Errorf("the log has:\n%s", log)
		}
		ticks, status, _ = run(time.Hour, "nightly")
		want(t, "with another name", strings.ReplaceAll(ticks, "\n", ",")+" "+status, "0,1 nightly|")
		_, status, log = run(10 * time.Minute)
		want(t, "without a name", status, "|")
		if strings.Contains(log, "name=") {
			t.Errorf("the log has:\n%s", log)
		}
	})
}

func TestTicksThatAreMissedAreLoggedByName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		logger, lines := logged()
		l := &Loop{Logger: logger, Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "150m "+Cron(ctx, "TZ=UTC 0 * * * *", Named("hourly report")).String())
			return err
		}}
		want(t, "error", during(t, 4*time.Hour, l), nil)
		if log := lines.String(); !strings.Contains(log, `msg="ticks were missed" name="hourly report" schedule=`) {
			t.Errorf("the log has:\n%s", log)
		}
	})
}

func TestTodayHoldsOverMidnight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		began := Today(t.Context())
		var got []string
		l := &Loop{Flow: func(ctx context.Context) error {
			day := int(Today(ctx).Sub(began).Hours()+1) / 24
			if _, err := f.Run(ctx, fmt.Sprint([]string{"30h", "50h", "1h", "1h", "1h", "1h"}[day], " ", day)); err != nil {
				return err
			}
			got = append(got, fmt.Sprint(day))
			return nil
		}}
		want(t, "error", during(t, 110*time.Hour, l), nil)
		want(t, "days", strings.Join(got, " "), "0 1 3 4")
	})
}

func TestTheNewestTickComesWhenTheOneThatHeldIsOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		began := time.Now()
		var ran []string
		l := &Loop{Flow: func(ctx context.Context) error {
			tick := Cron(ctx, "TZ=UTC 0 * * * *")
			takes := "10m"
			if tick.Equal(began) {
				takes = "2h30m"
			}
			missed := len(MissedTicks(ctx, "TZ=UTC 0 * * * *"))
			if _, err := f.Run(ctx, fmt.Sprint(takes, " ", tick.Sub(began), " missed ", missed)); err != nil {
				return err
			}
			ran = append(ran, fmt.Sprintf("%v of %v missed %d", time.Since(began), tick.Sub(began), missed))
			return nil
		}}
		want(t, "error", during(t, 4*time.Hour+30*time.Minute, l), nil)
		want(t, "ran", fmt.Sprint(ran), "[2h30m0s of 0s missed 0 2h40m0s of 2h0m0s missed 1 3h10m0s of 3h0m0s missed 0 4h10m0s of 4h0m0s missed 0]")
	})
}

func TestAFlowThatOnlyStartsCallsRestsUntilItsFirstTick(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		l := &Loop{Flow: func(ctx context.Context) error {
			f.Start(ctx, "1s "+Cron(ctx, "TZ=UTC 0 * * * *", SkipFirst()).Format(time.TimeOnly))
			return nil
		}}
		want(t, "error", during(t, 2*time.Hour+time.Minute, l), nil)
		want(t, "executions", settled(t, f).Executions, 2)
	})
}

// Whatever waits for a call that a flow does not make before its next tick suspends it.
func TestWhatWaitsForACallThatRestsSuspendsTheFlow(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, c *Call[string]) error{
		"Wait":   func(ctx context.Context, c *Call[string]) error { _, err := c.Wait(ctx); return err },
		"Result": func(ctx context.Context, c *Call[string]) error { _, err := c.Result(); return err },
		"Await":  func(ctx context.Context, c *Call[string]) error { return Await(ctx, c) },
		"All":    func(ctx context.Context, c *Call[string]) error { _, err := All(ctx, []*Call[string]{c}); return err },
		"Each": func(ctx context.Context, c *Call[string]) error {
			each, err := Each(ctx, []*Call[string]{c})
			if err == nil && each[0].Err != nil {
				return errors.New("Each takes it for a failure")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f, through := newFetch(takes), 0
				l := &Loop{Flow: func(ctx context.Context) error {
					c := f.Start(ctx, "0s "+Cron(ctx, "TZ=UTC 0 * * * *", SkipFirst()).Format(time.TimeOnly))
					err := wait(ctx, c)
					if errors.Is(err, ErrNotFinished) {
						return nil
					}
					if err == nil {
						through++
					}
					return err
				}}
				want(t, "error", during(t, time.Hour-time.Minute, l), nil)
				want(t, "got through", through, 0)
				want(t, "error", during(t, time.Hour, l), nil)
				want(t, "executions", settled(t, f).Executions, 1)
			})
		})
	}
}

func TestATickIsNotDoneByAPassWithABadSchedule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		bad := "TZ=UTC 0 0 * * *"
		var schedule Var[string]
		schedule.Set("no schedule")
		s := memory.New(time.Hour)
		run := func(d time.Duration) (f *fetch) {
			f = newFetch(takes)
			l := &Loop{Name: "night", Store: s, KeepGoing: true, Flow: func(ctx context.Context) error {
				hour := Cron(ctx, "TZ=UTC 0 * * * *")
				Cron(ctx, schedule.Get(ctx))
				_, err := f.Run(ctx, "0s "+hour.Format(time.TimeOnly))
				return err
			}}
			want(t, "error", during(t, d, l), nil)
			return f
		}
		want(t, "executions", run(30*time.Minute).Stats().Executions, 0)
		schedule.Set(bad)
		want(t, "executions when it is mended", run(20*time.Minute).Stats().Executions, 1)
		schedule.Set("no schedule")
		want(t, "executions", run(50*time.Minute).Stats().Executions, 0)
		schedule.Set(bad)
		want(t, "executions when it is mended", run(time.Hour).Stats().Executions, 2)
	})
}

func TestACallThatWasGivenUpHoldsNoTick(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		f := storing(s, func(_ context.Context, arg string) (string, error) {
			if strings.HasPrefix(arg, "hour 0") {
				return "", errors.New("broken")
			}
			return arg, nil
		}, Retry(RetryPolicy{Attempts: 2}))
		var done []string
		l := &Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
			hour := fmt.Sprint("hour ", Cron(ctx, "TZ=UTC 0 * * * *").UTC().Hour())
			_, err := f.Run(ctx, hour)
			if err == nil {
				done = append(done, hour)
			}
			return err
		}}
		want(t, "error", during(t, 150*time.Minute, l), nil)
		want(t, "done", fmt.Sprint(done), "[hour 1 hour 2]")
		want(t, "executions", f.Stats().Executions, 4)
	})
}

func TestAFlowRestsWhenItIsTooLateForItsTick(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(takes)
		want(t, "error", during(t, 55*time.Minute, &Loop{Flow: func(ctx context.Context) error {
			Cron(ctx, "TZ=UTC @hourly", Within(20*time.Minute))
			if _, err := f.Run(ctx, "30m"); err != nil {
				return err
			}
			_, err := f.Run(ctx, "1m")
			return err
		}}), nil)
		want(t, "executions", f.Stats().Executions, 1)
	})
}
