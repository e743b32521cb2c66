// Package slots bounds how many tasks run at once, and says whose turn it is.
package slots

import (
	"container/list"
	"sync/atomic"
)

// Queue hands out slots. The zero Queue has no limit. Its methods, but for Unlimited, need a
// lock of its user's.
//
// A task gives its slot back while it waits for another one: otherwise a task that waits for
// one which needs a slot could wait for a slot that only it could free. To go on it takes
// one again, before tasks that have not begun, since what has begun holds more and is nearer
// its end.
//
// A task may wait in several goroutines, and nobody can tell whether others of its
// goroutines work meanwhile. It counts as waiting until all those waits are through:
// counting it as running earlier could make those that it still waits for wait for its slot.
type Queue struct {
	limit    int       // 0: none
	used     int       // turns that have a slot
	held     bool      // nobody begins
	resuming list.List // of *Turn: waiting to go on
	pending  list.List // of newcomer: waiting to begin, the oldest first
}

// New returns a queue that has so many slots; 0 is any number.
func New(limit int) Queue { return Queue{limit: limit} }

// Turn is that of one task. The zero Turn is that of one that has not come yet.
type Turn struct {
	queued *list.Element // nil when it waits for no slot
	resume chan struct{} // closed when it may go on; nil when nobody waits for that
	pauses int32         // its goroutines that wait for other tasks
	over   atomic.Bool
	slot   bool // it has one
}

// Task is told that it may begin, having had to wait. The queue's lock is held.
type Task interface{ HasSlot() }

type newcomer struct {
	turn *Turn
	task Task
}

// Unlimited reports whether there is no limit, so that nobody waits but for Release. It needs
// no lock.
func (q *Queue) Unlimited() bool { return q.limit == 0 }

// Admit reports whether a task may begin at once; otherwise it is told when it may.
func (q *Queue) Admit(t *Turn, task Task) bool {
	if !q.held && q.take(t) {
		return true
	}
	t.queued = q.pending.PushBack(newcomer{t, task})
	return false
}

func (q *Queue) take(t *Turn) bool {
	if q.Unlimited() {
		return true
	}
	if q.used >= q.limit {
		return false
	}
	q.used++
	t.slot = true
	return true
}

// GiveBack hands the slot of a task, if it has one, to whoever is next.
func (q *Queue) GiveBack(t *Turn) {
	if !t.slot {
		return
	}
	t.slot = false
	q.used--
	q.admitNext()
}

// admitNext hands out slots as long as some are free.
func (q *Queue) admitNext() {
	for q.Unlimited() || q.used < q.limit {
		if next := q.resuming.Front(); next != nil {
			t := next.Value.(*Turn)
			q.take(t)
			q.wake(t)
			continue
		}
		next := q.pending.Front()
		if next == nil || q.held {
			return
		}
		first := next.Value.(newcomer)
		q.Leave(first.turn)
		q.take(first.turn)
		first.task.HasSlot()
	}
}

// Hold lets no task begin until Release. Tasks that have begun go on.
func (q *Queue) Hold() { q.held = true }

// Release ends Hold, if it was called.
func (q *Queue) Release() {
	if q.held {
		q.held = false
		q.admitNext()
	}
}

// Held reports whether Hold was called, and not Release since.
func (q *Queue) Held() bool { return q.held }

// Leave takes a task out of the queue, if it waits there.
func (q *Queue) Leave(t *Turn) {
	if t.queued == nil {
		return
	}
	q.resuming.Remove(t.queued) // does nothing for elements of the other list
	q.pending.Remove(t.queued)
	t.queued = nil
}

// wake lets the goroutine go on that waits for that, if any.
func (q *Queue) wake(t *Turn) {
	if t.resume == nil {
		return
	}
	q.Leave(t)
	close(t.resume)
	t.resume = nil
}

// Pause says that a goroutine of a task is going to wait for another task. GoOn has to
// follow.
func (q *Queue) Pause(t *Turn) {
	t.pauses++
	if t.pauses == 1 {
		// One of the two at most: it has its slot, or waits to have it again.
		q.GiveBack(t)
		q.wake(t)
	}
}

// GoOn says that the wait is through. The goroutine may go on when the channel is closed
// that GoOn returns; nil is at once.
func (q *Queue) GoOn(t *Turn) <-chan struct{} {
	t.pauses--
	if t.pauses > 0 || t.Over() || q.take(t) {
		return nil
	}
	t.resume = make(chan struct{})
	t.queued = q.resuming.PushBack(t)
	return t.resume
}

// End says that a task is over: its slot is free, and goroutines that it has left behind
// need none.
func (q *Queue) End(t *Turn) {
	q.GiveBack(t)
	q.wake(t)
	t.over.Store(true)
}

// Over reports whether the task is over. It needs no lock.
func (t *Turn) Over() bool { return t.over.Load() }

// Waits reports whether the task waits for a slot.
func (t *Turn) Waits() bool { return t.queued != nil }

// Holds reports whether the task has a slot. Of a queue without a limit nobody has one.
func (t *Turn) Holds() bool { return t.slot }

// Count returns how many slots are used, and how many tasks wait to go on, and to begin.
func (q *Queue) Count() (used, resuming, pending int) {
	return q.used, q.resuming.Len(), q.pending.Len()
}
