package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

var (
	errNoPage = errors.New("no such page")
	errBusy   = errors.New("busy")
)

// lifetimes keeps errNoPage for an hour, stored or not, and nothing else.
func lifetimes(stored bool) Option {
	return CacheErrorsFunc(func(err error) ErrorLifetime {
		if errors.Is(err, errNoPage) {
			return ErrorLifetime{For: time.Hour, Stored: stored}
		}
		return ErrorLifetime{Stored: true}
	})
}

// failsWith is a body that fails with what *err is, wrapped, or succeeds, and counts executions.
func failsWith(n *atomic.Int64, err *error) func(context.Context, string) (string, error) {
	return func(_ context.Context, arg string) (string, error) {
		if times := n.Add(1); *err != nil {
			return "", fmt.Errorf("%w, the %dth time", *err, times)
		}
		return "got " + arg, nil
	}
}

// failsFirst is a body that fails the first time.
func failsFirst(n *atomic.Int64, err error) func(context.Context, string) (string, error) {
	return func(_ context.Context, arg string) (string, error) {
		if times := n.Add(1); times == 1 {
			return "", fmt.Errorf("%w, the %dth time", err, times)
		}
		return "got " + arg, nil
	}
}

// wantError checks what a call returns.
func wantError(t *testing.T, f *fetch, text string) error {
	t.Helper()
	_, err := f.Run(t.Context(), "a")
	if err == nil || !strings.HasSuffix(err.Error(), text) {
		t.Errorf("error %v, want %q", err, text)
	}
	return err
}

// wantRemote is wantError of an error that the store keeps.
func wantRemote(t *testing.T, f *fetch, text string) {
	t.Helper()
	var remote *RemoteError
	if err := wantError(t, f, text); !errors.As(err, &remote) {
		t.Errorf("error %#v, want a RemoteError", err)
	}
}

func TestAFunctionSaysWhichErrorsAreKeptAndForHowLong(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		life ErrorLifetime
		kept time.Duration
	}{
		"for an hour":         {errNoPage, ErrorLifetime{For: time.Hour}, time.Hour},
		"stored, but nowhere": {errNoPage, ErrorLifetime{For: time.Hour, Stored: true}, time.Hour},
		"for a nanosecond":    {errNoPage, ErrorLifetime{For: 1}, 1},
		"not at all":          {errNoPage, ErrorLifetime{}, 0},
		"stored for no time":  {errNoPage, ErrorLifetime{Stored: true}, 0},
		"less than nothing":   {errNoPage, ErrorLifetime{For: -time.Hour, Stored: true}, 0},
		"a deadline":          {context.DeadlineExceeded, ErrorLifetime{For: time.Hour}, 0},
		"a cancellation":      {context.Canceled, ErrorLifetime{For: time.Hour}, 0},
		"a nested panic":      {&PanicError{Work: "inner"}, ErrorLifetime{For: time.Hour}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				asked := 0
				f := newFetch(func(context.Context, string) (string, error) { return "", test.err },
					CacheErrorsFunc(func(err error) ErrorLifetime {
						asked++
						want(t, "asked of", err, test.err)
						return test.life
					}))
				wantErr(t, wantError(t, f, ""), test.err)
				synctest.Wait()
				want(t, "asked", asked == 1, test.err == errNoPage)
				if test.kept > 0 {
					time.Sleep(test.kept - 1)
					want(t, "error", wantError(t, f, ""), test.err)
					want(t, "executions while it is kept", settled(t, f).Executions, 1)
					time.Sleep(time.Nanosecond)
					synctest.Wait()
				}
				wantError(t, f, "")
				want(t, "executions", settled(t, f).Executions, 2)
			})
		})
	}
}

func TestOnlyTheLastErrorIsAskedOf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		var asked []string
		f := newFetch(failsWith(&n, &errNoPage), Retry(RetryPolicy{Attempts: 3}), CacheErrorsFunc(func(err error) ErrorLifetime {
			asked = append(asked, err.Error())
			return ErrorLifetime{For: time.Hour}
		}))
		for range 2 {
			wantErr(t, wantError(t, f, "the 3th time"), errNoPage)
		}
		want(t, "asked of", strings.Join(asked, "; "), "no such page, the 3th time")
		want(t, "executions", settled(t, f).Executions, 3)
	})
}

