package runtime

import (
	"log/slog"
	"reflect"
	"strings"
)

// A flow that gives a work other arguments on every pass, the time of day for
// one, never gets past it: each pass asks for a call that no earlier one has
// made. novelty notices that, for one runner.
type novelty struct {
	pass    uint64 // the latest one that made a call
	streak  int    // passes in a row that did, while no call was asked for again
	id      callKey
	call    unfinished
	again   bool // a later pass has asked for call while it was running
	args    any
	changed map[string]bool // names of arguments that differed each time; nil: not known yet
}

// noveltyLimit is how many passes in a row have to make a call that the next one
// does not ask for, before the loop warns.
const noveltyLimit = 10

// madeCall notes that a pass has made a call of a runner. args are its
// arguments, as a struct.
func (e *engine) madeCall(id callKey, call unfinished, args any) {
	if names := e.noveltyOf(id, call, args); names != "" {
		e.log("a work gets new arguments on every pass, so the flow never gets past it: "+
			"ask for times with runtime.Now, Today or Cron, and leave out what is no input",
			slog.String("work", id.runner.name), slog.String("arguments", names))
	}
}

// noveltyOf does the book-keeping of madeCall and returns what is to be warned
// about: the names of arguments, or "".
func (e *engine) noveltyOf(id callKey, call unfinished, args any) (names string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.novelties[id.runner]
	if n == nil {
		e.pruneNovelties()
		n = &novelty{}
		e.novelties[id.runner] = n
	}
	if n.streak >= noveltyLimit {
		return "" // has warned
	}
	stable := n.call == nil || n.again || n.call.wasVisited() || n.pass+1 != e.pass
	if stable {
		*n = novelty{}
	} else {
		n.compare(args)
	}
	n.pass, n.id, n.call, n.args = e.pass, id, call, args
	if n.streak++; n.streak < noveltyLimit {
		return ""
	}
	return n.names()
}

// pruneNovelties keeps flows that make runners all the time from filling memory:
// what did not make a call in the last pass has no streak to lose. e.mu is held.
func (e *engine) pruneNovelties() {
	if len(e.novelties) < maxNovelties {
		return
	}
	for r, n := range e.novelties {
		if n.pass+1 < e.pass {
			delete(e.novelties, r)
		}
	}
	if len(e.novelties) >= maxNovelties {
		clear(e.novelties)
	}
}

// maxNovelties bounds how many runners are looked at at once.
const maxNovelties = 1000

// askedAgain notes that a pass has asked for a call that is running.
func (e *engine) askedAgain(id callKey) {
	if n := e.novelties[id.runner]; n != nil && n.id == id {
		n.again = true
	}
}

// compare keeps the names of those arguments that have changed each time. It
// uses reflection, which is of no matter here: few loops ever get to this point,
// and none of them is in a hurry.
func (n *novelty) compare(args any) {
	before, now := reflect.ValueOf(n.args), reflect.ValueOf(args)
	if now.Kind() != reflect.Struct || before.Type() != now.Type() {
		return
	}
	changed := map[string]bool{}
	for i := range now.NumField() {
		name := now.Type().Field(i).Name
		if n.changed != nil && !n.changed[name] || !now.Field(i).CanInterface() {
			continue
		}
		if !reflect.DeepEqual(before.Field(i).Interface(), now.Field(i).Interface()) {
			changed[name] = true
		}
	}
	n.changed = changed
}

// names lists the arguments that have changed each time, in their order.
func (n *novelty) names() string {
	var names []string
	if v := reflect.ValueOf(n.args); v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; n.changed[name] {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return "not known"
	}
	return strings.Join(names, ", ")
}

// warnUnreachable says, once per loop, that a flow cannot get past a work.
func (e *engine) warnUnreachable(r *Runner) {
	e.mu.Lock()
	warned := e.unreachable[r.name]
	if len(e.unreachable) >= maxNovelties {
		clear(e.unreachable)
	}
	e.unreachable[r.name] = true
	e.mu.Unlock()
	if !warned {
		e.log("caching is off for a work that the flow runs: it executes again and again, and the code after it is never reached; "+
			"use Start, or turn caching on", slog.String("work", r.name))
	}
}
