package plan

import (
	"go/types"
)

// A View says which parts of a value are visited: a type may lead back to itself
// in one view and not in another.
type View int

// The views.
const (
	Encoding View = iota // what enters the key: a type that encodes itself is a leaf
	Copying              // what a deep copy copies
	Sizing               // what is counted: as Copying, also where a method copies
	views
)

// Cyclic reports whether t is part of itself in a view.
func (t *Type) Cyclic(v View) bool { return t.cyclic[v] }

// Reaches reports whether t is or has, however deep, a part that is Cyclic in a
// view.
func (t *Type) Reaches(v View) bool { return t.reaches[v] }

// Boxed reports whether t is an interface that is part of itself in a view, by
// way of nothing that is looked out for: its values cannot contain themselves,
// but can share very much.
func (t *Type) Boxed(v View) bool { return t.boxed[v] }

// parts lists the types t is directly made of.
func (t *Type) parts(v View) []*Type {
	if v == Encoding && t.Custom {
		return nil
	}
	if v == Copying && t.Copy == ByMethod {
		return nil
	}
	var list []*Type
	for _, part := range []*Type{t.Key, t.Elem} {
		if part != nil {
			list = append(list, part)
		}
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; !f.Ignored {
			list = append(list, f.Type)
		}
	}
	return append(list, t.Impls...)
}

// root describes t and everything in it, and says what is recursive there.
func (d *describer) root(t types.Type) *Type {
	node := d.describe(t)
	d.settle()
	return node
}

// rootField is root for a field.
func (d *describer) rootField(f *types.Var) *Type {
	node := d.describeField(f)
	d.settle()
	return node
}

// settle finds the cycles among the types described since it was last called.
// Types described before lead to none of them.
func (d *describer) settle() {
	for v := range views {
		c := newComponents(func(t *Type) []*Type { return t.parts(v) })
		c.found = func(members []*Type, cyclic bool) {
			reaches := cyclic
			for _, t := range members {
				for _, part := range t.parts(v) {
					reaches = reaches || part.reaches[v]
				}
			}
			for _, t := range members {
				t.cyclic[v], t.reaches[v] = cyclic, reaches
			}
		}
		c.search(d.fresh)
	}
	for v := range views {
		d.settleRest(v)
	}
	d.fresh = nil
}

// settleRest finds the cycles without what notices them in a view. A value can
// only be inside itself by way of a pointer, slice, or map. The encoding looks
// out for pointers, and in cycles without any for the others; copies and sizes
// remember all three. What interfaces hold is looked out for only in cycles with none of them.
func (d *describer) settleRest(v View) {
	notices := func(t *Type) bool {
		reference := t.Kind == Pointer || v != Encoding && (t.Kind == Slice || t.Kind == Map)
		return reference && t.cyclic[v]
	}
	c := newComponents(func(t *Type) []*Type {
		if notices(t) {
			return nil
		}
		return t.parts(v)
	})
	c.found = func(members []*Type, cyclic bool) {
		for _, t := range members {
			t.boxed[v] = cyclic && t.Kind == Interface
			if v == Encoding {
				t.Entered = notices(t) || cyclic && (t.Kind == Slice || t.Kind == Map)
			}
		}
	}
	c.search(d.fresh)
	if v != Encoding {
		return
	}
	// Slices and maps that are entered end the cycles of interfaces, too.
	c = newComponents(func(t *Type) []*Type {
		if t.Entered {
			return nil
		}
		return t.parts(v)
	})
	c.found = func(members []*Type, cyclic bool) {
		for _, t := range members {
			t.boxed[v] = cyclic && t.Kind == Interface
		}
	}
	c.search(d.fresh)
}

// components finds the strongly connected components of a graph of types by
// Tarjan's algorithm: the maximal sets in which each leads to each.
type components struct {
	next  func(*Type) []*Type
	found func(members []*Type, cyclic bool) // called for each, successors first
	index map[*Type]int                      // order of discovery, from 1
	low   map[*Type]int                      // the first discovered that can be led back to
	open  map[*Type]bool                     // on the stack
	stack []*Type
}

func newComponents(next func(*Type) []*Type) *components {
	return &components{next: next, index: map[*Type]int{}, low: map[*Type]int{}, open: map[*Type]bool{}}
}

// search finds the components of nodes. What they lead to and is not among them
// has been searched before.
func (c *components) search(nodes []*Type) {
	fresh := map[*Type]bool{}
	for _, t := range nodes {
		fresh[t] = true
	}
	for _, t := range nodes {
		if c.index[t] == 0 {
			c.visit(t, fresh)
		}
	}
}

// visit goes depth first.
func (c *components) visit(t *Type, fresh map[*Type]bool) {
	c.index[t] = len(c.index) + 1
	c.low[t] = c.index[t]
	c.stack = append(c.stack, t)
	c.open[t] = true
	self := false
	for _, part := range c.next(t) {
		switch {
		case !fresh[part]:
			continue
		case c.index[part] == 0:
			c.visit(part, fresh)
			c.low[t] = min(c.low[t], c.low[part])
		case c.open[part]:
			c.low[t] = min(c.low[t], c.index[part])
		}
		self = self || part == t
	}
	if c.low[t] != c.index[t] {
		return
	}
	at := len(c.stack) - 1
	for c.stack[at] != t {
		at--
	}
	members := append([]*Type(nil), c.stack[at:]...)
	c.stack = c.stack[:at]
	for _, member := range members {
		c.open[member] = false
	}
	c.found(members, self || len(members) > 1)
}

// maxNesting is how deep the type arguments of a generic type may be nested
// before it is taken for one that expands for ever, as in
//
//	type N[T any] struct{ next *N[[]T] }
const maxNesting = 12

// expands reports whether named is an instance of a type that has ever larger
// instances of itself inside: there is no end to describing it.
func (d *describer) expands(named *types.Named) bool {
	if named == nil || named.TypeArgs().Len() == 0 {
		return false
	}
	origin := named.Origin()
	if !d.expanding[origin] && nesting(named, map[types.Type]int{}) > maxNesting {
		d.expanding[origin] = true
	}
	return d.expanding[origin]
}

// nesting is how deep the types written inside t are nested.
func nesting(t types.Type, known map[types.Type]int) int {
	t = types.Unalias(t)
	if n, ok := known[t]; ok {
		return n
	}
	n := 0
	inner := func(t types.Type) { n = max(n, 1+nesting(t, known)) }
	switch t := t.(type) {
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			inner(arg)
		}
	case *types.Map:
		inner(t.Key())
		inner(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			inner(f.Type())
		}
	case interface{ Elem() types.Type }:
		inner(t.Elem())
	}
	known[t] = n
	return n
}