func TestOfTheOptionsForErrorsTheLastWins(t *testing.T) {
	always := func(error) ErrorLifetime { return ErrorLifetime{For: time.Hour} }
	for name, test := range map[string]struct {
		opts []Option
		kept time.Duration
	}{
		"the function":           {[]Option{CacheErrors(time.Minute), CacheErrorsFunc(always)}, time.Hour},
		"one time for all":       {[]Option{CacheErrorsFunc(always), CacheErrors(time.Minute)}, time.Minute},
		"none for all":           {[]Option{CacheErrorsFunc(always), CacheErrors(0)}, 0},
		"no function any more":   {[]Option{CacheErrorsFunc(always), CacheErrorsFunc(nil)}, 0},
		"nor what was before it": {[]Option{CacheErrors(time.Minute), CacheErrorsFunc(nil)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var n atomic.Int64
				f := newFetch(failsWith(&n, &errNoPage), test.opts...)
				wantError(t, f, "the 1th time")
				if test.kept > 0 {
					time.Sleep(test.kept - 1)
					wantError(t, f, "the 1th time")
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				wantError(t, f, "the 2th time")
			})
		})
	}
}

func TestAFunctionOfErrorsThatPanicsKeepsNothing(t *testing.T) {
	for _, stored := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			var logged bytes.Buffer
			var n atomic.Int64
			opts := []Option{WithLogger(slog.New(slog.NewTextHandler(&logged, nil))), CacheErrorsFunc(func(error) ErrorLifetime { panic("oops") })}
			if stored {
				opts = append(opts, WithStore(memory.New(0)))
			}
			f := againWith(failsWith(&n, &errNoPage), opts...)
			for i := range 2 {
				wantErr(t, wantError(t, f, fmt.Sprintf("the %dth time", i+1)), errNoPage)
			}
			want(t, "panics", settled(t, f).Panics, 0)
			if !strings.Contains(logged.String(), "the function of CacheErrorsFunc panicked") || !strings.Contains(logged.String(), "oops") {
				t.Errorf("logged: %s", &logged)
			}
		})
	}
}

func TestOthersGetAnErrorThatTheStoreKeeps(t *testing.T) {
	for _, jitter := range []float64{0, 0.5} {
		bubble(t, func(t *testing.T) {
			var n atomic.Int64
			err := errNoPage
			s := memory.New(0)
			f := againWith(failsWith(&n, &err), WithStore(s), lifetimes(true), Jitter(jitter))
			wantErr(t, wantError(t, f, "the 1th time"), errNoPage)
			rec := records(t, s)[0]
			want(t, "status", rec.Status, store.Failed)
			if left := time.Until(rec.Expires); left > time.Hour || left < time.Hour/2 || (left == time.Hour) != (jitter == 0) {
				t.Errorf("it is kept for %v", left)
			}
			g := againWith(failsWith(&n, &err), WithStore(s.Another())) // which has no such option
			time.Sleep(time.Until(rec.Expires) - 2)
			for range 2 {
				wantRemote(t, g, "no such page, the 1th time")
			}
			stats := settled(t, g)
			want(t, "hits", stats.Hits, 1)
			want(t, "stored", stats.Stored, 1)
			want(t, "errors", stats.Errors, 1)
			want(t, "status is stored", g.Status().Stored, true)
			want(t, "kept", stats.Entries, 1)
			wantErr(t, wantError(t, f, "the 1th time"), errNoPage)
			want(t, "executions", n.Load(), 1)
			time.Sleep(2 * time.Nanosecond)
			want(t, "kept after its time", settled(t, g).Entries, 0)
			err = nil
			wantResult(t, "got a")(g.Run(t.Context(), "a"))
			wantResult(t, "got a")(f.Run(t.Context(), "a"))
			want(t, "executions", n.Load(), 2)
		})
	}
}

func TestTheStoreKeepsOnlyWhatIsToBeStored(t *testing.T) {
	for name, opts := range map[string][]Option{
		"kept in memory":         {lifetimes(false)},
		"the short form":         {CacheErrors(time.Hour)},
		"only another is stored": {CacheErrorsFunc(func(err error) ErrorLifetime { return ErrorLifetime{For: time.Hour, Stored: errors.Is(err, errBusy)} })},
		"none":                   nil,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var n atomic.Int64
				s := memory.New(0)
				f := againWith(failsWith(&n, &errNoPage), append(opts, WithStore(s))...)
				wantError(t, f, "the 1th time")
				want(t, "expires", records(t, s)[0].Expires, time.Time{})
				g := againWith(failsWith(&n, &errNoPage), WithStore(s.Another()))
				wantErr(t, wantError(t, g, "the 2th time"), errNoPage)
			})
		})
	}
}

