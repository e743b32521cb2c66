package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// collectEvery is how often expired results are looked for, and boundEvery how often the
	// history is bounded, by one of all processes.
	collectEvery = time.Minute
	boundEvery   = time.Hour

	// boundAfter is how many executions begin before this process bounds the history in any case.
	boundAfter = 10_000

	// batch is how many results or records go in one transaction.
	batch = 256

	// collectPoll is how often GC looks whether another process still collects.
	collectPoll = 20 * time.Millisecond
)

// collector drops what has expired, and keeps the history within its bounds, in small
// transactions that wait for nobody and that nobody waits for.
type collector struct {
	s      *Store
	begins atomic.Int64 // executions that have begun since the history was bounded
	bytes  atomic.Int64 // that were kept since it was looked at what there is
	kick   chan struct{}
	stop   context.CancelFunc
	ended  chan struct{} // closed when run has ended
	mu     sync.Mutex    // held while collecting
}

// start has garbage collected now and then.
func (c *collector) start() {
	var ctx context.Context
	ctx, c.stop = context.WithCancel(c.s.running)
	if c.s.o.Manual || c.s.o.ReadOnly {
		close(c.ended)
		return
	}
	go c.run(ctx)
}

func (c *collector) run(ctx context.Context) {
	defer close(c.ended)
	ticker := time.NewTicker(collectEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.kick:
		case <-ticker.C:
		}
		_ = c.collectIfDue(ctx) // what failed is tried again
	}
}

func (c *collector) close() {
	c.stop()
	<-c.ended
}

// began notes that an execution has begun, and has the history bounded now and then.
func (c *collector) began() {
	if c.begins.Add(1) == boundAfter {
		c.wakeUp()
	}
}

// put notes how much was kept, if it was, and has the size of all looked at now and then. It returns
// the error.
func (c *collector) put(bytes int64, err error) error {
	if err == nil && c.s.o.MaxBytes > 0 && c.bytes.Add(bytes) > c.s.o.MaxBytes/64 {
		c.wakeUp()
	}
	return err
}

func (c *collector) wakeUp() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// collectIfDue collects unless another process has done so lately.
func (c *collector) collectIfDue(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	many := c.begins.Load() >= boundAfter
	var due, bound bool
	if err := c.s.row(ctx, c.s.sql.due, []any{collectEvery, boundEvery}, &due, &bound); err != nil {
		return err
	}
	if due || many {
		return c.collect(ctx, bound || many, false)
	}
	return elsewhere(c.shrink(ctx, false))
}

// elsewhere is an error but for that which says that another process collects.
func elsewhere(err error) error {
	if errors.Is(err, errElsewhere) {
		return nil
	}
	return err
}

// GC implements store.Administrator. Of several processes one collects at a time.
func (s *Store) GC(ctx context.Context) error {
	if err := s.checkWrite(ctx); err != nil {
		return err
	}
	if err := s.Check(ctx); err != nil {
		return err
	}
	s.hits.flush()
	s.gc.mu.Lock()
	defer s.gc.mu.Unlock()
	return s.gc.collect(ctx, true, true)
}

// errElsewhere says that another process collects.
var errElsewhere = errors.New("postgres: another process collects garbage")

// collect collects, once no other process does, or without wait only if none does. mu is held.
func (c *collector) collect(ctx context.Context, bound, wait bool) error {
	err := c.dropExpired(ctx, wait)
	if err == nil {
		err = c.shrink(ctx, wait)
	}
	if err == nil && bound {
		c.begins.Store(0)
		err = errors.Join(c.forgetOld(ctx, wait), c.forgetMany(ctx, wait), c.forgetScopes(ctx, wait))
	}
	return elsewhere(err)
}

// do has one batch done, and returns how much it was.
func (c *collector) do(ctx context.Context, wait bool, sql string, args ...any) (n int, err error) {
	for {
		err := c.s.row(ctx, sql, args, &n)
		switch {
		case err != nil || n >= 0:
			return n, err
		case !wait:
			return 0, errElsewhere
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(collectPoll):
		}
	}
}

// dropExpired drops what has expired, or is older than this Store wants it, though it was kept with
// another bound.
func (c *collector) dropExpired(ctx context.Context, wait bool) error {
	var age any
	if c.s.o.MaxAge > 0 {
		age = c.s.o.MaxAge
	}
	for {
		n, err := c.do(ctx, wait, c.s.sql.dropExpired, c.s.lock(lockCollect), age, batch)
		if n == 0 || err != nil {
			return err
		}
	}
}

// lowWater is how full a store is, of 100, once it was too full, and maxVictims how many results are
// looked at at once to make room.
const lowWater, maxVictims = 90, 5000

