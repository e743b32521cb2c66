package crashtest

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/workgen/workgen/runtime/store"
)

// A success is one that the store has noted.
type success struct {
	token    uint64
	from, to moment // when that was
	began    moment // when it had its lease
	sure     bool   // the store has said so to who asked for it
}

// successes returns those that the store has acknowledged, or has in its history, by tokens.
func (s *story) successes() (list []success) {
	for _, l := range s.leases {
		end := l.end(store.Succeeded.String())
		r, has := s.records[l.token]
		switch {
		case end == nil:
		case end.noted != 0:
			list = append(list, success{l.token, end.sent, end.noted, l.began, true})
		case has && (r.Status == store.Succeeded || r.Status.Gone()):
			list = append(list, success{l.token, end.sent, s.end, l.began, false})
		}
	}
	slices.SortFunc(list, func(a, b success) int { return cmp.Compare(a.token, b.token) })
	return list
}

// succeeded returns the successes by their tokens.
func (s *story) succeeded() map[uint64]success {
	all := map[uint64]success{}
	for _, a := range s.successes() {
		all[a.token] = a
	}
	return all
}

// oneSuccess is invariant 1.
func (s *story) oneSuccess(n *counts, bad func(int, string, ...any)) {
	all := s.successes()
	n.successes += len(all)
	n.deletes += len(s.deletes)
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; !s.deleted(a.from, b.began) {
			bad(1, "tokens %d and %d have both succeeded, and nobody deleted the call in between", a.token, b.token)
		}
	}
	succeeded := s.succeeded()
	for token, r := range s.records {
		if _, noted := succeeded[token]; (r.Status == store.Succeeded || r.Status.Gone()) && !noted {
			bad(1, "the store has a success with token %d, and nobody told it of one", token)
		}
	}
	if len(all) == 0 {
		return
	}
	last := all[len(all)-1]
	if r, ok := s.stored[s.n]; last.sure && !s.deleted(last.from, never) && (!ok || r.Token != last.token) {
		bad(1, "the success with token %d is not there in the end", last.token)
	}
}

// tokens is invariant 2.
func (s *story) tokens(_ *counts, bad func(int, string, ...any)) {
	for i, a := range s.leases {
		for _, b := range s.leases[i+1:] {
			if a.token == b.token || a.token > b.token && a.began < b.sent || a.token < b.token && b.began < a.sent {
				bad(2, "token %d was given at %v, and token %d at %v", a.token, a.began, b.token, b.began)
			}
			if old, young := byToken(a, b); old.endsAfter(young.began) {
				bad(2, "token %d ended an execution after token %d was given", old.token, young.token)
			}
		}
	}
}

func byToken(a, b *lease) (old, young *lease) {
	if a.token > b.token {
		return b, a
	}
	return a, b
}

// endsAfter reports whether the store took an end that it was told of after some moment. That a
// lease is given back changes nothing, whenever that is.
func (l *lease) endsAfter(m moment) bool {
	return slices.ContainsFunc(l.ends, func(e *end) bool {
		return e.status != store.Stopped.String() && e.sent > m && e.noted != 0
	})
}

// results is invariant 3.
func (s *story) results(n *counts, bad func(int, string, ...any)) {
	for _, c := range s.callers {
		n.calls++
		switch {
		case !c.got:
		case c.exec == "":
			n.failures++
			s.checkError(c, bad)
		default:
			n.results++
			s.checkResult(c, bad)
		}
	}
	r, ok := s.stored[s.n]
	if x := s.body(r.Exec); ok && (x == nil || x.token != r.Token || x.err != "") {
		bad(3, "the store has a result of execution %s with token %d, which has not made it", r.Exec, r.Token)
	}
}

// checkResult checks what a caller got.
func (s *story) checkResult(c *caller, bad func(int, string, ...any)) {
	x := s.body(c.exec)
	switch {
	case c.err != "":
		bad(3, "caller %d of process %s got %s", c.number, c.name, c.err)
		return
	case x == nil || x.token != c.token || x.err != "":
		bad(3, "caller %d of process %s got a result of execution %s with token %d, which has not made it", c.number, c.name, c.exec, c.token)
		return
	}
	if a, ok := s.succeeded()[x.token]; ok {
		s.checkFresh(c, a, bad)
	} else if !s.deleted(s.since(x), c.to) && !s.unnoted(x) {
		bad(3, "caller %d of process %s got the result with token %d, which is not in the store", c.number, c.name, c.token)
	}
}

