package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// storing is newFetch with a store. Of what it logs nothing is shown.
func storing(s store.Store, body func(context.Context, string) (string, error), opts ...Option) *fetch {
	opts = append([]Option{WithStore(s), WithLogger(slog.New(slog.DiscardHandler))}, opts...)
	calls := NewCalls(storingSpec(body), opts...)
	return fetchOf(calls)
}

func storingSpec(body func(context.Context, string) (string, error)) Spec[string, string, string] {
	return Spec[string, string, string]{
		Name: "example.com/web.Fetch", Schema: "s1", Code: &Code{Sum: "c1", Symbols: "a 1\n"}, Execute: body, Identify: byItself,
		Encode: func(arg *string, e *key.Encoder) {
			e.String(*arg)
			e.Next()
			e.String("t" + *arg)
		},
		Inputs: []string{"url string", "token string"}, Secret: []string{"token"},
	}
}

// records returns the results and failures of a store.
func records(t *testing.T, s store.Store) (list []store.Record) {
	t.Helper()
	for r, err := range s.History(t.Context(), store.Filter{Newest: true, Status: []store.Status{store.Succeeded, store.Failed, store.GivenUp}}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestAStoredResultIsNotExecutedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		first := storing(s, echo)
		wantResult(t, "got a")(first.Run(t.Context(), "a"))
		second := storing(s, func(context.Context, string) (string, error) { panic("executed") })
		for range 2 {
			wantResult(t, "got a")(second.Run(t.Context(), "a"))
		}
		wantResult(t, "got a")(second.Start(t.Context(), "a").Wait(t.Context()))
		stats := settled(t, second)
		want(t, "stored", stats.Stored, 1)
		want(t, "hits", stats.Hits, 2)
		want(t, "successes", stats.Successes, 1)
		want(t, "executions", stats.Executions, 0)
		want(t, "store errors", stats.StoreErrors, 0)
		want(t, "status is stored", second.Status().Stored, true)
		want(t, "status", second.Status().Status, Succeeded)

		third := storing(s, mustNotRun)
		wantResult(t, "got a")(third.Start(t.Context(), "a").Wait(t.Context()))
		want(t, "stored", settled(t, third).Stored, 1)
	})
}

// mustNotRun is a body that must not run.
func mustNotRun(context.Context, string) (string, error) { panic("executed") }

func TestRecordsTellOfTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		began := time.Now()
		f := storing(s, sleeper, TTL(time.Hour))
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		settled(t, f)
		list := records(t, s)
		if len(list) != 1 {
			t.Fatalf("%d records", len(list))
		}
		r := list[0]
		want(t, "key", r.Key, f.calls.Key("a"))
		for i, a := range r.Args {
			want(t, "no digest", a.Digest == [16]byte{}, false)
			r.Args[i].Digest = [16]byte{}
		}
		want(t, "process", r.Origin.PID > 0 && r.Origin.Program != "" && r.Origin.Host != "", true)
		r.Origin = store.Origin{}
		r.Key, r.Nonce, r.Seq, r.Size, r.Used, r.Hits = key.Key{}, 0, 0, 0, time.Time{}, 0
		if diff := cmp.Diff(store.Record{
			Ref: store.Ref{Work: "example.com/web.Fetch"}, Status: store.Succeeded, Schema: "s1", Code: "c1", Symbols: "a 1\n", Build: (&build.Code{Sum: "c1"}).Reporter().Build().Text,
			Args:      []store.Arg{{Name: "url", Type: "string", Text: `"a"`}, {Name: "token", Type: "string", Secret: true}},
			Requested: began, Started: began, Finished: began.Add(time.Second), Expires: began.Add(time.Second + time.Hour),
			Attempt: 1,
		}, r, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
	})
}

func TestProcessesThatShareAStoreExecuteACallOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var executed atomic.Int64
		body := func(ctx context.Context, arg string) (string, error) {
			executed.Add(1)
			time.Sleep(3 * time.Minute) // longer than the lease
			return "got " + arg, nil
		}
		var calls []*Call[string]
		var all []*fetch
		for i := range 4 {
			f := storing(s.Another(), body, Concurrency(i*2))
			all = append(all, f)
			for j := range 10 {
				calls = append(calls, f.Start(t.Context(), fmt.Sprint(j)))
			}
		}
		for i, c := range calls {
			wantResult(t, fmt.Sprint("got ", i%10))(c.Wait(t.Context()))
		}
		want(t, "executions", executed.Load(), 10)
		for _, f := range all {
			settled(t, f)
		}
	})
}

