package disk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
)

// The queue shares calls out between the processes of one machine. It is in tables of its own,
// that are made for the first task or worker: programs that do not know them can use the same
// store. All is counted, chosen and taken in one transaction, under the write lock. Nothing waits
// for the disk: loss of power may take tasks with it, and ends those who want them, too.
//
// How tasks are taken is in queue_take.go, who takes them in queue_worker.go, and how those are
// woken who wait in queue_wake.go.

// Queue returns the queue of the store, which all processes share that have it open. The tasks of
// a worker whose process died are free at once, those of one that does not report when
// Options.Lease has gone by. Loss of power may take tasks with it. A task that nobody has taken
// for a week goes.
//
// The queue takes up to 100,000 tasks, whose arguments have up to 16 MiB each, and together a fourth
// of Options.MaxBytes.
func (s *Store) Queue() queue.Queue { return &tasks{s} }

// maxTasks is how many tasks there may be; maxArgs is how many bytes the arguments of one have,
// and tasksPart which part of Options.MaxBytes those of all may take.
var maxTasks int64 = 100_000

const maxArgs, tasksPart = 16 << 20, 4

// maxWait is how long a task is put off at most: then its worker finds out that it is not due.
const maxWait = 24 * time.Hour

// taskAge is how long tasks stay that nobody takes: of versions of programs, say, that are not
// there any more. Who still wants one pushes it again.
const taskAge = 7 * 24 * time.Hour

// tasks is the queue of a Store.
type tasks struct{ *Store }

// The tables of the queue. Times are microseconds since 1970.
var queueTables = []string{
	// In the order in which they were pushed. sum is a checksum of what does not change. The
	// arguments are apart since this is written again and again.
	`CREATE TABLE task(
		seq INTEGER PRIMARY KEY,
		key BLOB NOT NULL UNIQUE,
		pool TEXT NOT NULL, work TEXT NOT NULL, route BLOB NOT NULL,
		most INTEGER NOT NULL,   -- of the work may be taken at once; 0: any number
		queued INTEGER NOT NULL,
		host TEXT NOT NULL, pid INTEGER NOT NULL, program TEXT NOT NULL,
		size INTEGER NOT NULL, args INTEGER NOT NULL, -- checksum of the arguments
		sum INTEGER NOT NULL,
		due INTEGER NOT NULL,    -- when it may be taken; 0: now
		worker INTEGER NOT NULL, -- who has it; 0: nobody
		taken INTEGER NOT NULL)`,
	`CREATE INDEX task_ready ON task(pool, route, most, seq) WHERE worker = 0 AND due = 0`,
	`CREATE INDEX task_due ON task(due) WHERE due > 0`,
	`CREATE INDEX task_taken ON task(worker, work) WHERE worker <> 0`,
	`CREATE TABLE argument(task INTEGER PRIMARY KEY, data BLOB NOT NULL)`,

	// holder names a file in live, that of the process, here and below.
	`CREATE TABLE want(task INTEGER NOT NULL, caller INTEGER NOT NULL, holder INTEGER NOT NULL, PRIMARY KEY(task, caller)) WITHOUT ROWID`,
	`CREATE TABLE worker(id INTEGER PRIMARY KEY, holder INTEGER NOT NULL, seen INTEGER NOT NULL, expires INTEGER NOT NULL, record BLOB NOT NULL)`,

	// One row: how many tasks there are, and the bytes of their arguments.
	`CREATE TABLE queued(id INTEGER PRIMARY KEY, tasks INTEGER NOT NULL, bytes INTEGER NOT NULL)`,
	`INSERT INTO queued VALUES(1, 0, 0)`,
	`CREATE TRIGGER task_pushed AFTER INSERT ON task BEGIN
		UPDATE queued SET tasks = tasks + 1, bytes = bytes + new.size WHERE id = 1;
	END`,
	`CREATE TRIGGER task_dropped AFTER DELETE ON task BEGIN
		UPDATE queued SET tasks = tasks - 1, bytes = bytes - old.size WHERE id = 1;
		DELETE FROM argument WHERE task = old.seq;
		DELETE FROM want WHERE task = old.seq;
	END`,
}

// hasQueue reports whether there are the tables of the queue.
func (c *conn) hasQueue() (bool, error) {
	if c.queue {
		return true, nil
	}
	_, found, err := c.q(`SELECT 1 FROM sqlite_master WHERE name = 'task'`).number()
	c.queue = found
	return found, err
}

// makeQueue makes the tables of the queue unless they are there.
func (tx *tx) makeQueue() error {
	found, err := tx.hasQueue()
	if found || err != nil {
		return err
	}
	return tx.exec(queueTables...)
}

