// Package deadline has a queue of what has its time, the first in front. Most have the same
// lifetime, and then each is put at the end, where it stays.
package deadline

import (
	"container/heap"
	"time"
)

// Queue has elements by when their times come. The zero Queue is empty. All methods need one
// lock.
type Queue[E Element] struct{ items items[E] }

// Element is something that can be in one queue.
type Element interface {
	// Place returns where the element notes its place, counted from 1; 0: it has none.
	Place() *int32
}

type item[E Element] struct {
	at      time.Duration
	element E
}

// items are a heap.
type items[E Element] []item[E]

func (q items[E]) Len() int           { return len(q) }
func (q items[E]) Less(i, j int) bool { return q[i].at < q[j].at }
func (q items[E]) Push(any)           {} // Add appends by itself, which saves making an interface
func (q items[E]) Pop() any           { return nil }

func (q items[E]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	*q[i].element.Place(), *q[j].element.Place() = int32(i+1), int32(j+1)
}

// Len returns how many elements there are.
func (q *Queue[E]) Len() int { return len(q.items) }

// First returns when the first one's time comes, and that one; there must be one.
func (q *Queue[E]) First() (at time.Duration, e E) { return q.items[0].at, q.items[0].element }

// Add adds an element that is in no queue, whose time comes at the given one: a duration
// since whatever moment.
func (q *Queue[E]) Add(e E, at time.Duration) {
	q.items = append(q.items, item[E]{at, e})
	*e.Place() = int32(len(q.items))
	heap.Fix(&q.items, len(q.items)-1)
}

// Remove takes an element out, if it is there.
func (q *Queue[E]) Remove(e E) {
	place := e.Place()
	if *place == 0 {
		return
	}
	i, last := int(*place-1), len(q.items)-1
	if i != last {
		q.items.Swap(i, last)
	}
	q.items[last] = item[E]{}
	q.items = q.items[:last]
	if i != last {
		heap.Fix(&q.items, i)
	}
	*place = 0
}
