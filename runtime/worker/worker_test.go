package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/queue/seal"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/worker"
)

// fetch is a work, as generated code would have it.
type fetch = runtime.Calls[string, args, string]

type args struct{ Page string }

type body func(ctx context.Context, page string) (string, error)

// work makes a runner whose code is of a version.
func work(version string, b body, opts ...runtime.Option) *fetch {
	identify := func(a args) (uint64, string, *key.Encoder) {
		return hash(a.Page), a.Page, nil
	}
	return runtime.NewCalls(runtime.Spec[string, args, string]{
		Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: version},
		Execute:  func(ctx context.Context, a args) (string, error) { return b(ctx, a.Page) },
		Identify: identify,
		Encode:   func(a *args, e *key.Encoder) { e.String(a.Page) },
		Inputs:   []string{"page string"},
	}, append([]runtime.Option{runtime.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
}

func run(ctx context.Context, c *fetch, page string) (string, error) {
	return c.Run(ctx, hash(page), page, args{page})
}

func hash(page string) uint64 {
	text := key.TextOf(page)
	return key.NewHash().Text(&text).Sum()
}

// caller makes a runner whose calls are executed by workers.
func caller(s *memory.Store, version string, opts ...runtime.Option) *fetch {
	h := s.Another()
	return work(version, mustNotRun, append([]runtime.Option{runtime.WithStore(h), runtime.WithWorkers(h.Queue(), "")}, opts...)...)
}

func mustNotRun(context.Context, string) (string, error) {
	panic("a caller executes what is for workers")
}

func echo(_ context.Context, page string) (string, error) { return "got " + page, nil }

// serve has a worker serve runners until the test ends, or stop is called.
func serve(t *testing.T, s *memory.Store, w worker.Worker, runners ...*fetch) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	if w.Queue == nil {
		w.Queue = s.Another().Queue()
	}
	if w.Logger == nil {
		w.Logger = slog.New(slog.DiscardHandler)
	}
	var list []*runtime.Runner
	for _, r := range runners {
		list = append(list, r.Runner())
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.Serve(ctx, list...); !errors.Is(err, context.Canceled) {
			t.Errorf("Serve: %v", err)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bubble runs a test where no time passes.
func bubble(t *testing.T, f func(t *testing.T, s *memory.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(time.Minute) }) // what cannot be told to a queue or store is tried for a while
		f(t, memory.New(0))
	})
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantResult(t *testing.T, want string) func(string, error) {
	return func(got string, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

// wantQuiet checks that nothing is left in the queue.
func wantQuiet(t *testing.T, s *memory.Store) {
	t.Helper()
	synctest.Wait()
	st, err := s.Queue().Status(t.Context())
	if err != nil || len(st.Lengths) > 0 {
		t.Errorf("there are tasks left: %+v, %v", st.Lengths, err)
	}
}

func TestACallIsExecutedByAWorker(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		w := work("c1", echo, runtime.WithStore(s))
		serve(t, s, worker.Worker{}, w)
		a, b := caller(s, "c1"), caller(s, "c1")
		wantResult(t, "got a")(run(t.Context(), a, "a"))
		wantResult(t, "got a")(run(t.Context(), b, "a"))
		wantResult(t, "got b")(run(t.Context(), b, "b"))
		want(t, "executions of the worker", w.Runner().Stats().Executions, 2)
		want(t, "executions of callers", a.Runner().Stats().Executions+b.Runner().Stats().Executions, 0)
		want(t, "results that callers found", b.Runner().Stats().Stored, 2)
		wantQuiet(t, s)
	})
}

func TestManyCallersAndWorkers(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var executed, atOnce, most atomic.Int32
		b := func(_ context.Context, page string) (string, error) {
			executed.Add(1)
			if n := atOnce.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			atOnce.Add(-1)
			return "got " + page, nil
		}
		for range 3 {
			serve(t, s, worker.Worker{Slots: 4}, work("c1", b, runtime.WithStore(s.Another())))
		}
		var wg sync.WaitGroup
		for range 4 {
			c := caller(s, "c1")
			for n := range 48 {
				page := fmt.Sprint("page ", n)
				wg.Go(func() { wantResult(t, "got "+page)(run(t.Context(), c, page)) })
			}
		}
		began := time.Now()
		wg.Wait()
		want(t, "executions", executed.Load(), 48)
		want(t, "executions at once", most.Load(), 12)
		want(t, "took", time.Since(began), 4*time.Second)
		wantQuiet(t, s)
	})
}