// copyQueue copies what can be read of a queue, and drops tasks that are damaged: a row that was
// another table's would be counted, and nobody could take it.
func copyQueue(old, c *conn) error {
	if found, err := old.hasQueue(); !found || err != nil {
		return nil // it has none, or it cannot be read
	}
	if err := transact(c, queueTables); err != nil {
		return err
	}
	all := func([]any) bool { return true }
	return errors.Join(
		copyTable(old, c, "task", "seq key pool work route most queued host pid program size args sum due worker taken", all),
		dropDamagedTasks(c),
		copyTable(old, c, "argument", "task data", all),
		copyTable(old, c, "want", "task caller holder", all),
		copyTable(old, c, "worker", "id holder seen expires record", all),
		transact(c, []string{
			`DELETE FROM argument WHERE task NOT IN (SELECT seq FROM task)`,
			`DELETE FROM want WHERE task NOT IN (SELECT seq FROM task)`,
		}))
}

// dropDamagedTasks drops the tasks whose checksum is wrong.
func dropDamagedTasks(c *conn) error {
	seqs, err := c.numbers(`SELECT seq FROM task`)
	for _, seq := range seqs {
		t, _, taskErr := c.task(seq)
		if t == nil && taskErr == nil {
			taskErr = c.q(`DELETE FROM task WHERE seq = ?`).int(seq).run()
		}
		err = errors.Join(err, taskErr)
	}
	return err
}

// change has something written to the queue, and others told of it.
func (q *tasks) change(ctx context.Context, o *op, do func(tx *tx, n *news) error) error {
	var n news
	o.do = func(tx *tx) (err error) {
		n = news{}
		if err = tx.makeQueue(); err == nil {
			err = do(tx, &n)
		}
		if n.tasks && err == nil {
			n.workers, err = tx.numbers(`SELECT DISTINCT holder FROM worker`)
		}
		return err
	}
	err := q.w.send(ctx, o)
	if err == nil {
		q.tell(&n)
	}
	return err
}

// Push implements queue.Queue.
func (q *tasks) Push(ctx context.Context, t queue.Task) error {
	if len(t.Args) > maxArgs {
		return fmt.Errorf("disk: the arguments of a call of %s have %d bytes, and the queue takes %d: put what is large into a file, and pass its name", t.Work, len(t.Args), maxArgs)
	}
	q.listen()
	q.watches.expect(t.Key, true) // before that: who takes it may say so before this returns
	waits := false                // for a worker
	err := q.change(ctx, &op{size: len(t.Args)}, func(tx *tx, n *news) error {
		seq, worker, err := tx.findTask(t.Key)
		if waits = worker == 0; waits && seq > 0 && err == nil {
			seq, err = tx.keepReady(seq)
		}
		if seq == 0 && err == nil {
			n.tasks = true
			seq, err = tx.addTask(&t)
		}
		if err != nil {
			return err
		}
		return tx.q(`INSERT OR REPLACE INTO want(task, caller, holder) VALUES(?, ?, ?)`).int(seq).int(int64(t.Caller)).int(q.self.id).run()
	})
	if !waits || err != nil {
		q.watches.expect(t.Key, false)
	}
	if err != nil {
		return err
	}
	q.gc.put(int64(len(t.Args)))
	return nil
}

// findTask returns the task of a call, 0 if there is none, and who has taken it, 0 if nobody has.
func (c *conn) findTask(k key.Key) (seq, worker int64, err error) {
	q := c.q(`SELECT seq, worker FROM task WHERE key = ?`).bytes(k[:])
	found, err := q.step()
	if found {
		seq, worker = q.colInt(0), q.colInt(1)
		q.done()
	}
	return seq, worker, err
}

// addTask queues a task, if there is room.
func (tx *tx) addTask(t *queue.Task) (seq int64, err error) {
	if full, err := tx.isQueueFull(int64(len(t.Args))); full || err != nil {
		if full {
			err = refusal{queue.ErrFull}
		}
		return 0, err
	}
	args := int64(xxh3.Hash(t.Args))
	err = tx.q(`INSERT INTO task(key, pool, work, route, most, queued, host, pid, program, size, args, sum, due, worker, taken)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)`).
		bytes(t.Key[:]).text(t.Pool).text(t.Work).bytes(t.Route[:]).int(int64(t.Limit)).int(tx.now).
		text(t.Origin.Host).int(int64(t.Origin.PID)).text(t.Origin.Program).
		int(int64(len(t.Args))).int(args).int(taskSum(t, tx.now, args)).run()
	if err != nil {
		return 0, err
	}
	seq = tx.last()
	return seq, tx.q(`INSERT OR REPLACE INTO argument(task, data) VALUES(?, ?)`).int(seq).bytes(t.Args).run()
}

// keepReady sees to it that a task can be taken which is pushed again: it is whole, it is not put
// off for longer than anything is, as it would be if the clock was set back, and who looks for it
// finds it. It returns 0 if it is to be queued anew.
func (tx *tx) keepReady(seq int64) (int64, error) {
	t, _, err := tx.task(seq)
	if err != nil {
		return 0, err
	}
	if t == nil {
		return 0, tx.dropDamaged(seq)
	}
	err = tx.q(`UPDATE task SET due = 0 WHERE seq = ? AND due > ?`).int(seq).int(tx.now + maxWait.Microseconds()).run()
	if err != nil {
		return 0, err
	}
	_, ready, err := tx.q(`SELECT 1 FROM task AS it WHERE seq = ? AND (due > 0 OR EXISTS(SELECT 1 FROM task INDEXED BY task_ready
		WHERE worker = 0 AND due = 0 AND pool = it.pool AND route = it.route AND most = it.most AND seq = it.seq))`).int(seq).number()
	if err == nil && !ready {
		err = tx.error(corrupt)
	}
	return seq, err
}

