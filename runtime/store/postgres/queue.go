package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// Queue returns the queue of the namespace. A task of a worker that has not reported for as long as
// leases last may be taken by another one. Tasks survive a crash of the server; that one was taken
// may not, and it is then taken again.
func (s *Store) Queue() queue.Queue { return &s.tasks }

// tasks is the queue. What waits for tasks is told as what waits for calls is, and looks beside that
// every second.
type tasks struct {
	s *Store

	mu      sync.Mutex
	changed chan struct{} // closed when there may be something to take; nil: nobody waits

	counted time.Time // when the tasks were counted last
	count   int       // how many there were then
	pushed  int       // how many were pushed since
}

// lookForTasks is how long who waits for a task waits at most until he looks again, and maxTake how long
// one look may take.
const (
	lookForTasks = time.Second
	maxTake      = 5 * time.Second
)

// ring wakes those of this Store who wait for tasks.
func (t *tasks) ring() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// change wakes everybody who waits for tasks.
func (t *tasks) change() {
	t.ring()
	t.s.notices.sendTasks()
}

// Push implements queue.Queue.
func (t *tasks) Push(ctx context.Context, task queue.Task) error {
	if err := t.s.checkWrite(ctx); err != nil {
		return err
	}
	full, err := t.full(ctx)
	if err != nil {
		return err
	}
	if full {
		return t.pushInto(ctx, &task)
	}
	var queued bool
	err = t.s.row(ctx, t.s.sql.push, []any{
		keyOf(task.Key), task.Work, task.Route[:], task.Pool, orEmpty(task.Args), task.Limit, originText(task.Origin), int64(task.Caller),
	}, &queued)
	if err != nil {
		return err
	}
	if queued {
		t.mu.Lock()
		t.pushed++
		t.mu.Unlock()
		t.change()
	}
	return nil
}

// pushInto is Push into a full queue: a task that is there already may be wanted by one more.
func (t *tasks) pushInto(ctx context.Context, task *queue.Task) error {
	var there bool
	err := t.s.row(ctx, t.s.sql.isTask, []any{keyOf(task.Key)}, &there)
	if err == nil && !there {
		return queue.ErrFull
	}
	if err == nil {
		err = t.s.row(ctx, t.s.sql.push, []any{
			keyOf(task.Key), task.Work, task.Route[:], task.Pool, orEmpty(task.Args), task.Limit, originText(task.Origin), int64(task.Caller),
		}, &there)
	}
	return err
}

// countEvery is for how long a count of the tasks is good.
const countEvery = time.Second

// full reports whether there are as many tasks as there may be, about.
func (t *tasks) full(ctx context.Context) (bool, error) {
	t.mu.Lock()
	due := time.Since(t.counted) >= countEvery
	if due {
		t.counted = time.Now() // others go on with the count before
	}
	full := t.count+t.pushed >= t.s.o.MaxTasks
	t.mu.Unlock()
	if !due {
		return full, nil
	}
	var n int
	if err := t.s.row(ctx, t.s.sql.countTasks, []any{t.s.o.MaxTasks}, &n); err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count, t.pushed = n, 0
	return n >= t.s.o.MaxTasks, nil
}

// Withdraw implements queue.Queue.
func (t *tasks) Withdraw(ctx context.Context, k key.Key, caller uint64) error {
	if err := t.s.checkWrite(ctx); err != nil {
		return err
	}
	return t.exec(ctx, t.s.sql.withdraw, keyOf(k), int64(caller))
}

// exec executes a statement whose answer is of no interest.
func (t *tasks) exec(ctx context.Context, sql string, args ...any) error {
	_, err := t.s.pool.Exec(ctx, sql, args...)
	return t.s.failed(ctx, err)
}

// Take implements queue.Queue.
func (t *tasks) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	t.s.live.start()
	for {
		if err := t.s.checkWrite(ctx); err != nil {
			return queue.Task{}, err
		}
		t.mu.Lock()
		if t.changed == nil {
			t.changed = make(chan struct{})
		}
		changed := t.changed
		t.mu.Unlock()
		task, found, err := t.take(ctx, &w)
		if found || err != nil {
			return task, err
		}
		timer := time.NewTimer(lookForTasks)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		case <-t.s.running.Done():
		}
		timer.Stop()
	}
}

// take takes a task if there is one.
func (t *tasks) take(ctx context.Context, w *queue.Worker) (task queue.Task, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTake) // whoever waits for tasks waits for ever
	defer cancel()
	_, routes := served(w)
	rows, err := t.s.pool.Query(ctx, t.s.sql.take, int64(w.ID), w.InPools(), routes, t.s.o.Lease)
	if err != nil {
		return task, false, t.s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var k, route []byte
		var origin string
		var queued pgtype.Timestamptz
		if err := rows.Scan(&k, &task.Work, &route, &task.Pool, &task.Args, &task.Limit, &origin, &queued, &task.Taken); err != nil {
			return task, false, t.s.failed(ctx, err)
		}
		if len(k) != len(task.Key) || len(route) != len(task.Route) {
			return task, false, fmt.Errorf("postgres: a task has a key of %d bytes, and a route of %d", len(k), len(route))
		}
		task.Key, task.Route, task.Origin, task.Queued = key.Key(k), queue.Route(route), originOfText(origin), t.s.fromServer(queued)
		found = true
	}
	return task, found, t.s.failed(ctx, rows.Err())
}

