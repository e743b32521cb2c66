package runtime

import "time"

// This file is what a call knows of being executed elsewhere. Who does that is in workers.go, which
// programs link that use WithWorkers.

// elsewhere executes calls in other processes.
type elsewhere interface {
	// ask begins to ask for the execution of a call.
	ask(c *call) asking
}

// asking is one call that is to be executed elsewhere. Its methods are called by one goroutine,
// that of awaitTurn.
type asking interface {
	// pushed reports whether those elsewhere know that the call is wanted here.
	pushed() bool

	// push sees to it that they know. It returns how long to wait until the store is looked into
	// again; 0 if the call is to be executed here, or has ended.
	push(x *execution) time.Duration

	// over says that the call does not wait for them any more.
	over()
}

// remote reports whether the call is to be executed elsewhere. runner.mu is held.
func (c *call) remote() bool {
	return c.runner.workers != nil && c.durable() && !c.local
}

// forWorkers returns nil if the call is to be executed here.
func (c *call) forWorkers() asking {
	c.runner.mu.Lock()
	remote := c.remote()
	c.runner.mu.Unlock()
	if !remote {
		return nil
	}
	return c.runner.workers.ask(c)
}
