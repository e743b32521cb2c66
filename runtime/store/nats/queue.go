package nats

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
)

// Queue returns the queue of the namespace. A task of a worker that has not reported for
// Options.AckWait may be taken by another one.
//
// A task is one message, which says who wants it and who has it, and is replaced by compare-and-set,
// as leases are. Processes that take tasks are told of those of their pools and routes by the server,
// and remember them: some 300 bytes for each.
func (s *Store) Queue() queue.Queue { return &s.tasks }

// maxTasks is how many tasks there may be.
const maxTasks = 100_000

// tasks is the queue as one Store has it.
type tasks struct {
	s *Store

	mu      sync.Mutex
	known   map[group]*known
	changed chan struct{} // closed when there may be something to take; nil: nobody waits
	lost    int           // how often others were faster lately
}

// Push implements queue.Queue.
func (q *tasks) Push(ctx context.Context, p queue.Task) error {
	s := q.s
	if err := s.checkWrite(ctx); err != nil {
		return err
	}
	want := func(t *task, _ time.Time) bool {
		if slices.Contains(t.Wanted, p.Caller) {
			return false
		}
		t.Wanted = append(t.Wanted, p.Caller)
		return true
	}
	if p.Limit == 0 && len(p.Args) > inlineArgs { // which are not sent in vain
		if t, err := q.change(ctx, s.names.task("*", "*", p.Key), want); t != nil || err != nil {
			return err
		}
	}
	t := &task{
		key: p.Key, pool: token(p.Pool), route: p.Route.String(), Work: p.Work, Limit: p.Limit, Origin: p.Origin,
		Queued: s.serverNow().UnixMicro(), Wanted: []uint64{p.Caller},
	}
	t.subject = s.names.task(t.pool, t.route, t.key)
	err := q.send(ctx, t, p.Args)
	for err == nil {
		t.seq = 0
		if err = q.put(ctx, t); !errors.Is(err, errConflict) {
			break
		}
		there, failed := q.change(ctx, t.subject, want)
		if failed != nil || there != nil {
			s.drop(t.ref(), 0, &result{upload: t.Upload, chunks: t.Chunks})
			return failed
		}
		err = nil // it has gone meanwhile
	}
	var api *apiError
	if errors.As(err, &api) && isFull(api) {
		s.drop(t.ref(), 0, &result{upload: t.Upload, chunks: t.Chunks})
		return queue.ErrFull
	}
	return err
}

// Withdraw implements queue.Queue.
func (q *tasks) Withdraw(ctx context.Context, k key.Key, caller uint64) error {
	if err := q.s.checkWrite(ctx); err != nil {
		return err
	}
	_, err := q.change(ctx, q.s.names.task("*", "*", k), func(t *task, now time.Time) bool {
		i := slices.Index(t.Wanted, caller)
		if i < 0 {
			return false
		}
		if t.Wanted = slices.Delete(t.Wanted, i, i+1); !t.isTaken(now) {
			t.Worker = 0
		}
		return true
	})
	return err
}

// Done implements queue.Queue.
func (q *tasks) Done(ctx context.Context, worker uint64, k key.Key) error {
	return q.giveBack(ctx, worker, k, func(t *task, _ time.Time) {
		t.Worker, t.Wanted = 0, nil
	})
}

// PutOff implements queue.Queue.
func (q *tasks) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	return q.giveBack(ctx, worker, k, func(t *task, now time.Time) {
		t.Worker, t.Due = 0, now.Add(wait).UnixMicro()
	})
}

// giveBack changes the task of a worker, which does not have it any more then. What it counts for
// under a limit ends before: who takes the task afterwards counts anew.
func (q *tasks) giveBack(ctx context.Context, worker uint64, k key.Key, change func(t *task, now time.Time)) error {
	if err := q.s.checkWrite(ctx); err != nil {
		return err
	}
	_, err := q.change(ctx, q.s.names.task("*", "*", k), func(t *task, now time.Time) bool {
		if t.Worker != worker || worker == 0 {
			return false
		}
		if t.Limit > 0 {
			q.release(ctx, t)
		}
		change(t, now)
		return true
	})
	return err
}

// Report implements queue.Queue.
func (q *tasks) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	s := q.s
	if err := s.checkWrite(ctx); err != nil {
		return queue.Reply{}, err
	}
	header, err := headerOf(w)
	if err != nil {
		return queue.Reply{}, err
	}
	reply := queue.Reply{Within: s.o.AckWait / 4}
	if _, _, err := s.publish(ctx, s.names.worker(w.ID), anything, header, nil); err != nil {
		return reply, err
	}
	unwanted := make([]bool, len(has))
	err = each(len(has), maxAsking, func(i int) error {
		t, err := q.change(ctx, s.names.task("*", "*", has[i]), func(t *task, now time.Time) bool {
			if t.Worker == w.ID {
				t.Until = now.Add(s.o.AckWait).UnixMicro()
			}
			return t.Worker == w.ID
		})
		unwanted[i] = t == nil || len(t.Wanted) == 0
		return err
	})
	for i, k := range has {
		if unwanted[i] {
			reply.Unwanted = append(reply.Unwanted, k)
		}
	}
	return reply, err
}

// Leave implements queue.Queue.
func (q *tasks) Leave(ctx context.Context, worker uint64) error {
	s := q.s
	if err := s.checkWrite(ctx); err != nil {
		return err
	}
	var has []key.Key
	err := q.each(ctx, s.names.ns+".t.>", func(t *task) {
		if t.Worker == worker {
			has = append(has, t.key)
		}
	})
	if err != nil {
		return err
	}
	err = each(len(has), maxAsking, func(i int) error { return q.PutOff(ctx, worker, has[i], 0) })
	if err != nil {
		return err
	}
	m, err := s.leader(ctx, s.names.state, s.names.worker(worker))
	if m != nil && err == nil {
		_, err = s.remove(ctx, s.names.state, m.seq)
	}
	return err
}

// each calls f with the tasks of a subject, without their arguments.
func (q *tasks) each(ctx context.Context, subject string, f func(t *task)) error {
	c, err := q.s.scan(ctx, q.s.names.tasks, subject)
	if err != nil {
		return err
	}
	return c.all(ctx, func(m *message) error {
		if t := q.s.names.taskOf(m); t != nil {
			f(t)
		}
		return nil
	})
}
