package app

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/queue"
)

// machines is what the queues of the works say of workers, on whatever machine, and of calls that
// wait for them. A page never waits for a queue: it shows what was found last.
type machines struct {
	mu      sync.Mutex
	looked  time.Time // when the queues were asked last
	looking bool      // they are being asked
	status  queue.Status
	err     error // why they do not answer
}

// machinesEvery is how often queues are asked, while somebody watches. Tests change it.
var machinesEvery = 5 * time.Second

// machinesWithin is how long their answer may take.
const machinesWithin = 5 * time.Second

// now returns what is known of the queues of works, and sees to it that it is not old. ring is
// called when there is something new.
func (m *machines) now(all []*runtime.Runner, ring func()) (queue.Status, error) {
	queues := queuesOf(all)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(queues) > 0 && !m.looking && time.Since(m.looked) >= machinesEvery {
		m.looking = true
		go m.look(queues, ring)
	}
	return m.status, m.err
}

// queuesOf returns the queues of works whose calls workers execute. One may be there several
// times.
func queuesOf(all []*runtime.Runner) (queues []queue.Queue) {
	for _, r := range all {
		q := runtime.Inspect(r).Queue()
		if q != nil && !slices.ContainsFunc(queues, func(o queue.Queue) bool { return reflect.TypeOf(o).Comparable() && o == q }) {
			queues = append(queues, q)
		}
	}
	return queues
}

// look asks the queues, and has the page look again: now, and when the answer is old.
func (m *machines) look(queues []queue.Queue, ring func()) {
	ctx, cancel := context.WithTimeout(context.Background(), machinesWithin)
	defer cancel()
	var all queue.Status
	var failed error
	for _, q := range queues {
		st, err := q.Status(ctx)
		if err != nil {
			failed = err
			continue
		}
		add(&all, st)
	}
	m.mu.Lock()
	m.status, m.err, m.looked, m.looking = all, failed, time.Now(), false
	m.mu.Unlock()
	ring()
	time.AfterFunc(machinesEvery, ring)
}

// add adds what a queue says. Two that are the same one say the same.
func add(all *queue.Status, st queue.Status) {
	for _, w := range st.Workers {
		if !slices.ContainsFunc(all.Workers, func(o queue.Worker) bool { return o.ID == w.ID }) {
			all.Workers = append(all.Workers, w)
		}
	}
	for _, l := range st.Lengths {
		if !slices.ContainsFunc(all.Lengths, func(o queue.Length) bool { return o.Pool == l.Pool && o.Route == l.Route }) {
			all.Lengths = append(all.Lengths, l)
		}
	}
}

// machinesView is what is known of workers and queues.
type machinesView struct {
	Workers []workerView `json:"workers"`
	Queues  []queueView  `json:"queues"`
}

// machinesView shows workers and queues.
func (s *site) machinesView(all []*runtime.Runner) (workers []workerView, queues []queueView) {
	st, _ := s.machines.now(all, s.ring)
	workers, queues = []workerView{}, []queueView{}
	for i := range st.Workers {
		w := &st.Workers[i]
		v := workerView{Place: w.Origin.String(), Pools: w.InPools(), Slots: w.Slots, Busy: w.Busy, Seen: local(w.Seen), Works: []string{}}
		for _, served := range w.Serves {
			v.Works = append(v.Works, served.Work+" "+served.Route.Short())
		}
		workers = append(workers, v)
	}
	for _, l := range st.Lengths {
		queues = append(queues, queueView{
			Pool: l.Pool, Work: l.Work, Route: l.Route.Short(), Queued: l.Queued, Taken: l.Taken, Oldest: local(l.Oldest),
			Served: st.Serves(l.Pool, l.Route),
		})
	}
	return workers, queues
}

// Late tells whether nothing was heard of a worker for a while.
func (w *workerView) Late() bool { return time.Since(w.Seen) > 15*time.Second }

// unserved is for how long a call may wait for a worker until that is a problem.
const unserved = 10 * time.Second

func inPool(pool string) string {
	if pool == "" {
		return ""
	}
	return " in pool " + pool
}

// poolNames is the pools of a worker for people.
func poolNames(pools []string) string {
	names := slices.Clone(pools)
	for i, n := range names {
		if n == "" {
			names[i] = "default"
		}
	}
	return strings.Join(names, ", ")
}
