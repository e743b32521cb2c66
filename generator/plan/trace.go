package plan

import (
	"go/token"
	"slices"
	"strconv"

	"github.com/workgen/workgen/generator/diag"
)

// problem is a type that fails a judgement, with the shortest way down to it.
type problem struct {
	reason string
	path   []step
	others int // places with the same remedy, which are not told of one by one
}

// step is one type on the way from a value to a problem.
type step struct {
	expr string
	typ  *Type
	pos  token.Pos
}

// message is the reason, and how often there is the same problem.
func (p problem) message() string {
	switch p.others {
	case 0:
		return p.reason
	case 1:
		return p.reason + ", and so in one other place"
	}
	return p.reason + ", and so in " + strconv.Itoa(p.others) + " other places"
}

// walk looks at t, reached by expr, and at all its parts.
func (j *judge) walk(expr string, t *Type, pos token.Pos) {
	root := &visit{step: step{expr, t, pos}}
	root.part = root
	s := j.survey(root.place())
	if !s.bad[root.place()] {
		return
	}
	tr := &tracer{judge: j, survey: s, seen: map[seen]bool{}, found: map[problemID]int{}}
	for tr.reach(root); len(tr.queue) > 0; tr.queue = tr.queue[1:] {
		tr.expand(tr.queue[0])
	}
}

// tracer finds the problems in a type, the nearest ones first: breadth first by the
// fields on the way, and those of one struct in their order.
type tracer struct {
	*judge
	*survey
	seen  map[seen]bool
	queue []*visit
	found map[problemID]int // indexes of problems
}

// visit is a type with the way by which it was reached.
type visit struct {
	step
	pointed bool // see place
	from    *visit
	// remedy is the innermost field on the way that the user can edit, nil when
	// there is none: problems behind different ones are different.
	remedy *Field
	// part is the innermost field on the way, or type of an interface's value: the
	// slices, maps and pointers that follow are written there.
	part *visit
}

func (v *visit) place() place { return place{v.typ, v.pointed} }

// seen says where a tracer has been: at a struct or interface once behind each
// remedy, and at other types once in each part.
type seen struct {
	place
	remedy *Field
	part   *visit
}

// reach notes what is wrong with a type, and sees to its parts: those of structs
// and interfaces are a step further away.
func (t *tracer) reach(v *visit) {
	if reason := t.reason[v.place()]; reason != "" {
		t.add(reason, v)
	}
	id := seen{v.place(), v.remedy, v.part}
	further := v.typ.Kind == Struct || v.typ.Kind == Interface
	switch {
	case t.isFixable(v.typ):
		id.remedy, id.part = nil, nil
	case further:
		id.part = nil
	}
	if t.seen[id] || t.leaf[v.place()] || t.method(v.place()) {
		return
	}
	t.seen[id] = true
	if further {
		t.queue = append(t.queue, v)
		return
	}
	t.expand(v)
}

// expand goes along the edges from a type that lead to problems.
func (t *tracer) expand(v *visit) {
	for _, e := range t.edges(v.place()) {
		if e.fails == "" && !t.bad[e.to] {
			continue
		}
		next := &visit{step: step{v.expr + e.expr(), e.to.typ, e.pos}, pointed: e.to.pointed, from: v, remedy: v.remedy, part: v.part}
		if !e.pos.IsValid() {
			next.pos = v.pos
		}
		if v.typ.Kind == Struct || v.typ.Kind == Interface {
			next.part = next
		}
		if t.isFixable(v.typ) {
			next.remedy = e.field
		}
		if e.fails != "" {
			t.add(e.fails, next)
			continue
		}
		t.reach(next)
	}
}

// isFixable reports whether the user can change the declaration of t, a struct.
func (t *tracer) isFixable(typ *Type) bool {
	return t.fixable != nil && typ.Kind == Struct && typ.Named != nil && t.fixable(typ.Named)
}

// problemID is the same for problems that have one remedy: a type of another module
// may have a field that cannot be walked in dozens of places.
type problemID struct {
	reason string
	typ    *Type
	remedy *Field
	// Without a field that can be edited it is the innermost declared type that
	// counts, or the expression where there is none.
	owner *Type
	expr  string
}

// add adds a problem, or counts it with the one that was found before.
func (t *tracer) add(reason string, v *visit) {
	id := problemID{reason: reason, typ: v.typ, remedy: v.remedy}
	if v.remedy == nil {
		id.owner = v.owner()
	}
	if id.remedy == nil && id.owner == nil {
		id.expr = v.expr
	}
	if i, ok := t.found[id]; ok {
		t.problems[i].others++
		return
	}
	t.found[id] = len(t.problems)
	p := problem{reason: reason}
	for ; v != nil; v = v.from {
		p.path = append(p.path, v.step)
	}
	slices.Reverse(p.path)
	t.problems = append(t.problems, p)
}

// owner is the innermost declared type on the way, other than the first: nil when
// there is none.
func (v *visit) owner() *Type {
	root := v
	for root.from != nil {
		root = root.from
	}
	for ; v != nil; v = v.from {
		if v.typ.Named != nil && v.typ != root.typ {
			return v.typ
		}
	}
	return nil
}

// steps renders the path of p. A literal such as []Hook is left out when its
// element follows, and what a pointer points to when the pointer precedes it:
// the other line says the same.
func (d *describer) steps(p problem) []diag.Step {
	var out []diag.Step
	for i, s := range p.path {
		if s.typ.Named == nil && s.typ.Elem != nil && s.typ.Kind != Pointer && i+1 < len(p.path) {
			continue
		}
		if i > 0 && p.path[i-1].expr == s.expr && p.path[i-1].typ.Named == nil {
			continue
		}
		out = append(out, diag.Step{
			Expr: s.expr,
			Type: diag.TypeString(s.typ.Go, d.qualify),
			Pos:  d.fset.Position(s.pos),
		})
	}
	return out
}
