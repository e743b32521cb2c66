package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

const (
	// collectEvery is how often expired results and old records are looked for.
	collectEvery = time.Minute

	// batch is how many results go in one transaction, if that does not take too long.
	batch = 256

	// lowWater is how full a store is, of 100, once it was too full.
	lowWater = 90
)

// collector keeps the store within its bounds. Of all processes one collects.
type collector struct {
	s       *Store
	written atomic.Int64 // bytes since the size was looked at
	begins  atomic.Int64 // executions that have begun since the history was bounded
	scopes  int64        // how many scopes were left when they were collected; mu
	kick    chan struct{}
	stop    chan struct{}
	ended   chan struct{}
	mu      sync.Mutex // held while collecting
}

// newCollector makes a collector that is locked until it has run once: whoever wants
// to collect waits for that.
func newCollector(s *Store) *collector {
	c := &collector{s: s, kick: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
	c.mu.Lock()
	return c
}

func (c *collector) run() {
	defer close(c.ended)
	if c.s.o.Manual {
		c.mu.Unlock()
		return
	}
	c.s.sweep()
	_ = c.collectLocked(context.Background(), false) // what failed is tried again
	c.mu.Unlock()
	ticker := time.NewTicker(collectEvery)
	defer ticker.Stop()
	for ; ; _ = c.collect(context.Background(), false) {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
			c.s.sweep()
		case <-c.kick:
		}
	}
}

func (c *collector) close() {
	close(c.stop)
	<-c.ended
}

// put notes how much was kept, and has the size looked at now and then.
func (c *collector) put(bytes int64) {
	limit := c.s.o.MaxBytes
	if limit > 0 && c.written.Add(bytes+1024) > limit/64 {
		c.wakeUp()
	}
}

// began notes that an execution has begun, and has the history bounded now and then.
func (c *collector) began() {
	if c.begins.Add(1) == boundAfter {
		c.wakeUp()
	}
}

func (c *collector) wakeUp() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

func (c *collector) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// GC implements store.Administrator. Of several processes one collects at a time.
func (s *Store) GC(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	if s.o.ReadOnly {
		return store.ErrReadOnly
	}
	if err := s.again(ctx, func() error { return s.Check(ctx) }); err != nil {
		return err
	}
	s.hits.flush()
	s.sweep()
	s.orphans.Store(true)
	return s.gc.collect(ctx, true)
}

// collect collects, once no other process does, or without wait only if none does.
func (c *collector) collect(ctx context.Context, wait bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.collectLocked(ctx, wait)
}