// TestEachVersionExecutesItsOwnCalls: old and new workers at once.
func TestEachVersionExecutesItsOwnCalls(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		for _, v := range []string{"old", "new"} {
			serve(t, s, worker.Worker{Slots: 2}, work(v, func(_ context.Context, page string) (string, error) {
				time.Sleep(time.Second)
				return v + " " + page, nil
			}, runtime.WithStore(s.Another())))
		}
		var wg sync.WaitGroup
		for _, v := range []string{"old", "new"} {
			c := caller(s, v)
			for n := range 10 {
				page := fmt.Sprint(n)
				wg.Go(func() { wantResult(t, v+" "+page)(run(t.Context(), c, page)) })
			}
		}
		wg.Wait()
		wantQuiet(t, s)
	})
}

func TestTheFailureOfAWorkerIsThatOfTheCall(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		serve(t, s, worker.Worker{}, work("c1", func(_ context.Context, page string) (string, error) {
			switch page {
			case "late":
				return "", fmt.Errorf("no page: %w", context.DeadlineExceeded)
			case "panic":
				panic("no page")
			}
			return "", errors.New("no page " + page)
		}, runtime.WithStore(s)))
		c := caller(s, "c1")
		for page, kind := range map[string]store.ErrorKind{"a": store.ErrorOther, "late": store.ErrorDeadlineExceeded, "panic": store.ErrorPanic} {
			_, err := run(t.Context(), c, page)
			var remote *runtime.RemoteError
			if !errors.As(err, &remote) || remote.Kind != kind || !strings.Contains(remote.Text, "no page") {
				t.Errorf("page %s: %v", page, err)
			}
			want(t, "it is a deadline", errors.Is(err, context.DeadlineExceeded), page == "late")
		}
		wantQuiet(t, s)
	})
}

// TestTheWorkerDecidesWhichErrorsAreStored: callers need no option for them, and the queue gets no
// task while they are kept.
func TestTheWorkerDecidesWhichErrorsAreStored(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		executed := map[string]int{}
		lifetime := func(err error) runtime.ErrorLifetime {
			return runtime.ErrorLifetime{For: time.Hour, Stored: err.Error() == "no page stored"}
		}
		w := work("c1", func(_ context.Context, page string) (string, error) {
			executed[page]++
			return "", errors.New("no page " + page)
		}, runtime.WithStore(s), runtime.CacheErrorsFunc(lifetime))
		stop := serve(t, s, worker.Worker{}, w)
		wantRemote := func(c *fetch, page string) {
			t.Helper()
			_, err := run(t.Context(), c, page)
			var remote *runtime.RemoteError
			if !errors.As(err, &remote) || remote.Text != "no page "+page {
				t.Errorf("error %v", err)
			}
		}
		first, second := caller(s, "c1"), caller(s, "c1")
		for _, c := range []*fetch{first, first, second, second} {
			wantRemote(c, "stored")
			wantRemote(c, "kept by the worker only")
		}
		want(t, "executions of what is stored", executed["stored"], 1)
		want(t, "executions of what is not", executed["kept by the worker only"], 4)
		time.Sleep(time.Hour + time.Second) // at the hour itself the error may still be there
		wantRemote(first, "stored")
		want(t, "executions after its time", executed["stored"], 2)
		stop()
		wantRemote(second, "stored") // which needs no worker
		wantQuiet(t, s)
	})
}

// TestRetriesTakeNoSlot: between two attempts the worker does something else.
func TestRetriesTakeNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var attempts atomic.Int32
		serve(t, s, worker.Worker{Slots: 1}, work("c1", func(_ context.Context, page string) (string, error) {
			if page == "a" && attempts.Add(1) < 3 {
				return "", errors.New("not yet")
			}
			return "got " + page, nil
		}, runtime.WithStore(s), runtime.Retry(runtime.RetryPolicy{Attempts: 5, Initial: time.Minute, Max: time.Minute, Jitter: -1})))
		c := caller(s, "c1")
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			wantResult(t, "got a")(run(t.Context(), c, "a"))
			if took := time.Since(began); took < 2*time.Minute || took > 2*time.Minute+time.Second {
				t.Errorf("it took %v", took)
			}
		})
		time.Sleep(30 * time.Second)
		wantResult(t, "got b")(run(t.Context(), c, "b"))
		want(t, "took", time.Since(began), 30*time.Second)
		wg.Wait()
		want(t, "attempts", attempts.Load(), 3)
		wantQuiet(t, s)
	})
}

// TestACallWhoseWorkerDiesIsExecutedByAnother when its lease has ended.
func TestACallWhoseWorkerDiesIsExecutedByAnother(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var died storetest.Faults
		dead := &cutOff{Queue: s.Another().Queue()}
		slow := func(ctx context.Context, page string) (string, error) {
			select {
			case <-time.After(time.Hour):
			case <-ctx.Done():
			}
			return "", ctx.Err()
		}
		serve(t, s, worker.Worker{Queue: dead}, work("c1", slow, runtime.WithStore(died.Wrap(s.Another()))))
		c := caller(s, "c1")
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Second)
		died.Inject(storetest.All, storetest.Refuse)
		dead.cut.Store(true)
		serve(t, s, worker.Worker{}, work("c1", echo, runtime.WithStore(s.Another())))
		began := time.Now()
		wantResult(t, "got a")(call.Wait(t.Context()))
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("it took %v", took)
		}
		wantQuiet(t, s)
	})
}