func TestACallWhoseLeaseIsHeldTakesNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		f := storing(s, echo, Concurrency(1))
		l, err := s.Begin(t.Context(), beginning(f, "held"))
		if err != nil {
			t.Fatal(err)
		}
		held := f.Start(t.Context(), "held")
		synctest.Wait()
		wantResult(t, "got free")(f.Run(t.Context(), "free"))
		want(t, "status", held.Status().Status, Pending)
		if err := giveBack(s, l); err != nil {
			t.Fatal(err)
		}
		wantResult(t, "got held")(held.Wait(t.Context()))
		settled(t, f)
	})
}

func TestWaitersGetTheResultOfTheHolder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		f := storing(s, mustNotRun)
		l, _ := s.Begin(t.Context(), beginning(f, "a"))
		call := f.Start(t.Context(), "a")
		synctest.Wait()
		put(t, s, l, "theirs")
		began := time.Now()
		wantResult(t, "theirs")(call.Wait(t.Context()))
		want(t, "waited", time.Since(began), 0)
		want(t, "stored", settled(t, f).Stored, 1)
	})
}

// beginning is what another process begins an execution of f with.
func beginning(f *fetch, arg string) store.Record {
	return store.Record{Ref: f.store.Ref(f.calls.Key(arg)), Nonce: rand.Uint64()}
}

// giveBack gives a lease back.
func giveBack(s store.Store, l store.Lease) error {
	return s.End(context.Background(), l, store.Record{Ref: l.Ref, Status: store.Stopped}, nil)
}

func put(t *testing.T, s store.Store, l store.Lease, result string) {
	t.Helper()
	rec := store.Record{Ref: l.Ref, Status: store.Succeeded, Schema: "s1", Code: "c1", Finished: time.Now()}
	if err := s.End(t.Context(), l, rec, store.Encoded(s.Codec(), "s1", &result)); err != nil {
		t.Fatal(err)
	}
}

func TestTheLeaseOfADeadHolderIsTakenOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		f := storing(s, echo)
		if _, err := s.Begin(t.Context(), beginning(f, "a")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "waited", time.Since(began), time.Minute)
		settled(t, f)
	})
}

func TestStoppedCallsGiveTheirLeasesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		f := storing(s, sleeper, Concurrency(1))
		running := f.Start(t.Context(), "a")
		synctest.Wait()
		queued := f.Start(t.Context(), "b")
		synctest.Wait()
		want(t, "status", running.Status().Status, Running)
		running.Stop()
		queued.Stop()
		settled(t, f)
		if _, err := s.Begin(t.Context(), beginning(f, "a")); err != nil {
			t.Error(err)
		}

		waiting := f.Start(t.Context(), "a") // for the lease
		synctest.Wait()
		want(t, "status", waiting.Status().Status, Pending)
		waiting.Stop()
		settled(t, f)
	})
}

// lossy is a store whose leases are lost when they are put under.
type lossy struct {
	store.Store
	before func(store.Lease)
}

func (s lossy) End(ctx context.Context, l store.Lease, r store.Record, w io.WriterTo) error {
	if r.Status == store.Succeeded {
		s.before(l)
	}
	return s.Store.End(ctx, l, r, w)
}

func TestALostLeasePublishesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Hour)
		other := s.Another()
		f := storing(lossy{s, func(l store.Lease) {
			_ = giveBack(s, l)
			again, err := other.Begin(t.Context(), store.Record{Ref: l.Ref})
			if err != nil {
				t.Fatal(err)
			}
			put(t, other, again, "theirs")
		}}, echo)
		wantResult(t, "theirs")(f.Run(t.Context(), "a"))
		settled(t, f)

		g := storing(lossy{s, func(l store.Lease) { _ = giveBack(s, l) }}, echo)
		wantResult(t, "got b")(g.Run(t.Context(), "b"))
		stats := settled(t, g)
		want(t, "kept", stats.Entries, 0)
		want(t, "store errors", stats.StoreErrors, 0) // it ended before its time, as if it was deleted
		want(t, "records", len(records(t, s)), 1)
	})
}

