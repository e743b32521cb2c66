package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// cloner writes the statements that make a copy deep.
type cloner struct {
	*file
	result bool // of results, not of arguments: see plan.CopiesDiffer
	depth  int  // of the loops around the current statement
	level  int  // of slices, arrays, maps and pointers around it
}

// clone adds the statements after which v, an assignable expression that
// already holds a shallow copy, shares no memory with the original.
func (w *cloner) clone(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if !plan.References(t, w.result) {
		return
	}
	if t.Kind == plan.Pointer && w.copiedPointee(g, v, t.Elem) {
		return
	}
	if w.inCopies(t) {
		g.Id(w.helpers.copy(t, w.result)).Call(w.copies(), jen.Op("&").Add(v.Clone()))
		return
	}
	if copied := w.copied(v, t); copied != nil {
		g.Add(v.Clone()).Op("=").Add(copied)
		return
	}
	w.inside(g, v, t)
}

// inside is clone written out.
func (w *cloner) inside(g *jen.Group, v *jen.Statement, t *plan.Type) {
	defer enter(&w.level, t)()
	if w.cyclic(t) {
		w.shared(g, v, v, jen.Op("&").Add(v.Clone()), t)
		return
	}
	switch t.Kind {
	case plan.Slice:
		g.Add(v.Clone()).Op("=").Add(w.qual("slices", "slices", "Clone")).Call(v.Clone())
		w.elements(g, v, t)
	case plan.Array:
		w.elements(g, v, t)
	case plan.Map:
		w.mapping(g, v, t)
	case plan.Pointer:
		w.pointer(g, v, t)
	case plan.Struct:
		w.fields(g, v, t)
	}
}

// copied is an expression for a deep copy of v, if one expression can make
// it: nil otherwise.
func (w *cloner) copied(v *jen.Statement, t *plan.Type) *jen.Statement {
	switch {
	case !plan.References(t, w.result):
		return v.Clone()
	case t.Copy > plan.ByValue:
		return w.copyValue(v, t)
	case t.Kind == plan.Slice && !plan.References(t.Elem, w.result):
		return w.qual("slices", "slices", "Clone").Call(v.Clone())
	case t.Kind == plan.Map && !plan.References(t.Key, w.result) && !plan.References(t.Elem, w.result):
		return w.qual("maps", "maps", "Clone").Call(v.Clone())
	case t.Reaches(plan.Copying):
		return nil
	case t.Kind == plan.Struct && t.Named != nil, t.Kind == plan.Interface, tooDeep(w.level, t):
		return jen.Id(w.helpers.clone(t, w.result)).Call(v.Clone())
	}
	return nil
}

// fields clones the fields of a struct. Those that are no input stay as they were
// assigned.
func (w *cloner) fields(g *jen.Group, v *jen.Statement, t *plan.Type) {
	for i := range t.Fields {
		if f := &t.Fields[i]; !f.Ignored {
			w.clone(g, v.Clone().Dot(f.Name), f.Type)
		}
	}
}

// elements clones what is in a slice or an array.
func (w *cloner) elements(g *jen.Group, v *jen.Statement, t *plan.Type) {
	i := w.names.loopVar(w.names.local, w.depth, "i", "j", "l")
	w.depth++
	defer func() { w.depth-- }()
	g.For(jen.Id(i).Op(":=").Range().Add(v.Clone())).BlockFunc(func(g *jen.Group) {
		w.clone(g, v.Clone().Index(jen.Id(i)), t.Elem)
	})
}

// mapping clones a map whose entries have to be copied, one by one into a new
// map: an entry whose key is not equal to itself cannot be
// assigned to in place.
func (w *cloner) mapping(g *jen.Group, v *jen.Statement, t *plan.Type) {
	m := w.names.loopVar(w.names.local, w.depth, "m")
	k := w.names.loopVar(w.names.local, w.depth, "k")
	x := w.names.loopVar(w.names.local, w.depth, "x")
	w.depth++
	defer func() { w.depth-- }()
	g.If(v.Clone().Op("!=").Nil()).BlockFunc(func(g *jen.Group) {
		g.Id(m).Op(":=").Make(w.typ(t.Go), jen.Len(v.Clone()))
		g.For(jen.List(jen.Id(k), jen.Id(x)).Op(":=").Range().Add(v.Clone())).BlockFunc(func(g *jen.Group) {
			copied := w.copied(jen.Id(x), t.Elem)
			if copied == nil {
				w.clone(g, jen.Id(x), t.Elem)
				copied = jen.Id(x)
			}
			w.clone(g, jen.Id(k), t.Key)
			g.Id(m).Index(jen.Id(k)).Op("=").Add(copied)
		})
		g.Add(v.Clone()).Op("=").Id(m)
	})
}

// pointer clones what a pointer points to.
func (w *cloner) pointer(g *jen.Group, v *jen.Statement, t *plan.Type) {
	p := w.names.loopVar(w.names.local, w.depth, "p")
	w.depth++
	defer func() { w.depth-- }()
	g.If(v.Clone().Op("!=").Nil()).BlockFunc(func(g *jen.Group) {
		if copied := w.copied(jen.Op("*").Add(v.Clone()), t.Elem); copied != nil {
			g.Id(p).Op(":=").Add(copied)
		} else {
			g.Id(p).Op(":=").Op("*").Add(v.Clone())
			w.clone(g, jen.Id(p), t.Elem)
		}
		g.Add(v.Clone()).Op("=").Op("&").Id(p)
	})
}
