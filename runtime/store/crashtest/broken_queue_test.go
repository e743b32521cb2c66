package crashtest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// The tests of this file have workers in one process use queues that are broken in one way each.

// A brokenQueue changes what some methods of a queue do; nil ones stay as they are.
type brokenQueue struct {
	queue.Queue
	push    func(ctx context.Context, t queue.Task) error
	take    func(ctx context.Context, w queue.Worker) (queue.Task, error)
	done    func(ctx context.Context, worker uint64, k key.Key) error
	putsOff func(k key.Key) key.Key // another task
}

func (q *brokenQueue) Push(ctx context.Context, t queue.Task) error {
	if q.push != nil {
		return q.push(ctx, t)
	}
	return q.Queue.Push(ctx, t)
}

func (q *brokenQueue) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	if q.take != nil {
		return q.take(ctx, w)
	}
	return q.Queue.Take(ctx, w)
}

func (q *brokenQueue) Done(ctx context.Context, worker uint64, k key.Key) error {
	if q.done != nil {
		return q.done(ctx, worker, k)
	}
	return q.Queue.Done(ctx, worker, k)
}

func (q *brokenQueue) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	if q.putsOff != nil {
		k = q.putsOff(k)
	}
	return q.Queue.PutOff(ctx, worker, k, wait)
}

// testQueues is testStores for queues.
func testQueues(t *testing.T, want int, queues map[string]func(q *brokenQueue)) {
	for name, damage := range queues {
		t.Run(name, func(t *testing.T) {
			testRound(t, want, &inProcess{workers: true, wrap: func(_ int, h *memory.Store) store.Store {
				return &breakage{Store: h, queue: func(q queue.Queue) queue.Queue {
					broken := &brokenQueue{Queue: q}
					damage(broken)
					return broken
				}}
			}})
		})
	}
}

func TestGoodQueuesPass(t *testing.T) {
	testQueues(t, 0, map[string]func(q *brokenQueue){
		"nothing happens": func(*brokenQueue) {},
		"tasks are given to two": func(q *brokenQueue) {
			q.take = func(ctx context.Context, w queue.Worker) (queue.Task, error) {
				t, err := q.Queue.Take(ctx, w)
				if err == nil && sometimes(3) {
					err = q.Queue.PutOff(ctx, w.ID, t.Key, 0)
				}
				return t, err
			}
		},
	})
}

func TestInvariant4IsCheckedOfQueues(t *testing.T) {
	testQueues(t, 4, map[string]func(q *brokenQueue){
		"tasks stay for ever": func(q *brokenQueue) {
			q.done = func(ctx context.Context, worker uint64, k key.Key) error {
				if k[0] < 10 {
					return q.PutOff(ctx, worker, k, time.Minute)
				}
				return q.Queue.Done(ctx, worker, k)
			}
		},
	})
}

func TestInvariant6IsCheckedOfQueues(t *testing.T) {
	testQueues(t, 6, map[string]func(q *brokenQueue){
		"tasks are lost, again and again": func(q *brokenQueue) {
			began := time.Now()
			q.push = func(ctx context.Context, t queue.Task) error {
				if t.Key[0] < 20 && time.Since(began) < 12*time.Second {
					return nil
				}
				return q.Queue.Push(ctx, t)
			}
		},
	})
}

func TestInvariant7IsChecked(t *testing.T) {
	testQueues(t, 7, map[string]func(q *brokenQueue){
		"tasks are given to workers of other versions": func(q *brokenQueue) { (&mixer{Queue: q.Queue}).damage(q) },
	})
}

// A mixer gives some tasks to workers of the other version, with the key that the call has there: workers
// would refuse them otherwise.
type mixer struct {
	queue.Queue
	mu    sync.Mutex
	mixed map[key.Key]key.Key // what they were, while workers have them
	done  map[key.Key]bool
}

func (m *mixer) damage(q *brokenQueue) {
	m.mixed, m.done = map[key.Key]key.Key{}, map[key.Key]bool{}
	q.putsOff = m.was
	q.take = func(ctx context.Context, w queue.Worker) (queue.Task, error) {
		own := w.Serves
		if st, err := m.Status(ctx); err == nil {
			for _, other := range st.Workers {
				w.Serves = slices.Concat(w.Serves, other.Serves)
			}
		}
		for {
			t, err := m.Queue.Take(ctx, w)
			i := slices.IndexFunc(own, func(s queue.Served) bool { return s.Work == t.Work })
			if err != nil || own[i].Route == t.Route {
				return t, err
			}
			if k, ok := m.mix(&t); ok {
				t.Route, t.Key = own[i].Route, k
				return t, nil
			}
			if err := m.PutOff(ctx, w.ID, t.Key, 10*time.Millisecond); err != nil {
				return t, err
			}
		}
	}
	q.done = func(ctx context.Context, worker uint64, k key.Key) error {
		return m.Queue.Done(ctx, worker, m.was(k))
	}
}

// was returns the key that a task had before it was given to a worker, who is through with it.
func (m *mixer) was(k key.Key) key.Key {
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, ok := m.mixed[k]; ok {
		delete(m.mixed, k)
		return was
	}
	return k
}

// mix returns the key that a call has in the other version, the first time that it is asked for that,
// and for some calls only: a caller waits until it is executed by the right one.
func (m *mixer) mix(t *queue.Task) (key.Key, bool) {
	name := t.Work[strings.LastIndex(t.Work, ".")+1:]
	for n := range 20 {
		for version := range versions {
			if newCalls(plan{Round: 1}, name, version, nothing).Key(n) != t.Key {
				continue
			}
			other := newCalls(plan{Round: 1}, name, 1-version, nothing).Key(n)
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.done[other] {
				return key.Key{}, false
			}
			m.mixed[other], m.done[other] = t.Key, true
			return other, true
		}
	}
	return key.Key{}, false
}

func nothing(context.Context, int) (result, error) { return result{}, nil }