// isQueueFull reports whether there is no room for a task with so many bytes.
func (tx *tx) isQueueFull(size int64) (bool, error) {
	q := tx.q(`SELECT tasks, bytes FROM queued WHERE id = 1`)
	found, err := q.step()
	if !found {
		if err == nil {
			err = tx.error(corrupt)
		}
		return false, err
	}
	defer q.done()
	most := tx.s.o.MaxBytes / tasksPart
	return q.colInt(0) >= maxTasks || most > 0 && q.colInt(1)+size > most, nil
}

// Withdraw implements queue.Queue.
func (q *tasks) Withdraw(ctx context.Context, k key.Key, caller uint64) error {
	return q.change(ctx, &op{makesRoom: true}, func(tx *tx, _ *news) error {
		seq, _, err := tx.findTask(k)
		if seq == 0 || err != nil {
			return err
		}
		if err := tx.q(`DELETE FROM want WHERE task = ? AND caller = ?`).int(seq).int(int64(caller)).run(); err != nil {
			return err
		}
		return tx.dropUnwanted(seq)
	})
}

// dropUnwanted drops a task that nobody wants and nobody has taken.
func (tx *tx) dropUnwanted(seq int64) error {
	return tx.q(`DELETE FROM task WHERE seq = ? AND worker = 0 AND NOT EXISTS(SELECT 1 FROM want WHERE task = seq)`).int(seq).run()
}

// Done implements queue.Queue.
func (q *tasks) Done(ctx context.Context, worker uint64, k key.Key) error {
	return q.ofWorker(ctx, worker, k, func(tx *tx, seq int64, n *news) error {
		limited, _, err := tx.q(`SELECT most FROM task WHERE seq = ?`).int(seq).number()
		if err == nil {
			n.tasks = limited > 0 // there is room for another one
			err = n.about(tx, doneMessage, k, seq)
		}
		if err != nil {
			return err
		}
		return tx.dropTask(seq)
	})
}

// dropDamaged drops a task that is damaged. More of the database may be: it is made anew.
func (tx *tx) dropDamaged(seq int64) error {
	tx.s.w.damaged.Store(true)
	return tx.dropTask(seq)
}

func (tx *tx) dropTask(seq int64) error { return tx.q(`DELETE FROM task WHERE seq = ?`).int(seq).run() }

// PutOff implements queue.Queue.
func (q *tasks) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	return q.ofWorker(ctx, worker, k, func(tx *tx, seq int64, n *news) error {
		due := int64(0)
		if wait > 0 {
			due = tx.now + min(wait, maxWait).Microseconds()
		}
		n.tasks = true
		return tx.giveTask(seq, due)
	})
}

// ofWorker changes a task if it is a worker's.
func (q *tasks) ofWorker(ctx context.Context, worker uint64, k key.Key, do func(tx *tx, seq int64, n *news) error) error {
	return q.change(ctx, &op{makesRoom: true}, func(tx *tx, n *news) error {
		seq, has, err := tx.findTask(k)
		if seq == 0 || has != int64(worker) || err != nil {
			return err
		}
		return do(tx, seq, n)
	})
}

// giveTask makes a task nobody's, or drops it if nobody wants it.
func (tx *tx) giveTask(seq, due int64) error {
	if err := tx.q(`UPDATE task SET worker = 0, due = ? WHERE seq = ?`).int(due).int(seq).run(); err != nil {
		return err
	}
	return tx.dropUnwanted(seq)
}

// dropOldTasks drops tasks that nobody has taken for long: see taskAge.
func (tx *tx) dropOldTasks(_, n int) (int, error) {
	if found, err := tx.hasQueue(); !found || err != nil {
		return 0, err
	}
	seqs, err := tx.oldTasks(n)
	if err != nil {
		return 0, err
	}
	return tx.some(len(seqs), func(i int) error { return tx.dropTask(seqs[i]) })
}

// oldTasks returns up to n tasks that nobody has taken for long.
func (tx *tx) oldTasks(n int) (seqs []int64, err error) {
	for q := tx.q(`SELECT seq, queued, due, worker FROM task ORDER BY seq`); ; {
		more, err := q.step()
		if !more {
			return seqs, err
		}
		if q.colInt(1) >= tx.now-taskAge.Microseconds() || len(seqs) == n {
			q.done()
			return seqs, nil
		}
		if q.colInt(2) <= tx.now && q.colInt(3) == 0 {
			seqs = append(seqs, q.colInt(0))
		}
	}
}
