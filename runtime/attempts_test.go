package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// The tests of this file are about attempts at a call that several processes make: runners
// with a handle of one store each.

// tries notes when bodies began, as which attempt, and ends them as how says.
type tries struct {
	mu    sync.Mutex
	made  time.Time
	list  []string
	now   int // that run
	takes time.Duration
	how   func(attempt int) error
}

func newTries(how func(attempt int) error) *tries { return &tries{made: time.Now(), how: how} }

// always fails with errFlaky.
func always(int) error { return errFlaky }

// failsUntil succeeds with the attempt of that number.
func failsUntil(last int) func(int) error {
	return func(attempt int) error {
		if attempt < last {
			return fmt.Errorf("%w %d", errFlaky, attempt)
		}
		return nil
	}
}

func (b *tries) body(ctx context.Context, arg string) (string, error) {
	n := Attempt(ctx)
	b.mu.Lock()
	b.list = append(b.list, fmt.Sprint(n, " at ", time.Since(b.made)))
	if b.now++; b.now > 1 {
		b.list = append(b.list, "beside another")
	}
	b.mu.Unlock()
	time.Sleep(b.takes)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now--
	return "got " + arg, b.how(n)
}

// want compares the attempts that there were since the last time, such as "2 at 1s".
func (b *tries) want(t *testing.T, list ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if diff := cmp.Diff(list, b.list); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	b.list = nil
}

// attempts is a policy that waits for 10 s, 20 s and so on.
func attempts(n int) Option {
	return Retry(RetryPolicy{Attempts: n, Initial: 10 * time.Second, Max: time.Hour, Jitter: -1})
}

// wantHistory compares the executions that a store has, the oldest first, such as "failed 1".
func wantHistory(t *testing.T, s store.Store, list ...string) {
	t.Helper()
	var got []string
	for _, r := range slices.Backward(executions(t, s)) {
		text := fmt.Sprint(r.Status, " ", r.Attempt)
		if !r.Retry.IsZero() {
			text += fmt.Sprint(", again after ", r.Retry.Sub(r.Finished))
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(list, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// lose has executions of a call lost, one after the other, each when its lease has expired.
// Their attempts count on from first.
func lose(t *testing.T, s *memory.Store, f *fetch, first, n int) {
	t.Helper()
	for i := range n {
		r := beginning(f, "a")
		r.Attempt, r.Origin = first+i, store.Origin{Host: "h", PID: 4711, Program: "p"}
		l, err := s.Begin(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(l.Expires))
	}
}

func TestAttemptsGoOnInTheNextProcess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(failsUntil(4))
		f := storing(s, b.body, attempts(5))
		f.Start(t.Context(), "a")
		time.Sleep(15 * time.Second)
		b.want(t, "1 at 0s", "2 at 10s")
		want(t, "error", f.Close(t.Context()), nil)
		time.Sleep(5 * time.Second)

		var out bytes.Buffer
		g := storing(s.Another(), b.body, attempts(5), WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		call := g.Start(t.Context(), "a")
		synctest.Wait()
		status := call.Status()
		want(t, "status", status.Status, Pending)
		want(t, "attempts", status.Attempts, 2)
		want(t, "started", status.Started.IsZero(), true)
		var remote *RemoteError
		if !errors.As(status.Reason, &remote) || remote.Text != "flaky 2" || remote.Key != g.calls.Key("a") || remote.Origin.PID == 0 {
			t.Errorf("the reason is %#v", status.Reason)
		}
		want(t, "pending", g.Stats().Pending, 1)
		time.Sleep(11 * time.Second)
		b.want(t, "3 at 30s") // 20 s after the second, whoever waits for that
		want(t, "started", call.Status().Started.IsZero(), false)
		want(t, "reason", fmt.Sprint(call.Status().Reason), "flaky 3")
		began := time.Now()
		wantResult(t, "got a")(call.Wait(t.Context()))
		want(t, "took", time.Since(began), 39*time.Second)
		b.want(t, "4 at 1m10s")
		want(t, "attempts", call.Status().Attempts, 4)
		stats := settled(t, g)
		want(t, "executions", stats.Executions, 2)
		want(t, "retries", stats.Retries, 1)
		want(t, "store errors", stats.StoreErrors, 0)
		wantHistory(t, s, "failed 1, again after 10s", "failed 2, again after 20s", "failed 3, again after 40s", "succeeded 4")

		// After a result has gone, its call has its first attempt again.
		want(t, "forgotten", g.Forget("a"), true)
		_, err := g.Run(t.Context(), "a")
		want(t, "error", err, nil)
		b.want(t, "1 at 1m10s", "2 at 1m20s", "3 at 1m40s", "4 at 2m20s")
		settled(t, g)
	})
}

func TestWhoComesLateExecutesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(failsUntil(2))
		f := storing(s, b.body, attempts(5))
		f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		want(t, "error", f.Close(t.Context()), nil)
		time.Sleep(time.Hour)
		wantResult(t, "got a")(storing(s, b.body, attempts(5)).Run(t.Context(), "a"))
		b.want(t, "1 at 0s", "2 at 1h0m1s")
	})
}

