//go:build unix

package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/queue/queuetest"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

func TestQueue(t *testing.T) {
	queuetest.Test(t, func(t *testing.T) func() queue.Queue {
		url := pgtest.Database(t)
		return func() queue.Queue { return open(t, url, postgres.Options{Lease: 2 * time.Second}).Queue() }
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	q := open(t, pgtest.Database(t), postgres.Options{MaxTasks: 5}).Queue()
	taskOf := func(n byte) queue.Task { return queue.Task{Ref: store.Ref{Work: "w", Key: key.Key{n}}, Caller: 1} }
	pushed := 0
	for n := range byte(20) {
		switch err := q.Push(ctx, taskOf(n)); {
		case err == nil:
			pushed++
		case !errors.Is(err, queue.ErrFull):
			t.Fatal(err)
		}
	}
	if pushed != 5 {
		t.Errorf("%d tasks were pushed, want 5", pushed)
	}
	again := taskOf(1)
	again.Caller = 2
	if err := q.Push(ctx, again); err != nil {
		t.Errorf("what is queued already: %v", err)
	}
	for n := range byte(5) {
		for caller := range uint64(3) {
			if err := q.Withdraw(ctx, key.Key{n}, caller); err != nil {
				t.Fatal(err)
			}
		}
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if err := q.Push(ctx, taskOf(9)); err == nil {
			break
		} else if !errors.Is(err, queue.ErrFull) || time.Now().After(end) {
			t.Fatalf("an empty queue: %v", err)
		}
	}
}
