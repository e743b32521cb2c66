package app

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file goes through the executions of several stores, and of this process, as through one list.

// merge goes through several lists of executions at once, in the order in which they began.
type merge struct {
	site  *site
	query *executionQuery
	now   time.Time
	works map[string]workRef // by full name
	lists []*sorted
	seen  int // records that were looked at in vain

	unread string // why a list ended before its time; "" if none has
}

// sorted is one list, and the execution that is its next.
type sorted struct {
	pull   func() (entry, error, bool)
	stop   func()
	head   entry
	err    error
	ok     bool
	at     uint64 // where to go on once the head was taken
	before uint64 // where it went on
}

// entry is an execution with its place in the list that it is from.
type entry struct {
	listedView
	place uint64
	nonce uint64
}

// start opens the lists. What is in no store is the first of them.
func (m *merge) start(ctx context.Context) error {
	m.works = map[string]workRef{}
	all := m.site.discover()
	for _, r := range all {
		if _, known := m.works[r.Name()]; !known {
			m.works[r.Name()] = workRef{m.site.id(r), r.Name()}
		}
	}
	stores := storesOf(all)
	filters := m.query.filters(m.name())
	places, err := parsePlaces(m.query.after, 1+len(stores)*len(filters))
	if err != nil {
		return err
	}
	m.add(m.remembered(all, places[0]), places[0])
	for i, from := range stores {
		for j, f := range filters {
			at := places[1+i*len(filters)+j]
			f.Before = at
			m.add(m.stored(ctx, from.Store, f, j > 0), at)
		}
	}
	return nil
}

// name is the full name of the work that is asked for, "" for all.
func (m *merge) name() string {
	if r := m.site.runner(m.query.Work); r != nil {
		return r.Name()
	}
	return m.query.Work
}

func (m *merge) add(seq iter.Seq2[entry, error], at uint64) {
	l := &sorted{at: at, before: at}
	l.pull, l.stop = iter.Pull2(seq)
	m.lists = append(m.lists, l)
	l.advance()
}

func (l *sorted) advance() {
	l.before = l.at
	l.head, l.err, l.ok = l.pull()
	var partial *store.PartialError
	if errors.As(l.err, &partial) {
		l.at, l.before = partial.Before, partial.Before
	}
}

// isPartial tells whether the list has searched for as long as it may.
func (l *sorted) isPartial() bool { return l.ok && errors.As(l.err, new(*store.PartialError)) }

func (m *merge) stop() {
	for _, l := range m.lists {
		l.stop()
	}
}

// next returns the next execution. partial says that a list stops here, and goes on in another search:
// so do the others.
func (m *merge) next() (v listedView, ok, partial bool) {
	var best *sorted
	for _, l := range m.lists {
		switch {
		case l.isPartial():
			return v, false, true
		case l.ok && l.err != nil:
			l.ok, m.unread = false, preview.Cut(preview.Error(l.err), maxMessage)
		}
		if l.ok && (best == nil || l.head.Started.After(best.head.Started)) {
			best = l
		}
	}
	if best == nil {
		return v, false, false
	}
	e := best.head
	for _, l := range m.lists { // two handles of one store have the same executions
		if l == best || l.ok && l.err == nil && e.same(&l.head) {
			l.at = l.head.place
			l.advance()
		}
	}
	return e.listedView, true, false
}

// more tells whether there is another execution, or may be.
func (m *merge) more() bool {
	return slices.ContainsFunc(m.lists, func(l *sorted) bool { return l.ok })
}

// same tells whether two entries are of one execution.
func (e *entry) same(other *entry) bool {
	return e.Seq != 0 && e.Seq == other.Seq && e.Call == other.Call && e.nonce == other.nonce && e.Started.Equal(other.Started)
}

// cursor says where all lists go on.
func (m *merge) cursor() string {
	var b strings.Builder
	for i, l := range m.lists {
		if i > 0 {
			b.WriteByte('_')
		}
		b.WriteString(strconv.FormatUint(l.place(), 36))
	}
	return b.String()
}

// place says where the list goes on. What is added to it meanwhile is newer than all that was listed,
// also where nothing was taken from it.
func (l *sorted) place() uint64 {
	switch {
	case l.before != 0:
		return l.before
	case l.ok && l.err == nil:
		return l.head.place + 1
	case l.err != nil: // it may answer again
		return 0
	}
	return 1
}

var errCursor = errors.New("after is not what next said on the page before: begin anew without it")

// parsePlaces reads a cursor of n lists, "" of which begin with the newest.
func parsePlaces(text string, n int) ([]uint64, error) {
	places := make([]uint64, n)
	if text == "" {
		return places, nil
	}
	parts := strings.Split(text, "_")
	if len(parts) != n {
		return nil, errCursor
	}
	for i, part := range parts {
		var err error
		if places[i], err = strconv.ParseUint(part, 36, 64); err != nil {
			return nil, errCursor
		}
	}
	return places, nil
}

