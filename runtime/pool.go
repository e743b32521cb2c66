package runtime

import (
	"fmt"
	"sync"

	"github.com/workgen/workgen/runtime/internal/slots"
)

// Pool bounds how many bodies run at once of all runners that share it; see [WithPool]. It is
// for what several works need together: processors, memory, connections to one server. Its
// methods may be called concurrently.
type Pool struct {
	limit int
	mu    sync.Mutex // guards the queue; taken while a runner's is held, and no lock is taken under it
	queue slots.Queue
}

// NewPool makes a pool of n slots. It panics if n is less than 1.
func NewPool(n int) *Pool {
	if n < 1 {
		panic(fmt.Sprintf("runtime: NewPool(%d): must be at least 1: leave WithPool out for no limit", n))
	}
	return &Pool{limit: n, queue: slots.New(n)}
}

// WithPool has the bodies of a runner take turns with those of all other runners that share
// the pool. Calls are Pending until a slot of the pool is free, and get it in the order they
// came, whatever their work. Nil, the default, is no pool.
//
// Beside a pool a runner may have [Concurrency]: a call first waits for the slot of its
// runner, and comes to the pool then, so that no slot of the pool waits for one of a runner.
//
// While a body waits for another call with its own context, it gives its slots back, and
// takes them again, before those Pending, to go on: works in one pool may call each other.
func WithPool(p *Pool) Option {
	return optionFunc(func(c *config) { c.pool = p })
}

// PoolStats tells of a pool at one moment.
type PoolStats struct {
	Limit   int // slots that there are
	Running int // slots that are used: by bodies that run, or are just to begin
	Waiting int // calls that wait for a slot, and bodies that wait for one to go on
}

// Stats returns what the pool does at this moment.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	used, resuming, pending := p.queue.Count()
	return PoolStats{Limit: p.limit, Running: used, Waiting: resuming + pending}
}

// place is that of an execution in a pool.
type place struct {
	turn      slots.Turn // the pool's mutex guards it
	execution *execution
}

// HasSlot goes on with an execution that has waited for the pool. The mutex of another runner
// may be held, so it begins in its own goroutine.
func (p *place) HasSlot() { go p.execution.run() }

// admit reports whether an execution has a slot of the pool at once; otherwise it goes on when
// it has one. The mutex of its runner is held.
func (p *Pool) admit(x *execution) bool {
	x.place = &place{execution: x}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.Admit(&x.place.turn, x.place)
}

// leave takes an execution that does not begin out of the pool. x is nil if it has not come
// there.
func (p *Pool) leave(x *place) {
	if x == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue.Leave(&x.turn)
	p.queue.GiveBack(&x.turn)
}

func (p *Pool) end(x *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue.End(&x.turn)
}

func (p *Pool) pause(x *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue.Pause(&x.turn)
}

func (p *Pool) goOn(x *place) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.GoOn(&x.turn)
}

// holds reports whether an execution has a slot of the pool.
func (p *Pool) holds(x *place) bool {
	if p == nil || x == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return x.turn.Holds()
}

// waits reports whether an execution waits for a slot of the pool.
func (p *Pool) waits(x *place) bool {
	if p == nil || x == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return x.turn.Waits()
}