// cutOff is a queue that cannot be reached any more.
type cutOff struct {
	queue.Queue
	cut atomic.Bool
}

var errCut = errors.New("no route to host")

func (q *cutOff) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	if q.cut.Load() {
		return queue.Task{}, errCut
	}
	return q.Queue.Take(ctx, w)
}

func (q *cutOff) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	if q.cut.Load() {
		return queue.Reply{}, errCut
	}
	return q.Queue.Report(ctx, w, has)
}

func (q *cutOff) Done(ctx context.Context, worker uint64, k key.Key) error {
	if q.cut.Load() {
		return errCut
	}
	return q.Queue.Done(ctx, worker, k)
}

func (q *cutOff) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	if q.cut.Load() {
		return errCut
	}
	return q.Queue.PutOff(ctx, worker, k, wait)
}

func (q *cutOff) Push(ctx context.Context, t queue.Task) error {
	if q.cut.Load() {
		return errCut
	}
	return q.Queue.Push(ctx, t)
}

// TestACallShowsWhoExecutesIt.
func TestACallShowsWhoExecutesIt(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		c := caller(s, "c1")
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Second)
		want(t, "before anybody executes it", call.Status().Holder, store.Origin{})
		serve(t, s, worker.Worker{}, work("c1", func(context.Context, string) (string, error) {
			time.Sleep(time.Hour)
			return "got a", nil
		}, runtime.WithStore(s.Another())))
		time.Sleep(time.Minute)
		status := call.Status()
		want(t, "status", status.Status, runtime.Pending)
		want(t, "somebody executes it", status.Holder.PID, os.Getpid())
		wantResult(t, "got a")(call.Wait(t.Context()))
		want(t, "when it has ended", call.Status().Holder, store.Origin{})
	})
}

// TestTheLastWhoLeavesStopsTheExecution, and not the one before.
func TestTheLastWhoLeavesStopsTheExecution(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var stopped atomic.Int32
		serve(t, s, worker.Worker{}, work("c1", func(ctx context.Context, page string) (string, error) {
			<-ctx.Done()
			stopped.Add(1)
			return "", ctx.Err()
		}, runtime.WithStore(s)))
		a, b := caller(s, "c1"), caller(s, "c1")
		first, second := a.Start(t.Context(), args{"a"}), b.Start(t.Context(), args{"a"})
		time.Sleep(time.Minute)
		first.Stop()
		time.Sleep(time.Minute)
		want(t, "stopped", stopped.Load(), 0)
		second.Stop()
		time.Sleep(time.Minute)
		want(t, "stopped", stopped.Load(), 1)
		wantQuiet(t, s)

		third := a.Start(t.Context(), args{"b"}) // and what is only queued, behind another one
		fourth := a.Start(t.Context(), args{"c"})
		synctest.Wait()
		fourth.Stop()
		third.Stop()
		time.Sleep(time.Minute)
		want(t, "stopped", stopped.Load(), 2)
		wantQuiet(t, s)
	})
}

func TestACallThatNobodyServesWaitsAndSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var log lines
		logger := runtime.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))
		serve(t, s, worker.Worker{}, work("old", echo, runtime.WithStore(s)))
		c := caller(s, "new", logger)
		call := c.Start(t.Context(), args{"a"})
		other := c.Start(t.Context(), args{"b"})
		time.Sleep(9 * time.Second)
		synctest.Wait()
		want(t, "log", log.String(), "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := log.String(); strings.Count(got, "no worker serves this work") != 1 || !strings.Contains(got, "example.com/daily.Fetch") || !strings.Contains(got, "served=") {
			t.Errorf("log: %s", got)
		}
		serve(t, s, worker.Worker{}, work("new", echo, runtime.WithStore(s.Another())))
		wantResult(t, "got a")(call.Wait(t.Context()))
		wantResult(t, "got b")(other.Wait(t.Context()))
		wantQuiet(t, s)
	})
}

func TestWhatNobodyServesIsExecutedHere(t *testing.T) {
	for _, after := range []time.Duration{time.Second, time.Minute} {
		bubble(t, func(t *testing.T, s *memory.Store) {
			h := s.Another()
			c := work("c1", echo, runtime.WithStore(h), runtime.WithWorkers(h.Queue(), "gpu"), runtime.LocalAfter(after))
			began := time.Now()
			wantResult(t, "got a")(run(t.Context(), c, "a"))
			want(t, "took", time.Since(began), after)
			want(t, "executions", c.Runner().Stats().Executions, 1)
			wantQuiet(t, s)
			serve(t, s, worker.Worker{Pools: []string{"cpu", "gpu"}}, work("c1", func(context.Context, string) (string, error) {
				time.Sleep(time.Hour)
				return "from a worker", nil
			}, runtime.WithStore(s.Another())))
			time.Sleep(time.Minute)
			wantResult(t, "from a worker")(run(t.Context(), c, "b"))
			wantQuiet(t, s)
		})
	}
}

