package runtime

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// againSpec is storingSpec of which no argument is secret.
func againSpec(body func(context.Context, string) (string, error)) Spec[string, string, string] {
	spec := storingSpec(body)
	spec.Inputs, spec.Secret = []string{"url string"}, nil
	spec.Encode = func(arg *string, e *key.Encoder) { e.String(*arg) }
	return spec
}

func againWith(body func(context.Context, string) (string, error), opts ...Option) *fetch {
	opts = append([]Option{WithLogger(slog.New(slog.DiscardHandler))}, opts...)
	return fetchOf(NewCalls(againSpec(body), opts...))
}

// versions is a body that returns another result each time, after a second, or fails where the
// argument of fail says so.
func versions(times *atomic.Int64, fail func(n int64) error) func(context.Context, string) (string, error) {
	return func(ctx context.Context, arg string) (string, error) {
		n := times.Add(1)
		if _, err := sleeper(ctx, arg); err != nil {
			return "", err
		}
		if fail != nil {
			if err := fail(n); err != nil {
				return "", err
			}
		}
		return arg + strconv.FormatInt(n, 10), nil
	}
}

func keyOfCall(f *fetch, arg string) key.Key { return f.calls.Key(arg) }

// again executes a call again, and makes sure that there is one.
func again(t *testing.T, f *fetch, arg string, number uint64) uint64 {
	t.Helper()
	n, err := Inspect(f.Runner).Again(t.Context(), number)
	if err != nil || n == 0 {
		t.Fatalf("call %d, %v", n, err)
	}
	return n
}

func listened(f *fetch) { Inspect(f.Runner).Notify(make(chan struct{}, 1)) }

func TestACallIsExecutedAgainWhileItsResultStays(t *testing.T) {
	for name, opts := range map[string]func() []Option{
		"memory": func() []Option { return nil },
		"store":  func() []Option { return []Option{WithStore(memory.New(0))} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var times atomic.Int64
				f := againWith(versions(&times, nil), opts()...)
				listened(f)
				wantResult(t, "a1")(f.Run(t.Context(), "a"))
				n := again(t, f, "a", 1)
				want(t, "number", n, 2)
				want(t, "number of one that is under way", again(t, f, "a", 1), 2)
				time.Sleep(999 * time.Millisecond)
				before := time.Now()
				wantResult(t, "a1")(f.Run(t.Context(), "a"))
				want(t, "a hit waits for", time.Since(before), 0)
				d, _ := Inspect(f.Runner).Call(2)
				want(t, "status", d.Status, Running)
				want(t, "again", d.Again, true)
				time.Sleep(time.Millisecond)
				synctest.Wait()
				wantResult(t, "a2")(f.Run(t.Context(), "a"))
				old, _ := Inspect(f.Runner).Call(1)
				want(t, "the old one is kept", old.Kept, false)
				want(t, "removal", old.Removed, Replaced)
				d, _ = Inspect(f.Runner).Call(2)
				want(t, "the new one is kept", d.Kept, true)
				want(t, "entries", f.Stats().Entries, 1)
				want(t, "executions", times.Load(), 2)

				again(t, f, "a", 2) // and again
				time.Sleep(2 * time.Second)
				wantResult(t, "a3")(f.Run(t.Context(), "a"))
				s := f.Stats()
				want(t, "misses", s.Misses, s.Successes+s.Errors+s.Stops)
				if f.store == nil {
					return
				}
				// Another process finds the new one.
				g := againWith(mustNotRun, WithStore(f.backend))
				wantResult(t, "a3")(g.Run(t.Context(), "a"))
			})
		})
	}
}

func TestWhatIsExecutedAgainInVainChangesNothing(t *testing.T) {
	for name, opts := range map[string]func() []Option{
		"memory": func() []Option { return nil },
		"store":  func() []Option { return []Option{WithStore(memory.New(0))} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var times atomic.Int64
				broken := errors.New("broken")
				opts := append(opts(), Retry(RetryPolicy{Attempts: 2, Initial: time.Second, Jitter: -1}), CacheErrors(time.Hour))
				f := againWith(versions(&times, func(n int64) error {
					if n > 1 {
						return broken
					}
					return nil
				}), opts...)
				listened(f)
				wantResult(t, "a1")(f.Run(t.Context(), "a"))
				n := again(t, f, "a", 1)
				time.Sleep(10 * time.Second)
				d, _ := Inspect(f.Runner).Call(n)
				want(t, "status", d.Status, Failed)
				want(t, "attempts", d.Attempts, 2)
				wantResult(t, "a1")(f.Run(t.Context(), "a"))

				n = again(t, f, "a", 1)
				time.Sleep(time.Second / 2)
				Inspect(f.Runner).Stop(n)
				synctest.Wait()
				d, _ = Inspect(f.Runner).Call(n)
				want(t, "status", d.Status, Stopped)
				wantResult(t, "a1")(f.Run(t.Context(), "a"))
				want(t, "executions", times.Load(), 4)
				if f.store == nil {
					return
				}
				g := againWith(mustNotRun, WithStore(f.backend))
				wantResult(t, "a1")(g.Run(t.Context(), "a"))
				f.store.Delete(t.Context(), keyOfCall(f, "a"))
				// Nor does it count for who executes the call when the result has gone.
				h := againWith(versions(&times, nil), WithStore(f.backend), Retry(RetryPolicy{Attempts: 2}))
				wantResult(t, "a5")(h.Run(t.Context(), "a"))
			})
		})
	}
}

