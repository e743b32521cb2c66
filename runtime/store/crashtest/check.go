package crashtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A violation is of an invariant, by one call.
type violation struct {
	invariant int    // see the package's comment
	call      *story // nil: of none
	text      string
}

// String describes a violation, with the events of the call in order.
func (v *violation) String() string {
	if v.call == nil {
		return fmt.Sprintf("invariant %d: %s", v.invariant, v.text)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "invariant %d, call %d: %s\n", v.invariant, v.call.n, v.text)
	for _, line := range v.call.lines() {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	return b.String()
}

// maxTold is how many violations are told of, at most.
const maxTold = 5

// lines tells the story, with what was done to those who are in it.
func (s *story) lines() []string {
	type line struct {
		at   moment
		text string
	}
	var lines []line
	say := func(at moment, format string, args ...any) {
		lines = append(lines, line{at, fmt.Sprintf("%v ", at) + fmt.Sprintf(format, args...)})
	}
	in := map[string]bool{}
	for i := range s.events {
		e := &s.events[i]
		in[e.process] = true
		lines = append(lines, line{e.At, e.String()})
	}
	for name := range in {
		p := s.processes[name]
		if p.killed != 0 {
			say(p.killed, "%-6s is killed", name)
		}
		for _, stop := range p.stops {
			say(stop.from, "%-6s is stopped", name)
			say(stop.to, "%-6s goes on", name)
		}
	}
	for _, out := range s.outages {
		say(out.from, "the store cannot be reached, until %v", out.to)
	}
	for _, r := range s.records {
		say(momentOf(r.Started), "store: token %d %v %s, ended %v, gone %v", r.Seq, r.Status, r.Error, momentOf(r.Finished), momentOf(r.Gone))
	}
	if r, ok := s.stored[s.n]; ok {
		say(s.end, "store: the result of execution %s, token %d", r.Exec, r.Token)
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	texts := make([]string, len(lines))
	for i := range lines {
		texts[i] = lines[i].text
	}
	return texts
}

// check holds all that has happened against the invariants.
func (o *observed) check() (violations []*violation, n counts) {
	for _, s := range o.stories() {
		for _, check := range []func(*story, *counts, func(int, string, ...any)){
			(*story).oneSuccess, (*story).tokens, (*story).results, (*story).quiet, (*story).again, (*story).waiting, (*story).routes,
		} {
			check(s, &n, func(invariant int, format string, args ...any) {
				violations = append(violations, &violation{invariant, s, fmt.Sprintf(format, args...)})
			})
		}
	}
	if o.tasks > 0 {
		violations = append(violations, &violation{4, nil, fmt.Sprintf("%d tasks are in the queue in the end", o.tasks)})
	}
	return violations, n
}

// counts is what has happened in a round, or in several.
type counts struct {
	kills, stops, outages                       int
	calls, results, failures                    int // of callers
	executions, again, lost, deletes, successes int
	longest                                     time.Duration // wait of a caller beyond what is allowed for
	violations                                  int
}

func (n *counts) add(o counts) {
	n.kills, n.stops, n.outages = n.kills+o.kills, n.stops+o.stops, n.outages+o.outages
	n.calls, n.results, n.failures = n.calls+o.calls, n.results+o.results, n.failures+o.failures
	n.executions, n.again, n.lost = n.executions+o.executions, n.again+o.again, n.lost+o.lost
	n.deletes, n.successes, n.violations = n.deletes+o.deletes, n.successes+o.successes, n.violations+o.violations
	n.longest = max(n.longest, o.longest)
}

// String returns the counts in one line.
func (n counts) String() string {
	return fmt.Sprintf("kills: %d, stops: %d, outages: %d, calls: %d, executions: %d, again: %d, lost leases: %d, deletes: %d, "+
		"results: %d, errors: %d, successes: %d, longest unexplained wait: %v, violations: %d",
		n.kills, n.stops, n.outages, n.calls, n.executions, n.again, n.lost, n.deletes,
		n.results, n.failures, n.successes, n.longest.Round(time.Millisecond), n.violations)
}
