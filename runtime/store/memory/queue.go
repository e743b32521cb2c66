package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
)

// Queue returns the queue of the store, which all handles share. A task of a worker that has
// not reported for as long as leases last may be taken by another one.
func (s *Store) Queue() queue.Queue { return &tasks{s} }

// maxTasks is how many tasks there may be.
const maxTasks = 100_000

// tasks is the queue as one handle of the store has it.
type tasks struct{ *Store }

// queued is what all handles have of the queue in common.
type queued struct {
	mu      sync.Mutex
	tasks   map[key.Key]*task
	order   []*task // in which they were pushed; those that were dropped are among them
	workers map[uint64]*queue.Worker
	changed chan struct{} // closed when there is something to take, or to look at; nil: nobody waits
}

type task struct {
	queue.Task
	wanted  map[uint64]struct{} // by callers
	due     time.Time           // not before is it taken
	worker  uint64              // who has it; 0: nobody
	dropped bool
}

// use takes the mutex, unless the context has ended or the handle was closed.
func (s *tasks) use(ctx context.Context) (*queued, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	q := &s.shared.queued
	s.shared.mu.Unlock()
	q.mu.Lock()
	return q, nil
}

// change wakes who waits for tasks. mu is held.
func (q *queued) change() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// Push implements queue.Queue.
func (s *tasks) Push(ctx context.Context, t queue.Task) error {
	q, err := s.use(ctx)
	if err != nil {
		return err
	}
	defer q.mu.Unlock()
	there := q.tasks[t.Key]
	switch {
	case there != nil:
	case len(q.tasks) >= maxTasks:
		return queue.ErrFull
	default:
		t.Queued, t.Taken = time.Now(), 0
		there = &task{Task: t, wanted: map[uint64]struct{}{}}
		there.Caller = 0
		q.tasks[t.Key] = there
		q.order = append(q.order, there)
		q.change()
	}
	there.wanted[t.Caller] = struct{}{}
	return nil
}

// Withdraw implements queue.Queue.
func (s *tasks) Withdraw(ctx context.Context, k key.Key, caller uint64) error {
	q, err := s.use(ctx)
	if err != nil {
		return err
	}
	defer q.mu.Unlock()
	if t := q.tasks[k]; t != nil {
		delete(t.wanted, caller)
		if len(t.wanted) == 0 && t.worker == 0 {
			q.drop(t)
		}
	}
	return nil
}

// drop needs mu.
func (q *queued) drop(t *task) {
	t.dropped = true
	delete(q.tasks, t.Key)
	q.change() // there may be room under a limit
	if len(q.order) > 2*len(q.tasks)+16 {
		q.order = slices.DeleteFunc(q.order, func(t *task) bool { return t.dropped })
	}
}