// TestACallWithAnotherKeyIsNotExecuted: what the worker sees of the inputs differs.
func TestACallWithAnotherKeyIsNotExecuted(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var log lines
		w := work("c1", func(context.Context, string) (string, error) { panic("executed") }, runtime.WithStore(s))
		serve(t, s, worker.Worker{Logger: slog.New(slog.NewTextHandler(&log, nil))}, w)
		q := spoiled{s.Another().Queue()}
		c := work("c1", mustNotRun, runtime.WithStore(s.Another()), runtime.WithWorkers(q, ""))
		call := c.Start(t.Context(), args{"xx"})
		time.Sleep(10 * time.Minute)
		call.Stop()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		want(t, "executions", w.Runner().Stats().Executions, 0)
		if got := log.String(); !strings.Contains(got, "another key") || strings.Count(got, "cannot be executed here, and") > 11 {
			t.Errorf("log: %s", got)
		}
		wantQuiet(t, s)
	})
}

// spoiled is a queue that changes what it is given.
type spoiled struct{ queue.Queue }

func (q spoiled) Push(ctx context.Context, t queue.Task) error {
	t.Args = []byte(strings.Replace(string(t.Args), "xx", "yy", 1))
	return q.Queue.Push(ctx, t)
}

// TestABodyThatWaitsForAnotherCallGivesItsSlotBack: also one of the worker's own pool, and many
// of them.
func TestABodyThatWaitsForAnotherCallGivesItsSlotBack(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		inner := caller(s, "inner")
		outer := work("outer", func(ctx context.Context, page string) (string, error) {
			a, err := run(ctx, inner, page)
			if err != nil {
				return "", err
			}
			b, err := run(ctx, inner, page+"'")
			time.Sleep(time.Second)
			return a + " and " + b, err
		}, runtime.WithStore(s.Another()))
		serve(t, s, worker.Worker{Slots: 1}, outer, work("inner", func(_ context.Context, page string) (string, error) {
			time.Sleep(time.Second)
			return "got " + page, nil
		}, runtime.WithStore(s.Another())))
		c := caller(s, "outer")
		var wg sync.WaitGroup
		for _, page := range []string{"a", "b", "c"} {
			wg.Go(func() {
				wantResult(t, "got "+page+" and got "+page+"'")(run(t.Context(), c, page))
			})
		}
		began := time.Now()
		wg.Wait()
		want(t, "took", time.Since(began), 9*time.Second) // one after the other
		wantQuiet(t, s)
	})
}

// TestACallThatTheWorkersProcessExecutesAlreadyTakesNoSlot, neither meanwhile nor to end.
func TestACallThatTheWorkersProcessExecutesAlreadyTakesNoSlot(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		takes := map[string]time.Duration{"a": time.Hour, "b": time.Minute, "c": 2 * time.Hour}
		w := work("c1", func(_ context.Context, page string) (string, error) {
			time.Sleep(takes[page])
			return "got " + page, nil
		}, runtime.WithStore(s.Another()))
		w.Start(t.Context(), args{"a"})
		serve(t, s, worker.Worker{Slots: 1}, w)
		c := caller(s, "c1")
		a := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Second)
		began := time.Now()
		wantResult(t, "got b")(run(t.Context(), c, "b"))
		want(t, "took", time.Since(began), time.Minute)
		last := c.Start(t.Context(), args{"c"})
		wantResult(t, "got a")(a.Wait(t.Context()))
		synctest.Wait()
		st, err := s.Queue().Status(t.Context())
		if err != nil || len(st.Lengths) != 1 || st.Lengths[0].Taken != 1 {
			t.Errorf("the worker has still more than the last call: %+v, %v", st.Lengths, err)
		}
		wantResult(t, "got c")(last.Wait(t.Context()))
		wantQuiet(t, s)
	})
}

func TestAWorkerDrains(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		b := func(ctx context.Context, page string) (string, error) {
			took := time.Second
			if page == "long" {
				took = time.Hour
			}
			select {
			case <-time.After(took):
				return "got " + page, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		stop := serve(t, s, worker.Worker{Slots: 3, Grace: 10 * time.Second}, work("c1", b, runtime.WithStore(s.Another())))
		c := caller(s, "c1")
		short, long := c.Start(t.Context(), args{"short"}), c.Start(t.Context(), args{"long"})
		time.Sleep(time.Second / 2)
		began := time.Now()
		stop()
		want(t, "took", time.Since(began), 10*time.Second)
		wantResult(t, "got short")(short.Wait(t.Context()))
		serve(t, s, worker.Worker{}, work("c1", b, runtime.WithStore(s.Another())))
		wantResult(t, "got long")(long.Wait(t.Context()))
		want(t, "took", time.Since(began), time.Hour+10*time.Second) // the next one began at once
		wantQuiet(t, s)
	})
}