// Another process, which has the arguments from the store only, executes the call again, and
// this one, which keeps the old result in memory, finds the new one.
func TestACallOfAnotherProcessIsExecutedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var times atomic.Int64
		s := memory.New(0)
		first := againWith(versions(&times, nil), WithStore(s))
		wantResult(t, "a1")(first.Run(t.Context(), "a"))
		second := againWith(versions(&times, nil), WithStore(s.Another()))
		i := Inspect(second.Runner)
		if args, ok := i.StoredArguments(t.Context(), keyOfCall(first, "a")); !ok || args != "a" {
			t.Errorf("arguments %v, %v", args, ok)
		}
		n, err := i.AgainKey(t.Context(), keyOfCall(first, "a"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second / 2)
		wantResult(t, "a1")(second.Run(t.Context(), "a")) // from the store
		if m, err := Inspect(first.Runner).AgainKey(t.Context(), keyOfCall(first, "a")); err != nil || m == 0 {
			t.Errorf("in both: %v", err)
		}
		time.Sleep(5 * time.Second)
		wantResult(t, "a2")(first.Run(t.Context(), "a"))
		wantResult(t, "a2")(second.Run(t.Context(), "a"))
		want(t, "executions", times.Load(), 2) // the first has joined
		d, _ := i.Call(n)
		want(t, "the new one is kept", d.Kept, true)
		want(t, "attempts", d.Attempts, 1)
		rec := records(t, s)
		if len(rec) != 1 || !rec[0].Again {
			t.Errorf("records %+v", rec)
		}
	})
}

// The failure of one goes to both.
func TestAFailureAgainIsShared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var times atomic.Int64
		s := memory.New(0)
		fail := func(n int64) error {
			if n > 1 {
				return errors.New("broken")
			}
			return nil
		}
		first := againWith(versions(&times, fail), WithStore(s))
		wantResult(t, "a1")(first.Run(t.Context(), "a"))
		second := againWith(versions(&times, fail), WithStore(s.Another()))
		for _, f := range []*fetch{first, second} {
			if _, err := Inspect(f.Runner).AgainKey(t.Context(), keyOfCall(f, "a")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second / 4)
		}
		time.Sleep(5 * time.Second)
		want(t, "executions", times.Load(), 2)
		var remote *RemoteError
		if !errors.As(second.Status().Reason, &remote) {
			t.Errorf("reason %v", second.Status().Reason)
		}
		wantResult(t, "a1")(second.Run(t.Context(), "a"))
	})
}

func TestWhyACallIsNotExecutedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		refused := func(what string, err error, part string) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, want one that says %q", what, err, part)
			}
		}
		s := memory.New(0)
		f := againWith(echo)
		f.Run(t.Context(), "a")
		_, err := Inspect(f.Runner).Again(t.Context(), 1)
		refused("nobody listened", err, "arguments of the call are not there")
		_, err = Inspect(f.Runner).Again(t.Context(), 9)
		refused("never made", err, "not remembered")
		listened(f)
		f.Run(t.Context(), strings.Repeat("x", store.MaxArguments))
		_, err = Inspect(f.Runner).Again(t.Context(), 2)
		refused("large", err, "64 KiB")
		f.Close(t.Context())
		_, err = Inspect(f.Runner).Again(t.Context(), 1)
		refused("closed", err, "closed")

		secret := storing(s, echo)
		secret.Run(t.Context(), "a")
		_, err = Inspect(secret.Runner).AgainKey(t.Context(), secret.calls.Key("a"))
		refused("secret", err, "token is secret")
		for r := range s.History(t.Context(), store.Filter{Arguments: true}) {
			if r.Arguments != nil {
				t.Error("secret arguments are stored")
			}
		}

		old := againWith(echo, WithStore(s))
		old.Run(t.Context(), "b")
		old.Run(t.Context(), strings.Repeat("x", store.MaxArguments))
		_, err = Inspect(old.Runner).AgainKey(t.Context(), old.calls.Key(strings.Repeat("x", store.MaxArguments)))
		refused("large", err, "64 KiB")
		spec := againSpec(mustNotRun)
		spec.Code = &Code{Sum: "c2"}
		changed := fetchOf(NewCalls(spec, WithStore(s), WithLogger(slog.New(slog.DiscardHandler))))
		_, err = Inspect(changed.Runner).AgainKey(t.Context(), old.calls.Key("b"))
		refused("other code", err, "the code of the work has changed")
		spec = againSpec(mustNotRun)
		spec.Schema = "s2"
		changed = fetchOf(NewCalls(spec, WithStore(s), WithLogger(slog.New(slog.DiscardHandler))))
		_, err = Inspect(changed.Runner).AgainKey(t.Context(), old.calls.Key("b"))
		refused("other types", err, "types")
		_, err = Inspect(old.Runner).AgainKey(t.Context(), key.Key{1})
		refused("unknown", err, "no record")
	})
}

