package runtime

import (
	"context"
	"slices"
)

// Caller is who was seen to call a work: the body of another one, a loop, or what is neither. It is a plain
// value that keeps nothing alive.
type Caller struct {
	// Work is the full name of the work whose body calls with its context; "" for other callers.
	Work string

	// InLoop says that the flow of a loop calls, and Loop is its name, "" where it has none.
	InLoop bool
	Loop   string

	// Calls is how many calls it made, or joined before they had ended. Hits are not counted.
	Calls int64
}

// Callers returns who was seen to call the work in this process, in the order in which they were first
// seen; at most 64. Callers who only got hits were not seen, nor were the bodies that workers elsewhere
// execute.
func (i Inspection) Callers() []Caller {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	return slices.Clone(i.r.callers)
}

func (c *Caller) name() string {
	if c.InLoop {
		return c.Loop
	}
	return c.Work
}

// mostCallers bounds those of a runner, whose names may be made up without end.
const mostCallers = 64

// callerOf returns the name of who calls with ctx, and whether it is a loop. It may call the user's code, so
// no lock may be held.
func callerOf(ctx context.Context) (name string, inLoop bool) {
	if flow, ok := ctx.(flowContext); ok {
		return passOf(flow.values).engine.loop.Name, true
	}
	if x := executionOf(ctx); x != nil {
		return x.call.runner.name, false
	}
	return "", false
}

// calledBy counts a call that somebody has made or joined. mu is held. Callers of calls have small
// stacks, see TestACallerNeedsASmallStack.
func (r *runner) calledBy(name string, inLoop bool) {
	for i := range r.callers {
		c := &r.callers[i]
		if c.InLoop == inLoop && c.name() == name {
			c.Calls++
			return
		}
	}
	r.newCaller(name, inLoop)
}

func (r *runner) newCaller(name string, inLoop bool) {
	c := Caller{Work: name, Calls: 1}
	if inLoop {
		c = Caller{InLoop: true, Loop: name, Calls: 1}
	}
	if len(r.callers) < mostCallers {
		r.callers = append(r.callers, c)
	}
}