func TestNoCallOfAPausedWorkGetsToAWorker(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		w := work("c1", echo, runtime.WithStore(s.Another()))
		serve(t, s, worker.Worker{}, w)
		c := caller(s, "c1")
		c.Runner().Pause()
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Hour)
		want(t, "executions while it is paused", w.Runner().Stats().Executions, 0)
		c.Runner().Resume()
		began := time.Now()
		wantResult(t, "got a")(call.Wait(t.Context()))
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		wantQuiet(t, s)
	})
}

func TestACallThatWaitsForAWorkerSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var log lines
		c := caller(s, "c1", runtime.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Hour)
		call.Stop()
		if got := log.String(); !strings.Contains(got, `"a worker"`) {
			t.Errorf("log: %s", got)
		}
	})
}

func TestMaxTasksBoundsAllWorkers(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var atOnce, most atomic.Int32
		for range 3 {
			serve(t, s, worker.Worker{Slots: 4}, work("c1", func(_ context.Context, page string) (string, error) {
				if n := atOnce.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				atOnce.Add(-1)
				return "got " + page, nil
			}, runtime.WithStore(s.Another())))
		}
		c := caller(s, "c1", runtime.MaxTasks(2))
		var wg sync.WaitGroup
		for n := range 10 {
			wg.Go(func() { _, _ = run(t.Context(), c, fmt.Sprint(n)) })
		}
		began := time.Now()
		wg.Wait()
		want(t, "at once", most.Load(), 2)
		want(t, "took", time.Since(began), 5*time.Second)
	})
}

// fullQueue refuses for a while.
type fullQueue struct {
	queue.Queue
	until time.Time
	err   error // nil: it does not answer at all
}

func (q fullQueue) Push(ctx context.Context, t queue.Task) error {
	if time.Now().Before(q.until) {
		if q.err == nil {
			<-ctx.Done()
			return ctx.Err()
		}
		return q.err
	}
	return q.Queue.Push(ctx, t)
}

func TestACallWaitsForAFullQueue(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		fails bool
		opts  []runtime.Option
	}{
		"full":                   {err: queue.ErrFull},
		"silent":                 {err: errCut, fails: true},
		"silent, and it waits":   {err: errCut, opts: []runtime.Option{runtime.OnStoreFailure(runtime.BlockOnStoreFailure)}},
		"hung up, and it waits":  {opts: []runtime.Option{runtime.OnStoreFailure(runtime.BlockOnStoreFailure)}},
		"hung up":                {fails: true},
		"silent, and it is here": {err: errCut, opts: []runtime.Option{runtime.OnStoreFailure(runtime.ExecuteOnStoreFailure)}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *memory.Store) {
				serve(t, s, worker.Worker{}, work("c1", echo, runtime.WithStore(s.Another())))
				q := fullQueue{s.Queue(), time.Now().Add(time.Minute), c.err}
				f := work("c1", func(context.Context, string) (string, error) { return "got a", nil },
					append(c.opts, runtime.WithStore(s.Another()), runtime.WithWorkers(q, ""))...)
				got, err := run(t.Context(), f, "a")
				var silent *runtime.StoreError
				if c.fails {
					want(t, "it fails", errors.As(err, &silent), true)
				} else {
					wantResult(t, "got a")(got, err)
				}
			})
		})
	}
}

// hungReports is a queue that does not answer to the first report.
type hungReports struct {
	queue.Queue
	n *atomic.Int64
}

func (q hungReports) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	if q.n.Add(1) == 1 {
		<-ctx.Done()
		return queue.Reply{}, ctx.Err()
	}
	return q.Queue.Report(ctx, w, has)
}

func TestAWorkerReportsAgainWhenItGetsNoAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		serve(t, s, worker.Worker{Queue: hungReports{s.Queue(), new(atomic.Int64)}}, work("c1", echo, runtime.WithStore(s.Another())))
		time.Sleep(10 * time.Second)
		if st, err := s.Queue().Status(t.Context()); err != nil || len(st.Workers) != 1 {
			t.Errorf("there are the workers %v, %v", st.Workers, err)
		}
	})
}

// TestAResultThatOnlyTheWorkerHasIsExecutedAgain: nobody could find it.
func TestAResultThatOnlyTheWorkerHasIsExecutedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		blind := &noDeletes{s.Another()}
		w := work("c1", echo, runtime.WithStore(blind))
		serve(t, s, worker.Worker{}, w)
		c := caller(s, "c1")
		wantResult(t, "got a")(run(t.Context(), c, "a"))
		c.Forget(args{"a"}) // of which the worker does not learn
		wantResult(t, "got a")(run(t.Context(), c, "a"))
		want(t, "executions", w.Runner().Stats().Executions, 2)
		wantQuiet(t, s)
	})
}