func TestACallThatWaitsForItsNextAttemptIsSaidInTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		policy := Retry(RetryPolicy{Attempts: 5, Initial: time.Hour, Max: time.Hour, Jitter: -1})
		b := newTries(always)
		f := storing(s, b.body, policy)
		f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		want(t, "error", f.Close(t.Context()), nil)
		var out journal
		g := storing(s, b.body, policy, WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		g.Start(t.Context(), "a")
		time.Sleep(70 * time.Second)
		if text := `call=1 status=pending waits_for="its next attempt" since=1m0s`; !strings.Contains(out.String(), text) {
			t.Errorf("the log is\n%s\nwant %s", &out, text)
		}
		want(t, "error", g.Close(t.Context()), nil)
	})
}

func TestACallIsGivenUpAfterItsLastAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(always)
		f := storing(s, b.body, attempts(3))
		_, err := f.Run(t.Context(), "a")
		want(t, "error", err, errFlaky)
		at := time.Now()
		settled(t, f)
		b.want(t, "1 at 0s", "2 at 10s", "3 at 30s")
		history := []string{"failed 1, again after 10s", "failed 2, again after 20s", "given up 3"}
		wantHistory(t, s, history...)

		time.Sleep(time.Hour)
		for name, g := range map[string]*fetch{"it": f, "another": storing(s, mustNotRun, attempts(3)), "a shorter one": storing(s, mustNotRun, attempts(2))} {
			began := time.Now()
			_, err = g.Run(t.Context(), "a")
			var givenUp *GivenUpError
			if !errors.As(err, &givenUp) {
				t.Fatalf("%s: %v", name, err)
			}
			want(t, "took", time.Since(began), 0)
			want(t, "status", fmt.Sprint(g.Status().Status, g.Status().Attempts, g.Status().Reason), fmt.Sprint(Failed, 3, err))
			k := g.calls.Key("a")
			want(t, "given up", fmt.Sprintf("%+v", *givenUp), fmt.Sprintf("%+v", GivenUpError{"example.com/web.Fetch", k, 3, givenUp.At, "flaky"}))
			want(t, "when", givenUp.At.Equal(at), true)
			want(t, "text", err.Error(), "work example.com/web.Fetch was given up after 3 attempts, the last one at "+at.Format(time.RFC3339)+": flaky; "+
				"to have it executed again, change its code or its arguments, call Forget, or run: workgen store rm "+k.String()[:12])
			want(t, "is worth another attempt", passing(fmt.Errorf("so: %w", err)), false)
			settled(t, g)
		}
		wantHistory(t, s, history...)
		wantResult(t, "got b")(storing(s, echo, attempts(3)).Run(t.Context(), "b"))
	})
}

func TestAGivenUpCallIsExecutedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		before func(t *testing.T, s *memory.Store, f *fetch)
		opts   []Option
		first  int
	}{
		"when it was forgotten":          {func(_ *testing.T, _ *memory.Store, f *fetch) { f.Forget("a") }, []Option{attempts(3)}, 1},
		"when all were":                  {func(_ *testing.T, _ *memory.Store, f *fetch) { f.ForgetAll() }, []Option{attempts(3)}, 1},
		"when it was deleted":            {func(t *testing.T, s *memory.Store, f *fetch) { s.Delete(t.Context(), f.store.Ref(f.calls.Key("a"))) }, []Option{attempts(3)}, 1},
		"when it is refreshed":           {func(t *testing.T, _ *memory.Store, _ *fetch) { t.Setenv("WORKGEN_CACHE", "refresh") }, []Option{attempts(3)}, 1},
		"when more attempts are allowed": {nil, []Option{attempts(5)}, 4},
		"when there is no policy":        {nil, nil, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("WORKGEN_CACHE", "")
			s := memory.New(time.Minute)
			bubble(t, func(t *testing.T) {
				b := newTries(always)
				f := storing(s, b.body, attempts(3))
				_, err := f.Run(t.Context(), "a")
				want(t, "error", err, errFlaky)
				settled(t, f)
			})
			f := storing(s, echo)
			if test.before != nil {
				test.before(t, s, f)
			}
			bubble(t, func(t *testing.T) {
				b := newTries(failsUntil(test.first + 1))
				g := storing(s.Another(), b.body, append(test.opts, Concurrency(1))...)
				time.Sleep(2 * time.Hour) // it is later than in the bubble before
				b.made = time.Now()
				_, err := g.Run(t.Context(), "a")
				if test.opts == nil {
					want(t, "error", fmt.Sprint(err), "flaky 4")
					b.want(t, "4 at 0s")
				} else {
					want(t, "error", err, nil)
					b.want(t, fmt.Sprint(test.first, " at 0s"), fmt.Sprint(test.first+1, " at ", 10*time.Second<<(test.first-1)))
				}
				settled(t, g)
			})
		})
	}
}

func TestWhatIsNotRetriedIsNotGivenUp(t *testing.T) {
	for name, test := range map[string]struct {
		how    func(int) error
		opts   []Option
		first  []string
		status string
	}{
		"permanent": {
			func(n int) error {
				if n == 2 {
					return Permanent(errFlaky)
				}
				return errFlaky
			}, nil, []string{"1 at 0s", "2 at 10s"}, "failed 2",
		},
		"refused": {
			always, []Option{Retry(RetryPolicy{Attempts: 3, If: func(error) bool { return false }})}, []string{"1 at 0s"}, "failed 1",
		},
		"refused at last": {
			func(n int) error {
				if n == 3 {
					return Permanent(errFlaky)
				}
				return errFlaky
			}, nil, []string{"1 at 0s", "2 at 10s", "3 at 30s"}, "failed 3",
		},
		"one attempt": {always, []Option{attempts(1)}, []string{"1 at 0s"}, "failed 1"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Minute)
				for range 2 {
					b := newTries(test.how)
					f := storing(s.Another(), b.body, append([]Option{attempts(3)}, test.opts...)...)
					_, err := f.Run(t.Context(), "a")
					wantErr(t, err, errFlaky)
					settled(t, f)
					b.want(t, test.first...)
					r := executions(t, s)[0]
					want(t, "record", fmt.Sprint(r.Status, " ", r.Attempt), test.status)
				}
			})
		})
	}
}

func TestLostExecutionsCountAsAttempts(t *testing.T) {
	for _, test := range []struct {
		attempts, lost int
		want           []string // the lease of the last one lasts for a minute
	}{
		{5, 1, []string{"2 at 10s"}},
		{5, 2, []string{"3 at 20s"}},
		{5, 4, []string{"5 at 1m20s"}},
		{5, 5, nil},
		{5, 6, nil},
		{0, 1, []string{"2 at 0s"}},
		{0, 6, []string{"7 at 0s"}},
		{1, 6, []string{"7 at 0s"}},
	} {
		t.Run(fmt.Sprint(test.lost, " of ", test.attempts), func(t *testing.T) {
			for _, waits := range []bool{false, true} {
				bubble(t, func(t *testing.T) {
					s := memory.New(time.Minute)
					b := newTries(func(int) error { return nil })
					f := storing(s.Another(), b.body, attempts(test.attempts))
					var call *Call[string]
					if waits { // while the last one has its lease
						lose(t, s, f, 1, test.lost-1)
						l, err := s.Begin(t.Context(), func() store.Record { r := beginning(f, "a"); r.Attempt = test.lost; return r }())
						want(t, "error", err, nil)
						b.made = l.Expires
						call = f.Start(t.Context(), "a")
					} else {
						lose(t, s, f, 1, test.lost)
						b.made = time.Now()
						call = f.Start(t.Context(), "a")
					}
					_, err := call.Wait(t.Context())
					b.want(t, test.want...)
					if test.want != nil {
						want(t, "error", err, nil)
					}
					var givenUp *GivenUpError
					if test.want == nil && (!errors.As(err, &givenUp) || givenUp.Attempts != test.lost || givenUp.Text != "its lease has expired") {
						t.Errorf("got %v", err)
					}
					n := 0
					for _, r := range executions(t, s) {
						if r.Status == store.Lost {
							n++
						}
					}
					want(t, "lost", n, test.lost)
					settled(t, f)
				})
			}
		})
	}
}

