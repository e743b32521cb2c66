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

// mostCallers bounds those of a runner, whose names may be made up without end.
const mostCallers = 64

// callerOf returns who calls with ctx. It may call the user's code, so no lock may be held.
func callerOf(ctx context.Context) (c Caller) {
	if flow, ok := ctx.(flowContext); ok {
		return Caller{InLoop: true, Loop: passOf(flow.values).engine.loop.Name}
	}
	if x := executionOf(ctx); x != nil {
		c.Work = x.call.runner.name
	}
	return c
}

// calledBy counts a call that somebody has made or joined. mu is held.
func (r *runner) calledBy(who Caller) {
	for i := range r.callers {
		c := &r.callers[i]
		if c.Work == who.Work && c.InLoop == who.InLoop && c.Loop == who.Loop {
			c.Calls++
			return
		}
	}
	if len(r.callers) < mostCallers {
		who.Calls = 1
		r.callers = append(r.callers, who)
	}
}