// noDeletes is a store that does not tell what was deleted.
type noDeletes struct{ *memory.Store }

func (noDeletes) OnDelete(func([]store.Ref) bool) {}

// TestACallThatIsForgottenWhileItExecutesElsewhere is executed anew for those who wait.
func TestACallThatIsForgottenWhileItExecutesElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var n atomic.Int32
		serve(t, s, worker.Worker{}, work("c1", func(_ context.Context, page string) (string, error) {
			n := n.Add(1)
			time.Sleep(time.Minute)
			return fmt.Sprint(page, " ", n), nil
		}, runtime.WithStore(s.Another())))
		c := caller(s, "c1")
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Second)
		caller(s, "c1").Forget(args{"a"})
		wantResult(t, "a 2")(call.Wait(t.Context()))
		wantQuiet(t, s)
	})
}

func TestALoopHasItsCallsExecutedByWorkers(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		w := work("c1", echo, runtime.WithStore(s.Another()))
		serve(t, s, worker.Worker{Slots: 4}, w)
		c := caller(s, "c1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		through := 0
		l := runtime.Loop{Flow: func(ctx context.Context) error {
			for _, page := range []string{"a", "b", "c"} {
				got, err := run(ctx, c, page)
				if err != nil {
					return err
				}
				want(t, "result", got, "got "+page)
			}
			through++
			return nil
		}}
		if err := l.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		want(t, "executions", w.Runner().Stats().Executions, 3)
		want(t, "passes to the end", through > 0, true)
	})
}

func TestWhatCannotBeServedIsRefused(t *testing.T) {
	s := memory.New(0)
	stored := runtime.WithStore(s)
	for what, c := range map[string]struct {
		w       worker.Worker
		runners []*runtime.Runner
	}{
		"Queue is nil":           {worker.Worker{}, []*runtime.Runner{work("c1", echo, stored).Runner()}},
		"has no runners":         {worker.Worker{Queue: s.Queue()}, nil},
		"a runner is nil":        {worker.Worker{Queue: s.Queue()}, []*runtime.Runner{nil}},
		"Slots is -1":            {worker.Worker{Queue: s.Queue(), Slots: -1}, []*runtime.Runner{work("c1", echo, stored).Runner()}},
		"has no store":           {worker.Worker{Queue: s.Queue()}, []*runtime.Runner{work("c1", echo).Runner()}},
		"make another one witho": {worker.Worker{Queue: s.Queue()}, []*runtime.Runner{caller(s, "c1").Runner()}},
	} {
		if err := c.w.Serve(t.Context(), c.runners...); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	defer func() {
		if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "add WithStore") {
			t.Errorf("panic %v", v)
		}
	}()
	work("c1", echo, runtime.WithWorkers(s.Queue(), ""))
}

// TestACallerExecutesNothing of what is for workers, whatever happens to the call.
func TestACallerExecutesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		unkeyed := errors.New("no such file")
		h := s.Another()
		c := runtime.NewCalls(runtime.Spec[key.Fingerprint, args, string]{
			Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
			Execute: func(ctx context.Context, a args) (string, error) { return mustNotRun(ctx, a.Page) },
			Identify: func(a args) (uint64, key.Fingerprint, *key.Encoder) {
				e := key.Borrow()
				e.Fail(unkeyed)
				f := e.Keep(e.Fingerprint())
				return 1, f, nil
			},
			Encode: func(a *args, e *key.Encoder) { e.Fail(unkeyed) },
		}, runtime.WithStore(h), runtime.WithWorkers(h.Queue(), ""), runtime.WithLogger(slog.New(slog.DiscardHandler)))
		_, err := c.Start(t.Context(), args{"a"}).Wait(t.Context())
		var why *runtime.UnkeyedError
		if !errors.As(err, &why) || !errors.Is(err, unkeyed) {
			t.Errorf("error %v", err)
		}

		// What is forgotten while it is looked up, before it is pushed.
		var f *fetch
		slow := forgetting{s.Another(), func() { f.Forget(args{"a"}) }}
		f = work("c1", mustNotRun, runtime.WithStore(&slow), runtime.WithWorkers(s.Queue(), ""))
		serve(t, s, worker.Worker{}, work("c1", echo, runtime.WithStore(s.Another())))
		wantResult(t, "got a")(run(t.Context(), f, "a"))
		wantQuiet(t, s)
	})
}

// forgetting is a store that has a call forgotten when it was looked up first.
type forgetting struct {
	*memory.Store
	forget func()
}