// shrink evicts results if they take too much: those that were not used for the longest time.
func (c *collector) shrink(ctx context.Context, wait bool) error {
	most := c.s.o.MaxBytes
	if most <= 0 {
		return nil
	}
	c.bytes.Store(0)
	var stored int64
	if err := c.s.row(ctx, c.s.sql.stored, nil, &stored); err != nil || stored <= most {
		return err
	}
	for excess := stored - most/100*lowWater; excess > 0; {
		seqs, bytes, err := c.unused(ctx, excess)
		if err != nil || len(seqs) == 0 {
			return err
		}
		evicted := 0
		for some := range slices.Chunk(seqs, batch) {
			n, err := c.do(ctx, wait, c.s.sql.evict, c.s.lock(lockCollect), some)
			if err != nil {
				return err
			}
			evicted += n
		}
		if evicted == 0 {
			return nil // somebody holds them all
		}
		excess -= bytes
	}
	return nil
}

// unused returns results that were not used for the longest time, and what they take: enough of them
// if they are not too many.
func (c *collector) unused(ctx context.Context, enough int64) (seqs []int64, bytes int64, err error) {
	rows, err := c.s.pool.Query(ctx, c.s.sql.unused, maxVictims)
	if err != nil {
		return nil, 0, c.s.failed(ctx, err)
	}
	defer rows.Close()
	for bytes < enough && rows.Next() {
		var seq, stored int64
		if err := rows.Scan(&seq, &stored); err != nil {
			return nil, 0, c.s.failed(ctx, err)
		}
		seqs, bytes = append(seqs, seq), bytes+stored
	}
	rows.Close()
	return seqs, bytes, c.s.failed(ctx, rows.Err())
}

// later tells whether there is a later execution of a call, that hides this one: see Found.Latest.
const later = `EXISTS (SELECT FROM @.execution l WHERE l.key = e.key AND l.seq > e.seq
	AND (e.status = 8 OR l.status NOT IN (7, 8) OR l.gone IS NOT NULL))`

// oldSQL returns executions that ended before some time, and that nobody needs: they have no result
// and no lease, and are not to be executed again.
const oldSQL = `SELECT e.seq FROM @.execution e WHERE e.seq > $1 AND e.seq < $2
	AND e.status NOT IN (1, 7) AND (e.retry IS NULL OR e.gone IS NOT NULL OR ` + later + `)
	ORDER BY e.seq LIMIT $3`

// surplusSQL returns executions of a work that can be done without, the oldest first: of the newest
// of a call what has failed stays.
const surplusSQL = `SELECT e.seq FROM @.execution e WHERE e.work = $1 AND e.seq > $2
	AND e.status NOT IN (1, 7) AND (e.status NOT IN (2, 9) OR e.gone IS NOT NULL OR ` + later + `)
	ORDER BY e.seq LIMIT $3`

// forgetOld drops records that are too old.
func (c *collector) forgetOld(ctx context.Context, wait bool) error {
	if c.s.o.HistoryAge < 0 {
		return nil
	}
	before := c.s.toServer(c.s.now().Add(-c.s.o.HistoryAge)).Time.UnixMicro()
	for last := int64(0); ; {
		seqs, err := c.seqs(ctx, c.s.sql.old, last, before, batch)
		if err != nil || len(seqs) == 0 {
			return err
		}
		if _, err := c.do(ctx, wait, c.s.sql.forget, c.s.lock(lockCollect), seqs); err != nil {
			return err
		}
		last = seqs[len(seqs)-1]
	}
}

// forgetMany drops records of works that have too many.
func (c *collector) forgetMany(ctx context.Context, wait bool) error {
	if c.s.o.History < 0 {
		return nil
	}
	works, err := c.many(ctx)
	for work, excess := range works {
		for last := int64(0); excess > 0 && err == nil; {
			var seqs []int64
			seqs, err = c.seqs(ctx, c.s.sql.surplus, work, last, min(batch, excess))
			if err != nil || len(seqs) == 0 {
				break
			}
			_, err = c.do(ctx, wait, c.s.sql.forget, c.s.lock(lockCollect), seqs)
			last, excess = seqs[len(seqs)-1], excess-len(seqs)
		}
	}
	return err
}

// many returns by how many the records of works are too many.
func (c *collector) many(ctx context.Context) (map[int64]int, error) {
	rows, err := c.s.pool.Query(ctx, c.s.sql.many, c.s.o.History)
	if err != nil {
		return nil, c.s.failed(ctx, err)
	}
	defer rows.Close()
	excess := map[int64]int{}
	for rows.Next() {
		var work int64
		var n int
		if err := rows.Scan(&work, &n); err != nil {
			return nil, c.s.failed(ctx, err)
		}
		excess[work] = n - c.s.o.History
	}
	return excess, c.s.failed(ctx, rows.Err())
}

// seqs returns the numbers that a query has.
func (c *collector) seqs(ctx context.Context, sql string, args ...any) (seqs []int64, err error) {
	rows, err := c.s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, c.s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, c.s.failed(ctx, err)
		}
		seqs = append(seqs, seq)
	}
	return seqs, c.s.failed(ctx, rows.Err())
}

// forgetScopes drops scopes that no record belongs to any more: every change of code makes one.
func (c *collector) forgetScopes(ctx context.Context, wait bool) error {
	_, err := c.do(ctx, wait, c.s.sql.forgetScopes, c.s.lock(lockCollect))
	return err
}
