package nats

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

const (
	// lookForGarbage is how often it is looked whether there is something to collect, and
	// collectEvery how often all records are read for it in any case, by one of all processes.
	lookForGarbage = time.Minute
	collectEvery   = 10 * time.Minute

	// collectAfter is how many executions begin before this process wants to collect in any case.
	collectAfter = 100_000

	// collectPoll is how often GC looks whether another process still collects, and electedFor how
	// long that is believed of one that has died.
	collectPoll = 50 * time.Millisecond
	electedFor  = time.Minute

	// overhead is about how much a call takes beside its result.
	overhead = 700
)

// collector drops what has expired, and what does not fit. Of all processes one does it at a time,
// but it does no harm if two do: all is dropped only if it is still as it was.
type collector struct {
	s      *Store
	begins atomic.Int64 // executions that have begun since this process wanted to collect last
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
	ticker := time.NewTicker(lookForGarbage)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.kick:
		case <-ticker.C:
		}
		if err := c.collectIfDue(ctx); err != nil && ctx.Err() == nil { // it is tried again
			c.s.log.Warn("garbage was not collected", slog.Any("error", err))
		}
	}
}

func (c *collector) close() {
	c.stop()
	<-c.ended
}

// began notes that an execution has begun.
func (c *collector) began() {
	if c.s.o.Manual || c.begins.Add(1) != collectAfter {
		return
	}
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// collectIfDue collects unless another process has done so lately.
func (c *collector) collectIfDue(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	full, err := c.s.tooLarge(ctx)
	if err != nil {
		return err
	}
	if full || c.begins.Load() >= collectAfter {
		err = c.elected(ctx, 0, c.collect)
	} else {
		err = c.elected(ctx, collectEvery, c.collect)
	}
	if errors.Is(err, errCollecting) {
		return nil
	}
	return err
}

// tooLarge tells whether the streams are larger than they may be.
func (s *Store) tooLarge(ctx context.Context) (bool, error) {
	if s.o.MaxBytes <= 0 {
		return false, nil
	}
	total := int64(0)
	for _, name := range [...]string{s.names.calls, s.names.chunks} {
		info, err := s.streamInfo(ctx, name)
		if err != nil {
			return false, err
		}
		total += int64(info.State.Bytes)
	}
	return total > s.o.MaxBytes, nil
}

// GC implements store.Administrator.
func (s *Store) GC(ctx context.Context) error {
	if err := s.checkWrite(ctx); err != nil {
		return err
	}
	if err := s.Check(ctx); err != nil {
		s.log.Warn("there is damage, which is collected, too", slog.Any("error", err))
	}
	s.gc.mu.Lock()
	defer s.gc.mu.Unlock()
	for {
		err := s.gc.elected(ctx, 0, s.gc.collect)
		if !errors.Is(err, errCollecting) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(collectPoll):
		}
	}
}

// errCollecting says that another process collects, or has done so lately.
var errCollecting = errors.New("nats: another process collects garbage")

// elected calls f if no other process collects, nor has begun to lately. mu is held.
func (c *collector) elected(ctx context.Context, lately time.Duration, f func(ctx context.Context) error) error {
	s := c.s
	m, err := s.leader(ctx, s.names.state, s.names.collector())
	if err != nil {
		return err
	}
	seq := uint64(0)
	now := s.serverNow()
	if m != nil {
		seq = m.seq
		if age := now.Sub(m.at); age < lately || len(m.data) > 0 && m.data[0] == collecting && age < electedFor {
			return errCollecting
		}
	}
	if seq, err = s.set(ctx, s.names.collector(), seq, []byte{collecting}); err != nil {
		if errors.Is(err, errConflict) {
			return errCollecting
		}
		return err
	}
	c.begins.Store(0)
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { // it may take longer than it is believed
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(electedFor / 3):
			}
			next, err := s.set(ctx, s.names.collector(), seq, []byte{collecting})
			if err != nil {
				cancel()
				return
			}
			seq = next
		}
	})
	err = f(ctx)
	cancel()
	wg.Wait()
	end, cancelEnd := context.WithTimeout(s.running, closing)
	defer cancelEnd()
	_, failed := s.set(end, s.names.collector(), seq, []byte{collected})
	return errors.Join(err, failed)
}