func (s *forgetting) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	err := s.Store.Lookup(ctx, refs, found)
	if forget := s.forget; forget != nil {
		s.forget = nil
		forget()
	}
	return err
}

// TestASealedCallIsExecutedWithItsKeyOnly: a worker without it says so.
func TestASealedCallIsExecutedWithItsKeyOnly(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		sealed := func(k byte) queue.Queue {
			q, err := seal.New(s.Another().Queue(), bytes.Repeat([]byte{k}, 32))
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		var log lines
		stranger := work("c1", echo, runtime.WithStore(s.Another()))
		stop := serve(t, s, worker.Worker{Queue: sealed(1), Logger: slog.New(slog.NewTextHandler(&log, nil))}, stranger)
		c := work("c1", mustNotRun, runtime.WithStore(s.Another()), runtime.WithWorkers(sealed(2), ""))
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "executions without the key", stranger.Runner().Stats().Executions, 0)
		if got := log.String(); !strings.Contains(got, "not sealed with a key") {
			t.Errorf("log: %s", got)
		}
		stop()
		serve(t, s, worker.Worker{Queue: sealed(2)}, work("c1", echo, runtime.WithStore(s.Another())))
		wantResult(t, "got a")(call.Wait(t.Context()))
		wantQuiet(t, s)
	})
}

// TestACallThatWasGivenUpFailsForLaterCallersToo: they do not wait for an execution that does
// not come.
func TestACallThatWasGivenUpFailsForLaterCallersToo(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		w := work("c1", func(context.Context, string) (string, error) { return "", errors.New("no page") },
			runtime.WithStore(s.Another()), runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: time.Minute, Max: time.Minute, Jitter: -1}))
		serve(t, s, worker.Worker{}, w)
		for range 3 {
			began := time.Now()
			_, err := run(t.Context(), caller(s, "c1"), "a")
			var remote *runtime.RemoteError
			if !errors.As(err, &remote) || !strings.Contains(remote.Text, "no page") {
				t.Errorf("error %v", err)
			}
			if took := time.Since(began); took > 3*time.Minute {
				t.Errorf("it took %v", took)
			}
		}
		want(t, "executions", w.Runner().Stats().Executions, 3)
		wantQuiet(t, s)
	})
}

func TestAQueueThatWasClosedEndsItsWorker(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		h := s.Another()
		served := make(chan error)
		go func() {
			w := worker.Worker{Queue: h.Queue(), Logger: slog.New(slog.DiscardHandler)}
			served <- w.Serve(t.Context(), work("c1", echo, runtime.WithStore(s)).Runner())
		}()
		time.Sleep(time.Minute)
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-served; !errors.Is(err, store.ErrClosed) {
			t.Errorf("error %v", err)
		}
	})
}

// TestAClosedRunnerLeavesItsCallsToOthers, and does not take them again and again.
func TestAClosedRunnerLeavesItsCallsToOthers(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		closed := work("c1", echo, runtime.WithStore(s.Another()))
		serve(t, s, worker.Worker{}, closed)
		if err := closed.Runner().Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := caller(s, "c1")
		call := c.Start(t.Context(), args{"a"})
		time.Sleep(time.Minute)
		serve(t, s, worker.Worker{}, work("c1", echo, runtime.WithStore(s.Another())))
		wantResult(t, "got a")(call.Wait(t.Context()))
		wantQuiet(t, s)
	})
}

// lateReports is a queue whose answer to one report comes late: what it says of a task was true of the one
// before.
type lateReports struct {
	queue.Queue
	n atomic.Int64
}

func (q *lateReports) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	reply, err := q.Queue.Report(ctx, w, has)
	if len(has) > 0 && q.n.Add(1) == 1 {
		time.Sleep(4 * time.Second)
		reply.Unwanted = has
	}
	return reply, err
}

// TestALateReportStopsNoLaterTask: the worker has put a task off, and taken it again, before the answer is
// there.
func TestALateReportStopsNoLaterTask(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var attempts, stopped atomic.Int32
		q := &lateReports{Queue: s.Another().Queue()}
		serve(t, s, worker.Worker{Queue: q}, work("c1", func(ctx context.Context, page string) (string, error) {
			if attempts.Add(1) == 1 {
				time.Sleep(1500 * time.Millisecond) // it is reported
				return "", errors.New("not yet")
			}
			select {
			case <-ctx.Done():
				stopped.Add(1)
			case <-time.After(5 * time.Second):
			}
			return "got " + page, context.Cause(ctx)
		}, runtime.WithStore(s), runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: 2 * time.Second, Jitter: -1})))
		wantResult(t, "got a")(run(t.Context(), caller(s, "c1"), "a"))
		want(t, "attempts", attempts.Load(), 2)
		want(t, "that were stopped", stopped.Load(), 0)
		want(t, "late reports", q.n.Load() > 0, true)
		wantQuiet(t, s)
	})
}

