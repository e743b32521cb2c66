package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// faulty returns a store with a fault that some methods meet.
func faulty(s store.Store, m storetest.Method, fault storetest.Fault) store.Store {
	var faults storetest.Faults
	faults.Inject(m, fault)
	return faults.Wrap(s)
}

// faultOf is a fault that is this error.
func faultOf(err error) storetest.Fault {
	return func(context.Context, *storetest.Call) error { return err }
}

// cutOff returns a store that does not renew leases for a while.
func cutOff(s store.Store, span time.Duration) store.Store {
	return faulty(s, storetest.Renew, storetest.For(span, storetest.Refuse))
}

// TestAStoreThatDoesNotAnswerForAWhile makes calls wait, of four processes, as it were,
// which execute once nevertheless: from the start, and while the body runs.
func TestAStoreThatDoesNotAnswerForAWhile(t *testing.T) {
	for name, from := range map[string]time.Duration{"from the start": 0, "while the body runs": 500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(time.Minute)
				var faults storetest.Faults
				refuse := func() { faults.Inject(storetest.All, storetest.For(800*time.Millisecond, storetest.Refuse)) }
				if from > 0 {
					time.AfterFunc(from, refuse)
				} else {
					refuse()
				}
				var executed atomic.Int64
				body := func(ctx context.Context, arg string) (string, error) {
					executed.Add(1)
					return sleeper(ctx, arg)
				}
				var logged bytes.Buffer
				var all sync.WaitGroup
				var runners []*fetch
				for i := range 4 {
					opts := []Option{}
					if i == 0 {
						opts = append(opts, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
					}
					f := storing(faults.Wrap(s.Another()), body, opts...)
					runners = append(runners, f)
					all.Go(func() { wantResult(t, "got a")(f.Run(t.Context(), "a")) })
				}
				all.Wait()
				want(t, "executions", executed.Load(), 1)
				want(t, "records", len(records(t, s)), 1)
				for _, f := range runners {
					want(t, "store errors", settled(t, f).StoreErrors, 0)
				}
				if from > 0 {
					return // who executes is asked when it has ended
				}
				for _, text := range []string{"the store does not answer: calls wait for it", "the store answers again", storetest.ErrFault.Error()} {
					if n := strings.Count(logged.String(), text); n != 1 {
						t.Errorf("%q is logged %d times:\n%s", text, n, &logged)
					}
				}
			})
		})
	}
}

// TestAStoreThatNeverAnswers is waited for as long as StoreTimeout says.
func TestAStoreThatNeverAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		store  func(store.Store) store.Store
		opts   []Option
		result bool
		took   time.Duration
	}{
		"of this machine":         {result: true, took: 10 * time.Second},
		"of this machine, sooner": {opts: []Option{StoreTimeout(time.Second)}, result: true, took: time.Second},
		"shared":                  {store: func(s store.Store) store.Store { return sharedStore{s} }, took: 10 * time.Second},
		"as an option, fail":      {opts: []Option{OnStoreFailure(FailOnStoreFailure)}, took: 10 * time.Second},
		"as an option, execute":   {store: func(s store.Store) store.Store { return sharedStore{s} }, opts: []Option{OnStoreFailure(ExecuteOnStoreFailure)}, result: true, took: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := faulty(memory.New(0), storetest.All, storetest.Refuse)
				if test.store != nil {
					s = test.store(s)
				}
				f := storing(s, echo, test.opts...)
				began := time.Now()
				got, err := f.Run(t.Context(), "a")
				want(t, "took", time.Since(began), test.took)
				if test.result {
					wantResult(t, "got a")(got, err)
				} else {
					var failed *StoreError
					want(t, "is a StoreError", errors.As(err, &failed), true)
					wantErr(t, err, storetest.ErrFault)
				}
				settled(t, f)
			})
		})
	}
	t.Run("blocking", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			s := faulty(memory.New(0), storetest.All, storetest.For(time.Hour, storetest.Refuse))
			f := storing(s, echo, OnStoreFailure(BlockOnStoreFailure))
			began := time.Now()
			wantResult(t, "got a")(f.Run(t.Context(), "a"))
			if took := time.Since(began); took < time.Hour || took > time.Hour+2*time.Second {
				t.Errorf("it took %v", took)
			}
			want(t, "store errors", settled(t, f).StoreErrors, 0)
		})
	})
}

// sharedStore is a store that machines share.
type sharedStore struct{ store.Store }

func (sharedStore) Shared() bool { return true }

// TestAResultThatCannotBeStoredReachesThoseWhoWait after StoreTimeout, and is kept in
// memory.
func TestAResultThatCannotBeStoredReachesThoseWhoWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(faulty(memory.New(0), storetest.End, storetest.Refuse), echo, OnStoreFailure(FailOnStoreFailure))
		began := time.Now()
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		want(t, "took", time.Since(began), 10*time.Second)
		wantResult(t, "got a")(f.Run(t.Context(), "a"))
		stats := settled(t, f)
		want(t, "executions", stats.Executions, 1)
		want(t, "store errors", stats.StoreErrors, 1)
		time.Sleep(time.Minute) // in which the lease cannot be given back
	})
}