func TestTheBackoffCountsFromWhenAnExecutionWasLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(func(int) error { return nil })
		f := storing(s.Another(), b.body, attempts(5))
		lose(t, s, f, 1, 3)
		time.Sleep(15 * time.Second)
		b.made = time.Now()
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		b.want(t, "4 at 25s")
	})
}

func TestWhoWaitsElsewhereWaitsForTheNextAttemptToo(t *testing.T) {
	for name, test := range map[string]struct {
		how      func(int) error
		attempts int
		err      string // of who waits elsewhere
	}{
		"and gets its result":   {failsUntil(3), 5, ""},
		"and its final failure": {func(n int) error { return []error{errFlaky, errFlaky, Permanent(errors.New("gone"))}[n-1] }, 5, "gone"},
		"and the last failure":  {failsUntil(9), 3, "flaky 3"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, closes := range []bool{false, true} {
				bubble(t, func(t *testing.T) {
					s := memory.New(time.Minute)
					b := newTries(test.how)
					b.takes = time.Second
					f, g := storing(s.Another(), b.body, attempts(test.attempts)), storing(s.Another(), b.body, attempts(test.attempts))
					first := f.Start(t.Context(), "a")
					time.Sleep(time.Second / 2)
					second := g.Start(t.Context(), "a")
					time.Sleep(5 * time.Second)
					want(t, "status elsewhere", second.Status().Status, Pending)
					want(t, "attempts elsewhere", second.Status().Attempts, 1)
					if closes {
						want(t, "error", f.Close(t.Context()), nil)
					}
					_, err1 := first.Wait(t.Context())
					got, err2 := second.Wait(t.Context())
					b.want(t, "1 at 0s", "2 at 11s", "3 at 32s")
					errs := []error{err1, err2}
					if closes {
						wantErr(t, err1, ErrStopped)
						errs = errs[1:]
					}
					for _, err := range errs {
						if test.err == "" {
							wantResult(t, "got a")(got, err)
						} else if err == nil || !strings.HasSuffix(err.Error(), test.err) {
							t.Errorf("got %v, want %s", err, test.err)
						}
					}
					settled(t, f)
					settled(t, g)
					want(t, "store errors", f.Stats().StoreErrors+g.Stats().StoreErrors, 0)
				})
			}
		})
	}
}

// TestAttemptsThatFailAtOnceAreMadeOnce: all processes are awake when the next one is due.
func TestAttemptsThatFailAtOnceAreMadeOnce(t *testing.T) {
	for range 10 {
		bubble(t, func(t *testing.T) {
			s := memory.New(time.Minute)
			b := newTries(failsUntil(5))
			var calls []Awaitable
			var all []*fetch
			for range 8 {
				f := storing(s.Another(), b.body, attempts(9), Concurrency(1))
				all = append(all, f)
				calls = append(calls, f.Start(t.Context(), "a"))
			}
			want(t, "error", Await(t.Context(), calls...), nil)
			b.want(t, "1 at 0s", "2 at 10s", "3 at 30s", "4 at 1m10s", "5 at 2m30s")
			for _, f := range all {
				want(t, "store errors", settled(t, f).StoreErrors, 0)
			}
			made := 0
			for _, r := range executions(t, s) {
				if r.Status != store.Stopped {
					made++
				}
			}
			want(t, "executions that were not stopped", made, 5)
		})
	}
}