// since is from when on a delete keeps what an execution comes to out of the store.
func (s *story) since(x *execution) moment {
	since := x.from
	if l := s.leaseOf(x); l != nil {
		since = l.sent
	}
	if c := find(s.callers, func(c *caller) bool { return c.process == x.process && c.number == x.caller }); c != nil {
		since = min(since, c.from)
	}
	return since
}

// silence reports whether a process could not reach the store at some time.
func (s *story) silence(p *process, from, to moment) bool {
	return slices.ContainsFunc(slices.Concat(s.outages, p.stops), func(out span) bool {
		return out.from <= to && out.to.plus(s.slack) >= from
	})
}

// unnoted reports whether the store could not be told how an execution has ended, whose caller gets what
// it came to nevertheless.
func (s *story) unnoted(x *execution) bool {
	l := s.leaseOf(x)
	return x.Fails && l != nil && slices.ContainsFunc(l.ends, func(e *end) bool {
		asked := span{e.sent, e.sent.plus(s.slack)} // for at most so long
		return e.status != store.Stopped.String() && e.noted == 0 && s.silence(x.process, asked.from, asked.to)
	})
}

// checkFresh checks that what a caller got was not deleted long before: processes are told within
// about a second.
func (s *story) checkFresh(c *caller, a success, bad func(int, string, ...any)) {
	for _, d := range s.deletes {
		if !d.done || d.from <= a.to || d.to >= c.from {
			continue
		}
		late := span{d.to, c.from}.outside(slices.Concat(s.outages, c.stops))
		if late > s.slack {
			bad(3, "caller %d of process %s got the result with token %d, which was deleted %v before", c.number, c.name, c.token, late)
			return
		}
	}
}

var failed = regexp.MustCompile(`execution <(.*)> fails`)

// checkError checks the error that a caller got: an execution failed with it, which had not ended
// long before.
func (s *story) checkError(c *caller, bad func(int, string, ...any)) {
	if c.silent && c.Fails {
		if !s.silence(c.process, c.from, c.to) {
			bad(3, "caller %d of process %s did not get an answer of the store, which could be reached", c.number, c.name)
		}
		return
	}
	m := failed.FindStringSubmatch(c.err)
	if m == nil {
		bad(3, "caller %d of process %s got an error of no execution: %s", c.number, c.name, c.err)
		return
	}
	x := s.body(m[1])
	if x == nil || !failed.MatchString(x.err) {
		bad(3, "caller %d of process %s got an error of execution %s, which has not failed with it", c.number, c.name, m[1])
		return
	}
	if x.ended && x.to.plus(store.Tolerance) < c.from {
		bad(3, "caller %d of process %s got the error of execution %s, which had ended before", c.number, c.name, m[1])
	}
	if !s.noted(x) && !s.deleted(s.since(x), c.to) && !s.unnoted(x) {
		bad(3, "caller %d of process %s got the error of execution %s, which is not in the store", c.number, c.name, m[1])
	}
}

// noted reports whether the store has noted that an execution failed.
func (s *story) noted(x *execution) bool {
	if r, ok := s.records[x.token]; ok && r.Status.Failure() {
		return true
	}
	l := s.leaseOf(x)
	return l != nil && slices.ContainsFunc(l.ends, func(e *end) bool { return isFailure(e.status) && e.noted != 0 })
}

func isFailure(status string) bool {
	return status == store.Failed.String() || status == store.GivenUp.String()
}

// quiet is invariant 4.
func (s *story) quiet(_ *counts, bad func(int, string, ...any)) {
	for _, c := range s.callers {
		if !c.got && c.killed == 0 {
			bad(4, "caller %d of process %s waits for ever", c.number, c.name)
		}
	}
	for _, x := range s.bodies {
		if !x.ended && x.killed == 0 {
			bad(4, "execution %s does not end", x.exec)
		}
	}
	for token, r := range s.records {
		if r.Status == store.Running {
			bad(4, "the execution with token %d still runs, as the store says", token)
		}
	}
}

