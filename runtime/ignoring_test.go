package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// deafFor is a body that takes so long, whatever its context says.
func deafFor(d time.Duration) func(context.Context, string) (string, error) {
	return func(_ context.Context, arg string) (string, error) {
		time.Sleep(d)
		return arg, nil
	}
}

// said returns when the log said something, by its attribute since.
func (j *journal) said(text string) (since []string) {
	for line := range strings.SplitSeq(j.String(), "\n") {
		if m := regexp.MustCompile(` since=(\S+)`).FindStringSubmatch(line); m != nil && strings.Contains(line, text) {
			since = append(since, m[1])
		}
	}
	return since
}

func (j *journal) option() Option { return WithLogger(slog.New(slog.NewTextHandler(j, nil))) }

// TestABodyThatIgnoresItsEndIsSaidInTheLogLessAndLessOften: its work does nothing else.
func TestABodyThatIgnoresItsEndIsSaidInTheLogLessAndLessOften(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out journal
		f := newFetch(deafFor(6*time.Hour), Concurrency(1), Timeout(time.Second), out.option())
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, context.DeadlineExceeded)
		second, third := f.Start(t.Context(), "b"), f.Start(t.Context(), "c")
		time.Sleep(4 * time.Second)
		want(t, "ignoring", f.Stats().Ignoring, 0)
		if list := Inspect(f.Runner).Ignoring(); len(list) != 0 {
			t.Errorf("listed before its time: %v", list)
		}
		time.Sleep(2 * time.Second)
		const line = `level=WARN msg="a body ignores that its context has ended" work=example.com/web.Fetch call=1 since=5s ` +
			`cause="work example.com/web.Fetch did not finish within its timeout of 1s" has_slot=true waiting=2 arguments="\"a\"" ` +
			`fix="return when ctx.Done() is closed" stack="goroutine `
		if !strings.Contains(out.String(), line) {
			t.Errorf("the log says\n%s\nwant\n%s", &out, line)
		}
		want(t, "ignoring", f.Stats().Ignoring, 1)
		second.Stop()
		list := Inspect(f.Runner).Ignoring()
		if len(list) != 1 || !strings.Contains(list[0].Stack, "deafFor.") || !strings.Contains(list[0].Stack, "time.Sleep(") {
			t.Fatalf("listed: %+v", list)
		}
		got := list[0]
		got.Stack = ""
		wantErr(t, got.Cause, context.DeadlineExceeded)
		want(t, "listed", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", IgnoringBody{Call: 1, Arguments: `"a"`,
			Began: time.Now().Add(-7 * time.Second).Round(0), Since: time.Now().Add(-6 * time.Second).Round(0), Cause: got.Cause, HasSlot: true, Waiting: 1}))

		third.Stop()
		time.Sleep(7 * time.Hour)
		want(t, "said after", fmt.Sprint(out.said("ignores that its")),
			"[5s 10s 20s 40s 1m20s 2m40s 5m20s 10m40s 21m20s 42m40s 1h25m20s 2h25m20s 3h25m20s 4h25m20s 5h25m20s]")
		want(t, "ignoring", f.Stats().Ignoring, 0)
		settled(t, f)
		f.mu.Lock()
		defer f.mu.Unlock()
		want(t, "nothing is left", f.ignoring == nil && f.ignoringTimer == nil, true)
	})
}

