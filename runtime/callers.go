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

// caller is who calls with a context: the flow of a pass, the body of an execution, or neither.
type caller struct {
	pass      *pass
	execution *execution
}

// callerKey is where a context has the pass or the execution, whichever is nearer: inside of a work
// that a flow calls, calls block.
type callerKey struct{}

// callerOf may call the user's code, so no lock may be held.
func callerOf(ctx context.Context) (by caller) {
	switch v := ctx.Value(callerKey{}).(type) {
	case *pass:
		by.pass = v
	case *execution:
		by.execution = v
	}
	return by
}

// passOf returns the pass that ctx belongs to, nil outside of a flow.
func passOf(ctx context.Context) *pass { return callerOf(ctx).pass }

// executionOf returns the execution that was given ctx, nil outside of one.
func executionOf(ctx context.Context) *execution {
	by := callerOf(ctx)
	if by.pass != nil {
		return executionOf(by.pass.engine.ctx)
	}
	return by.execution
}

// calledBy counts a call that somebody has made or joined. mu is held. Callers of calls have small
// stacks, see TestACallerNeedsASmallStack.
func (r *runner) calledBy(by caller) {
	name, inLoop := "", by.pass != nil
	if inLoop {
		name = by.pass.engine.loop.Name
	} else if by.execution != nil {
		name = by.execution.call.runner.name
	}
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
