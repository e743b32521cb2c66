package runtime

import (
	"cmp"
	"slices"
)

// This file is which calls are those of a loop: from being asked for by its flow, until nothing is
// left of them, and how long it keeps their results.

// member is what a loop knows of a call that it is told of.
type member struct {
	own      bool    // of the flow: the loop keeps it going
	id       callKey // of one that is
	asked    uint64  // the latest pass that asked for it
	told     bool    // the loop was told of its end
	returned bool    // nothing is left of it
	waits    []*wait // of the pass asked
}

// listen has the engine told of the end of a call. The runner's mutex, and e.mu, are held.
func (e *engine) listen(c *call) *member {
	m := e.members[c]
	if m == nil {
		m = &member{}
		e.members[c] = m
		c.watchers = append(c.watchers, e)
	}
	return m
}

// ask notes that a pass has asked for a call, unless a later one has. e.mu is held.
func (e *engine) ask(m *member, pass uint64) {
	if m.asked < pass {
		m.asked, m.waits = pass, m.waits[:0]
	}
}

// known returns the call that is to be returned instead of a new one, if any, and itself if
// it is unfinished.
func (e *engine) known(id callKey, pass uint64) (handle any, u *call) {
	if handle, u := e.underWay(id, pass); handle != nil {
		return handle, u
	}
	return failed.get(id, e, pass), nil
}

// underWay returns the unfinished call of the flow, nil if there is none.
func (e *engine) underWay(id callKey, pass uint64) (handle any, u *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.running[id]
	if c == nil {
		return nil, nil
	}
	e.ask(e.members[c], pass)
	return c.values.handle(), c
}

// runsNot notes that a call of the flow is not under way any more. e.mu is held.
func (e *engine) runsNot(id callKey, c *call) {
	if e.running[id] == c {
		delete(e.running, id)
	}
}

// adopt makes an unfinished call one of the flow's: the loop's end stops it. At the end it does not,
// and returns why. The runner's mutex is held, before e.mu.
func (e *engine) adopt(id callKey, c *call, pass uint64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return cmp.Or(e.ctx.Err(), errLoopEnded)
	}
	m := e.listen(c)
	if !m.own {
		m.own, m.id = true, id
		e.bodies++
	}
	e.ask(m, pass)
	e.running[id] = c
	return nil
}

// ended implements watcher: it notes how a call ended, and makes a pass due if one waits for
// that.
func (e *engine) ended(c *call) {
	status := c.node.status()
	e.mu.Lock()
	m := e.members[c]
	own, id := m != nil && m.own, callKey{}
	if own {
		id = m.id
	}
	e.mu.Unlock()
	if m == nil {
		return
	}
	if own {
		if f := failed.ends(id, c, e); f != nil {
			e.faults.ofCall(e, c, f)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	m.told = true
	if own {
		e.runsNot(id, c)
		e.progress = e.progress || c.runner.cacheCalls
	}
	for _, w := range m.waits {
		w.ended(e, status != Succeeded)
	}
	if c.touched.Load() || own && !c.runner.cacheCalls {
		e.wakeSoon(soonest, "a call has ended whose handle the flow has looked at, or whose work does not cache")
	}
	e.forgetCall(c, m)
}

// forgetCall forgets a call that has nothing to say to the loop any more. e.mu is held.
func (e *engine) forgetCall(c *call, m *member) {
	if !m.told || m.own && !m.returned {
		return
	}
	if delete(e.members, c); m.own {
		e.bodyReturned()
	}
}

// returned implements watcher: it notes that there is nothing left of a call.
func (e *engine) returned(c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.members[c]
	if m == nil || m.returned {
		return
	}
	m.returned = true
	e.forgetCall(c, m)
}

// bodyReturned counts a call of the flow of which nothing is left, and that is told. e.mu is held.
func (e *engine) bodyReturned() {
	if e.bodies--; e.bodies == 0 && e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
}

// pends implements watcher: at its end, a loop does not have a call tried again.
func (e *engine) pends(c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.members[c]; m != nil && m.own && e.draining {
		go c.leavePending(e, true)
	}
}

// pins implements watcher: the result of a call of the flow is kept until the flow has got
// past it.
func (e *engine) pins(c *call) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.members[c]
	if m == nil || !m.own || e.draining {
		return false
	}
	e.pinned = append(e.pinned, c.node)
	return true
}

// fewPins is how many pinned results are not worth looking at, and pinnedFor how many passes
// one stays pinned of which no use was seen.
const (
	fewPins   = 1000
	pinnedFor = 1000
)

// looksOn reports whether the flow has looked at the handle of a call that runs: then it will run
// again for that, and ask for the others anew. e.mu is held.
func (e *engine) looksOn() bool {
	for _, c := range e.running {
		if c.runner.cacheCalls && c.touched.Load() {
			return true
		}
	}
	return false
}

// unpin lets go of results: of all when the flow has got through, and otherwise now and then of
// those that it has not asked for in a thousand passes.
func (e *engine) unpin(p *pass, through bool) {
	e.mu.Lock()
	var gone []*node
	switch {
	case through && (e.draining || !e.looksOn()):
		gone, e.pinned = e.pinned, nil
	case !e.draining && p.number%pinnedFor == 0 && len(e.pinned) > fewPins:
		e.pinned = slices.DeleteFunc(e.pinned, func(n *node) bool {
			if n.Unvisit() {
				return false
			}
			gone = append(gone, n)
			return true
		})
	}
	e.mu.Unlock()
	for _, n := range gone {
		n.call.Load().runner.unpin(n)
	}
	trim()
}

// leaveWhatIsNotAskedFor drops the calls of the flow that wait for their turn and that the pass has
// not asked for.
func (e *engine) leaveWhatIsNotAskedFor(p *pass) {
	var left []*call
	e.mu.Lock()
	for _, c := range e.running {
		if e.members[c].asked < p.number {
			left = append(left, c)
		}
	}
	e.mu.Unlock()
	for _, c := range left {
		c.leavePending(e, false)
	}
}

// leavePending makes a call one of the flow's no longer if it waits for its turn, and stops it if
// nobody else wants it, which it reports; if retried, also one that has executed and waits for its
// next attempt.
func (c *call) leavePending(e *engine, retried bool) (stopped bool) {
	done := e.calls.Done()
	var stop func() bool
	c.stop(errAbandoned, func() bool {
		if c.node.status() != Pending || c.attempts > 0 && !retried {
			return false
		}
		stop = c.starts[done]
		delete(c.starts, done)
		e.disown(c)
		stopped = c.waiters == 0 && len(c.starts) == 0
		return stopped
	})
	if stop != nil {
		stop()
	}
	return stopped
}

// disown makes a call one that is not of the flow. The runner's mutex is held.
func (e *engine) disown(c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.members[c]
	if m == nil || !m.own {
		return
	}
	e.leaves(c, m)
}

// leaves makes a call of the flow one that is not. e.mu is held.
func (e *engine) leaves(c *call, m *member) {
	m.own = false
	e.runsNot(m.id, c)
	failed.abandon(m.id, c)
	e.bodyReturned()
}