// stored lists the executions of a store. Of those that are looked for by their keys, a list for
// the same words as text has none.
func (m *merge) stored(ctx context.Context, from store.Store, f store.Filter, byKey bool) iter.Seq2[entry, error] {
	only := m.site.app.Works != nil && f.Work == ""
	prefix := m.query.prefix()
	return func(yield func(entry, error) bool) {
		for rec, err := range from.History(ctx, f) {
			if err != nil {
				yield(entry{}, err)
				return
			}
			ref, ours := m.works[rec.Work]
			if !ours && only {
				if m.seen++; m.seen >= store.MaxSearched {
					yield(entry{}, &store.PartialError{Before: rec.Seq})
					return
				}
				continue
			}
			if !byKey && prefix != "" && strings.HasPrefix(rec.Key.String(), prefix) {
				continue
			}
			if !ours {
				ref.Name = rec.Work
			}
			v := listedOf(ref, &rec, m.now)
			if rec.Status == store.Running && ours && isOurs(rec.Origin) {
				m.update(&v, rec.Key)
			}
			if !yield(entry{v, rec.Seq, rec.Nonce}, nil) {
				return
			}
		}
	}
}

// update takes the progress of an execution from this process: a store is told of it now and then.
func (m *merge) update(v *listedView, k key.Key) {
	for _, r := range m.site.discover() {
		if r.Name() != v.Work.Name {
			continue
		}
		calls, _ := runtime.Inspect(r).Executing(math.MaxInt)
		for _, d := range calls {
			if d.Key == k {
				v.Progress = progressViewOf(d.Progress)
				return
			}
		}
	}
}

// listedOf shows a record.
func listedOf(work workRef, rec *store.Record, now time.Time) listedView {
	v := listedView{
		Call: rec.Key.String(), Work: work, Seq: rec.Seq, Attempt: rec.Attempt, Status: rec.Status.String(),
		Arguments: argViews(rec.Args), Started: rec.Started, Finished: rec.Finished, Duration: between(rec.Started, rec.Finished, now),
		Machine: rec.Origin.Host, Process: rec.Origin.PID, Program: rec.Origin.Program,
		Progress: progressViewOf(runtime.CallProgress(rec.Progress)), Error: short(rec.Error, maxMessage),
	}
	switch {
	case rec.Status == store.Succeeded:
		v.Size = &rec.Size
	case rec.Status == store.Failed && rec.Retry.After(now):
		v.Retry = rec.Retry
	case rec.Status.Gone():
		v.Status, v.Gone = store.Succeeded.String(), rec.Status.String()
	}
	return v
}

// remembered lists the executions that are in no store, from this process's memory. Their place is
// when they began, in nanoseconds since 1970: no two of them are likely to share one.
func (m *merge) remembered(all []*runtime.Runner, before uint64) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for _, e := range m.inMemory(all, before) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *merge) inMemory(all []*runtime.Runner, before uint64) []entry {
	host, _ := os.Hostname()
	if m.query.Machine != "" && m.query.Machine != host {
		return nil
	}
	var list []entry
	for _, r := range all {
		work := workRef{m.site.id(r), r.Name()}
		if m.query.Work != "" && m.query.Work != work.ID && m.query.Work != work.Name {
			continue
		}
		i := runtime.Inspect(r)
		for d := range i.Calls(0) {
			if d.Started.IsZero() {
				continue
			}
			d, _ := i.Call(d.Number)
			for n, x := range d.Executions {
				if x.Seq != 0 || x.Began.IsZero() {
					continue
				}
				place := uint64(x.Began.UnixNano())
				if before != 0 && place >= before {
					continue
				}
				v := m.executed(work, &d, n)
				if v.Machine, v.Process, v.Program = host, os.Getpid(), m.site.appView().Program; m.query.matches(&v, d.Args) {
					list = append(list, entry{listedView: v, place: place})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(b.place, a.place) })
	for i := 1; i < len(list); i++ { // places tell executions apart
		list[i].place = min(list[i].place, list[i-1].place-1)
	}
	return list
}

// executed shows the nth execution that a runner remembers of a call.
func (m *merge) executed(work workRef, d *runtime.CallDetail, n int) listedView {
	x := &d.Executions[n]
	v := listedView{
		Call: address(work.ID, key.Key{}, d.Number), Work: work, Attempt: x.Attempt, Status: "succeeded",
		Arguments: argViews(d.Args), Started: x.Began, Finished: x.Ended, Duration: between(x.Began, x.Ended, m.now), Error: message(x.Err),
	}
	if !d.Key.IsZero() {
		v.Call = d.Key.String()
	}
	latest := n == len(d.Executions)-1
	switch {
	case x.Ended.IsZero():
		v.Status, v.Progress = "running", progressViewOf(d.Progress)
	case latest && d.Status == runtime.Stopped:
		v.Status = "stopped"
	case x.Err != nil:
		v.Status = "failed"
	}
	if latest && v.Status == "succeeded" && d.Removed != 0 {
		v.Gone = d.Removed.String()
	}
	return v
}
