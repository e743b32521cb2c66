package plan

import (
	"go/types"
	"strconv"
)

// grouped keeps one of the problems that have one remedy: a type of another
// module may have a field that cannot be walked in dozens of places. The number of
// those left out is added to the reason.
func (p *planner) grouped(problems []problem) []problem {
	type remedy struct {
		reason string
		typ    *Type
		owner  *Type
		field  string
	}
	var out []problem
	first := map[remedy]int{}
	left := map[int]int{}
	for _, problem := range problems {
		r := remedy{reason: problem.reason, typ: problem.path[len(problem.path)-1].typ}
		r.owner, r.field = p.remedied(problem)
		if i, ok := first[r]; ok {
			left[i]++
			continue
		}
		first[r] = len(out)
		out = append(out, problem)
	}
	for i, n := range left {
		out[i].reason = reasonOf(out[i].reason) + ", and so in " + places(n)
	}
	return out
}

// places says how many other places there are.
func places(n int) string {
	if n == 1 {
		return "one other place"
	}
	return strconv.Itoa(n) + " other places"
}

// remedied is where a problem is dealt with: the innermost field on the way that
// can be edited, otherwise the innermost declared type.
func (p *planner) remedied(problem problem) (owner *Type, field string) {
	last := len(problem.path) - 1
	for i := last; i > 0; i-- {
		t := problem.path[i-1].typ
		if t.Kind == Struct && t.Named != nil && p.editable(t.Named) {
			return t, problem.path[i].expr[len(problem.path[i-1].expr):]
		}
	}
	for i := last; i >= 0; i-- {
		if t := problem.path[i].typ; t.Named != nil && !types.Identical(t.Go, problem.path[0].typ.Go) {
			return t, ""
		}
	}
	return nil, problem.path[last].expr
}
