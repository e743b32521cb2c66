package crashtest

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// read reads what the store has, as soon as no execution runs any more.
func (o *observed) read(ctx context.Context, s store.Store, p plan) error {
	for deadline := now().plus(o.lease + o.slack); ; pause(ctx, 20*time.Millisecond) {
		if err := o.readHistory(ctx, s, p); err != nil {
			return err
		}
		runs := slices.ContainsFunc(o.records, func(r store.Record) bool { return r.Status == store.Running })
		if !runs || now() > deadline {
			break
		}
	}
	w := newWorker(p, "", job{}, s, noJournal{}, io.Discard)
	o.stored = map[int]result{}
	for _, e := range o.events {
		if _, ok := o.stored[e.N]; ok || e.What != asks {
			continue
		}
		if got, ok := w.calls(e.N).Lookup(e.N); ok {
			o.stored[e.N] = got
		}
	}
	return nil
}

func (o *observed) readHistory(ctx context.Context, s store.Store, p plan) error {
	o.records = nil
	for _, name := range []string{nameOf(p, "Once"), nameOf(p, "Again")} {
		for rec, err := range s.History(ctx, store.Filter{Work: name}) {
			if err != nil {
				return err
			}
			o.records = append(o.records, rec)
		}
	}
	return nil
}

// drain waits until the queue has no tasks, and notes how many it has in the end.
func (o *observed) drain(ctx context.Context, q queue.Queue) error {
	for deadline := now().plus(o.patience()); ; pause(ctx, 20*time.Millisecond) {
		st, err := q.Status(ctx)
		if err != nil {
			return err
		}
		o.tasks = 0
		for _, l := range st.Lengths {
			o.tasks += l.Queued + l.Taken
		}
		if o.tasks == 0 || now() > deadline {
			return nil
		}
	}
}

// patience is how long what is under way may take until it has ended.
func (o *observed) patience() time.Duration { return 4*o.lease + 2*o.slack }
