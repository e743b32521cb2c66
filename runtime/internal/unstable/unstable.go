// Package unstable notices works that a flow gives other arguments on every pass, the time
// of day for one. Such a flow never gets past the work: each pass asks for a call that no
// earlier one has made.
package unstable

import (
	"strings"
	"sync"

	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/store"
)

// Limit is how many passes in a row have to make a call that the next one does not ask for,
// before there is something to say; suspicion is how many it takes for the arguments to be
// compared.
const (
	Limit     = 10
	suspicion = 5
)

// Detector is told which calls C of which works W the passes of a flow make. All methods may
// be called concurrently.
type Detector[W, C comparable] struct {
	Passed func(C) bool // whether the flow has got past a call, or never waited for it; called with locks held

	mu    sync.Mutex
	works recent.Map[W, *streak[C]]
}

// streak is what is known of one work.
type streak[C comparable] struct {
	pass    uint64          // the latest one that made a call
	length  int             // passes in a row that did, while no call was asked for again
	call    C               // the one that it made
	args    []store.Arg     // of call; nil until there is a suspicion
	changed map[string]bool // names of arguments that differed each time; nil: not known yet
}

// Made notes that a pass has made a call of a work. args lists its arguments, but is asked
// only if there is a suspicion. Once in a row of passes Made returns true, and the names of
// the arguments that have changed each time, "not known" if nobody knows.
func (d *Detector[W, C]) Made(work W, call C, pass uint64, args func() []store.Arg) (names string, say bool) {
	var list []store.Arg
	if d.suspects(work) {
		list = args() // without the lock
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.works.Get(work)
	if !ok {
		s = &streak[C]{}
		d.works.Put(work, s)
	}
	if s.length >= Limit {
		return "", false // has been said
	}
	if s.length == 0 || d.Passed(s.call) || s.pass == pass {
		*s = streak[C]{}
	} else {
		s.compare(list)
	}
	s.pass, s.call, s.args = pass, call, list
	if s.length++; s.length < Limit {
		return "", false
	}
	return s.names(), true
}

func (d *Detector[W, C]) suspects(work W) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.works.Get(work)
	return ok && s.length >= suspicion && s.length < Limit
}

// Len returns of how many works something is remembered, of which some may be counted twice.
func (d *Detector[W, C]) Len() int { return d.works.Len() }

// compare keeps the names of those arguments whose text has changed each time.
func (s *streak[C]) compare(now []store.Arg) {
	if len(s.args) == 0 || len(s.args) != len(now) {
		return
	}
	changed := map[string]bool{}
	for i, arg := range now {
		if s.args[i].Text != arg.Text && (s.changed == nil || s.changed[arg.Name]) {
			changed[arg.Name] = true
		}
	}
	s.changed = changed
}

// names lists the arguments that have changed each time, in their order.
func (s *streak[C]) names() string {
	var names []string
	for _, arg := range s.args {
		if arg.Name != "" && s.changed[arg.Name] {
			names = append(names, arg.Name)
		}
	}
	if len(names) == 0 {
		return "not known"
	}
	return strings.Join(names, ", ")
}