func TestTheLogSaysWhyTheContextOfABodyHasEnded(t *testing.T) {
	background := context.Background()
	for name, test := range map[string]struct {
		opts []Option
		end  func(f *fetch)
		want error
	}{
		"timeout":               {[]Option{Timeout(time.Second)}, func(f *fetch) { f.Start(background, "a") }, context.DeadlineExceeded},
		"timeout of an attempt": {[]Option{Timeout(time.Second), Retry(RetryPolicy{Attempts: 2})}, func(f *fetch) { f.Start(background, "a") }, context.DeadlineExceeded},
		"Stop": {nil, func(f *fetch) {
			call := f.Start(background, "a")
			synctest.Wait()
			call.Stop()
		}, ErrStopped},
		"Close": {nil, func(f *fetch) {
			f.Start(background, "a")
			synctest.Wait()
			ctx, cancel := context.WithTimeout(background, time.Millisecond)
			defer cancel()
			f.Close(ctx)
		}, ErrClosed},
		"every caller has left": {nil, func(f *fetch) {
			ctx, cancel := context.WithTimeout(background, time.Second)
			defer cancel()
			f.Start(ctx, "a")
			f.Run(ctx, "a")
		}, errAbandoned},
		"lost lease": {[]Option{StrictLease(true)}, func(f *fetch) {
			f.Start(background, "a")
			time.Sleep(time.Minute) // the lease is not renewed
		}, ErrLeaseLost},
	} {
		for _, limited := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, limited %v", name, limited), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					var out journal
					var faults storetest.Faults
					faults.Inject(storetest.Renew, storetest.Refuse)
					opts := append(slices.Clone(test.opts), out.option())
					if limited {
						opts = append(opts, WithPool(NewPool(1)))
					}
					f := storing(faults.Wrap(memory.New(time.Minute)), deafFor(10*time.Minute), opts...)
					test.end(f)
					time.Sleep(8 * time.Second)
					list := Inspect(f.Runner).Ignoring()
					if len(list) != 1 {
						t.Fatalf("listed: %+v", list)
					}
					wantErr(t, list[0].Cause, test.want)
					want(t, "it has a slot", list[0].HasSlot, limited)
					text := fmt.Sprintf(`since=5s cause=%q has_slot=%v`, list[0].Cause, limited)
					if !strings.Contains(out.String(), text) {
						t.Errorf("the log says\n%s\nwant\n%s", &out, text)
					}
					for c := range Inspect(f.Runner).Calls(0) {
						Inspect(f.Runner).Stop(c.Number)
					}
					time.Sleep(time.Hour)
					want(t, "ignoring", settled(t, f).Ignoring, 0)
				})
			})
		}
	}
}

func TestABodyThatReturnsSoonIsNotSaidToIgnoreItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out journal
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			<-ctx.Done()
			time.Sleep(4 * time.Second) // to write down where it was
			return "", ctx.Err()
		}, Timeout(time.Second), Retry(RetryPolicy{Attempts: 3, If: func(error) bool { return true }}), out.option())
		f.Run(t.Context(), "a")
		time.Sleep(time.Minute)
		want(t, "ignoring", settled(t, f).Ignoring, 0)
		if out.String() != "" {
			t.Errorf("the log says\n%s", &out)
		}
	})
}

// TestABodyThatWaitsForASlotDoesNotIgnoreItsEnd: it waits for the one that does.
func TestABodyThatWaitsForASlotDoesNotIgnoreItsEnd(t *testing.T) {
	for name, opt := range map[string]func() Option{
		"of its work": func() Option { return Concurrency(1) },
		"of a pool":   func() Option { return WithPool(NewPool(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var out journal
				inner := newFetch(sleeper, Name("inner"))
				f := newFetch(func(ctx context.Context, arg string) (string, error) {
					if arg == "deaf" {
						return deafFor(time.Hour)(ctx, arg)
					}
					inner.Run(ctx, arg)
					return arg, ctx.Err()
				}, opt(), out.option())
				waits := f.Start(t.Context(), "waits")
				synctest.Wait()
				deaf := f.Start(t.Context(), "deaf")
				time.Sleep(2 * time.Second)
				waits.Stop()
				deaf.Stop()
				time.Sleep(time.Minute)
				list := Inspect(f.Runner).Ignoring()
				if len(list) != 1 || list[0].Call != 2 || !list[0].HasSlot || list[0].Waiting != 1 {
					t.Errorf("listed: %+v", list)
				}
				want(t, "in the log of the other", len(out.said("call=1 ")), 0)
				time.Sleep(time.Hour)
				settled(t, f)
			})
		})
	}
}