// Take implements queue.Queue.
func (s *tasks) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	for {
		q, err := s.use(ctx)
		if err != nil {
			return queue.Task{}, err
		}
		q.free(s.shared.lease)
		t, wait := q.next(&w)
		if t != nil {
			t.worker = w.ID
			t.Taken++
			taken := t.Task
			if q.workers[w.ID] == nil { // so that its time runs
				w.Seen = time.Now()
				q.workers[w.ID] = &w
			}
			q.mu.Unlock()
			return taken, nil
		}
		if q.changed == nil {
			q.changed = make(chan struct{})
		}
		changed := q.changed
		q.mu.Unlock()
		timer := time.NewTimer(min(wait, s.shared.lease/2))
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// next returns the task that a worker is to take, or how long it takes until one is due. mu is
// held.
func (q *queued) next(w *queue.Worker) (*task, time.Duration) {
	wait, now := time.Hour, time.Now()
	taken := map[string]int{}
	for _, t := range q.tasks {
		if t.worker != 0 {
			taken[t.Work]++
		}
	}
	for _, pool := range w.InPools() {
		for _, t := range q.order {
			switch {
			case t.dropped || t.worker != 0 || t.Pool != pool || !serves(w, t.Route):
			case t.Limit > 0 && taken[t.Work] >= t.Limit:
			case now.Before(t.due):
				wait = min(wait, t.due.Sub(now))
			default:
				return t, 0
			}
		}
	}
	return nil, wait
}

func serves(w *queue.Worker, r queue.Route) bool {
	return slices.ContainsFunc(w.Serves, func(s queue.Served) bool { return s.Route == r })
}

// free queues the tasks again of workers that have not reported in time. mu is held.
func (q *queued) free(after time.Duration) {
	for id, w := range q.workers {
		if time.Since(w.Seen) >= after {
			q.leave(id)
		}
	}
}

// leave needs mu.
func (q *queued) leave(id uint64) {
	delete(q.workers, id)
	for _, t := range q.tasks {
		if t.worker == id {
			q.give(t, 0)
		}
	}
}

// give makes a task nobody's, or drops it if nobody wants it. mu is held.
func (q *queued) give(t *task, wait time.Duration) {
	t.worker, t.due = 0, time.Now().Add(wait)
	if len(t.wanted) == 0 {
		q.drop(t)
	}
	q.change()
}

// Report implements queue.Queue.
func (s *tasks) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	q, err := s.use(ctx)
	if err != nil {
		return queue.Reply{}, err
	}
	defer q.mu.Unlock()
	q.free(s.shared.lease)
	w.Seen = time.Now()
	q.workers[w.ID] = &w
	reply := queue.Reply{Within: s.shared.lease / 4}
	for _, k := range has {
		if t := q.tasks[k]; t == nil || len(t.wanted) == 0 {
			reply.Unwanted = append(reply.Unwanted, k)
		}
	}
	return reply, nil
}

// Done implements queue.Queue.
func (s *tasks) Done(ctx context.Context, worker uint64, k key.Key) error {
	return s.of(ctx, worker, k, (*queued).drop)
}

// PutOff implements queue.Queue.
func (s *tasks) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	return s.of(ctx, worker, k, func(q *queued, t *task) { q.give(t, wait) })
}

// of calls f, with mu, if a task is a worker's.
func (s *tasks) of(ctx context.Context, worker uint64, k key.Key, f func(q *queued, t *task)) error {
	q, err := s.use(ctx)
	if err != nil {
		return err
	}
	defer q.mu.Unlock()
	if t := q.tasks[k]; t != nil && t.worker == worker {
		f(q, t)
	}
	return nil
}

// Leave implements queue.Queue.
func (s *tasks) Leave(ctx context.Context, worker uint64) error {
	q, err := s.use(ctx)
	if err != nil {
		return err
	}
	defer q.mu.Unlock()
	q.leave(worker)
	return nil
}

// Status implements queue.Queue.
func (s *tasks) Status(ctx context.Context) (st queue.Status, err error) {
	q, err := s.use(ctx)
	if err != nil {
		return st, err
	}
	defer q.mu.Unlock()
	q.free(s.shared.lease)
	for _, w := range q.workers {
		st.Workers = append(st.Workers, *w)
	}
	slices.SortFunc(st.Workers, func(a, b queue.Worker) int {
		return cmp.Or(cmp.Compare(a.Origin.String(), b.Origin.String()), cmp.Compare(a.ID, b.ID))
	})
	type group struct {
		pool  string
		route queue.Route
	}
	lengths := map[group]*queue.Length{}
	for _, t := range q.tasks {
		of := group{t.Pool, t.Route}
		l := lengths[of]
		if l == nil {
			l = &queue.Length{Pool: t.Pool, Work: t.Work, Route: t.Route}
			lengths[of] = l
		}
		if t.worker != 0 {
			l.Taken++
			continue
		}
		if l.Queued++; l.Oldest.IsZero() || t.Queued.Before(l.Oldest) {
			l.Oldest = t.Queued
		}
	}
	for _, l := range lengths {
		st.Lengths = append(st.Lengths, *l)
	}
	slices.SortFunc(st.Lengths, func(a, b queue.Length) int {
		return cmp.Or(cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Work, b.Work), slices.Compare(a.Route[:], b.Route[:]))
	})
	return st, nil
}
