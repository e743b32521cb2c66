package runtime

import (
	"log/slog"
	"strings"

	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// A flow that gives a work other arguments on every pass, the time of day for
// one, never gets past it: each pass asks for a call that no earlier one has
// made. unstableArgs notices that, for one runner.
type unstableArgs struct {
	pass    uint64 // the latest one that made a call
	streak  int    // passes in a row that did, while no call was asked for again
	id      callKey
	call    *call
	again   bool            // a later pass has asked for call while it was running
	shown   []store.Arg     // arguments of call; nil until there is a suspicion
	changed map[string]bool // names of arguments that differed each time; nil: not known yet
}

// unstableLimit is how many passes in a row have to make a call that the next one
// does not ask for, before the loop warns; suspicion is how many it takes for the
// arguments to be compared.
const (
	unstableLimit = 10
	suspicion     = 5
)

// maxCompared bounds the text by which arguments are compared, in bytes.
const maxCompared = 4000

// madeCall notes that a pass has made a call of a runner. args are its
// arguments, as a struct. They belong to the flow, which may write to them after
// this pass, so only their text is kept, and not shown.
func (e *engine) madeCall(id callKey, c *call, args any) {
	var shown []store.Arg
	if e.suspects(id.runner) {
		shown = describeFields(args, func(v any) string { return preview.Text(v, maxCompared) })
	}
	if names := e.compared(id, c, shown); names != "" {
		e.log("a work gets new arguments on every pass, so the flow never gets past it: "+
			"ask for times with runtime.Now, Today or Cron, and leave out what is no input",
			slog.String("work", id.runner.name), slog.String("arguments", names))
	}
}

// suspects reports whether it is time to see which arguments of a work change.
func (e *engine) suspects(r *runner) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, ok := e.unstable.Get(r)
	return ok && n.streak >= suspicion && n.streak < unstableLimit
}

// compared does the book-keeping of madeCall and returns what is to be warned
// about: the names of arguments, or "".
func (e *engine) compared(id callKey, c *call, shown []store.Arg) (names string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, ok := e.unstable.Get(id.runner)
	if !ok {
		n = &unstableArgs{}
		e.unstable.Put(id.runner, n)
	}
	if n.streak >= unstableLimit {
		return "" // has warned
	}
	stable := n.call == nil || n.again || n.call.node.wasVisited() || n.pass+1 != e.pass
	if stable {
		*n = unstableArgs{}
	} else {
		n.compare(shown)
	}
	n.pass, n.id, n.call, n.shown = e.pass, id, c, shown
	if n.streak++; n.streak < unstableLimit {
		return ""
	}
	return n.names()
}

// askedAgain notes that a pass has asked for a call that is running.
func (e *engine) askedAgain(id callKey) {
	if n, ok := e.unstable.Get(id.runner); ok && n.id == id {
		n.again = true
	}
}

// compare keeps the names of those arguments whose text has changed each time.
func (n *unstableArgs) compare(shown []store.Arg) {
	if len(n.shown) == 0 || len(n.shown) != len(shown) {
		return
	}
	changed := map[string]bool{}
	for i, now := range shown {
		if n.shown[i].Text != now.Text && (n.changed == nil || n.changed[now.Name]) {
			changed[now.Name] = true
		}
	}
	n.changed = changed
}

// names lists the arguments that have changed each time, in their order.
func (n *unstableArgs) names() string {
	var names []string
	for _, arg := range n.shown {
		if arg.Name != "" && n.changed[arg.Name] {
			names = append(names, arg.Name)
		}
	}
	if len(names) == 0 {
		return "not known"
	}
	return strings.Join(names, ", ")
}

// warnUnreachable says, once per loop, that a flow cannot get past a work.
func (e *engine) warnUnreachable(r *runner) {
	if e.unreachable.Add(r.name) {
		e.log("caching is off for a work that the flow runs: it executes again and again, and the code after it is never reached; "+
			"use Start, or turn caching on", slog.String("work", r.name))
	}
}
