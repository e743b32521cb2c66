package disk

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/wire"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// Report implements queue.Queue.
func (q *tasks) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	reply := queue.Reply{Within: q.o.Lease / 4}
	err := q.change(ctx, &op{}, func(tx *tx, _ *news) error {
		reply.Unwanted = nil
		if err := tx.seen(&w); err != nil {
			return err
		}
		for _, k := range has {
			_, wanted, err := tx.q(`SELECT 1 FROM task WHERE key = ? AND EXISTS(SELECT 1 FROM want WHERE task = seq)`).bytes(k[:]).number()
			if err != nil {
				return err
			}
			if !wanted {
				reply.Unwanted = append(reply.Unwanted, k)
			}
		}
		return nil
	})
	if err != nil {
		return queue.Reply{}, err
	}
	return reply, q.free(ctx)
}

// seen notes that a worker is there, and how long that counts.
func (tx *tx) seen(w *queue.Worker) error {
	return tx.q(`INSERT OR REPLACE INTO worker(id, holder, seen, expires, record) VALUES(?, ?, ?, ?, ?)`).
		int(int64(w.ID)).int(tx.s.self.id).int(tx.now).int(tx.now + tx.s.o.Lease.Microseconds()).bytes(packWorker(w)).run()
}

// Leave implements queue.Queue.
func (q *tasks) Leave(ctx context.Context, worker uint64) error {
	return q.change(ctx, &op{makesRoom: true}, func(tx *tx, n *news) error {
		n.tasks = true
		return tx.leave(int64(worker))
	})
}

// leave forgets a worker, and queues its tasks again.
func (tx *tx) leave(worker int64) error {
	if err := tx.q(`DELETE FROM worker WHERE id = ?`).int(worker).run(); err != nil {
		return err
	}
	seqs, err := tx.numbers(`SELECT seq FROM task INDEXED BY task_taken WHERE worker <> 0 AND worker = ?`, worker)
	for i := 0; err == nil && i < len(seqs); i++ {
		err = tx.giveTask(seqs[i], 0)
	}
	return err
}

// freeEvery is how often a Store looks for workers that are gone.
const freeEvery = 100 * time.Millisecond

// free queues the tasks of workers that are gone again, unless it was looked for them just now.
func (q *tasks) free(ctx context.Context) error {
	if !q.takers.isTime(freeEvery) {
		return nil
	}
	var gone map[int64]bool
	err := q.reading(ctx, func(c *conn) (err error) {
		gone, err = q.gone(c)
		return err
	})
	if len(gone) == 0 || err != nil {
		return err
	}
	return q.change(ctx, &op{makesRoom: true}, func(tx *tx, n *news) error {
		gone, err := q.gone(tx.conn) // some may have reported
		n.tasks = len(gone) > 0
		for id := range gone {
			if err == nil {
				err = tx.leave(id)
			}
		}
		return err
	})
}

// gone returns the workers whose process has died, or which have not reported in time, and those
// that have tasks and nobody knows.
func (q *tasks) gone(c *conn) (map[int64]bool, error) {
	if found, err := c.hasQueue(); !found || err != nil {
		return nil, err
	}
	now, alive, gone := time.Now().UnixMicro(), map[int64]bool{q.self.id: true}, map[int64]bool{}
	rows := c.q(`SELECT id, holder, seen, expires FROM worker
		UNION ALL SELECT worker, 0, 0, 0 FROM task INDEXED BY task_taken WHERE worker <> 0 AND worker NOT IN (SELECT id FROM worker)`)
	for {
		more, err := rows.step()
		if !more {
			return gone, err
		}
		id, holder := rows.colInt(0), rows.colInt(1)
		if hasExpired(rows.colInt(2), max(rows.colInt(3), 1), now) {
			gone[id] = true
			continue
		}
		if _, known := alive[holder]; !known {
			_, alive[holder] = q.alive(holder)
		}
		if !alive[holder] {
			gone[id] = true
		}
	}
}

// Status implements queue.Queue. The tasks of workers that are gone are told to be queued, as they
// are as soon as somebody wants one.
func (q *tasks) Status(ctx context.Context) (st queue.Status, err error) {
	err = q.reading(ctx, func(c *conn) error {
		st = queue.Status{}
		gone, err := q.gone(c)
		if gone == nil || err != nil {
			return err
		}
		if st.Workers, err = c.workers(gone); err == nil {
			st.Lengths, err = c.lengths(gone)
		}
		return err
	})
	return st, err
}

// workers returns the workers that are there.
func (c *conn) workers(gone map[int64]bool) (all []queue.Worker, err error) {
	for q := c.q(`SELECT id, seen, record FROM worker`); ; {
		more, err := q.step()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		w := queue.Worker{ID: uint64(q.colInt(0)), Seen: timeOf(q.colInt(1))}
		if !gone[q.colInt(0)] && unpackWorker(&w, q.colView(2)) {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b queue.Worker) int {
		return cmp.Or(cmp.Compare(a.Origin.String(), b.Origin.String()), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// lengths counts the tasks.
func (c *conn) lengths(gone map[int64]bool) (all []queue.Length, err error) {
	q := c.q(`SELECT pool, work, route, worker, count(*), min(queued) FROM task GROUP BY pool, work, route, worker ORDER BY pool, work, route`)
	for {
		more, err := q.step()
		if !more {
			return all, err
		}
		l := queue.Length{Pool: q.colString(0), Work: q.colString(1)}
		copy(l.Route[:], q.colView(2))
		if last := len(all) - 1; last < 0 || all[last].Pool != l.Pool || all[last].Work != l.Work || all[last].Route != l.Route {
			all = append(all, l)
		}
		at := &all[len(all)-1]
		n, oldest := int(q.colInt(4)), timeOf(q.colInt(5))
		if worker := q.colInt(3); worker != 0 && !gone[worker] {
			at.Taken += n
			continue
		}
		if at.Queued += n; at.Oldest.IsZero() || oldest.Before(at.Oldest) {
			at.Oldest = oldest
		}
	}
}

// packWorker packs what is known of a worker, as records are: see record.go.
func packWorker(w *queue.Worker) []byte {
	b := wire.AppendString(nil, w.Origin.Host)
	b = binary.AppendVarint(b, int64(w.Origin.PID))
	b = wire.AppendString(b, w.Origin.Program)
	b = binary.AppendVarint(b, int64(w.Slots))
	b = binary.AppendVarint(b, int64(w.Busy))
	b = binary.AppendUvarint(b, uint64(len(w.Pools)))
	for _, pool := range w.Pools {
		b = wire.AppendString(b, pool)
	}
	for _, s := range w.Serves {
		b = append(wire.AppendString(b, s.Work), s.Route[:]...)
	}
	return binary.LittleEndian.AppendUint64(b, xxh3.HashSeed(b, w.ID))
}

// unpackWorker reports whether what is known of a worker is whole.
func unpackWorker(w *queue.Worker, b []byte) bool {
	n := len(b) - 8
	if n < 0 || xxh3.HashSeed(b[:n], w.ID) != binary.LittleEndian.Uint64(b[n:]) {
		return false
	}
	var u wire.Reader
	u.Reset(b[:n], "")
	w.Origin = store.Origin{Host: u.String(), PID: int(u.Varint()), Program: u.String()}
	w.Slots, w.Busy = int(u.Varint()), int(u.Varint())
	for range u.Uvarint() {
		w.Pools = append(w.Pools, u.String())
	}
	for u.Left() > 0 {
		s := queue.Served{Work: u.String()}
		copy(s.Route[:], u.Take(len(s.Route)))
		w.Serves = append(w.Serves, s)
	}
	return true
}