func TestWhoWaitsForTheNextAttemptCanLeave(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, f *fetch, call *Call[string], cancel func()){
		"by its context": func(_ *testing.T, _ *fetch, _ *Call[string], cancel func()) { cancel() },
		"by Stop":        func(_ *testing.T, _ *fetch, call *Call[string], _ func()) { call.Stop() },
		"by Close":       func(t *testing.T, f *fetch, _ *Call[string], _ func()) { want(t, "error", f.Close(t.Context()), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, elsewhere := range []bool{true, false} {
				bubble(t, func(t *testing.T) {
					s := memory.New(time.Minute)
					b := newTries(always)
					f := storing(s, b.body, attempts(5))
					f.Start(t.Context(), "a")
					time.Sleep(time.Second)
					if elsewhere {
						want(t, "error", f.Close(t.Context()), nil)
						f = storing(s.Another(), mustNotRun, attempts(5))
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					left := make(chan error, 1)
					if elsewhere {
						go func() { _, err := f.Run(ctx, "a"); left <- err }()
						synctest.Wait()
					}
					call := f.Start(ctx, "a")
					began := time.Now()
					leave(t, f, call, cancel)
					if elsewhere {
						if err := <-left; err == nil {
							t.Error("no error")
						}
						want(t, "took", time.Since(began), 0)
					} else if name == "by its context" {
						return // the other context goes on
					}
					synctest.Wait()
					want(t, "status", call.Status().Status, Stopped)
					time.Sleep(time.Hour)
					b.want(t, "1 at 0s")
					settled(t, f)
					wantHistory(t, s, "failed 1, again after 10s")
				})
			}
		})
	}
}

func TestACallThatIsDeletedWhileItWaitsBeginsAnew(t *testing.T) {
	for name, remove := range map[string]func(t *testing.T, s *memory.Store, f, g *fetch){
		"deleted":             func(t *testing.T, s *memory.Store, f, _ *fetch) { s.Delete(t.Context(), f.store.Ref(f.calls.Key("a"))) },
		"forgotten elsewhere": func(t *testing.T, _ *memory.Store, _, g *fetch) { g.Forget("a") },
	} {
		t.Run(name, func(t *testing.T) {
			for _, here := range []bool{false, true} {
				bubble(t, func(t *testing.T) {
					s := memory.New(time.Minute)
					b := newTries(func(int) error {
						if time.Now().Second() < 3 {
							return errFlaky
						}
						return nil
					})
					f, g := storing(s.Another(), b.body, attempts(5)), storing(s.Another(), mustNotRun)
					f.Start(t.Context(), "a")
					time.Sleep(2 * time.Second)
					if !here {
						want(t, "error", f.Close(t.Context()), nil)
						f = storing(s.Another(), b.body, attempts(5))
					}
					call := f.Start(t.Context(), "a")
					time.Sleep(3 * time.Second)
					b.want(t, "1 at 0s")
					remove(t, s, f, g)
					began := time.Now()
					wantResult(t, "got a")(call.Wait(t.Context()))
					if took := time.Since(began); took > time.Second {
						t.Errorf("it took %v", took)
					}
					want(t, "attempts", call.Status().Attempts, 1)
					settled(t, f)
				})
			}
		})
	}
}

// late is a store that tells half a second later what was deleted.
type late struct{ *memory.Store }

func (s late) OnDelete(tell func([]store.Ref) bool) {
	s.Store.OnDelete(func(deleted []store.Ref) bool {
		time.AfterFunc(time.Second/2, func() { tell(deleted) })
		return true
	})
}

func TestADeletionThatIsToldLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		b := newTries(always)
		f := storing(late{s.Another()}, b.body, attempts(5))
		f.Start(t.Context(), "a")
		time.Sleep(12 * time.Second)
		b.want(t, "1 at 0s", "2 at 10s")
		b.how = failsUntil(0)
		_, err := s.Delete(t.Context(), f.store.Ref(f.calls.Key("a")))
		want(t, "error", err, nil)
		time.Sleep(3 * time.Second)
		b.want(t, "1 at 13s")
		settled(t, f)
	})
}

