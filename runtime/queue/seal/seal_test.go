package seal_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/queue/queuetest"
	"github.com/workgen/workgen/runtime/queue/seal"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

var (
	oldKey = bytes.Repeat([]byte{1}, 32)
	newKey = bytes.Repeat([]byte{2}, 16)
)

func sealed(t *testing.T, q queue.Queue, keys ...[]byte) queue.Queue {
	t.Helper()
	s, err := seal.New(q, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASealedQueueIsAQueue(t *testing.T) {
	queuetest.Test(t, func(t *testing.T) func() queue.Queue {
		s := memory.New(500 * time.Millisecond)
		return func() queue.Queue { return sealed(t, s.Another().Queue(), oldKey) }
	})
}

// spy sees what a queue is given, and may change it.
type spy struct {
	queue.Queue
	pushed *queue.Task
}

func (s spy) Push(ctx context.Context, t queue.Task) error {
	*s.pushed = t
	return s.Queue.Push(ctx, t)
}

func TestArgumentsAreReadByThoseWhoHaveTheKey(t *testing.T) {
	ctx := t.Context()
	var seen queue.Task
	q := spy{memory.New(0).Queue(), &seen}
	route := queue.Route{1}
	w := queue.Worker{ID: 7, Serves: []queue.Served{{Work: "w", Route: route}}}
	push := func(n byte, keys ...[]byte) {
		t.Helper()
		err := sealed(t, q, keys...).Push(ctx, queue.Task{Ref: store.Ref{Work: "w", Key: key.Key{n}}, Route: route, Args: []byte("a secret"), Caller: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	take := func(keys ...[]byte) queue.Task {
		t.Helper()
		got, err := sealed(t, q, keys...).Take(ctx, w)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	readable := func(got queue.Task) bool { return got.Unreadable == nil && string(got.Args) == "a secret" }

	push(1, oldKey)
	if bytes.Contains(seen.Args, []byte("secret")) {
		t.Errorf("the queue has %q", seen.Args)
	}
	if got := take(newKey, oldKey); !readable(got) {
		t.Errorf("with both keys: %q, %v", got.Args, got.Unreadable)
	}
	push(2, newKey, oldKey)
	if got := take(oldKey); readable(got) || got.Unreadable == nil || got.Args != nil {
		t.Errorf("with another key: %q, %v", got.Args, got.Unreadable)
	}
	push(3, oldKey)
	moved := seen // to another call
	moved.Key = key.Key{4}
	if got := take(oldKey); !readable(got) {
		t.Errorf("its own arguments: %q, %v", got.Args, got.Unreadable)
	}
	if err := q.Queue.Push(ctx, moved); err != nil {
		t.Fatal(err)
	}
	if got := take(oldKey); readable(got) {
		t.Error("arguments of one call are those of another one")
	}
}

func TestKeysThatAreNone(t *testing.T) {
	for want, keys := range map[string][][]byte{"needs a key": nil, "it has 5 bytes": {oldKey, []byte("short")}} {
		if _, err := seal.New(memory.New(0).Queue(), keys...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