func TestWhatAStoreCannotDoFailsNoCall(t *testing.T) {
	bad := faultOf(errors.New("bad"))
	for name, test := range map[string]struct {
		methods storetest.Method
		fault   storetest.Fault
	}{
		"look up":            {storetest.Lookup, bad},
		"begin":              {storetest.Begin, bad},
		"end":                {storetest.End, bad},
		"too large":          {storetest.End, storetest.Times(1, faultOf(store.ErrTooLarge))}, // and then its lease is given back
		"all":                {storetest.All, bad},
		"promises and lacks": {storetest.Begin, faultOf(store.ErrFinished)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := storing(faulty(memory.New(0), test.methods, test.fault), echo)
				wantResult(t, "got a")(f.Run(t.Context(), "a"))
				wantResult(t, "got a")(f.Run(t.Context(), "a"))
				stats := settled(t, f)
				want(t, "executions", stats.Executions, 1)
				want(t, "store errors", stats.StoreErrors, 1)
				time.Sleep(time.Minute) // in which the lease cannot be given back
			})
		})
	}
}

func TestWhatCannotBeDecodedIsExecutedAndReplaced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		f := storing(s, echo)
		l, _ := s.Begin(t.Context(), beginning(f, "a"))
		n := 7
		if err := s.End(t.Context(), l, store.Record{Ref: l.Ref, Status: store.Succeeded}, store.Encoded(s.Codec(), "s1", &n)); err != nil {
			t.Fatal(err)
		}
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		stats := settled(t, f)
		want(t, "executions", stats.Executions, 1)
		want(t, "store errors", stats.StoreErrors, 1)
		var went []store.Status
		for r, err := range s.History(t.Context(), store.Filter{}) {
			want(t, "error", err, nil)
			went = append(went, r.Status)
		}
		want(t, "executions", fmt.Sprint(went), fmt.Sprint([]store.Status{store.Succeeded, store.Unreadable}))
		g := storing(s, mustNotRun)
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
	})
}

func TestFailuresAreNoResults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var at []time.Duration
		f := storing(s, failing(9, &at))
		for n := range 2 {
			_, err := f.Run(t.Context(), "b")
			wantErr(t, err, errFlaky)
			settled(t, f)
			list := records(t, s)
			want(t, "records", len(list), 1)
			want(t, "status", list[0].Status, store.Failed)
			want(t, "error", list[0].Error, fmt.Sprint("flaky ", n+1))
			want(t, "attempt", list[0].Attempt, 1)
			want(t, "is retried", list[0].Retry.IsZero(), true)
		}
	})
}

func TestStoredResultsExpire(t *testing.T) {
	for name, ttl := range map[string][2]time.Duration{
		"as they were put":  {time.Hour, 0},
		"as they are asked": {0, time.Hour},
		"the earlier wins":  {time.Hour, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(0)
				f := storing(s, echo, TTL(ttl[0]))
				wantResult(t, "got a")(f.Run(t.Context(), "a"))
				time.Sleep(40 * time.Minute)
				g := storing(s, echo, TTL(ttl[1]))
				wantResult(t, "got a")(g.Run(t.Context(), "a"))
				want(t, "stored", g.Stats().Stored, 1)
				time.Sleep(19 * time.Minute)
				wantResult(t, "got a")(g.Run(t.Context(), "a"))
				want(t, "hits", g.Stats().Hits, 1)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				want(t, "expirations", g.Stats().Expirations, 1)
				wantResult(t, "got a")(g.Run(t.Context(), "a"))
				want(t, "executions", settled(t, g).Executions, 1)
				time.Sleep(3 * time.Hour)
				settled(t, f)
			})
		})
	}
}

func TestLookupAndForgetReachTheStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		f := storing(s, echo)
		for _, arg := range []string{"a", "b", "c"} {
			wantResult(t, "got "+arg)(f.Run(t.Context(), arg))
		}
		g := storing(s, echo)
		got, ok := g.Lookup("a")
		want(t, "found", ok, true)
		want(t, "result", got, "got a")
		_, ok = g.Lookup("z")
		want(t, "found", ok, false)
		want(t, "forgotten", g.Forget("a"), true)
		want(t, "forgotten", g.Forget("a"), false)
		wantResult(t, "got a")(g.Run(t.Context(), "a"))
		want(t, "executions", g.Stats().Executions, 1)
		wantResult(t, "got b")(g.Run(t.Context(), "b"))
		g.ForgetAll()
		want(t, "records", len(records(t, s)), 0)
		wantResult(t, "got b")(g.Run(t.Context(), "b"))
		want(t, "executions", settled(t, g).Executions, 2)
	})
}