// Who waits for an execution elsewhere keeps its error, too.
func TestWhoWaitsForAnErrorThatIsStoredKeepsIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		s := memory.New(0)
		body := func(ctx context.Context, arg string) (string, error) {
			n.Add(1)
			time.Sleep(time.Minute)
			return "", errNoPage
		}
		f := againWith(body, WithStore(s), lifetimes(true))
		f.Start(t.Context(), "a")
		synctest.Wait()
		g := againWith(body, WithStore(s.Another()), lifetimes(true))
		for range 2 {
			wantRemote(t, g, "no such page")
		}
		want(t, "hits", settled(t, g).Hits, 1)
		want(t, "executions", n.Load(), 1)
	})
}

func TestAnErrorThatIsStoredIsNotGivenUp(t *testing.T) {
	for _, stored := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			var n atomic.Int64
			s := memory.New(0)
			opts := []Option{Retry(RetryPolicy{Attempts: 2, Initial: time.Second, Jitter: -1}), lifetimes(stored)}
			with := func() *fetch { return againWith(failsWith(&n, &errNoPage), append(opts, WithStore(s.Another()))...) }
			f := with()
			wantError(t, f, "the 2th time")
			var givenUp *GivenUpError
			_, err := with().Run(t.Context(), "a")
			want(t, "given up", errors.As(err, &givenUp), !stored)
			time.Sleep(time.Hour)
			synctest.Wait()
			_, err = f.Run(t.Context(), "a")
			want(t, "given up after an hour", errors.As(err, &givenUp), !stored)
			if !stored {
				want(t, "executions", n.Load(), 2)
				return
			}
			want(t, "executions", n.Load(), 4) // it has two attempts again
			want(t, "attempts", f.Status().Attempts, 2)
			wantRemote(t, with(), "the 4th time")
			want(t, "executions", n.Load(), 4)
		})
	}
}

func TestAnErrorThatIsStoredIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		err := errNoPage
		s := memory.New(0)
		f := againWith(failsWith(&n, &err), WithStore(s), lifetimes(true))
		g := againWith(failsWith(&n, &err), WithStore(s.Another()), lifetimes(true))
		wantError(t, f, "the 1th time")
		wantRemote(t, g, "the 1th time")
		f.Forget("a")
		synctest.Wait()
		err = nil
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "executions", n.Load(), 2)
	})
}

func TestWhoExecutesAgainTakesTheStoredErrorAway(t *testing.T) {
	for _, mended := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			var n atomic.Int64
			err := errNoPage
			s := memory.New(0)
			f := againWith(failsWith(&n, &err), WithStore(s), lifetimes(true))
			g := againWith(failsWith(&n, &err), WithStore(s.Another()), lifetimes(true))
			wantError(t, f, "the 1th time")
			wantRemote(t, g, "the 1th time")
			if err = errBusy; mended {
				err = nil
			}
			if _, err := Inspect(g.Runner).AgainKey(t.Context(), keyOfCall(f, "a")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			want(t, "executions", n.Load(), 2)
			err = nil
			for _, h := range []*fetch{f, g, againWith(failsWith(&n, &err), WithStore(s.Another()))} {
				wantResult(t, "got a")(h.Run(t.Context(), "a"))
			}
			executions := int64(2)
			if !mended {
				executions = 3
			}
			want(t, "executions", n.Load(), executions)
		})
	}
}