// TestManyBodiesThatIgnoreTheirEndDoNotFillTheLog: ten of them are said one by one, each with
// the stack of its own goroutine.
func TestManyBodiesThatIgnoreTheirEndDoNotFillTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out journal
		var sleep func(depth int)
		sleep = func(depth int) {
			if depth > 0 {
				sleep(depth - 1)
				return
			}
			time.Sleep(15 * time.Second)
		}
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			sleep(len(arg))
			return "", errors.New("too late")
		}, Timeout(time.Second), out.option())
		for i := range 30 {
			f.Start(t.Context(), strings.Repeat("x", i))
		}
		time.Sleep(7 * time.Second)
		want(t, "ignoring", f.Stats().Ignoring, 30)
		want(t, "said one by one", len(out.said("a body ignores")), 10)
		if text := `msg="further bodies ignore that their contexts have ended" work=example.com/web.Fetch bodies=20`; !strings.Contains(out.String(), text) {
			t.Errorf("the log says\n%s\nwant\n%s", &out, text)
		}
		for i, b := range Inspect(f.Runner).Ignoring() {
			want(t, "call", b.Call, uint64(i+1))
			want(t, "depth of its own stack", strings.Count(b.Stack, "DoNotFillTheLog.func1.1("), i+1)
		}
		time.Sleep(time.Minute)
		settled(t, f)
	})
}

// TestNothingSecretIsSaidOfABodyThatIgnoresItsEnd is about its arguments, and its stack.
func TestNothingSecretIsSaidOfABodyThatIgnoresItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type args struct {
			Day   string
			Token string `workgen:"secret"`
			List  []int  // which the body may write to
		}
		var out journal
		calls := NewCalls(Spec[string, args, string]{
			Name: "example.com/web.Login",
			Execute: func(_ context.Context, a args) (string, error) {
				for range 20 {
					a.List[0]++
					time.Sleep(time.Second)
				}
				return a.Token, nil
			},
			Identify: func(a args) (uint64, string, *key.Encoder) { return hashOf(a.Day), a.Day, nil },
		}, out.option(), Timeout(time.Second))
		calls.Start(t.Context(), args{"monday", "correct horse battery", []int{0}})
		time.Sleep(10 * time.Second)
		list := Inspect(calls.Runner()).Ignoring()
		if len(list) != 1 || list[0].Arguments != `Day="monday" Token=(secret) List=…` {
			t.Errorf("listed: %+v", list)
		}
		if strings.Contains(fmt.Sprint(list, &out), "horse") {
			t.Errorf("the log says\n%s", &out)
		}
		time.Sleep(time.Minute)
	})
}

// TestTheFirstEndOfAContextCounts: later ones change neither the time nor the cause.
func TestTheFirstEndOfAContextCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(deafFor(time.Minute), Timeout(time.Second), Retry(RetryPolicy{Attempts: 2}), WithLogger(slog.New(slog.DiscardHandler)))
		call := f.Start(t.Context(), "a")
		time.Sleep(4 * time.Second)
		call.Stop()
		time.Sleep(3 * time.Second)
		list := Inspect(f.Runner).Ignoring()
		if len(list) != 1 || time.Since(list[0].Since) != 6*time.Second || !errors.Is(list[0].Cause, context.DeadlineExceeded) {
			t.Errorf("listed: %+v", list)
		}
		time.Sleep(time.Minute)
		settled(t, f)
	})
}

// TestStacksAreNotLookedForAmongTooManyGoroutines, which would hold up the program.
func TestStacksAreNotLookedForAmongTooManyGoroutines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		for range mostStacks {
			go func() { <-ctx.Done() }()
		}
		f := newFetch(deafFor(time.Minute), Timeout(time.Second), WithLogger(slog.New(slog.DiscardHandler)))
		f.Start(t.Context(), "a")
		time.Sleep(7 * time.Second)
		list := Inspect(f.Runner).Ignoring()
		if len(list) != 1 || list[0].Stack != "not looked for: there are more than 10000 goroutines" {
			t.Errorf("listed: %+v", list)
		}
		cancel()
		time.Sleep(time.Minute)
		settled(t, f)
	})
}