// What the collector's message says.
const (
	collecting = 'c'
	collected  = 'd'
)

// collect drops what has expired, what does not fit, and chunks that belong to nothing.
func (c *collector) collect(ctx context.Context) error {
	s := c.s
	uploads, err := s.uploads(ctx) // first, so that those of what is put meanwhile are not among them
	if err != nil {
		return err
	}
	arguments, err := s.longArguments(ctx)
	if err != nil {
		return err
	}
	var p plan
	if len(arguments) > 0 {
		p.calls = map[key.Key]bool{}
	}
	now := s.serverNow()
	err = s.each(ctx, func(st *state) { p.add(s, st, now) })
	if err != nil {
		return err
	}
	if err := c.dropAll(ctx, &p); err != nil {
		return err
	}
	for upload := range uploads {
		if !p.uploads[upload] {
			if err := s.dropOrphan(ctx, upload); err != nil {
				return err
			}
		}
	}
	for k := range arguments {
		if !p.calls[k] {
			if err := s.forgetArguments(ctx, k); err != nil {
				return err
			}
		}
	}
	return s.tasks.forgetWorkers(ctx)
}

// plan is what is to be dropped.
type plan struct {
	expired []*state
	forget  []uint64
	results []*state // that may stay, if there is room
	uploads map[string]bool
	calls   map[key.Key]bool // that there are; nil: nobody wants to know
}

// add decides what becomes of a call.
func (p *plan) add(s *Store, st *state, now time.Time) {
	if p.calls != nil {
		p.calls[st.Key] = true
	}
	switch x := st.owner(); {
	case x == nil:
	case s.o.MaxAge > 0 && x.Finished.Add(s.o.MaxAge).Before(now), !st.isLive(now):
		p.expired = append(p.expired, st)
		return
	default:
		p.results = append(p.results, st)
		if st.chunks > 0 {
			if p.uploads == nil {
				p.uploads = map[string]bool{}
			}
			p.uploads[s.names.upload(st.Ref, x.Seq, st.upload)] = true
		}
		return
	}
	if s.o.HistoryAge > 0 && !st.isHeld(now) && st.at.Add(s.o.HistoryAge).Before(now) && (st.Retry.IsZero() || !st.Gone.IsZero()) {
		p.forget = append(p.forget, st.seq)
	}
}

// dropAll drops what is planned, and what there is no room for.
func (c *collector) dropAll(ctx context.Context, p *plan) error {
	s := c.s
	for _, st := range p.expired {
		if _, err := s.discard(ctx, st.Ref, st.owner().Seq, store.Expired, ""); err != nil {
			return err
		}
	}
	for _, seq := range p.forget {
		if _, err := s.remove(ctx, s.names.calls, seq); err != nil {
			return err
		}
	}
	if s.o.MaxBytes <= 0 {
		return nil
	}
	slices.SortFunc(p.results, func(a, b *state) int { return cmp.Compare(b.Seq, a.Seq) })
	room := s.o.MaxBytes
	for _, st := range p.results {
		if room -= st.stored + overhead; room >= 0 {
			continue
		}
		if _, err := s.discard(ctx, st.Ref, st.owner().Seq, store.Evicted, ""); err != nil {
			return err
		}
	}
	return nil
}

// dropOrphan drops chunks, unless the record of the call has them, or may get them.
func (s *Store) dropOrphan(ctx context.Context, upload string) error {
	ref, rest, ok := s.names.refOf(upload)
	if !ok || len(rest) != 2 {
		return nil
	}
	token, err := strconv.ParseUint(rest[0], 10, 64)
	id, err2 := strconv.ParseUint(rest[1], 16, 64)
	if err != nil || err2 != nil {
		return nil
	}
	if token == 0 { // they are arguments
		t, err := s.tasks.find(ctx, ref.Key)
		if err != nil || t != nil && t.Upload == id {
			return err
		}
		return s.purge(ctx, s.names.chunks, upload+".*")
	}
	st, err := s.newestState(ctx, ref)
	if err != nil || st.damaged != nil {
		return err
	}
	if x := st.owner(); st.Seq == token && st.Status == store.Running || x != nil && x.Seq == token && st.upload == id {
		return nil
	}
	return s.purge(ctx, s.names.chunks, upload+".*")
}