// TestAFailureEndsTheWaitingOfAll has six processes, as it were, wait for one call.
func TestAFailureEndsTheWaitingOfAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var executed atomic.Int64
		body := func(_ context.Context, arg string) (string, error) {
			n := executed.Add(1)
			time.Sleep(time.Second)
			return "", fmt.Errorf("no page %d", n)
		}
		began := time.Now()
		var all sync.WaitGroup
		var remote atomic.Int64
		for range 6 {
			all.Go(func() {
				f := storing(s.Another(), body)
				_, err := f.Run(t.Context(), "a")
				var elsewhere *RemoteError
				if errors.As(err, &elsewhere) {
					remote.Add(1)
					want(t, "text", elsewhere.Text, "no page 1")
					want(t, "place", elsewhere.Origin.PID > 0, true)
				} else {
					want(t, "error", err.Error(), "no page 1")
				}
			})
		}
		all.Wait()
		want(t, "executions", executed.Load(), 1)
		want(t, "failed elsewhere", remote.Load(), 5)
		want(t, "took", time.Since(began), time.Second)

		// Who asks afterwards executes it again.
		f := storing(s.Another(), body)
		_, err := f.Run(t.Context(), "a")
		want(t, "error", err.Error(), "no page 2")
		_, err = f.Run(t.Context(), "a")
		want(t, "error", err.Error(), "no page 3")
		settled(t, f)
	})
}

// TestATimeoutEndsTheWaitingOfAll, although the body does not heed it.
func TestATimeoutEndsTheWaitingOfAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		deaf := func(context.Context, string) (string, error) { time.Sleep(time.Hour); return "late", nil }
		f, g := storing(s, deaf, Timeout(time.Second)), storing(s.Another(), deaf, Timeout(time.Second))
		first := f.Start(t.Context(), "a")
		time.Sleep(time.Second / 2)
		second := g.Start(t.Context(), "a")
		_, err := first.Wait(t.Context())
		wantErr(t, err, context.DeadlineExceeded)
		_, err = second.Wait(t.Context())
		var elsewhere *RemoteError
		want(t, "failed elsewhere", errors.As(err, &elsewhere), true)
		want(t, "status", records(t, s)[0].Status, store.Failed)
		_, err = f.Run(t.Context(), "a") // it executes beside the deaf one
		wantErr(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Hour)
		want(t, "executions", settled(t, f).Executions, 2)
		settled(t, g)
		want(t, "status", records(t, s)[0].Status, store.Failed)
	})
}

// TestATimeoutIsToldInTime, though the store does not answer at that moment. Those who wait
// elsewhere are told when it does, whether the body has returned meanwhile or not.
func TestATimeoutIsToldInTime(t *testing.T) {
	for _, takes := range []time.Duration{1500 * time.Millisecond, 3 * time.Second, time.Minute} {
		bubble(t, func(t *testing.T) {
			var faults storetest.Faults
			s := memory.New(time.Minute)
			deaf := func(context.Context, string) (string, error) { time.Sleep(takes); return "late", nil }
			f, g := storing(faults.Wrap(s), deaf, Timeout(time.Second)), storing(s.Another(), mustNotRun)
			first := f.Start(t.Context(), "a")
			time.Sleep(time.Second / 2)
			second := g.Start(t.Context(), "a")
			faults.Inject(storetest.All, storetest.For(5*time.Second, storetest.Refuse))
			began := time.Now()
			_, err := first.Wait(t.Context())
			wantErr(t, err, context.DeadlineExceeded)
			if took := time.Since(began); took > 1500*time.Millisecond {
				t.Errorf("it is told after %v", took)
			}
			_, err = second.Wait(t.Context())
			var elsewhere *RemoteError
			want(t, "failed elsewhere", errors.As(err, &elsewhere), true)
			want(t, "status", records(t, s)[0].Status, store.Failed)
			time.Sleep(2 * time.Minute)
			wantErr(t, second.Status().Reason, err)
			settled(t, f)
			settled(t, g)
		})
	}
}

// TestABodyWhoseLeaseAnotherHasEnds has a process cut off from the store for longer than
// its lease lasts, and another take the call over.
func TestABodyWhoseLeaseAnotherHasEnds(t *testing.T) {
	for _, strict := range []bool{false, true} {
		for _, timeout := range []time.Duration{0, time.Hour} {
			testLeaseLost(t, strict, timeout)
		}
	}
}

func testLeaseLost(t *testing.T, strict bool, timeout time.Duration) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		began := time.Now()
		var cause error
		var ended time.Duration
		f := storing(cutOff(s, 70*time.Second), func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			ended = time.Since(began)
			return "cut off", nil
		}, StrictLease(strict), Timeout(timeout))
		g := storing(s.Another(), func(context.Context, string) (string, error) {
			time.Sleep(10 * time.Minute)
			return "theirs", nil
		})
		first := f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		second := g.Start(t.Context(), "a")
		wantResult(t, "theirs")(second.Wait(t.Context()))
		wantResult(t, "theirs")(first.Wait(t.Context()))
		want(t, "records", len(records(t, s)), 1)
		want(t, "stored", settled(t, f).Stored, 1)
		wantErr(t, cause, ErrLeaseLost)
		if limit := 61 * time.Second; strict && ended > limit || !strict && (ended < 70*time.Second || ended > 80*time.Second) {
			t.Errorf("strict %v: the body's context ended after %v", strict, ended)
		}
		settled(t, g)
	})
}