// again is invariant 5.
func (s *story) again(n *counts, bad func(int, string, ...any)) {
	bodies := map[*lease]*execution{}
	for _, x := range s.bodies {
		n.executions++
		l := s.leaseOf(x)
		switch {
		case l == nil && !s.deleted(s.since(x), x.from): // who has deleted a call executes it without a lease
			bad(5, "execution %s has no lease", x.exec)
		case l != nil && bodies[l] != nil:
			bad(5, "executions %s and %s have the same lease", bodies[l].exec, x.exec)
		}
		bodies[l] = x
	}
	delete(bodies, nil)
	leases := slices.Clone(s.leases)
	slices.SortStableFunc(leases, func(a, b *lease) int { return cmp.Compare(a.token, b.token) })
	succeeded := s.succeeded()
	for i := 1; i < len(leases); i++ {
		a, b := leases[i-1], leases[i]
		after, ok := succeeded[a.token]
		why := ""
		switch {
		case !ok:
			why = s.why(a, b.began, bodies[a])
		case s.deleted(after.from, b.began):
			why = "deleted"
		}
		switch why {
		case "":
			bad(5, "token %d was given, and nothing had happened to token %d", b.token, a.token)
		case "lost":
			n.lost++
		}
		if bodies[b] != nil {
			n.again++
		}
	}
}

// why returns why another execution may begin after one that has not succeeded, with a body if that
// is not nil; "" if it may not.
func (s *story) why(l *lease, next moment, x *execution) string {
	before := func(m moment) bool { return m != 0 && m <= next }
	ended := func(is func(status string) bool) bool {
		return slices.ContainsFunc(l.ends, func(e *end) bool { return is(e.status) && e.sent <= next })
	}
	since := l.sent
	if x != nil {
		since = s.since(x)
	}
	switch {
	case s.deleted(since, next):
		return "deleted"
	case before(l.killed):
		return "killed"
	case (x == nil || s.unnoted(x)) && ended(func(status string) bool { return status == store.Stopped.String() }):
		return "given back"
	case x != nil && x.ended && failed.MatchString(x.err) && ended(isFailure):
		return "failed"
	case before(l.closed):
		return "closed"
	case before(l.expires):
		return "lost"
	}
	return ""
}

// waiting is invariant 6.
func (s *story) waiting(n *counts, bad func(int, string, ...any)) {
	reasons := slices.Clone(s.outages)
	for _, x := range s.bodies {
		var stopped []span // for longer than its lease lasts
		for _, stop := range x.stops {
			stopped = append(stopped, span{stop.from.plus(s.observed.lease), stop.to})
		}
		reasons = append(reasons, x.without(stopped)...)
	}
	succeeded := s.succeeded()
	for _, l := range s.leases {
		if _, ok := succeeded[l.token]; l.killed != 0 && !ok {
			reasons = append(reasons, span{l.killed, l.expires})
		}
	}
	for token, r := range s.records { // whoever began it was killed before the answer came
		if !slices.ContainsFunc(s.leases, func(l *lease) bool { return l.token == token }) {
			began := momentOf(r.Started)
			reasons = append(reasons, span{began, began.plus(s.observed.lease)})
		}
	}
	for _, c := range s.callers {
		idle := c.outside(slices.Concat(reasons, c.stops))
		if n.longest = max(n.longest, idle); idle > s.slack {
			bad(6, "caller %d of process %s has waited for %v while nothing happened", c.number, c.name, idle)
		}
	}
}

// routes is invariant 7.
func (s *story) routes(_ *counts, bad func(int, string, ...any)) {
	for _, x := range s.bodies {
		switch {
		case x.Role == asking:
			bad(7, "execution %s is where it was asked for", x.exec)
		case x.Role == serves && x.Version != versionOf(s.n):
			bad(7, "execution %s is by a worker of version %d, and the call is of version %d", x.exec, x.Version, versionOf(s.n))
		}
	}
}