func TestABodyThatIgnoresItsStopIsNotExecutedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := againWith(func(context.Context, string) (string, error) { time.Sleep(time.Minute); return "late", nil })
		listened(f)
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		call.Stop()
		_, err := Inspect(f.Runner).Again(t.Context(), 1)
		if err == nil || !strings.Contains(err.Error(), "still runs") {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		again(t, f, "a", 1)
		wantResult(t, "late")(f.Run(t.Context(), "a")) // there was no result: it is joined
		want(t, "joined", f.Stats().Joined, 1)
	})
}

// What is forgotten while it is executed again is not kept.
func TestForgettingWhatIsExecutedAgain(t *testing.T) {
	for name, opts := range map[string]func() []Option{
		"memory": func() []Option { return nil },
		"store":  func() []Option { return []Option{WithStore(memory.New(0))} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var times atomic.Int64
				f := againWith(versions(&times, nil), opts()...)
				listened(f)
				f.Run(t.Context(), "a")
				again(t, f, "a", 1)
				time.Sleep(time.Second / 2)
				if !f.calls.Forget("a") {
					t.Error("nothing was forgotten")
				}
				time.Sleep(time.Second)
				want(t, "entries", f.Stats().Entries, 0)
				wantResult(t, "a3")(f.Run(t.Context(), "a"))
			})
		})
	}
}

// Answers that are lost change nothing.
func TestAgainWithAStoreThatFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var times atomic.Int64
		var faults storetest.Faults
		f := againWith(versions(&times, nil), WithStore(faults.Wrap(memory.New(0))))
		f.Run(t.Context(), "a")
		defer faults.Inject(storetest.All, storetest.Every(2, storetest.LoseAnswer))()
		for n := range 5 {
			if _, err := Inspect(f.Runner).AgainKey(t.Context(), keyOfCall(f, "a")); err != nil {
				if _, err = Inspect(f.Runner).AgainKey(t.Context(), keyOfCall(f, "a")); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(5 * time.Second)
			wantResult(t, "a"+strconv.Itoa(n+2))(f.Run(t.Context(), "a"))
		}
	})
}

// A loop whose flow has read the old result does a pass.
func TestAFlowGetsTheNewResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var times atomic.Int64
		f := againWith(versions(&times, nil))
		listened(f)
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		loop := Loop{Flow: func(ctx context.Context) error {
			result, err := f.Run(ctx, "a")
			if err == nil {
				got = append(got, result)
			}
			return err
		}, Logger: slog.New(slog.DiscardHandler)}
		go func() { defer close(ended); loop.Run(ctx) }()
		time.Sleep(10 * time.Second)
		again(t, f, "a", 1)
		time.Sleep(10 * time.Second)
		cancel()
		<-ended
		if len(got) == 0 || got[0] != "a1" || got[len(got)-1] != "a2" {
			t.Errorf("the flow got %v", got)
		}
	})
}

// Readers find the old result or the new one, whole, and nobody waits.
func TestHitsWhileACallIsExecutedAgain(t *testing.T) {
	var times atomic.Int64
	f := againWith(func(_ context.Context, arg string) (string, error) {
		return strings.Repeat(strconv.FormatInt(times.Add(1)%10, 10), 100), nil
	})
	listened(f)
	f.Run(t.Context(), "a")
	done := make(chan struct{})
	readers := make(chan struct{})
	for range 2 {
		go func() {
			defer func() { readers <- struct{}{} }()
			for {
				got, err := f.Run(t.Context(), "a")
				if err != nil || len(got) != 100 || strings.Trim(got, got[:1]) != "" {
					t.Errorf("got %q, %v", got, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		}()
	}
	n := uint64(1)
	for range 300 {
		n = again(t, f, "a", n)
		for Inspect(f.Runner).status(n) != Succeeded {
			time.Sleep(10 * time.Microsecond)
		}
	}
	close(done)
	<-readers
	<-readers
	want(t, "executions", times.Load(), 301)
	want(t, "entries", f.Stats().Entries, 1)
	want(t, "length of the table", f.calls.table.len, 1)
}

func (i Inspection) status(number uint64) Status {
	d, _ := i.Call(number)
	return d.Status
}
