package nats_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
	"github.com/workgen/workgen/runtime/worker"
)

// fetch is a work, as generated code would have it.
type fetch = runtime.Calls[int, page, string]

type page struct{ N int }

func newFetch(body func(ctx context.Context, n int) (string, error), opts ...runtime.Option) *fetch {
	return runtime.NewCalls(runtime.Spec[int, page, string]{
		Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
		Execute:  func(ctx context.Context, p page) (string, error) { return body(ctx, p.N) },
		Identify: func(p page) (uint64, int, *key.Encoder) { return hash(p.N), p.N, nil },
		Encode:   func(p *page, e *key.Encoder) { e.Int(p.N) },
		Inputs:   []string{"n int"},
	}, append(opts, runtime.WithLogger(slog.New(slog.DiscardHandler)))...)
}

func hash(n int) uint64 { return key.NewHash().Uint64(uint64(n)).Sum() }

func run(c *fetch, n int) (string, error) { return c.Run(ctx, hash(n), n, page{n}) }

// caller makes a runner on a handle of its own, whose calls workers execute.
func caller(t testing.TB, o nats.Options) *fetch {
	s := open(t, o)
	return newFetch(func(context.Context, int) (string, error) { return "", errors.New("executed by a caller") },
		runtime.WithStore(s), runtime.WithWorkers(s.Queue(), ""))
}

// serve has a worker on a handle of its own execute calls until the test ends.
func serve(t testing.TB, o nats.Options, slots int, body func(ctx context.Context, n int) (string, error)) {
	s := open(t, o)
	ctx, cancel := context.WithCancel(ctx)
	w := worker.Worker{Queue: s.Queue(), Slots: slots, Logger: slog.New(slog.DiscardHandler)}
	var served sync.WaitGroup
	served.Go(func() {
		if err := w.Serve(ctx, newFetch(body, runtime.WithStore(s)).Runner()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); served.Wait() })
}

// testWorkers has workers execute the calls of three callers who make the same ones.
func testWorkers(t *testing.T, c *natstest.Cluster) {
	const callers, workers, calls = 3, 3, 60
	o := nats.Options{URL: c.URL(), Namespace: namespace(t, c)}
	var executed [calls]atomic.Int32
	for range workers {
		serve(t, o, 4, func(_ context.Context, n int) (string, error) {
			executed[n].Add(1)
			time.Sleep(20 * time.Millisecond)
			return fmt.Sprint("page ", n), nil
		})
	}
	var all sync.WaitGroup
	for range callers {
		c := caller(t, o)
		for n := range calls {
			all.Go(func() {
				if got, err := run(c, n); err != nil || got != fmt.Sprint("page ", n) {
					t.Errorf("call %d: %q, %v", n, got, err)
				}
			})
		}
	}
	began := time.Now()
	all.Wait()
	t.Logf("took %v", time.Since(began))
	for n := range executed {
		if times := executed[n].Load(); times != 1 {
			t.Errorf("call %d was executed %d times", n, times)
		}
	}
}

// BenchmarkDispatch is a call that a worker executes in no time, until its caller has the result.
func BenchmarkDispatch(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			o := nats.Options{URL: natstest.Start(b, n, synced).URL()}
			serve(b, o, 4, func(_ context.Context, n int) (string, error) { return "", nil })
			c := caller(b, o)
			n := 0
			for b.Loop() {
				if _, err := run(c, n); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
