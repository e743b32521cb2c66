package disk

import (
	"cmp"
	"context"
	"encoding/binary"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/wire"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// Take implements queue.Queue. That there is nothing to take is found out without writing, so
// that those who are woken in vain do not wait for each other.
func (q *tasks) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	for {
		changed := q.takers.wait()
		t, wait, err := q.takeNow(ctx, &w)
		if err != nil {
			return queue.Task{}, err
		}
		if t != nil {
			return *t, nil
		}
		q.listen()
		timer := time.NewTimer(min(wait, lookForTasks, q.o.Lease/2))
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// takeNow takes the next task. If there is none, wait is how long it takes until one is due.
func (q *tasks) takeNow(ctx context.Context, w *queue.Worker) (t *queue.Task, wait time.Duration, err error) {
	if q.o.ReadOnly {
		return nil, 0, q.w.touch(ctx) // which says so
	}
	if err := q.free(ctx); err != nil {
		return nil, 0, err
	}
	ready := false
	err = q.reading(ctx, func(c *conn) (err error) {
		ready, wait, err = c.isReady(w)
		return err
	})
	if !ready || err != nil {
		return nil, wait, err
	}
	err = q.change(ctx, &op{}, func(tx *tx, n *news) (err error) {
		t, err = tx.take(w, n)
		return err
	})
	return t, time.Millisecond, err // if another one was faster there may be more
}

// isReady reports whether a worker can take a task, or another one is due, and otherwise how long
// it takes until one is.
func (c *conn) isReady(w *queue.Worker) (ready bool, wait time.Duration, err error) {
	if found, err := c.hasQueue(); !found || err != nil {
		return false, lookForTasks, err
	}
	due, err := c.value(`SELECT coalesce(min(due), 0) FROM task INDEXED BY task_due WHERE due > 0`)
	if err != nil {
		return false, 0, err
	}
	wait = lookForTasks
	if due > 0 {
		wait = time.Until(timeOf(due))
	}
	seq, err := c.nextTask(w)
	return seq > 0 || wait <= 0, wait, err
}

// nextTask returns the oldest task that is ready of the first of a worker's pools that has one; 0
// if there is none.
func (c *conn) nextTask(w *queue.Worker) (next int64, err error) {
	for _, pool := range w.InPools() {
		for _, served := range w.Serves {
			seq, err := c.oldestTask(pool, served)
			if err != nil {
				return 0, err
			}
			if seq > 0 && (next == 0 || seq < next) {
				next = seq
			}
		}
		if next > 0 {
			break
		}
	}
	return next, nil
}

// oldestTask returns the oldest task of a route in a pool that is ready, and whose limit is not
// reached; 0 if there is none. It looks at one task of each limit only.
func (c *conn) oldestTask(pool string, of queue.Served) (oldest int64, err error) {
	taken := int64(-1) // -1: not counted yet
	for below := int64(-1); ; {
		q := c.q(`SELECT most, seq FROM task INDEXED BY task_ready
			WHERE worker = 0 AND due = 0 AND pool = ? AND route = ? AND most > ? ORDER BY most, seq LIMIT 1`).
			text(pool).bytes(of.Route[:]).int(below)
		found, err := q.step()
		if !found {
			return oldest, err
		}
		most, seq := q.colInt(0), q.colInt(1)
		q.done()
		if most > 0 && taken < 0 {
			if taken, err = c.taken(of.Work); err != nil {
				return 0, err
			}
		}
		if (most == 0 || most > taken) && (oldest == 0 || seq < oldest) {
			oldest = seq
		}
		below = max(most, taken)
	}
}

// taken counts the tasks of a work that workers have.
func (c *conn) taken(work string) (int64, error) {
	n, _, err := c.q(`SELECT count(*) FROM task INDEXED BY task_taken WHERE worker <> 0 AND work = ?`).text(work).number()
	return n, err
}

// take gives the next task to a worker; nil if there is none. One that is damaged is dropped: who
// wants it pushes it again.
func (tx *tx) take(w *queue.Worker, n *news) (*queue.Task, error) {
	if err := tx.q(`UPDATE task INDEXED BY task_due SET due = 0 WHERE due > 0 AND due <= ?`).int(tx.now).run(); err != nil {
		return nil, err
	}
	for {
		seq, err := tx.nextTask(w)
		if seq == 0 || err != nil {
			return nil, err
		}
		t, err := tx.taskWithArgs(seq)
		if err != nil {
			return nil, err
		}
		if t == nil {
			if err := tx.dropDamaged(seq); err != nil {
				return nil, err
			}
			continue
		}
		if same, _, err := tx.findTask(t.Key); same != seq {
			return nil, cmp.Or(err, tx.error(corrupt)) // who has done it would not find it
		}
		t.Taken++
		if err := tx.q(`UPDATE task SET worker = ?, taken = ? WHERE seq = ?`).int(int64(w.ID)).int(int64(t.Taken)).int(seq).run(); err != nil {
			return nil, err
		}
		if err := n.about(tx, takenMessage, t.Key, seq); err != nil {
			return nil, err
		}
		return t, tx.seen(w)
	}
}

// taskWithArgs reads a task, nil if it is damaged.
func (c *conn) taskWithArgs(seq int64) (*queue.Task, error) {
	t, args, err := c.task(seq)
	if t == nil || err != nil {
		return nil, err
	}
	q := c.q(`SELECT data FROM argument WHERE task = ?`).int(seq)
	found, err := q.step()
	if !found {
		return nil, err
	}
	defer q.done()
	if t.Args = append([]byte(nil), q.colView(0)...); int64(xxh3.Hash(t.Args)) != args {
		return nil, nil
	}
	return t, nil
}

// task reads a task without its arguments, nil if it is damaged, and their checksum.
func (c *conn) task(seq int64) (t *queue.Task, args int64, err error) {
	q := c.q(`SELECT key, pool, work, route, most, queued, host, pid, program, args, sum, taken FROM task WHERE seq = ?`).int(seq)
	found, err := q.step()
	if !found {
		return nil, 0, err
	}
	defer q.done()
	t = &queue.Task{
		Ref: store.Ref{Key: q.colKey(0), Work: q.colString(2)}, Pool: q.colString(1), Limit: int(q.colInt(4)), Queued: timeOf(q.colInt(5)),
		Origin: store.Origin{Host: q.colString(6), PID: int(q.colInt(7)), Program: q.colString(8)}, Taken: int(q.colInt(11)),
	}
	copy(t.Route[:], q.colView(3))
	if args = q.colInt(9); taskSum(t, q.colInt(5), args) != q.colInt(10) {
		return nil, 0, nil
	}
	return t, args, nil
}

// taskSum is the checksum of what does not change of a task.
func taskSum(t *queue.Task, queued, args int64) int64 {
	b := append(t.Key[:len(t.Key):len(t.Key)], t.Route[:]...)
	b = wire.AppendString(b, t.Work)
	b = wire.AppendString(b, t.Pool)
	b = wire.AppendString(b, t.Origin.Host)
	b = wire.AppendString(b, t.Origin.Program)
	for _, n := range [...]int64{int64(t.Limit), queued, int64(t.Origin.PID), args} {
		b = binary.AppendVarint(b, n)
	}
	return int64(xxh3.Hash(b))
}
