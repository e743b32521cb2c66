package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

func TestAnErrorGoesToEveryWaiterAsItIsWithTheResultAndIsNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		failure := errors.New("no such page")
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(time.Second)
			return "partly", failure
		})
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				got, err := f.Run(t.Context(), "a")
				want(t, "result", got, "partly")
				want(t, "error", err, failure)
			})
		}
		all.Wait()
		want(t, "status", f.Status().Status, Failed)
		want(t, "reason", f.Status().Reason, failure)
		_, err := f.Run(t.Context(), "a")
		want(t, "error", err, failure)
		s := settled(t, f)
		want(t, "executions", s.Executions, 2)
		want(t, "errors", s.Errors, 2)
		want(t, "entries", s.Entries, 0)
	})
}

func TestCacheErrorsKeepsErrorsThatTellOfTheArguments(t *testing.T) {
	plain := errors.New("no such page")
	for name, test := range map[string]struct {
		err  error
		kept bool
	}{
		"an error":                       {plain, true},
		"an error that wraps another":    {fmt.Errorf("fetch: %w", plain), true},
		"the body's own cancellation":    {context.Canceled, false},
		"a deadline somewhere inside":    {fmt.Errorf("fetch: %w", context.DeadlineExceeded), false},
		"a nested call's timeout":        {&TimeoutError{Work: "inner"}, false},
		"a nested call that was stopped": {named("inner", ErrStopped), false},
		"a nested runner that is closed": {named("inner", ErrClosed), false},
		"a nested Goexit":                {named("inner", ErrGoexit), false},
		"a nested panic":                 {fmt.Errorf("fetch: %w", &PanicError{Work: "inner"}), false},
		"a nested changed input":         {&InputChangedError{Work: "inner"}, false},
		"a cycle":                        {&CycleError{Works: []string{"inner"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(func(context.Context, string) (string, error) { return "", test.err },
					CacheErrors(time.Minute))
				for range 2 {
					_, err := f.Run(t.Context(), "a")
					want(t, "error", err, test.err)
				}
				s := settled(t, f)
				want(t, "kept", s.Executions == 1, test.kept)
				want(t, "hit", s.Hits == 1, test.kept)
				_, found := f.Lookup("a")
				want(t, "looked up", found, false)
			})
		})
	}
}

func TestAPanicBecomesAnErrorOfEveryWaiterAndIsLogged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var logged bytes.Buffer
		cause := errors.New("index out of range")
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(time.Second)
			panic(cause)
		}, CacheErrors(time.Hour), WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				_, err := f.Run(t.Context(), "a")
				var p *PanicError
				if !errors.As(err, &p) {
					t.Errorf("error: got %v, want a PanicError", err)
					return
				}
				want(t, "work", p.Work, f.name)
				want(t, "value", p.Value, any(cause))
				wantErr(t, err, cause)
				if !strings.Contains(string(p.Stack), "TestAPanicBecomes") {
					t.Errorf("the stack does not show the body:\n%s", p.Stack)
				}
			})
		}
		all.Wait()
		s := settled(t, f)
		want(t, "panics", s.Panics, 1)
		want(t, "errors", s.Errors, 1)
		want(t, "entries", s.Entries, 0)
		for _, word := range []string{f.name, cause.Error(), "TestAPanicBecomes"} {
			if !strings.Contains(logged.String(), word) {
				t.Errorf("log lacks %q: %s", word, &logged)
			}
		}
	})
}

func TestAPanicAfterItsCallWasStoppedIsStillLogged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var logged bytes.Buffer
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			<-ctx.Done()
			panic("cannot be cancelled")
		}, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		f.Start(t.Context(), "a").Stop()
		call := f.Start(t.Context(), "b")
		synctest.Wait()
		call.Stop()
		_, err := call.Wait(t.Context())
		wantErr(t, err, ErrStopped)
		s := settled(t, f)
		want(t, "panics", s.Panics, s.Executions)
		want(t, "errors", s.Errors, 0)
		if !strings.Contains(logged.String(), "cannot be cancelled") {
			t.Errorf("log lacks the panic: %s", &logged)
		}
	})
}

func TestGoexitInABodyBecomesAnErrorAndHangsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			goruntime.Goexit()
			return arg, nil
		}, Concurrency(1), CacheErrors(time.Hour))
		for range 2 {
			_, err := f.Run(t.Context(), "a")
			wantErr(t, err, ErrGoexit)
		}
		s := settled(t, f)
		want(t, "executions", s.Executions, 2)
		want(t, "panics", s.Panics, 0)
	})
}

func TestPanicErrorUnwrapsOnlyErrors(t *testing.T) {
	want(t, "a string", (&PanicError{Value: "oops"}).Unwrap(), nil)
	want(t, "an error", (&PanicError{Value: ErrStopped}).Unwrap(), ErrStopped)
	want(t, "message", (&PanicError{Work: "w", Value: "oops"}).Error(), "work w panicked: oops")
}

