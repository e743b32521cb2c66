package runtime

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/preview"
)

// This file is how a loop ends.

const (
	// lastWords is how long executions have after their contexts have ended, and how long a
	// flow has whose context did.
	lastWords = 4 * time.Second

	// drainSaidEvery is how often the log says what is waited for, and mostDrained of how many.
	drainSaidEvery = 5 * time.Second
	mostDrained    = 10
)

// drain lets what runs go on until Grace, drops what does not run, and then ends what is left.
// flow says when the flow has returned, nil if it has. drain reports whether it has at last.
func (e *engine) drain(flow <-chan error) (returned bool) {
	e.mu.Lock()
	e.draining = true
	if e.pass != nil {
		e.pass.change()
	}
	inputs := e.inputs // nothing is added any more
	running := slices.Collect(maps.Values(e.running))
	e.mu.Unlock()
	for in := range inputs {
		in.unwatch(e)
	}
	var dropped []*call
	for _, c := range running {
		if c.leavePending(e, true) {
			dropped = append(dropped, c)
		}
	}
	if len(dropped) > 0 {
		e.log("calls of the flow that had not begun are dropped at the end of the loop",
			slog.Int("calls", len(dropped)), slog.Any("works", worksOf(dropped)))
	}
	grace := e.loop.Grace
	if grace == 0 {
		grace = defaultGrace
	}
	if grace > 0 {
		flow = e.await(flow, grace)
	}
	e.endCalls()
	if grace > 0 {
		flow = e.await(flow, lastWords)
	} else {
		flow = returns(flow)
	}
	e.unpin(&pass{}, true)
	failed.leave(e)
	e.sayWhatIsLeft(flow != nil)
	return flow == nil
}

// returns gives a flow a moment to notice the end of its context, and returns nil if it has returned.
func returns(flow <-chan error) <-chan error {
	if flow == nil {
		return nil
	}
	moment := time.NewTimer(100 * time.Millisecond)
	defer moment.Stop()
	select {
	case <-flow:
		return nil
	case <-moment.C:
		return flow
	}
}

// endCalls ends the contexts of what still runs, unless somebody else wants it.
func (e *engine) endCalls() {
	e.mu.Lock()
	running := slices.Collect(maps.Values(e.running))
	e.mu.Unlock()
	// Here and not by the context's end, which is noticed a moment later.
	for _, c := range running {
		c.leaveStart(e.calls.Done())
	}
	e.end(errLoopEnded)
	e.mu.Lock()
	defer e.mu.Unlock()
	for c, m := range e.members {
		if m.own && !c.ended() && !m.returned { // goes on for others
			e.leaves(c, m)
		}
	}
}

// await waits until the flow and all bodies have returned, but no longer than limit, and says what
// it waits for. It returns flow, nil if the flow has returned.
func (e *engine) await(flow <-chan error, limit time.Duration) <-chan error {
	e.mu.Lock()
	idle := make(chan struct{})
	if e.idle = idle; e.bodies == 0 {
		close(idle)
		e.idle = nil
	}
	e.mu.Unlock()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	say := time.NewTimer(time.Second) // not of what ends soon
	defer say.Stop()
	for flow != nil || idle != nil {
		select {
		case <-flow:
			flow = nil
		case <-idle:
			idle = nil
		case <-say.C:
			e.sayWhatRuns(limit)
			say.Reset(drainSaidEvery)
		case <-deadline.C:
			return flow
		}
	}
	return nil
}

// sayWhatRuns logs what the end of the loop waits for.
func (e *engine) sayWhatRuns(limit time.Duration) {
	list, more := e.bodiesLeft()
	if len(list) == 0 {
		e.logger().Info("the loop ends, and waits for its flow to return")
		return
	}
	e.logger().Info("the loop ends, and waits for executions",
		slog.Any("executions", list), slog.Int("more", more), slog.Duration("longest", limit))
}

// bodiesLeft lists the bodies of the flow's calls that have not returned, the oldest first, and
// says how many more there are.
func (e *engine) bodiesLeft() (list []string, more int) {
	e.mu.Lock()
	var calls []*call
	for c, m := range e.members {
		if m.own && !m.returned {
			calls = append(calls, c)
		}
	}
	e.mu.Unlock()
	type body struct {
		text  string
		since stamp
	}
	bodies := make([]body, 0, len(calls))
	for _, c := range calls {
		c.runner.mu.Lock()
		since, far := c.started, ""
		if p := c.progress; p != nil {
			far = fmt.Sprintf(", %d of %d %s", p.Done, p.Total, preview.Line(p.Note))
		}
		c.runner.mu.Unlock()
		took := time.Since(since.time()).Round(time.Millisecond)
		bodies = append(bodies, body{fmt.Sprintf("%s, call %d, since %v%s", c.runner.name, c.node.number, took, far), since})
	}
	slices.SortFunc(bodies, func(a, b body) int { return int(min(max(a.since-b.since, -1), 1)) })
	for i, b := range bodies {
		if i == mostDrained {
			return list, len(bodies) - i
		}
		list = append(list, b.text)
	}
	return list, 0
}

// sayWhatIsLeft logs what ignores that the loop has ended.
func (e *engine) sayWhatIsLeft(flow bool) {
	if list, more := e.bodiesLeft(); len(list) > 0 {
		e.log("executions ignore that the loop has ended", slog.Any("executions", list), slog.Int("more", more))
	}
	if flow {
		e.log("the flow ignores that the loop has ended", slog.String("stack", stackOfGoroutine(e.goroutine)))
	}
}
