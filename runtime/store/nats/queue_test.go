package nats_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// TestAFullQueueRefuses what is not in it yet, and workers go on.
func TestAFullQueueRefuses(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	q := open(t, nats.Options{URL: c.URL()}).Queue()
	_, js := connect(t, c.URL())
	stream, err := js.Stream(ctx, "workgen-tasks")
	if err != nil {
		t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	if cfg.MaxMsgs < 1000 {
		t.Errorf("it may have %d tasks", cfg.MaxMsgs)
	}
	cfg.MaxMsgs = 3
	if _, err := js.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	route := queue.Route{1}
	push := func(caller uint64) error {
		r := newCall()
		return q.Push(ctx, queue.Task{Ref: r, Route: route, Args: noise(40_000), Caller: caller})
	}
	last := queue.Task{Ref: newCall(), Route: route, Caller: 1}
	for range 2 {
		if err := push(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Push(ctx, last); err != nil {
		t.Fatal(err)
	}
	if err := push(1); !errors.Is(err, queue.ErrFull) {
		t.Errorf("a full queue: %v", err)
	}
	last.Caller = 2
	if err := q.Push(ctx, last); err != nil {
		t.Errorf("what is in it already: %v", err)
	}
	w := queue.Worker{ID: 7, Serves: []queue.Served{{Work: last.Work, Route: route}}}
	got, err := q.Take(ctx, w)
	if err == nil && !bytes.Equal(got.Args, noise(40_000)) {
		t.Errorf("a task has %d bytes of arguments", len(got.Args))
	}
	if err == nil {
		err = q.Done(ctx, 7, got.Key)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := push(1); err != nil {
		t.Errorf("after a task was done: %v", err)
	}
}

// TestArgumentsOfTasksAreCollected once their tasks have gone, and not before.
func TestArgumentsOfTasksAreCollected(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL(), Manual: true})
	task := queue.Task{Ref: newCall(), Route: queue.Route{1}, Args: noise(700_000), Caller: 1}
	w := queue.Worker{ID: 7, Serves: []queue.Served{{Work: task.Work, Route: task.Route}}}
	q := s.Queue()
	if err := errors.Join(q.Push(ctx, task), s.GC(ctx)); err != nil {
		t.Fatal(err)
	}
	got, err := q.Take(ctx, w)
	if err != nil || !bytes.Equal(got.Args, task.Args) {
		t.Fatalf("took %d bytes of arguments, %v", len(got.Args), err)
	}
	if err := q.Done(ctx, 7, task.Key); err != nil {
		t.Fatal(err)
	}
	_, js := connect(t, c.URL())
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		stream, err := js.Stream(ctx, "workgen-chunks")
		if err != nil {
			t.Fatal(err)
		}
		if stream.CachedInfo().State.Msgs == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d chunks are left", stream.CachedInfo().State.Msgs)
		}
	}
}

// TestCloseLeavesNothing on a connection that is the user's.
func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	c := natstest.Start(t, 1, nil)
	nc, _ := connect(t, c.URL())
	before := nc.NumSubscriptions()
	s, err := nats.Open(ctx, nats.Options{Conn: nc, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	s.OnDelete(func([]store.Ref) bool { return true })
	_, stop := s.Watch(newCall())
	defer stop()
	task := queue.Task{Ref: newCall(), Route: queue.Route{1}, Caller: 1}
	if err := s.Queue().Push(ctx, task); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Queue().Take(ctx, queue.Worker{ID: 7, Serves: []queue.Served{{Work: task.Work, Route: task.Route}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// One of the client's own stays, for answers.
	if after := nc.NumSubscriptions(); after > before+1 {
		t.Errorf("%d subscriptions, and %d before", after, before)
	}
	if err := nc.Flush(); err != nil {
		t.Errorf("the user's connection: %v", err)
	}
	if _, err := s.Queue().Take(ctx, queue.Worker{ID: 7}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Take after Close: %v", err)
	}
}

// TestTheHistoryMayBeBoundedOtherwise: by the tools of NATS, or by another program.
func TestTheHistoryMayBeBoundedOtherwise(t *testing.T) {
	t.Parallel()
	c := natstest.Start(t, 1, nil)
	open(t, nats.Options{URL: c.URL()})
	s := open(t, nats.Options{URL: c.URL(), HistoryAge: -1, History: -1})
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// TestLimitsHoldWhoeverIsFaster: many who want the same few tasks never have more of them than the
// limit says.
func TestLimitsHoldWhoeverIsFaster(t *testing.T) {
	t.Parallel()
	const tasks, workers, limit = 40, 6, 2
	c := natstest.Start(t, 1, nil)
	var taken, most, done atomic.Int32
	q := open(t, nats.Options{URL: c.URL()}).Queue()
	route := queue.Route{1}
	for range tasks {
		if err := q.Push(ctx, queue.Task{Ref: newCall(), Route: route, Limit: limit, Caller: 1}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range workers {
		q := open(t, nats.Options{URL: c.URL()}).Queue()
		w := queue.Worker{ID: uint64(1 + i), Serves: []queue.Served{{Work: "w", Route: route}}}
		wg.Go(func() {
			for done.Load() < tasks {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				got, err := q.Take(ctx, w)
				cancel()
				if err != nil {
					continue
				}
				if n := taken.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(2 * time.Millisecond)
				taken.Add(-1)
				if done.Add(1)%3 == 0 && got.Taken == 1 {
					done.Add(-1)
					err = q.PutOff(t.Context(), w.ID, got.Key, 0)
				} else {
					err = q.Done(t.Context(), w.ID, got.Key)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := most.Load(); n > limit || n < 1 {
		t.Errorf("%d were taken at once, the limit is %d", n, limit)
	}
}
