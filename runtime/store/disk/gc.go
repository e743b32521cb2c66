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

	// batch is how many results go in one transaction, so that others who write
	// wait for milliseconds only.
	batch = 256

	// lowWater is how full a store is, of 100, once it was too full.
	lowWater = 90
)

// maxGone bounds how many records of failures and of results that have gone are kept:
// the newest.
var maxGone int64 = 10_000

// collector keeps the store within its bounds. Of all processes one collects.
type collector struct {
	s       *Store
	written atomic.Int64 // bytes since the size was looked at
	orphans atomic.Bool  // there may be files that no result is in
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
	s.uses.flush()
	s.sweep()
	s.gc.orphans.Store(true)
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
	return errors.Join(
		c.repeat(func(tx *tx) (int, error) { return tx.dropExpired(batch) }),
		c.repeat(func(tx *tx) (int, error) { return tx.dropAged(batch) }),
		c.shrink(),
		c.forgetGone(),
		c.forgetScopes(),
		c.sweepFiles(),
		c.vacuum(),
	)
}

// gcPoll is how often GC looks whether another process still collects.
const gcPoll = 20 * time.Millisecond

// repeat does one batch after the other until one has nothing to do.
func (c *collector) repeat(step func(tx *tx) (int, error)) error {
	for n := 1; n > 0 && !c.stopped(); {
		err := c.s.w.write(context.Background(), false, func(tx *tx) (err error) {
			n, err = step(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// victim is a result that has to go.
type victim struct {
	seq, kept int64
	size      int64 // that it takes, about; evict only
}

// victims runs a query for what has to go.
func victims(q *stmt) (vs []victim, err error) {
	for {
		more, err := q.step()
		if !more {
			return vs, err
		}
		vs = append(vs, victim{q.colInt(0), q.colInt(1), q.colInt(2)})
	}
}

func (tx *tx) drop(vs []victim, how store.Status) (int, error) {
	for _, v := range vs {
		if err := tx.dropResult(v.seq); err != nil {
			return 0, err
		}
		err := tx.q(`UPDATE call SET status = ?, kept = ? WHERE seq = ?`).int(int64(how)).int(tx.now).int(v.seq).run()
		if err != nil {
			return 0, err
		}
	}
	return len(vs), nil
}

// dropExpired drops what has expired. What has since the clock was set back is not
// searched for: it goes when it is looked for, or when the clock gets there again.
func (tx *tx) dropExpired(n int) (int, error) {
	vs, err := victims(tx.q(`SELECT seq, kept, 0 FROM call WHERE status = 1 AND expires > 0 AND expires <= ?
		ORDER BY expires LIMIT ?`).int(tx.now).int(int64(n)))
	if err != nil {
		return 0, err
	}
	return tx.drop(vs, store.Expired)
}

// dropAged drops what is older than this Store wants it, though it was kept with
// another bound. What was kept in the future is of before the clock was set back.
func (tx *tx) dropAged(n int) (int, error) {
	if tx.s.o.MaxAge <= 0 {
		return 0, nil
	}
	// They are in the order in which they were kept.
	vs, err := victims(tx.q(`SELECT seq, kept, 0 FROM call WHERE status = 1 ORDER BY seq LIMIT ?`).int(int64(n)))
	if err != nil {
		return 0, err
	}
	before := tx.now - tx.s.o.MaxAge.Microseconds()
	young := slices.IndexFunc(vs, func(v victim) bool { return v.kept > before && v.kept <= tx.now+tolerance })
	if young >= 0 {
		vs = vs[:young]
	}
	return tx.drop(vs, store.Expired)
}

// forgetGone forgets the oldest records of what is not there.
func (c *collector) forgetGone() error {
	var oldest int64 // of those that stay
	return c.repeat(func(tx *tx) (int, error) {
		if oldest == 0 {
			seq, found, err := tx.q(`SELECT seq FROM call WHERE status > 1 ORDER BY seq DESC LIMIT 1 OFFSET ?`).int(maxGone - 1).number()
			if !found || err != nil {
				return 0, err
			}
			oldest = seq
		}
		err := tx.q(`DELETE FROM call WHERE seq IN (SELECT seq FROM call WHERE status > 1 AND seq < ? LIMIT ?)`).
			int(oldest).int(batch).run()
		return int(tx.changes()), err
	})
}

// forgetScopes forgets what no record belongs to any more, when there is much of it:
// every change of code makes a scope.
func (c *collector) forgetScopes() error {
	return c.s.w.write(context.Background(), false, func(tx *tx) error {
		n, err := tx.value(`SELECT count(*) FROM scope`)
		if err != nil || n < max(maxScopes, 2*c.scopes) {
			return err
		}
		if err := tx.q(`DELETE FROM scope WHERE id NOT IN (SELECT scope FROM call)`).run(); err != nil {
			return err
		}
		c.scopes = n - tx.changes()
		return nil
	})
}

// maxScopes is how many scopes there may be before they are looked at.
const maxScopes = 1000

// sweepFiles removes files that no result is in: of a process that died after it
// had given a file its name, and before it had committed.
func (c *collector) sweepFiles() error {
	if !c.orphans.Swap(false) {
		return nil
	}
	dirs, err := filepath.Glob(filepath.Join(c.s.dir, resultsDir, "??"))
	for _, dir := range dirs {
		if c.stopped() {
			break
		}
		err = errors.Join(err, c.sweepDir(dir))
	}
	return err
}

func (c *collector) sweepDir(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil || len(names) == 0 {
		return err
	}
	return c.s.w.write(context.Background(), false, func(tx *tx) error {
		for _, n := range names {
			if name, ok := parseName(filepath.Base(dir) + n.Name()); ok {
				tx.files[string(name)] = true // who is used is not removed
			}
		}
		return nil
	})
}

// dead ends the leases of identities that are no more.
func (s *Store) dead(ids []int64) {
	_ = s.w.write(context.Background(), false, func(tx *tx) error {
		for _, id := range ids {
			if err := tx.q(`DELETE FROM lease WHERE holder = ?`).int(id).run(); err != nil {
				return err
			}
		}
		return nil
	})
}