// doubled is a queue that gives its first task twice, as one does that has not heard of the worker for a
// while, and counts what it is told of tasks.
type doubled struct {
	queue.Queue
	mu    sync.Mutex
	again chan queue.Task
	given bool
	told  int
}

func (q *doubled) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type taken struct {
		queue.Task
		err error
	}
	task := make(chan taken, 1)
	go func() {
		t, err := q.Queue.Take(ctx, w)
		task <- taken{t, err}
	}()
	select {
	case t := <-q.again:
		return t, nil
	case t := <-task:
		q.mu.Lock()
		defer q.mu.Unlock()
		if t.err == nil && !q.given {
			q.given = true
			time.AfterFunc(time.Second, func() { q.again <- t.Task })
		}
		return t.Task, t.err
	}
}

func (q *doubled) Done(ctx context.Context, worker uint64, k key.Key) error {
	q.mu.Lock()
	q.told++
	q.mu.Unlock()
	return q.Queue.Done(ctx, worker, k)
}

func (q *doubled) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	q.mu.Lock()
	q.told++
	q.mu.Unlock()
	return q.Queue.PutOff(ctx, worker, k, wait)
}

// TestATaskThatAWorkerHasTwiceEndsOnce: the later one says what becomes of it.
func TestATaskThatAWorkerHasTwiceEndsOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		q := &doubled{Queue: s.Another().Queue(), again: make(chan queue.Task, 1)}
		serve(t, s, worker.Worker{Queue: q, Slots: 2}, work("c1", func(_ context.Context, page string) (string, error) {
			time.Sleep(5 * time.Second)
			return "got " + page, nil
		}, runtime.WithStore(s)))
		wantResult(t, "got a")(run(t.Context(), caller(s, "c1"), "a"))
		wantQuiet(t, s)
		want(t, "times that the queue was told of an end", q.told, 1)
	})
}

// toldOf is a queue that says what it is told of tasks.
type toldOf struct {
	queue.Queue
	done func()
}

func (q toldOf) Done(ctx context.Context, worker uint64, k key.Key) error {
	q.done()
	return q.Queue.Done(ctx, worker, k)
}

// TestATaskIsDoneWhenItsResultIsStored, and not before: otherwise those who wait would queue it again, and
// whoever executes it meanwhile would be told that nobody wants it.
func TestATaskIsDoneWhenItsResultIsStored(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var faults storetest.Faults
		var executed, stopped atomic.Int32
		stored := func() {
			found := make([]store.Found, 1)
			if err := s.Lookup(t.Context(), []store.Ref{{Work: "example.com/daily.Fetch", Key: caller(s, "c1").Key(args{"a"})}}, found); err != nil || found[0].Result() == nil {
				t.Errorf("a task is done, and there is no result: %+v, %v", found[0], err)
			}
			found[0].Close()
		}
		body := func(ctx context.Context, page string) (string, error) {
			select {
			case <-time.After(time.Duration(executed.Add(1)) * 10 * time.Second):
			case <-ctx.Done():
				stopped.Add(1)
			}
			return "got " + page, context.Cause(ctx)
		}
		silent := faults.Wrap(s.Another())
		faults.Inject(storetest.End|storetest.Renew, storetest.For(50*time.Second, storetest.Refuse)) // its lease expires
		serve(t, s, worker.Worker{Queue: toldOf{s.Another().Queue(), stored}}, work("c1", body, runtime.WithStore(silent)))
		call := caller(s, "c1").Start(t.Context(), args{"a"})
		time.Sleep(time.Second)
		serve(t, s, worker.Worker{Queue: toldOf{s.Another().Queue(), stored}}, work("c1", body, runtime.WithStore(s.Another())))
		wantResult(t, "got a")(call.Wait(t.Context()))
		want(t, "executions that were stopped", stopped.Load(), 0)
		wantQuiet(t, s)
	})
}

// small is a store that has no room for results.
type small struct{ store.Store }

func (s small) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	if result != nil {
		return store.ErrTooLarge
	}
	return s.Store.End(ctx, l, x, result)
}

// TestAResultThatCannotBeStoredIsAFailure for those who wait elsewhere, who can get it by the store only.
func TestAResultThatCannotBeStoredIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T, s *memory.Store) {
		var executed atomic.Int32
		serve(t, s, worker.Worker{}, work("c1", func(_ context.Context, page string) (string, error) {
			executed.Add(1)
			return "got " + page, nil
		}, runtime.WithStore(small{s.Another()})))
		_, err := run(t.Context(), caller(s, "c1"), "a")
		var remote *runtime.RemoteError
		if !errors.As(err, &remote) || !strings.Contains(remote.Text, "the result cannot be stored: "+store.ErrTooLarge.Error()) {
			t.Errorf("error %v", err)
		}
		want(t, "executions", executed.Load(), 1)
		wantQuiet(t, s)
	})
}
