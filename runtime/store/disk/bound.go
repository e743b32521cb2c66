package disk

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// The history is bounded by looking through it from its oldest end, page by page, with a
// connection that reads, so that those who write wait for the removal of what is found only.

const (
	boundEvery = time.Hour // unless so many executions have begun before that:
	boundAfter = 10_000
	boundPage  = 500 // records that are looked at at once, while the log cannot be shortened
)

// remembered is how many of the newest records stay when the store is too large, and their
// results have gone.
var remembered int64 = 10_000

// boundHistory drops the records that are too many or too old, if that is due, or wanted.
func (c *collector) boundHistory(wanted bool) error {
	o := &c.s.o
	if o.History < 0 && o.HistoryAge < 0 {
		return nil
	}
	now := time.Now()
	var due bool
	excess := map[int64]int{} // how many records of a work are too many
	err := c.s.reading(context.Background(), func(r *conn) error {
		last, err := r.total("bounded")
		due = wanted || c.begins.Load() >= boundAfter || now.Sub(timeOf(last)).Abs() >= boundEvery
		if err != nil || !due || o.History < 0 {
			return err
		}
		q := r.q(`SELECT work, count(*) FROM execution INDEXED BY execution_work GROUP BY work`)
		for {
			found, err := q.step()
			if !found {
				return err
			}
			if n := int(q.colInt(1)) - o.History; n > 0 {
				excess[q.colInt(0)] = n
			}
		}
	})
	if err != nil || !due {
		return err
	}
	c.begins.Store(0)
	old := int64(0)
	if o.HistoryAge > 0 {
		old = micros(now.Add(-o.HistoryAge))
	}
	err = c.forget(func(e *remembrance) bool {
		many := excess[e.work] > 0
		if excess[e.work]--; excess[e.work] <= 0 {
			delete(excess, e.work)
		}
		return e.later && (many || e.seq < old)
	}, func(seq int64) bool { return len(excess) == 0 && seq >= old })
	if err != nil {
		return err
	}
	if err := c.repeat((*tx).forgetArguments); err != nil {
		return err
	}
	return c.write(func(tx *tx) error {
		return tx.q(`UPDATE total SET bounded = ? WHERE id = 1`).int(tx.now).run()
	})
}

// forgetGone drops records that can be done without: those of executions that are not the
// newest of their calls, that were stopped, or whose results have gone. About as many as are
// remembered stay, the newest.
func (c *collector) forgetGone() error {
	var many int64
	err := c.s.reading(context.Background(), func(r *conn) (err error) {
		many, err = r.value(`SELECT count(*) FROM execution INDEXED BY execution_status WHERE status NOT IN (1, 7)`)
		return err
	})
	if err != nil {
		return err
	}
	return c.forget(func(e *remembrance) bool {
		goes := e.mayGo() && (e.later || e.status.Gone() || e.status == store.Stopped)
		if goes {
			many--
		}
		return goes
	}, func(int64) bool { return many <= remembered })
}

// remembrance is what has to be known of a record to decide whether it goes.
type remembrance struct {
	seq, work int64
	status    store.Status
	later     bool // there is a later one of the same call, that hides this one: see Found.Latest
}

// mayGo tells whether it is neither a result nor a lease.
func (e *remembrance) mayGo() bool { return e.status != store.Succeeded && e.status != store.Running }

// forget looks through the history, until enough is asked for the next record, and drops what
// goes says, unless it is a result or runs.
func (c *collector) forget(goes func(*remembrance) bool, enough func(seq int64) bool) error {
	for last, more := int64(0), true; more && !c.stopped(); {
		var seqs []int64
		err := c.s.reading(context.Background(), func(r *conn) error {
			q := r.q(`SELECT seq, work, status, EXISTS(SELECT 1 FROM execution AS later WHERE later.key = execution.key AND later.seq > execution.seq
					AND (execution.status = 8 OR later.status NOT IN (7, 8) OR later.gone > 0))
				FROM execution WHERE seq > ? ORDER BY seq LIMIT ?`).int(last).int(boundPage)
			for more = false; ; more = true {
				found, err := q.step()
				if !found {
					return err
				}
				e := remembrance{q.colInt(0), q.colInt(1), store.Status(q.colInt(2)), q.colInt(3) != 0}
				if enough(e.seq) {
					q.done()
					more = false
					return nil
				}
				if last = e.seq; goes(&e) && e.mayGo() {
					seqs = append(seqs, e.seq)
				}
			}
		})
		if err != nil {
			return err
		}
		if err := c.remove(seqs); err != nil {
			return err
		}
	}
	return nil
}

// remove drops records, in small batches.
func (c *collector) remove(seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	return c.repeat(func(tx *tx, done, size int) (int, error) {
		return tx.some(min(size, len(seqs)-done), func(i int) error {
			return tx.q(`DELETE FROM execution WHERE seq = ?`).int(seqs[done+i]).run()
		})
	})
}