// The clock was set back, or is behind, so that nobody knows how much of its time is over.
func TestAnErrorOfTheFutureIsNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		var n atomic.Int64
		f := againWith(failsWith(&n, &errNoPage), WithStore(s))
		rec := beginning(f, "a")
		l, err := s.Begin(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		rec.Status, rec.Finished, rec.Expires = store.Failed, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		for _, ahead := range []time.Duration{0, 2 * time.Hour} {
			rec.Finished = rec.Finished.Add(ahead)
			if err := s.End(t.Context(), l, rec, nil); err != nil {
				t.Fatal(err)
			}
			want(t, "it is kept", rec.Answers(time.Now()), ahead == 0)
			_, err := againWith(failsWith(&n, &errNoPage), WithStore(s.Another())).Run(t.Context(), "a")
			var remote *RemoteError
			want(t, "it is given", errors.As(err, &remote), ahead == 0)
			if l, err = s.Begin(t.Context(), beginning(f, "a")); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestARefreshThatFailsIsNoErrorThatIsKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		var err error
		s := memory.New(0)
		f := againWith(failsWith(&n, &err), WithStore(s), lifetimes(true), RefreshAfter(time.Minute), TTL(2*time.Minute), StaleIfError(time.Hour))
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		err = errNoPage
		time.Sleep(time.Minute)
		wantResult(t, "got a")(f.Run(t.Context(), "a")) // and refreshes it
		time.Sleep(time.Minute)
		wantResult(t, "got a")(f.Run(t.Context(), "a")) // in vain, and it has expired
		synctest.Wait()
		if n.Load() < 2 {
			t.Errorf("%d executions", n.Load())
		}
		err = nil
		before := n.Load()
		g := againWith(failsWith(&n, &err), WithStore(s.Another()))
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		want(t, "executions", n.Load(), before+1)
	})
}

func TestTheEnvironmentAndErrorsThatAreStored(t *testing.T) {
	for value, executes := range map[string]bool{"off": true, "refresh": true, "read": false, "only": false} {
		t.Setenv(cacheVariable, "")
		bubble(t, func(t *testing.T) {
			var n atomic.Int64
			s := memory.New(0)
			wantError(t, againWith(failsWith(&n, &errNoPage), WithStore(s), lifetimes(true)), "the 1th time")
			t.Setenv(cacheVariable, value)
			f := againWith(failsWith(&n, &errNoPage), WithStore(s.Another()))
			if executes {
				wantErr(t, wantError(t, f, "the 2th time"), errNoPage)
			} else {
				wantRemote(t, f, "the 1th time")
			}
		})
	}
}

// A flow gets the error at once, and executes when its time is over.
func TestAFlowIsWokenWhenAnErrorIsNotKeptAnyMore(t *testing.T) {
	permanent := Permanent(errNoPage)
	for name, test := range map[string]struct {
		err  error
		opts []Option
	}{
		"of this process":            {errNoPage, nil},
		"that is for good":           {permanent, nil},
		"of another process":         {errNoPage, []Option{WithStore(memory.New(0))}},
		"of another, and not to try": {errNoPage, []Option{WithStore(memory.New(0)), Retry(RetryPolicy{If: func(error) bool { return false }})}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var n atomic.Int64
				opts := append(test.opts, lifetimes(true))
				if test.opts != nil {
					wantError(t, againWith(failsFirst(&n, test.err), opts...), "the 1th time")
				}
				f := againWith(failsFirst(&n, test.err), opts...)
				var at []time.Duration
				var errs []error
				began := time.Now()
				l := &Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
					_, err := f.Run(ctx, "a")
					if !Suspended(err) {
						at, errs = append(at, time.Since(began)), append(errs, err)
					}
					return err
				}}
				go func() {
					time.Sleep(30 * time.Minute)
					want(t, "executions in half an hour", n.Load(), 1)
				}()
				want(t, "error", during(t, 2*time.Hour, l), nil)
				want(t, "executions", n.Load(), 2)
				if first := slices.Index(errs, nil); first < 1 || at[first] < time.Hour || at[first] > time.Hour+time.Second {
					t.Errorf("passes at %v: %v", at, errs)
				}
			})
		})
	}
}

// So does one whose process is told that the call was deleted.
func TestAFlowIsWokenWhenAStoredErrorIsDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		s := memory.New(0)
		f := againWith(failsFirst(&n, Permanent(errNoPage)), WithStore(s), lifetimes(true))
		l := &Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
			_, err := f.Run(ctx, "a")
			return err
		}}
		go func() {
			time.Sleep(time.Minute)
			want(t, "executions in a minute", n.Load(), 1)
			if _, err := s.Delete(t.Context(), store.Ref{Work: f.name, Key: keyOfCall(f, "a")}); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
			want(t, "executions", n.Load(), 2)
		}()
		want(t, "error", during(t, 10*time.Minute, l), nil)
		want(t, "executions", n.Load(), 2)
	})
}
