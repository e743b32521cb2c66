package crashtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// observed is what there is to check of a round: what processes have noted, what was done to
// them, and what the store has.
type observed struct {
	lease     time.Duration
	slack     time.Duration // see Backend.Slack
	processes map[string]*process
	outages   []span // nobody reached the store, or the machine stood still
	events    []event
	records   []store.Record // all that the store has, in any order
	stored    map[int]result // the results that it has in the end
	tasks     int            // that are in the queue in the end
	end       moment         // when all processes had ended
}

// A process is one that made calls.
type process struct {
	job
	name   string
	killed moment // 0: it was not
	closed moment // when it began to close its store; 0: never
	stops  []span
}

// A story is what has happened to one call.
type story struct {
	*observed
	n       int
	events  []event
	callers []*caller
	leases  []*lease // as they were given
	bodies  []*execution
	deletes []*deletion
	records map[uint64]store.Record // by tokens
}

// A caller has asked for a call.
type caller struct {
	*process
	number int
	span          // from when it asked until it had an answer, or its process was killed
	got    bool   // it had an answer
	exec   string // who made the result
	token  uint64
	err    string
	silent bool // the store did not answer
}

// A lease is that of an execution.
type lease struct {
	*process
	token   uint64
	nonce   uint64
	sent    moment // when the store was asked for it
	began   moment // when it had answered
	expires moment // as it said last
	ends    []*end
}

// An end is one of an execution that the store was told of.
type end struct {
	status string
	sent   moment
	noted  moment // 0: there was no answer
}

// An execution is that of a body.
type execution struct {
	*process
	exec   string
	token  uint64 // 0: it has no lease
	caller int    // who made the call
	span          // until its process was killed
	ended  bool   // it has returned
	err    string
}

// A deletion is that of a call. If its process was killed, it may last a little longer, or may never
// have been done.
type deletion struct {
	*process
	caller int
	span
	done bool
}

// stories tells what has happened to each call, by their numbers.
func (o *observed) stories() []*story {
	all, keys := map[int]*story{}, map[string]*story{}
	slices.SortStableFunc(o.events, func(a, b event) int { return cmp.Compare(a.At, b.At) })
	for _, e := range o.events {
		if e.What == closes {
			o.processes[e.process].closed = e.At
			continue
		}
		if e.What.isOfQueue() {
			if s := keys[e.Key]; s != nil {
				s.events = append(s.events, e)
			}
			continue
		}
		s := all[e.N]
		if s == nil {
			s = &story{observed: o, n: e.N, records: map[uint64]store.Record{}}
			all[e.N] = s
		}
		if e.Key != "" {
			keys[e.Key] = s
		}
		s.events = append(s.events, e)
		s.add(&e, o.processes[e.process])
	}
	for _, r := range o.records {
		if s := keys[r.Key.String()]; s != nil {
			s.records[r.Seq] = r
		}
	}
	list := make([]*story, 0, len(all))
	for _, s := range all {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *story) int { return a.n - b.n })
	return list
}

// add adds the next event.
func (s *story) add(e *event, p *process) {
	switch e.What {
	case asks:
		s.callers = append(s.callers, &caller{process: p, number: e.Caller, span: span{e.At, s.last(p)}})
	case gets:
		c := find(s.callers, func(c *caller) bool { return c.process == p && c.number == e.Caller })
		c.to, c.got, c.exec, c.token, c.err, c.silent = e.At, true, e.Exec, e.Token, e.Err, e.Status == noStore
	case body:
		s.bodies = append(s.bodies, &execution{process: p, exec: e.Exec, token: e.Token, caller: e.Caller, span: span{e.At, s.last(p)}})
	case returns:
		x := s.body(e.Exec)
		x.to, x.ended, x.err = e.At, true, e.Err
	case forget:
		s.deletes = append(s.deletes, &deletion{process: p, caller: e.Caller, span: span{e.At, s.settled(s.last(p))}})
	case forgot:
		d := find(s.deletes, func(d *deletion) bool { return d.process == p && d.caller == e.Caller })
		d.to, d.done = e.At, true
	case begun:
		s.begun(e, p)
	case renewed, ending, ended:
		if l := s.lease(p, e.Token); l != nil {
			l.add(e)
		}
	}
}

// find returns the one that is so, nil if none is.
func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

// last is when a process was killed, or all had ended.
func (o *observed) last(p *process) moment {
	if p.killed == 0 {
		return o.end
	}
	return p.killed
}

// settled is when something has arrived that was sent before: it may have been held up.
func (o *observed) settled(sent moment) moment {
	arrives := sent.plus(o.lease)
	for _, out := range o.outages {
		if out.from <= arrives && out.to > sent {
			arrives = max(arrives, out.to.plus(o.lease))
		}
	}
	return arrives
}

// body returns an execution by its name, nil if there is none.
func (s *story) body(exec string) *execution {
	return find(s.bodies, func(x *execution) bool { return x.exec == exec })
}

// lease returns the lease with a token that a process has, nil if it has none.
func (s *story) lease(p *process, token uint64) *lease {
	return find(s.leases, func(l *lease) bool { return l.process == p && l.token == token })
}

// leaseOf returns the lease of a body, nil if it has none.
func (s *story) leaseOf(x *execution) *lease { return s.lease(x.process, x.token) }

// begun adds a lease. Beginning again, with the same nonce, gives the same one.
func (s *story) begun(e *event, p *process) {
	if l := s.lease(p, e.Token); l != nil && l.nonce == e.Nonce {
		l.expires = e.Expires
		return
	}
	s.leases = append(s.leases, &lease{process: p, token: e.Token, nonce: e.Nonce, sent: e.Sent, began: e.At, expires: e.Expires})
}

func (l *lease) add(e *event) {
	switch e.What {
	case renewed:
		l.expires = max(l.expires, e.Expires)
	case ending:
		if l.end(e.Status) == nil {
			l.ends = append(l.ends, &end{status: e.Status, sent: e.At})
		}
	case ended:
		if end := l.end(e.Status); end != nil && end.noted == 0 {
			end.noted = e.At
		}
	}
}

// end returns an end that the store was told of, nil if it was not.
func (l *lease) end(status string) *end {
	return find(l.ends, func(e *end) bool { return e.status == status })
}

// deleted reports whether the call may have been deleted between two moments.
func (s *story) deleted(from, to moment) bool {
	return slices.ContainsFunc(s.deletes, func(d *deletion) bool { return d.from <= to && d.to >= from })
}
