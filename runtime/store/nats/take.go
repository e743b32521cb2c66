package nats

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
)

// group is the tasks of a pool and a route, as tokens of subjects.
type group struct{ pool, route string }

// known are the tasks of a group that a Store knows, so that it need not ask for them.
type known struct {
	tasks  map[key.Key]*task
	gone   map[key.Key]uint64 // sequence numbers of those that were dropped lately
	loaded time.Time          // when all were read last; zero: never
	sub    *natsgo.Subscription
}

const (
	// reloadAfter is how long who waits for a task waits at most until all are read again, in case
	// that a message was lost; reloadPerTask is for many.
	reloadAfter   = 2 * time.Second
	reloadPerTask = 2 * time.Millisecond
)

// Take implements queue.Queue.
func (q *tasks) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	groups := groupsOf(&w)
	for {
		if err := q.s.checkWrite(ctx); err != nil {
			return queue.Task{}, err
		}
		changed := q.wait()
		if err := q.load(ctx, groups); err != nil {
			return queue.Task{}, err
		}
		t, wait, err := q.takeOne(ctx, &w, groups)
		if t != nil || err != nil {
			return q.taken(ctx, t, err)
		}
		timer := time.NewTimer(min(wait, reloadAfter))
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		case <-q.s.running.Done():
		}
		timer.Stop()
	}
}

// taken returns a task with its arguments. One whose arguments are lost is dropped: who wants it
// pushes it again.
func (q *tasks) taken(ctx context.Context, t *task, err error) (queue.Task, error) {
	if err != nil {
		return queue.Task{}, err
	}
	args, err := q.arguments(t)
	var unavailable *blob.Unavailable
	switch {
	case errors.As(err, &unavailable):
		_ = q.PutOff(ctx, t.Worker, t.key, reloadAfter)
		return queue.Task{}, unavailable.Err
	case err != nil:
		_ = q.Done(ctx, t.Worker, t.key)
		return queue.Task{}, err
	}
	return q.public(t, args)
}

// groupsOf returns the groups that a worker takes tasks of, by its pools.
func groupsOf(w *queue.Worker) (pools [][]group) {
	for _, pool := range w.InPools() {
		var groups []group
		for _, served := range w.Serves {
			groups = append(groups, group{token(pool), served.Route.String()})
		}
		pools = append(pools, groups)
	}
	return pools
}

// wait returns a channel that is closed when something changes.
func (q *tasks) wait() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

// ring wakes who waits for tasks. mu is held.
func (q *tasks) ring() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// takeOne takes the oldest task of the first pool that has one, or returns how long it takes until
// one is due. Where others were faster lately, it is one of the oldest, so that not all want the same.
func (q *tasks) takeOne(ctx context.Context, w *queue.Worker, pools [][]group) (*task, time.Duration, error) {
	full := map[string]bool{} // works whose limit is reached
	wait := time.Hour
	for _, groups := range pools {
		for {
			t, due := q.next(groups, full)
			if t == nil {
				wait = min(wait, due)
				break
			}
			got, err := q.claim(ctx, w, t, full)
			if !full[t.Work] {
				q.contended(got == nil)
			}
			if got != nil || err != nil {
				return got, 0, err
			}
		}
	}
	if len(full) > 0 {
		wait = min(wait, limitPoll)
	}
	return nil, wait, nil
}

// next returns a task that may be taken, or how long it takes until one is due.
func (q *tasks) next(groups []group, full map[string]bool) (*task, time.Duration) {
	now, wait := q.s.serverNow(), time.Hour
	q.mu.Lock()
	defer q.mu.Unlock()
	var ready []*task
	for _, g := range groups {
		for _, t := range q.known[g].tasks {
			switch free := max(t.Due, t.Until); {
			case full[t.Work]:
			case t.Worker == 0 && now.UnixMicro() < t.Due:
				wait = min(wait, time.Duration(t.Due-now.UnixMicro())*time.Microsecond)
			case t.isTaken(now):
				wait = min(wait, time.Duration(free-now.UnixMicro())*time.Microsecond)
			default:
				ready = append(ready, t)
			}
		}
	}
	if len(ready) == 0 {
		return nil, max(wait, time.Millisecond)
	}
	slices.SortFunc(ready, func(a, b *task) int {
		if a.order() < b.order() {
			return -1
		}
		return 1
	})
	return ready[rand.IntN(min(len(ready), 1+q.lost/4))], 0
}

// contended notes whether another one was faster.
func (q *tasks) contended(lost bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if lost {
		q.lost = min(q.lost+1, maxLost)
	} else {
		q.lost /= 2
	}
}

// maxLost bounds of how many of the oldest tasks one is taken: of a quarter of it.
const maxLost = 200

// claim makes a task the worker's. It returns nil if it cannot be had; full then says if that is for
// the limit of its work.
func (q *tasks) claim(ctx context.Context, w *queue.Worker, t *task, full map[string]bool) (*task, error) {
	if t.Limit > 0 {
		ok, err := q.acquire(ctx, t)
		if full[t.Work] = !ok; !ok || err != nil {
			return nil, err
		}
	}
	return q.claimOne(ctx, w, t)
}

