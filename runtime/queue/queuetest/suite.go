package queuetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// suite is one test's queue.
type suite struct {
	queue.Queue
	*testing.T
	open func() queue.Queue
}

var ctx = context.Background()

func keyOf(n int) key.Key { return sha256.Sum256([]byte(strconv.Itoa(n))) }

func routeOf(work string) queue.Route { return sha256.Sum256([]byte(work)) }

// taskOf is a task of call n of the work w, which caller 1 wants.
func taskOf(n int) queue.Task {
	return queue.Task{
		Ref: store.Ref{Work: "w", Key: keyOf(n)}, Route: routeOf("w"), Args: fmt.Append(nil, "arguments of ", n), Caller: 1,
		Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"},
	}
}

// workerOf is a worker that serves the work w.
func workerOf(id uint64, pools ...string) queue.Worker {
	return queue.Worker{
		ID: id, Origin: store.Origin{Host: "there", PID: int(id), Program: "worker"}, Pools: pools, Slots: 4,
		Serves: []queue.Served{{Work: "w", Route: routeOf("w")}},
	}
}

func (s *suite) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) push(tasks ...queue.Task) {
	s.Helper()
	for _, t := range tasks {
		s.do(s.Push(ctx, t))
	}
}

// patience is how long a test waits for what has to come, and moment for what must not.
const (
	patience = 30 * time.Second
	moment   = 100 * time.Millisecond
)

// take takes what must be there, or come.
func (s *suite) take(q queue.Queue, w queue.Worker) queue.Task {
	s.Helper()
	t, err := takeWithin(q, w, patience)
	if err != nil {
		s.Fatalf("Take: %v", err)
	}
	return t
}

func takeWithin(q queue.Queue, w queue.Worker, most time.Duration) (queue.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return q.Take(ctx, w)
}

// wantTaken takes a task, which has to be that of call n.
func (s *suite) wantTaken(q queue.Queue, w queue.Worker, n int) queue.Task {
	s.Helper()
	t := s.take(q, w)
	if t.Key != keyOf(n) {
		s.Fatalf("took %v, want the task of call %d", t.Key, n)
	}
	return t
}

func (s *suite) wantNothing(q queue.Queue, w queue.Worker) {
	s.Helper()
	if t, err := takeWithin(q, w, moment); !errors.Is(err, context.DeadlineExceeded) {
		s.Fatalf("took %+v, %v, want nothing", t, err)
	}
}

func (s *suite) report(w queue.Worker, has ...int) (unwanted []key.Key) {
	s.Helper()
	var keys []key.Key
	for _, n := range has {
		keys = append(keys, keyOf(n))
	}
	r, err := s.Report(ctx, w, keys)
	s.do(err)
	if r.Within <= 0 {
		s.Errorf("it wants a report within %v", r.Within)
	}
	return r.Unwanted
}
