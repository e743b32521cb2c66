package nats

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// History implements store.Store. It reads from the end of the streams until it has what is wanted:
// to list the newest of many executions costs little, and to list all, or to search for what is
// rare, as much as there is.
func (s *Store) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		err := s.check(ctx)
		if err == nil {
			err = s.list(ctx, f, func(r store.Record) bool { return yield(r, nil) })
		}
		if err != nil {
			yield(store.Record{}, err)
		}
	}
}

const (
	// Blocks that are read are larger each time.
	firstBlock, maxBlock = 512, 1 << 17

	// clockMargin is how much the clocks of two servers may differ, of which one has the calls and
	// the other one the history: what begins in the history is listed in its place all the same.
	clockMargin = 10 * time.Second
)

// list calls yield with the records that a filter lets through, until it returns false.
func (s *Store) list(ctx context.Context, f store.Filter, yield func(store.Record) bool) error {
	subject, ok := s.names.filtered(&f)
	if !ok {
		return nil
	}
	l := lister{s: s, f: f, found: map[uint64]*state{}, least: math.MaxUint64}
	var err error
	if l.calls, err = l.begin(ctx, s.names.calls, s.names.ns+".r."+subject); err != nil {
		return err
	}
	if !f.Newest {
		if l.history, err = l.begin(ctx, s.names.history, s.names.ns+".h."+subject+".*"); err != nil {
			return err
		}
	}
	for size := uint64(firstBlock); ; size = min(4*size, maxBlock) {
		least, err := l.next(ctx, size)
		if err != nil {
			return err
		}
		l.least = least
		more, err := l.flush(ctx, least, yield)
		if err != nil || !more || least == 0 || l.at.Before(s.toServer(f.Since).Add(-clockMargin)) {
			return err // what began before is not wanted
		}
	}
}

// filtered returns which subjects a filter may let through; ok is false if none.
func (n *names) filtered(f *store.Filter) (subject string, ok bool) {
	work, k := "*", "*"
	if f.Work != "" {
		work = token(f.Work)
	}
	if f.Prefix != "" {
		first, last, ok := f.Keys()
		if !ok {
			return "", false
		}
		if first == last {
			k = first.String()
		}
	}
	return work + "." + k, true
}

// lister lists executions in the order of their tokens.
//
// A token is the sequence number of the message with which an execution began, and all messages of
// it come later. So once the stream was read back to some message, all executions are known that
// began with it or later, and are the newest of their calls. The others are in the
// history, in which they were stored after they had begun.
//
// What changes while this reads is stored anew behind the end: so after each block what has come
// there is read, too.
type lister struct {
	s        *Store
	f        store.Filter
	calls    *listed
	history  *listed // nil: not wanted
	found    map[uint64]*state
	least    uint64    // what has this token or a greater one was listed
	at       time.Time // what was not found began before
	count    int       // of those that were listed
	searched int       // records, for a text
}

// listed is a stream that a lister reads.
type listed struct {
	*scanner
	end uint64 // what came later was not read
}

func (l *lister) begin(ctx context.Context, stream, subject string) (*listed, error) {
	c, err := l.s.scan(ctx, stream, subject)
	if err != nil {
		return nil, err
	}
	c.prefix = l.f.Prefix
	return &listed{c, c.last}, nil
}

// next reads another block, and returns the least token that all executions are known of that have
// it or a greater one; 0: all are known.
func (l *lister) next(ctx context.Context, size uint64) (least uint64, err error) {
	var first *state
	for first == nil && !l.calls.done() {
		err := l.calls.block(ctx, size, func(st *state) {
			if l.add(st, true); first == nil || st.seq < first.seq {
				first = st
			}
		})
		if err != nil {
			return 0, err
		}
		size *= 4
	}
	if err := l.more(ctx, l.calls, true); err != nil {
		return 0, err
	}
	var since time.Time
	if !l.calls.done() {
		least, l.at = first.seq, first.at
		since = first.at.Add(-clockMargin)
	}
	if l.history == nil {
		return least, nil
	}
	if err := l.history.since(ctx, since, func(st *state) { l.add(st, false) }); err != nil {
		return 0, err
	}
	return least, l.more(ctx, l.history, false)
}

// more reads what has come behind the end.
func (l *lister) more(ctx context.Context, x *listed, newest bool) error {
	c, err := l.s.scan(ctx, x.stream, x.subject)
	if err != nil || c.last <= x.end {
		return err
	}
	end := c.last
	c.prefix, c.first = x.prefix, max(c.first, x.end+1)
	if err = c.block(ctx, math.MaxUint64, func(st *state) { l.add(st, newest) }); err == nil {
		x.end = end
	}
	return err
}

// add notes an execution. What the call itself says counts.
func (l *lister) add(st *state, newest bool) {
	if st.Seq == 0 {
		st.Seq = st.seq // it is damaged
	}
	if st.Seq >= l.least || l.f.Before > 0 && st.Seq >= l.f.Before {
		return
	}
	there := l.found[st.Seq]
	if there == nil || newest || there.beside {
		l.found[st.Seq] = st
	}
	if there != nil && there.old != nil && st.old == nil { // it is in the history, or soon
		if x := l.found[there.old.Seq]; x != nil && x.beside {
			delete(l.found, x.Seq)
		}
	}
	if st.old != nil && !l.f.Newest {
		l.add(&state{seq: st.seq, at: st.at, execution: *st.old, beside: true}, false)
	}
}

// flush lists what was found that has least as its token or a greater one, and tells whether more
// is wanted.
func (l *lister) flush(ctx context.Context, least uint64, yield func(store.Record) bool) (more bool, err error) {
	var ready []*state
	for token, st := range l.found {
		if token >= least {
			ready = append(ready, st)
			delete(l.found, token)
		}
	}
	slices.SortFunc(ready, func(a, b *state) int { return cmp.Compare(b.Seq, a.Seq) })
	now := l.s.serverNow()
	for _, st := range ready {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if l.f.Limit > 0 && l.count == l.f.Limit {
			return false, nil
		}
		x := st.asOf(now)
		r, err := l.s.record(ctx, x)
		if err != nil {
			return false, err
		}
		if !l.f.MatchIndexed(&r) {
			continue
		}
		if l.f.Searches() && l.searched == store.MaxSearched {
			return false, &store.PartialError{Before: r.Seq + 1}
		}
		l.searched++
		if !l.f.MatchSearch(&r) {
			continue
		}
		if l.f.Arguments {
			if r.Arguments, err = l.s.arguments(ctx, r.Ref); err != nil {
				return false, err
			}
		}
		l.count++
		if !yield(r) {
			return false, nil
		}
	}
	return l.f.Limit == 0 || l.count < l.f.Limit, nil
}