// TestACallThatIsForgottenWhileItWaitsGoesOn for those who wait for it, as one without a store.
func TestACallThatIsForgottenWhileItWaitsGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(failsUntil(3))
		f := storing(s.Another(), b.body, attempts(5))
		call := f.Start(t.Context(), "a")
		time.Sleep(5 * time.Second)
		want(t, "forgotten", f.Forget("a"), true)
		wantResult(t, "got a")(call.Wait(t.Context()))
		b.want(t, "1 at 0s", "2 at 10s", "3 at 30s")
		settled(t, f)
		want(t, "entries", f.Stats().Entries, 0)
		wantHistory(t, s, "failed 1, again after 10s")
	})
}

func TestAClockThatWasSetBackPutsNoAttemptOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(func(int) error { return nil })
		f := storing(s.Another(), b.body, attempts(5))
		r := beginning(f, "a")
		l, err := s.Begin(t.Context(), r)
		want(t, "error", err, nil)
		r.Status, r.Attempt, r.Finished = store.Failed, 1, time.Now().Add(1000*time.Hour)
		r.Retry = r.Finished.Add(30 * time.Second)
		want(t, "error", s.End(t.Context(), l, r, nil), nil)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		b.want(t, "2 at 30s")
	})
}

// TestAnAttemptElsewhereWhileThisOneWaitsForASlot is noticed before the body runs.
func TestAnAttemptElsewhereWhileThisOneWaitsForASlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(failsUntil(2))
		f := storing(s.Another(), func(ctx context.Context, arg string) (string, error) {
			if arg == "b" {
				time.Sleep(15 * time.Second)
				return "", nil
			}
			return b.body(ctx, arg)
		}, attempts(5), Concurrency(1))
		f.Start(t.Context(), "b")
		synctest.Wait()
		call := f.Start(t.Context(), "a")
		time.Sleep(10 * time.Second)
		g := storing(s.Another(), b.body, attempts(5))
		g.Start(t.Context(), "a")
		synctest.Wait()
		want(t, "error", g.Close(t.Context()), nil)
		wantResult(t, "got a")(call.Wait(t.Context()))
		b.want(t, "1 at 10s", "2 at 20s")
		settled(t, f)
	})
}

// TestALostExecutionMayStillEnd: its process was cut off from the store, and nobody else has
// begun meanwhile.
func TestALostExecutionMayStillEnd(t *testing.T) {
	for name, test := range map[string]struct {
		how  error
		want string
	}{
		"and fails":                {Permanent(errors.New("gone")), "gone"},
		"and fails, to be retried": {errFlaky, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Minute)
				b := newTries(func(n int) error {
					if n == 1 {
						return test.how
					}
					return nil
				})
				b.takes = 65 * time.Second
				f := storing(cutOff(s.Another(), time.Hour), b.body, attempts(5))
				g := storing(s.Another(), b.body, attempts(5))
				f.Start(t.Context(), "a")
				time.Sleep(time.Second)
				call := g.Start(t.Context(), "a")
				time.Sleep(61 * time.Second)
				want(t, "attempts that are known", call.Status().Attempts, 1)
				_, err := call.Wait(t.Context())
				if test.want == "" {
					want(t, "error", err, nil)
					b.want(t, "1 at 0s", "2 at 1m15s")
				} else if b.want(t, "1 at 0s"); err == nil || !strings.HasSuffix(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
				settled(t, f)
				settled(t, g)
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestAttemptsGoOnWhereTheStoreFails(t *testing.T) {
	for name, test := range map[string]struct {
		methods storetest.Method
		want    []string
	}{
		"always":   {storetest.All, []string{"1 at 0s", "2 at 12s", "3 at 33s"}},
		"at looks": {storetest.Lookup, []string{"1 at 0s", "2 at 11s", "3 at 32s"}},
		// Where the end cannot be noted, its lease expires, and it is lost.
		"when it is written to": {storetest.Writing, []string{"1 at 0s", "2 at 16s", "3 at 37s"}},
		"at the end":            {storetest.End, []string{"1 at 0s", "2 at 15s", "3 at 40s"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var faults storetest.Faults
				b := newTries(failsUntil(3))
				b.takes = time.Second
				f := storing(faults.Wrap(memory.New(5*time.Second)), b.body, attempts(5), StoreTimeout(time.Second))
				call := f.Start(t.Context(), "a")
				time.Sleep(time.Second / 2)
				faults.Inject(test.methods, storetest.Refuse)
				wantResult(t, "got a")(call.Wait(t.Context()))
				b.want(t, test.want...)
				settled(t, f)
				time.Sleep(time.Minute) // in which leases cannot be given back
			})
		})
	}
}

// TestAnEndThatCannotBeNotedHoldsNobodyUp: the lease is given back once the store answers.
func TestAnEndThatCannotBeNotedHoldsNobodyUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var faults storetest.Faults
		s := memory.New(time.Hour)
		b := newTries(failsUntil(2))
		f := storing(faults.Wrap(s), b.body, attempts(5), StoreTimeout(time.Second))
		faults.Inject(storetest.End, storetest.For(1500*time.Millisecond, storetest.Refuse))
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		b.want(t, "1 at 0s", "2 at 11s")
		settled(t, f)
		wantHistory(t, s, "stopped 1", "succeeded 2")
	})
}

func TestATimeoutIsAnAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		f := storing(s, func(ctx context.Context, _ string) (string, error) {
			time.Sleep(time.Minute) // deaf
			return "", ctx.Err()
		}, attempts(2), Timeout(5*time.Second))
		began := time.Now()
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, context.DeadlineExceeded)
		want(t, "took", time.Since(began), (60+10+5)*time.Second)
		wantHistory(t, s, "failed 1, again after 10s", "given up 2")
		_, err = f.Run(t.Context(), "a")
		var givenUp *GivenUpError
		want(t, "given up", errors.As(err, &givenUp), true)
		time.Sleep(time.Hour)
		settled(t, f)
	})
}

func TestRetryAfterHoldsInTheNextProcess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		b := newTries(func(n int) error {
			if n == 1 {
				return RetryAfter(errFlaky, 3*time.Hour)
			}
			return nil
		})
		f := storing(s, b.body, attempts(5))
		f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		want(t, "error", f.Close(t.Context()), nil)
		wantResult(t, "got a")(storing(s.Another(), b.body, attempts(5)).Run(t.Context(), "a"))
		b.want(t, "1 at 0s", "2 at 3h0m0s")
	})
}

// TestALoopAsksForAGivenUpCall again and again, and goes on as soon as somebody has changed
// that; the work is not executed meanwhile.
func TestALoopAsksForAGivenUpCall(t *testing.T) {
	for name, opt := range map[string]func(error) bool{"without If": nil, "with it": func(err error) bool { return errors.Is(err, errFlaky) }} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Minute)
				b := newTries(always)
				f := storing(s.Another(), b.body, Retry(RetryPolicy{Attempts: 2, Initial: 10 * time.Second, Jitter: -1, If: opt}))
				loop := Loop{KeepGoing: true, Logger: quiet(), Flow: func(ctx context.Context) error {
					if _, err := f.Run(ctx, "a"); err != nil {
						return err
					}
					return Stop
				}}
				ended := make(chan error, 1)
				go func() { ended <- loop.Run(t.Context()) }()
				time.Sleep(10 * time.Hour)
				b.want(t, "1 at 0s", "2 at 10s")
				b.how = failsUntil(0)
				_, err := s.Delete(t.Context(), f.store.Ref(f.calls.Key("a")))
				want(t, "error", err, nil)
				began := time.Now()
				want(t, "error", <-ended, nil)
				if took := time.Since(began); took > time.Minute {
					t.Errorf("it took %v", took)
				}
				settled(t, f)
			})
		})
	}
}

func TestOnlyTheCacheGivesNothingUp(t *testing.T) {
	s := memory.New(time.Minute)
	bubble(t, func(t *testing.T) {
		b := newTries(always)
		f := storing(s, b.body, attempts(2))
		_, err := f.Run(t.Context(), "a")
		want(t, "error", err, errFlaky)
		settled(t, f)
	})
	t.Setenv("WORKGEN_CACHE", "only")
	_, err := storing(s, mustNotRun, attempts(2)).Run(t.Context(), "a")
	var miss *MissError
	want(t, "is a miss", errors.As(err, &miss), true)
}