func TestATimeoutReleasesItsCallersAlsoWhenTheBodyIsDeaf(t *testing.T) {
	for name, body := range map[string]func(context.Context, string) (string, error){
		"a body that heeds its context": func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", fmt.Errorf("interrupted: %w", ctx.Err())
		},
		"a body that ignores it": func(context.Context, string) (string, error) {
			time.Sleep(time.Hour)
			return "too late", nil
		},
		"a body that panics then": func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			panic("interrupted")
		},
		"a body that returns at the same moment": func(context.Context, string) (string, error) {
			time.Sleep(time.Minute)
			return "just in time, or not", nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFetch(body, Timeout(time.Minute), CacheErrors(time.Hour), WithLogger(slog.New(slog.DiscardHandler)))
				began := time.Now()
				_, err := f.Run(t.Context(), "a")
				want(t, "time", time.Since(began), time.Minute)
				if err == nil {
					// Only the fourth body may win, and only that race.
					want(t, "body", name, "a body that returns at the same moment")
					return
				}
				wantErr(t, err, context.DeadlineExceeded)
				var timeout *TimeoutError
				if !errors.As(err, &timeout) || *timeout != (TimeoutError{f.name, time.Minute}) {
					t.Errorf("error: got %#v", err)
				}
				want(t, "status", f.Status().Status, Failed)
				_, kept := f.Lookup("a")
				want(t, "kept", kept, false)
				time.Sleep(time.Hour)
				s := settled(t, f)
				want(t, "timeouts", s.Timeouts, 1)
				want(t, "errors", s.Errors, 1)
				want(t, "entries", s.Entries, 0)
			})
		})
	}
}

func TestADeafBodyCountsInFlightAndKeepsItsSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "deaf" {
				time.Sleep(time.Hour)
			}
			return arg, nil
		}, Timeout(time.Minute), Concurrency(1))
		_, err := f.Run(t.Context(), "deaf")
		wantErr(t, err, context.DeadlineExceeded)
		want(t, "in flight", f.Stats().InFlight, 1)
		began := time.Now()
		wantResult(t, "b")(f.Run(t.Context(), "b")) // its own timeout begins with its body
		want(t, "time for the slot", time.Since(began), 59*time.Minute)
		settled(t, f)
	})
}

func TestTheBodySeesTheTimeoutAsItsDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			d, _ := ctx.Deadline()
			return time.Until(d).String(), nil
		}, Timeout(time.Minute))
		wantResult(t, "1m0s")(f.Run(t.Context(), "a"))
	})
}

// box is a work with an input that its caller could write to meanwhile.
func box(input *int, body func() error, opts ...Option) *Calls[string, string, int] {
	return NewCalls(Spec[string, string, int]{
		Name: "box", Identify: byItself,
		Execute: func(context.Context, string) (int, error) {
			before := *input
			return before, body()
		},
		EncodeWork: func(e *key.Encoder) { e.Int(*input) },
	}, opts...)
}

func TestAnInputThatChangedMeanwhileFailsTheCall(t *testing.T) {
	failure := errors.New("failed anyway")
	for name, test := range map[string]struct {
		body func(input *int) error
		want error // nil: an InputChangedError
		kept int
	}{
		"unchanged":           {func(*int) error { return nil }, errNone, 1},
		"unchanged and fails": {func(*int) error { return failure }, failure, 1},
		"changed":             {func(input *int) error { *input++; return nil }, nil, 0},
		"changed and fails":   {func(input *int) error { *input++; return failure }, failure, 0},
		"changed and back":    {func(input *int) error { *input++; *input--; return nil }, errNone, 1},
	} {
		t.Run(name, func(t *testing.T) {
			input := 1
			c := box(&input, func() error { return test.body(&input) }, CacheErrors(time.Hour))
			_, err := c.Run(t.Context(), 1, "a", "a")
			var changed *InputChangedError
			switch {
			case test.want == errNone:
				want(t, "error", err, nil)
			case test.want != nil:
				want(t, "error", err, test.want)
			case !errors.As(err, &changed) || changed.Work != "box":
				t.Errorf("error: got %v, want an InputChangedError", err)
			}
			want(t, "entries", c.Runner().Stats().Entries, test.kept)
		})
	}
}

var errNone = errors.New("no error is expected")

func TestAPanicWhileArgumentsAreCopiedFailsTheCall(t *testing.T) {
	for name, end := range map[string]func(){
		"panic":  func() { panic("cannot copy") },
		"goexit": goruntime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				calls := NewCalls(Spec[string, string, string]{
					Name:      "w",
					Execute:   echo,
					CloneArgs: func(string) string { time.Sleep(time.Second); end(); return "" },
				}, Concurrency(1))
				f := fetchOf(calls)
				var all sync.WaitGroup
				all.Go(func() {
					_, err := f.Run(t.Context(), "a")
					var p *PanicError
					want(t, "the caller's PanicError", errors.As(err, &p), true)
				})
				synctest.Wait()
				all.Go(func() {
					_, err := f.Run(t.Context(), "a")
					var p *PanicError
					want(t, "PanicError", errors.As(err, &p), name == "panic")
					want(t, "ErrGoexit", errors.Is(err, ErrGoexit), name == "goexit")
				})
				all.Wait()
				s := settled(t, f)
				want(t, "executions", s.Executions, 0)
				want(t, "errors", s.Errors, 1)
			})
		})
	}
}

func TestAResultThatComesAfterTheTimeoutIsNeverTaken(t *testing.T) {
	// The body may notice before those who end the call do; hence many tries.
	f := newFetch(func(ctx context.Context, arg string) (string, error) {
		for ctx.Err() == nil {
			goruntime.Gosched()
		}
		return "too late", nil
	}, Timeout(20*time.Microsecond))
	for i := range 500 {
		got, err := f.Run(t.Context(), fmt.Sprint(i))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %q and error %v", got, err)
		}
	}
	want(t, "entries", f.Stats().Entries, 0)
	want(t, "timeouts", f.Stats().Timeouts, 500)
}