// Report implements queue.Queue.
func (t *tasks) Report(ctx context.Context, w queue.Worker, has []key.Key) (queue.Reply, error) {
	if err := t.s.checkWrite(ctx); err != nil {
		return queue.Reply{}, err
	}
	keys := make([][]byte, len(has))
	for i, k := range has {
		keys[i] = keyOf(k)
	}
	works, routes := served(&w)
	rows, err := t.s.pool.Query(ctx, t.s.sql.report, int64(w.ID), originText(w.Origin), w.InPools(), w.Slots, w.Busy, works, routes, keys, t.s.o.Lease)
	if err != nil {
		return queue.Reply{}, t.s.failed(ctx, err)
	}
	defer rows.Close()
	reply := queue.Reply{Within: min(t.s.o.Lease/4, 5*time.Second)}
	for rows.Next() {
		var k []byte
		if err := rows.Scan(&k); err != nil {
			return queue.Reply{}, t.s.failed(ctx, err)
		}
		if len(k) == len(key.Key{}) {
			reply.Unwanted = append(reply.Unwanted, key.Key(k))
		}
	}
	return reply, t.s.failed(ctx, rows.Err())
}

// Done implements queue.Queue.
func (t *tasks) Done(ctx context.Context, worker uint64, k key.Key) error {
	if err := t.s.checkWrite(ctx); err != nil {
		return err
	}
	var room bool
	if err := t.s.row(ctx, t.s.sql.done, []any{int64(worker), keyOf(k)}, &room); err != nil {
		return err
	}
	if room {
		t.change()
	}
	return nil
}

// PutOff implements queue.Queue.
func (t *tasks) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	if err := t.s.checkWrite(ctx); err != nil {
		return err
	}
	err := t.exec(ctx, t.s.sql.putOff, int64(worker), keyOf(k), wait)
	if err == nil { // also if it is to be taken later: there may be room under a limit
		t.change()
	}
	return err
}

// Leave implements queue.Queue.
func (t *tasks) Leave(ctx context.Context, worker uint64) error {
	if err := t.s.checkWrite(ctx); err != nil {
		return err
	}
	err := t.exec(ctx, t.s.sql.leave, int64(worker))
	if err == nil {
		t.change()
	}
	return err
}

// Status implements queue.Queue.
func (t *tasks) Status(ctx context.Context) (st queue.Status, err error) {
	if err := t.s.check(ctx); err != nil {
		return st, err
	}
	if st.Workers, err = t.workers(ctx); err == nil {
		st.Lengths, err = t.lengths(ctx)
	}
	return st, err
}

// workers returns those that have reported for as long as leases last.
func (t *tasks) workers(ctx context.Context) (list []queue.Worker, err error) {
	rows, err := t.s.pool.Query(ctx, t.s.sql.workers, t.s.o.Lease)
	if err != nil {
		return nil, t.s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var w queue.Worker
		var id int64
		var origin string
		var works []string
		var routes [][]byte
		var seen pgtype.Timestamptz
		if err := rows.Scan(&id, &origin, &w.Pools, &w.Slots, &w.Busy, &works, &routes, &seen); err != nil {
			return nil, t.s.failed(ctx, err)
		}
		w.ID, w.Origin, w.Seen = uint64(id), originOfText(origin), t.s.fromServer(seen)
		for i := range min(len(works), len(routes)) {
			if len(routes[i]) == len(queue.Route{}) {
				w.Serves = append(w.Serves, queue.Served{Work: works[i], Route: queue.Route(routes[i])})
			}
		}
		list = append(list, w)
	}
	return list, t.s.failed(ctx, rows.Err())
}

// lengths counts the tasks.
func (t *tasks) lengths(ctx context.Context) (list []queue.Length, err error) {
	rows, err := t.s.pool.Query(ctx, t.s.sql.lengths)
	if err != nil {
		return nil, t.s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var l queue.Length
		var route []byte
		var oldest pgtype.Timestamptz
		if err := rows.Scan(&l.Pool, &l.Work, &route, &l.Queued, &l.Taken, &oldest); err != nil {
			return nil, t.s.failed(ctx, err)
		}
		copy(l.Route[:], route)
		l.Oldest = t.s.fromServer(oldest)
		list = append(list, l)
	}
	return list, t.s.failed(ctx, rows.Err())
}

// served returns what a worker serves as columns.
func served(w *queue.Worker) (works []string, routes [][]byte) {
	works, routes = make([]string, len(w.Serves)), make([][]byte, len(w.Serves))
	for i, s := range w.Serves {
		works[i], routes[i] = s.Work, s.Route[:]
	}
	return works, routes
}

// orEmpty is b, and not nil, which would be NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// originText is an origin as a column has it.
func originText(o store.Origin) string {
	b, _ := json.Marshal(o) // strings and a number
	return string(b)
}

// originOfText is the reverse of originText.
func originOfText(text string) (o store.Origin) {
	_ = json.Unmarshal([]byte(text), &o) // who wrote it otherwise has none
	return o
}