func (q *tasks) claimOne(ctx context.Context, w *queue.Worker, known *task) (*task, error) {
	t, err := q.reread(ctx, known)
	if err != nil {
		return nil, err
	}
	if t == nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		if there := q.known[known.group()].tasks; there[known.key] == known {
			delete(there, known.key)
		}
		return nil, nil
	}
	now := q.s.serverNow()
	if t.isTaken(now) || now.UnixMicro() < t.Due && t.Worker == 0 {
		q.saw(t)
		return nil, nil
	}
	if len(t.Wanted) == 0 { // its worker has died
		_, err := q.drop(ctx, t)
		return nil, err
	}
	t.Worker, t.Until, t.Due = w.ID, now.Add(q.s.o.AckWait).UnixMicro(), 0
	t.Taken++
	if err := q.put(ctx, t); err != nil {
		if errors.Is(err, errConflict) {
			err = nil
		}
		return nil, err
	}
	return t, nil
}

// reread reads a task that is known, with its arguments: from any server that has it as it is known.
func (q *tasks) reread(ctx context.Context, known *task) (*task, error) {
	m, err := q.s.direct(ctx, q.s.names.tasks, known.subject)
	if err != nil {
		return nil, err
	}
	if m != nil && m.seq >= known.seq {
		return q.s.names.taskOf(m), nil
	}
	return q.read(ctx, known.subject)
}

// load makes sure that the tasks of groups are known.
func (q *tasks) load(ctx context.Context, pools [][]group) error {
	for _, groups := range pools {
		for _, g := range groups {
			if err := q.loadGroup(ctx, g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *tasks) loadGroup(ctx context.Context, g group) error {
	q.mu.Lock()
	k := q.known[g]
	if k == nil {
		k = &known{tasks: map[key.Key]*task{}, gone: map[key.Key]uint64{}}
		if q.known == nil {
			q.known = map[group]*known{}
		}
		q.known[g] = k
		var err error
		if k.sub, err = q.s.nc.Subscribe(q.s.names.queued(g.pool, g.route), q.hear); err != nil {
			q.s.log.Warn("tasks are looked for only now and then: " + err.Error())
		}
	}
	due := time.Since(k.loaded) >= max(reloadAfter, time.Duration(len(k.tasks))*reloadPerTask)
	if due {
		k.loaded = time.Now() // so that others do not do it, too
		clear(k.gone)
	}
	first := len(k.tasks) == 0
	q.mu.Unlock()
	if !due {
		return nil
	}
	seen := map[key.Key]bool{}
	began := q.lastSeq(g)
	err := q.each(ctx, q.s.names.ns+".t."+g.pool+"."+g.route+".*", func(t *task) {
		seen[t.key] = true
		q.saw(t)
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		k.loaded = time.Time{}
		return err
	}
	for key, t := range k.tasks {
		if !first && !seen[key] && t.seq <= began {
			delete(k.tasks, key)
		}
	}
	return nil
}

// close ends what the server tells.
func (q *tasks) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, k := range q.known {
		if k.sub != nil {
			_ = k.sub.Unsubscribe()
		}
	}
	q.ring()
}

// lastSeq returns the greatest sequence number of what is known of a group.
func (q *tasks) lastSeq(g group) (last uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.known[g].tasks {
		last = max(last, t.seq)
	}
	return last
}

// hear is told of a task by the server, or that one was dropped.
func (q *tasks) hear(m *natsgo.Msg) {
	seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	if last := m.Header.Get(goneHeader); last != "" {
		seq, err = strconv.ParseUint(last, 10, 64)
	}
	t := q.s.names.taskOf(&message{subject: m.Subject, seq: seq, header: m.Header})
	switch {
	case err != nil:
	case t != nil:
		q.saw(t)
	default:
		r := &message{subject: m.Subject, header: natsgo.Header{stateHeader: {emptyTask}}}
		if t := q.s.names.taskOf(r); t != nil {
			q.gone(t.group(), t.key, seq)
		}
	}
}

// emptyTask is a task of which only the subject is known.
const emptyTask = "e30" // {}

// saw notes a task, if it is of a group that is known, and nothing newer of it is.
func (q *tasks) saw(t *task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := q.known[t.group()]
	if k == nil || k.gone[t.key] >= t.seq {
		return
	}
	if there := k.tasks[t.key]; there == nil || there.seq < t.seq {
		light := *t
		light.args = nil
		k.tasks[t.key] = &light
		q.ring()
	}
}

// gone notes that a task was dropped, whose last message was seq.
func (q *tasks) gone(g group, key key.Key, seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := q.known[g]
	if k == nil {
		return
	}
	k.gone[key] = max(seq, k.gone[key])
	if t := k.tasks[key]; t != nil && t.seq <= seq {
		delete(k.tasks, key)
	}
	q.ring() // there may be room under a limit
}