func TestTheEnvironmentOverridesStores(t *testing.T) {
	s := memory.New(0)
	body := func(_ context.Context, arg string) (string, error) { return "first " + arg, nil }
	wantResult(t, "first a")(storing(s, body).Run(t.Context(), "a"))

	t.Setenv("WORKGEN_CACHE", "off")
	wantResult(t, "got a")(storing(s, echo).Run(t.Context(), "a"))
	wantResult(t, "got b")(storing(s, echo).Run(t.Context(), "b"))
	want(t, "records", len(records(t, s)), 1)

	t.Setenv("WORKGEN_CACHE", "only")
	f := storing(s, mustNotRun)
	wantResult(t, "first a")(f.Run(t.Context(), "a"))
	_, err := f.Run(t.Context(), "b")
	var miss *MissError
	if !errors.As(err, &miss) || miss.Key != f.calls.Key("b") || !strings.Contains(err.Error(), "WORKGEN_CACHE=only") {
		t.Errorf("got %v", err)
	}
	want(t, "worth another try", passing(err), false)
	m := newMarshalled(mustNotRun, WithStore(s), WithLogger(quiet()))
	_, err = m.Run(t.Context(), "bad")
	if !errors.As(err, &miss) || !strings.Contains(err.Error(), "cannot be keyed") {
		t.Errorf("got %v", err)
	}

	t.Setenv("WORKGEN_CACHE", "refresh")
	f = storing(s, echo)
	for range 2 {
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
	}
	want(t, "executions", f.Stats().Executions, 1)

	t.Setenv("WORKGEN_CACHE", "")
	wantResult(t, "got a")(storing(s, mustNotRun).Run(t.Context(), "a"))

	t.Setenv("WORKGEN_CACHE", "of")
	wantPanic(t, `WORKGEN_CACHE="of": use off, read, refresh or only`, func() { storing(s, echo) })
}

func wantPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, text) {
			t.Errorf("panics with %s, want %s", got, text)
		}
	}()
	f()
}

func TestWhichWorksUseAStore(t *testing.T) {
	s := memory.New(0)
	spec := storingSpec(echo)
	spec.NotStorable = "result1.done: a channel has no value"
	wantPanic(t, "result1.done: a channel has no value", func() { NewCalls(spec, WithStore(s)) })
	NewCalls(spec)
	NewCalls(spec, WithStore(s), WithStore(nil))

	// So it does when the store's codec refuses what the generated code lets through.
	type rows struct{ Rows []struct{ Done chan int } }
	refused := Spec[string, string, rows]{
		Name: "w", Execute: func(context.Context, string) (r rows, err error) { return r, nil }, Encode: storingSpec(echo).Encode,
	}
	wantPanic(t, "result.Rows[].Done: a channel has no value", func() { NewCalls(refused, WithStore(s)) })

	spec = storingSpec(echo)
	spec.Encode = nil
	wantPanic(t, "run go generate", func() { NewCalls(spec, WithStore(s)) })
	spec.Memory = true
	memoryOnly := NewCalls(spec, WithStore(s))
	wantResult(t, "got a")(memoryOnly.Run(t.Context(), hashOf("a"), "a", "a"))
	uncached := storing(s, echo, CacheCalls(false))
	wantResult(t, "got a")(uncached.Run(t.Context(), "a"))
	want(t, "records", len(records(t, s)), 0)
}

// TestALoopGoesOnWhereItWas runs a flow of many steps, stops it in the middle, and
// runs it anew, as another process would.
func TestALoopGoesOnWhereItWas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		var executed []string
		run := func(until int) (passes int) {
			f := storing(s, func(_ context.Context, arg string) (string, error) {
				executed = append(executed, arg)
				return "got " + arg, nil
			})
			loop := Loop{Flow: func(ctx context.Context) error {
				passes++
				for i := range until {
					if _, err := f.Run(ctx, fmt.Sprint(i)); err != nil {
						return err
					}
				}
				return Stop
			}}
			if err := loop.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			settled(t, f)
			return passes
		}
		run(5)
		// All that is stored and the first step that is not in one pass; the other in
		// the next; and the last.
		want(t, "passes", run(7), 3)
		if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5", "6"}, executed); diff != "" {
			t.Errorf("executed (-want +got):\n%s", diff)
		}
	})
}

func TestThePanicOfADescriptionFailsNothing(t *testing.T) {
	s := memory.New(0)
	spec, encoded := storingSpec(echo), 0
	spec.Encode = func(*string, *key.Encoder) {
		if encoded++; encoded > 1 { // first it is for the key
			panic("no")
		}
	}
	calls := NewCalls(spec, WithStore(s), WithLogger(slog.New(slog.DiscardHandler)))
	wantResult(t, "got a")(calls.Run(t.Context(), hashOf("a"), "a", "a"))
	want(t, "records", len(records(t, s)), 1)
	want(t, "store errors", calls.Runner().Stats().StoreErrors, 1)
}
