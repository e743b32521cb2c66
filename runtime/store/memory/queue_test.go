package memory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/queue/queuetest"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

func TestQueue(t *testing.T) {
	queuetest.Test(t, func(t *testing.T) func() queue.Queue {
		s := memory.New(500 * time.Millisecond)
		return func() queue.Queue { return s.Another().Queue() }
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	s := memory.New(0)
	q := s.Queue()
	for n := 0; ; n++ {
		err := q.Push(t.Context(), queue.Task{Ref: store.Ref{Key: key.Key{byte(n), byte(n >> 8), byte(n >> 16)}}, Caller: 1})
		if errors.Is(err, queue.ErrFull) && n >= 1000 {
			break
		}
		if err != nil || n > 1_000_000 {
			t.Fatalf("task %d: %v", n, err)
		}
	}
	if err := q.Push(t.Context(), queue.Task{Ref: store.Ref{Key: key.Key{1}}, Caller: 2}); err != nil {
		t.Errorf("what is queued already: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := q.Push(t.Context(), queue.Task{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a closed queue: %v", err)
	}
}
