// Package queue is how calls reach the workers that execute them: the interface that every
// backend implements. Package worker takes tasks from a queue, and runners that were made with
// runtime.WithWorkers push them.
//
// The queue is a hint, and the lease in the store is the truth. A task may be lost, taken
// twice, or be there although its call has a result: whoever takes it finds that out in the
// store, and whoever waits for a call looks there, and pushes again.
//
// The backends: memory.Store, disk.Store, postgres.Store and nats.Store have one each, by their method Queue.
// Package queuetest checks what is promised here.
package queue

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Queue holds tasks until workers take them. All methods may be called concurrently, and by
// several processes at once. Each returns the context's error when that ended first, and
// store.ErrClosed when the queue's store was closed. Any other error but [ErrFull] says that
// the queue could not do it, or that nobody knows whether it did: all methods may be repeated.
type Queue interface {
	// Push queues a task for who asks, t.Caller. When there is a task of the same call
	// already, queued or taken, that one stays as it is, and is wanted by one caller more. It
	// returns ErrFull when there are as many tasks as there may be.
	Push(ctx context.Context, t Task) error

	// Withdraw says that a caller does not want a call any more. A task that nobody wants is
	// dropped if it is queued; if it was taken, its worker learns of it by Report. Who has died
	// withdraws nothing, so that a task of a dead caller is executed.
	Withdraw(ctx context.Context, k key.Key, caller uint64) error

	// Take takes a task for a worker, the oldest of the first of its pools that has one of its
	// routes, and waits until there is one. Of the works of tasks with a Limit not more are
	// taken at once than that says. The task is the worker's until Done or PutOff, or until the
	// worker has not reported for as long as the backend says; then another one may take it.
	Take(ctx context.Context, w Worker) (Task, error)

	// Report says that a worker is there, and which tasks it still has. It is to be called
	// again within the time that it answers.
	Report(ctx context.Context, w Worker, has []key.Key) (Reply, error)

	// Done drops a task that a worker has taken. If it is not the worker's any more it does
	// nothing.
	Done(ctx context.Context, worker uint64, k key.Key) error

	// PutOff gives a task back, to be taken after a while by any worker. If nobody wants it it
	// is dropped. If it is not the worker's any more PutOff does nothing.
	PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error

	// Leave says that a worker is gone. The tasks that it still has are queued again.
	Leave(ctx context.Context, worker uint64) error

	// Status tells of the workers that are there, and of the tasks.
	Status(ctx context.Context) (Status, error)
}

// ErrFull says that a queue has as many tasks as it may have: try again after a while.
var ErrFull = errors.New("queue is full")

// Route says who may execute a task: workers whose work has the same name, types, code, build
// and fields that are inputs. It is a SHA-256 of these.
type Route [32]byte

// String returns the route in hexadecimal.
func (r Route) String() string { return hex.EncodeToString(r[:]) }

// Short returns the first twelve digits, for people.
func (r Route) Short() string { return r.String()[:12] }

// Task is a call that somebody wants to be executed. There is one of each call at most.
type Task struct {
	store.Ref
	Route  Route
	Pool   string       // workers that serve it may take the task; "" is one, too
	Args   []byte       // the arguments, in the codec of the store
	Limit  int          // how many tasks of the work may be taken at once, by all workers; 0: any number
	Caller uint64       // who asks: random, and not 0; Take does not return it
	Origin store.Origin // of who asked first

	// Queued is when the task was pushed, and Taken how often it was taken, with this time.
	// The queue sets both.
	Queued time.Time
	Taken  int

	// Unreadable is why Take cannot say what the arguments are; nil when it can. Such a task is
	// not executed.
	Unreadable error
}

// Worker is who takes tasks.
type Worker struct {
	ID     uint64 // random, and not 0
	Origin store.Origin
	Pools  []string // the first that has a task counts; nil: that with the name ""
	Slots  int      // how many tasks it takes at once
	Busy   int      // how many of them it uses
	Serves []Served
	Seen   time.Time // when it reported last; the queue sets it
}

// Served is a route that a worker serves.
type Served struct {
	Work  string // full name
	Route Route
}

// InPools returns the pools of a worker, one at least.
func (w *Worker) InPools() []string {
	if len(w.Pools) == 0 {
		return []string{""}
	}
	return w.Pools
}

// Reply is what a worker that reports is told.
type Reply struct {
	// Unwanted are the tasks that it has and nobody wants any more. One that another worker has
	// taken meanwhile is not among them: the lease of the call decides which of the two executes it.
	Unwanted []key.Key

	Within time.Duration // when it has to report again, at the latest
}

// Status is a queue at one moment.
type Status struct {
	Workers []Worker // that have reported lately, in the order of their origins
	Lengths []Length // of pools and works that have tasks, in the order of their names
}

// Length counts tasks.
type Length struct {
	Pool, Work string
	Route      Route
	Queued     int       // tasks that nobody has taken
	Taken      int       // tasks that a worker has
	Oldest     time.Time // when the oldest one that is queued was pushed; zero: there is none
}

// Serves reports whether one of the workers serves a route in a pool.
func (s *Status) Serves(pool string, r Route) bool {
	for i := range s.Workers {
		if w := &s.Workers[i]; w.serves(pool, r) {
			return true
		}
	}
	return false
}

func (w *Worker) serves(pool string, r Route) bool {
	for _, p := range w.InPools() {
		if p == pool {
			for _, served := range w.Serves {
				if served.Route == r {
					return true
				}
			}
		}
	}
	return false
}
