package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// byPointer reports whether the helper that encodes values of type t takes a
// pointer to one: what is one word, or two or three, goes as it is.
func byPointer(t *plan.Type) bool {
	return t.Custom || t.Kind == plan.Known || t.Kind == plan.Struct || t.Kind == plan.Array
}

// entered encodes the inside of a pointer or slice that may contain itself,
// unless the Encoder is inside of it already.
func (w *encoder) entered(g *jen.Group, enter string, v *jen.Statement, inside func(g *jen.Group)) {
	g.If(w.key(enter).Call(w.e(), v)).BlockFunc(func(g *jen.Group) {
		inside(g)
		g.Add(w.e()).Dot("Leave").Call()
	})
}

// enteredMap is entered for a map, whose entries go into m.
func (w *encoder) enteredMap(g *jen.Group, m string, v *jen.Statement, entries func(g *jen.Group)) {
	ok := w.names["ok"]
	enter := jen.List(jen.Id(m), jen.Id(ok)).Op(":=").Add(w.key("EnterMap").Call(w.e(), v.Clone()))
	g.If(enter, jen.Id(ok)).BlockFunc(func(g *jen.Group) {
		entries(g)
		g.Add(w.e()).Dot("Leave").Call()
	})
}

// deepen adds the statements that make v, a pointer to a shallow copy of type t,
// point to a deep one.
func (w *cloner) deepen(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if w.inCopies(t) {
		g.Id(w.helpers.copy(t, w.result)).Call(w.copies(), v.Clone())
		return
	}
	w.clone(g, deref(v, t), t)
}

// copies refers to the Copies of the current function.
func (w *cloner) copies() *jen.Statement { return jen.Id(w.names.local["c"]) }

// declareCopies adds the variable that copies refers to, where one of the values
// needs it.
func (w *cloner) declareCopies(g *jen.Group, values ...plan.Value) {
	for _, v := range values {
		if v.Copied && v.Type.Reaches(plan.Copying) {
			g.Add(w.copies()).Op(":=").New(w.deepcopy("Copy"))
			return
		}
	}
}

// inCopies reports whether values of type t are copied by a helper that is told
// of what has been copied so far.
func (w *cloner) inCopies(t *plan.Type) bool {
	return t.Reaches(plan.Copying) && (t.Kind == plan.Interface || t.Named != nil && (t.Kind == plan.Struct || t.Cyclic(plan.Copying)) || tooDeep(w.level, t))
}

// cyclic reports whether values of type t are references that may lead back to
// themselves.
func (w *cloner) cyclic(t *plan.Type) bool {
	return t.Cyclic(plan.Copying) && (t.Kind == plan.Pointer || t.Kind == plan.Slice || t.Kind == plan.Map)
}

// shared clones a cyclic pointer, slice or map v, unless that has been done. alone
// is v where nothing follows it, and at a pointer to it.
func (w *cloner) shared(g *jen.Group, v, alone, at *jen.Statement, t *plan.Type) {
	switch t.Kind {
	case plan.Pointer:
		g.If(w.deepcopy("Pointer").Call(w.copies(), at)).BlockFunc(func(g *jen.Group) {
			w.deepen(g, alone, t.Elem)
		})
	case plan.Slice:
		g.If(w.deepcopy("Slice").Call(w.copies(), at)).BlockFunc(func(g *jen.Group) {
			w.elements(g, v, t)
		})
	case plan.Map:
		m := w.names.loopVar(w.names.local, w.depth, "m")
		k := w.names.loopVar(w.names.local, w.depth, "k")
		x := w.names.loopVar(w.names.local, w.depth, "x")
		w.depth++
		defer func() { w.depth-- }()
		g.If(jen.Id(m).Op(":=").Add(alone.Clone()), w.deepcopy("Map").Call(w.copies(), at)).BlockFunc(func(g *jen.Group) {
			g.For(jen.List(jen.Id(k), jen.Id(x)).Op(":=").Range().Id(m)).BlockFunc(func(g *jen.Group) {
				w.clone(g, jen.Id(k), t.Key)
				w.clone(g, jen.Id(x), t.Elem)
				g.Add(v.Clone()).Index(jen.Id(k)).Op("=").Id(x)
			})
		})
	}
}

// copy returns the name of the function that makes a shallow copy of a value of
// type t a deep one, as a part of a larger copy. Like clone, it may be another for
// results than for arguments.
func (h *helpers) copy(t *plan.Type, result bool) string {
	mode := h.mode(t, result)
	return h.name(h.copies[mode], t, "copy", mode, func(name string) { h.emitCopy(name, t, mode == 1) })
}

// emitCopy writes the function that copies t in place.
func (h *helpers) emitCopy(name string, t *plan.Type, result bool) {
	h.comment("%s replaces what v shares with its original by copies%s. c has the parts that are copied already.", name, butFor(t))
	v := h.file.names.local["v"]
	h.jen.Func().Id(name).Params(
		jen.Id(h.file.names.local["c"]).Op("*").Add(h.deepcopy("Copy")),
		jen.Id(v).Op("*").Add(h.helperType(t)),
	).BlockFunc(func(g *jen.Group) {
		w := &cloner{file: h.file, result: result}
		switch {
		case t.Kind == plan.Struct:
			w.fields(g, jen.Id(v), t)
		case t.Kind == plan.Interface:
			w.dynamic(g, jen.Parens(jen.Op("*").Id(v)), jen.Op("*").Id(v), t)
		case t.Kind == plan.Array:
			w.inside(g, jen.Id(v), t)
		case w.cyclic(t):
			w.shared(g, jen.Parens(jen.Op("*").Id(v)), jen.Op("*").Id(v), jen.Id(v), t)
		default:
			w.inside(g, jen.Parens(jen.Op("*").Id(v)), t)
		}
	})
}