func (c *collector) collectLocked(ctx context.Context, wait bool) error {
	c.written.Store(0)
	f, err := os.OpenFile(filepath.Join(c.s.dir, gcFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		mine, err := lockFile(f, false, false)
		if err != nil {
			return err
		}
		if mine {
			break
		}
		if !wait {
			return nil
		}
		select {
		case <-time.After(gcPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer c.s.makeReserve()
	return errors.Join(
		c.repeat((*tx).dropExpired),
		c.repeat((*tx).dropAged),
		c.repeat((*tx).dropOldTasks),
		c.boundHistory(wait),
		c.shrink(),
		c.forgetScopes(),
		c.sweepFiles(),
		c.vacuum(),
	)
}

// gcPoll is how often GC looks whether another process still collects.
const gcPoll = 20 * time.Millisecond

// repeat does one batch after the other until one has nothing to do. A batch is told how much
// was done before it, and how much it may do; it returns how much it did, and ends once it is
// late. They become smaller if there is no room for them on the disk.
func (c *collector) repeat(step func(tx *tx, done, size int) (int, error)) error {
	done, size := 0, batch
	for n := 1; n > 0 && !c.stopped(); {
		err := c.write(func(tx *tx) (err error) {
			n, err = step(tx, done, size)
			return err
		})
		switch {
		case isFull(err) && size > 1:
			size /= 4
			continue
		case err != nil:
			return err
		case n > 0:
			err = c.checkpoint(false)
		}
		if done += n; err != nil {
			return err
		}
	}
	return nil
}

// write has a batch written. Others may wait for the write lock meanwhile: all that the
// collector writes is small, and checkpoint moves it into the database.
func (c *collector) write(do func(tx *tx) error) error {
	return c.s.w.send(context.Background(), &op{do: do, makesRoom: true, collects: true})
}

// checkpoint has SQLite move its log into the database. Others can write meanwhile. If that
// is wanted, or the log is too long, it is cut after that, which needs the write lock.
func (c *collector) checkpoint(cut bool) error {
	_ = c.s.reading(context.Background(), func(r *conn) error { return r.q(`PRAGMA wal_checkpoint(PASSIVE)`).run() })
	log := c.s.path() + logSuffix
	if size := sizeOf(log); !cut && size < maxLog && !isCrowded(log, size) {
		return nil // if it could not be moved, that is tried again
	}
	return c.write(func(tx *tx) error {
		tx.shorten = true
		return nil
	})
}

// victim is a result that has to go.
type victim struct {
	seq, finished int64
	size          int64 // that it takes, about; evict only
}

// victims runs a query for what has to go, until it is late.
func (tx *tx) victims(q *stmt) (vs []victim, err error) {
	for {
		more, err := q.step()
		if !more {
			return vs, err
		}
		vs = append(vs, victim{q.colInt(0), q.colInt(1), q.colInt(2)})
		if tx.late() {
			q.done()
			return vs, nil
		}
	}
}

// drop drops results, until it is late, and returns how many.
func (tx *tx) drop(vs []victim, how store.Status) (n int, err error) {
	return tx.some(len(vs), func(i int) error { return tx.goes(vs[i].seq, how, "") })
}

// dropExpired drops what has expired. What has since the clock was set back is not
// searched for: it goes when it is looked for, or when the clock gets there again.
func (tx *tx) dropExpired(_, n int) (int, error) {
	vs, err := tx.victims(tx.q(`SELECT seq, finished, 0 FROM execution INDEXED BY execution_expires WHERE status = 1 AND expires > 0 AND expires <= ?
		ORDER BY expires LIMIT ?`).int(tx.now).int(int64(n)))
	if err != nil {
		return 0, err
	}
	return tx.drop(vs, store.Expired)
}

// dropAged drops what is older than this Store wants it, though it was kept with
// another bound. What was kept in the future is of before the clock was set back.
func (tx *tx) dropAged(_, n int) (int, error) {
	if tx.s.o.MaxAge <= 0 {
		return 0, nil
	}
	// They are in the order in which they began.
	vs, err := tx.victims(tx.q(`SELECT seq, finished, 0 FROM execution INDEXED BY execution_status WHERE status = 1 ORDER BY seq LIMIT ?`).int(int64(n)))
	if err != nil {
		return 0, err
	}
	before := tx.now - tx.s.o.MaxAge.Microseconds()
	young := slices.IndexFunc(vs, func(v victim) bool { return v.finished > before && v.finished <= tx.now+tolerance })
	if young >= 0 {
		vs = vs[:young]
	}
	return tx.drop(vs, store.Expired)
}

// forgetScopes forgets what no record belongs to any more, when there is much of it: every
// change of code makes a scope. Which these are takes a look at all records, without the write
// lock: those that come meanwhile have a greater number.
func (c *collector) forgetScopes() error {
	var n, last int64
	var unused []int64
	err := c.s.reading(context.Background(), func(r *conn) (err error) {
		if n, err = r.value(`SELECT count(*) FROM scope`); err != nil || n < max(maxScopes, 2*c.scopes) {
			return err
		}
		if last, err = r.value(`SELECT coalesce(max(seq), 0) FROM execution`); err != nil {
			return err
		}
		unused, err = r.numbers(`SELECT id FROM scope WHERE id NOT IN (SELECT scope FROM execution)`)
		return err
	})
	if len(unused) == 0 || err != nil {
		return err
	}
	c.scopes = n - int64(len(unused))
	return c.repeat(func(tx *tx, done, size int) (int, error) {
		return tx.some(min(size, len(unused)-done), func(i int) error {
			return tx.q(`DELETE FROM scope WHERE id = ? AND NOT EXISTS (SELECT 1 FROM execution WHERE seq > ? AND scope = id)`).
				int(unused[done+i]).int(last).run()
		})
	})
}

// maxScopes is how many scopes there may be before they are looked at.
const maxScopes = 1000

// sweepFiles removes files that no result is in: of a process that died after it
// had given a file its name, and before it had committed, and of what a damaged database
// has lost.
func (c *collector) sweepFiles() error {
	if !c.s.orphans.Swap(false) {
		return nil
	}
	results := filepath.Join(c.s.dir, resultsDir)
	dirs, err := os.ReadDir(results)
	for _, dir := range dirs {
		if c.stopped() {
			break
		}
		if len(dir.Name()) == 2 {
			err = errors.Join(err, c.sweepDir(filepath.Join(results, dir.Name())))
		}
	}
	return err
}

func (c *collector) sweepDir(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for names := range slices.Chunk(names, batch) {
		err := c.write(func(tx *tx) error {
			for _, n := range names {
				if name, ok := parseName(filepath.Base(dir) + n.Name()); ok {
					tx.files[string(name)] = true // who is used is not removed
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dead ends the executions of identities that are no more.
func (s *Store) dead(ids []int64) {
	for _, id := range ids {
		s.endAll(id, func(tx *tx, seq int64) error { return tx.lost(seq, processDied) })
	}
}
