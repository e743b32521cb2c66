package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// encoder writes the statements that encode values.
type encoder struct {
	*file
	names map[string]string // of local variables
	depth int               // of the loops around the current statement
	level int               // of slices, arrays, maps and pointers around it
	maps  int               // written so far
	rows  int               // written so far
}

// e refers to the Encoder.
func (w *encoder) e() *jen.Statement { return jen.Id(w.names["e"]) }

// encode adds the statements that write v, an addressable expression of type
// t, to the Encoder.
func (w *encoder) encode(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if w.byHelper(t) {
		if byPointer(t) {
			v = jen.Op("&").Add(v)
		}
		w.call(g, v, t)
		return
	}
	w.inside(g, v, t)
}

// byHelper reports whether values of type t are encoded here by a function.
func (w *encoder) byHelper(t *plan.Type) bool { return w.hasHelper(t) || tooDeep(w.level, t) }

// call adds a call of the helper that encodes values of type t, outside of a row.
func (w *encoder) call(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if w.takesRow(t) {
		g.Add(w.e()).Dot("End").Call(w.callRow(w.e().Dot("Begin").Call(), v, t))
		return
	}
	g.Id(w.helpers.encode(t)).Call(w.e(), v.Clone())
}

// hasHelper reports whether values of type t are encoded by a function of their
// own.
func (w *encoder) hasHelper(t *plan.Type) bool {
	return t.Custom || t.Kind == plan.Interface || t.Kind == plan.Known && t.Codec != plan.Location || t.Named != nil && (t.Kind == plan.Struct || t.Cyclic(plan.Encoding))
}

// inside is encode written out.
func (w *encoder) inside(g *jen.Group, v *jen.Statement, t *plan.Type) {
	defer enter(&w.level, t)()
	switch {
	case t.Codec == plan.Location:
		g.Add(w.e()).Dot("Location").Call(v)
	case t.Kind == plan.Basic || t.Kind == plan.String:
		g.Add(w.e()).Dot(method(t)).Call(convert(v, t))
	case t.Kind == plan.Time:
		g.Add(w.e()).Dot("Time").Call(v)
	case t.Kind == plan.Struct:
		w.fields(g, v, t)
	case t.Kind == plan.Slice:
		w.slice(g, v, t)
	case t.Kind == plan.Array:
		w.array(g, v, t)
	case t.Kind == plan.Map:
		w.mapping(g, nil, v, t)
	case t.Kind == plan.Pointer:
		w.pointer(g, v, t)
	}
}

// slice encodes a slice: numbers as one block, others one by one.
func (w *encoder) slice(g *jen.Group, v *jen.Statement, t *plan.Type) {
	switch {
	case t.Elem.Fixed() && t.Elem.Basic == types.Uint8 && t.Elem.Named == nil:
		g.Add(w.e()).Dot("Bytes").Call(v)
	case t.Elem.Fixed():
		g.Add(w.key("Numbers")).Call(w.e(), v)
	case t.Entered:
		w.entered(g, "EnterSlice", v.Clone(), func(g *jen.Group) { w.elements(g, v, t) })
	default:
		g.Add(w.e()).Dot("Slice").Call(jen.Len(v.Clone()), v.Clone().Op("==").Nil())
		w.elements(g, v, t)
	}
}

// array encodes an array, whose length is part of its type.
func (w *encoder) array(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if t.Elem.Fixed() && t.Len > 0 {
		g.Add(w.key("Array")).Call(w.e(), v.Clone().Index(jen.Op(":")))
		return
	}
	w.elements(g, v, t)
}

// elements encodes what is in a slice or an array.
func (w *encoder) elements(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if isEmpty(t.Elem) || t.Kind == plan.Array && t.Len == 0 {
		return // the elements write nothing
	}
	w.loop(g, v, func(g *jen.Group, x *jen.Statement) { w.encode(g, x, t.Elem) })
}

// loop adds a loop over the elements of v, a slice or an array.
func (w *encoder) loop(g *jen.Group, v *jen.Statement, body func(g *jen.Group, x *jen.Statement)) {
	i := w.loopVar("i", "j", "l")
	w.depth++
	defer func() { w.depth-- }()
	g.For(jen.Id(i).Op(":=").Range().Add(v.Clone())).BlockFunc(func(g *jen.Group) {
		body(g, v.Clone().Index(jen.Id(i)))
	})
}

// mapping encodes a map; the Encoder puts the entries in order. b is a variable
// for a row, or nil.
func (w *encoder) mapping(g *jen.Group, b, v *jen.Statement, t *plan.Type) {
	m, k, x := w.file.names.numbered(w.names["m"], w.maps), w.loopVar("k"), w.loopVar("x")
	w.maps++ // several maps of one function stand side by side
	w.depth++
	defer func() { w.depth-- }()
	entries := func(g *jen.Group) {
		g.For(rangeVars(k, x, t).Range().Add(v.Clone())).BlockFunc(func(g *jen.Group) {
			if w.inRow(t.Key) && (w.inRow(t.Elem) || isEmpty(t.Elem)) {
				w.appendEntry(g, m, b, jen.Id(k), jen.Id(x), t)
				return
			}
			g.Id(m).Dot("Key").Call()
			w.encode(g, jen.Id(k), t.Key)
			g.Id(m).Dot("Value").Call()
			w.encode(g, jen.Id(x), t.Elem)
		})
		g.Id(m).Dot("End").Call()
	}
	if t.Entered {
		w.enteredMap(g, m, v, entries)
		return
	}
	g.Id(m).Op(":=").Add(w.e()).Dot("Map").Call(jen.Len(v.Clone()), v.Clone().Op("==").Nil())
	entries(g)
}

// rangeVars are the variables of a loop over a map. A key or value that
// writes nothing, such as the struct{} of a set, gets no variable.
func rangeVars(k, x string, t *plan.Type) *jen.Statement {
	switch {
	case isEmpty(t.Key) && isEmpty(t.Elem):
		return jen.Null()
	case isEmpty(t.Elem):
		return jen.Id(k).Op(":=")
	case isEmpty(t.Key):
		return jen.List(jen.Id("_"), jen.Id(x)).Op(":=")
	}
	return jen.List(jen.Id(k), jen.Id(x)).Op(":=")
}

// pointer encodes whether there is a value, and the value.
func (w *encoder) pointer(g *jen.Group, v *jen.Statement, t *plan.Type) {
	inside := func(g *jen.Group) {
		if w.byHelper(t.Elem) && byPointer(t.Elem) {
			w.call(g, v, t.Elem)
			return
		}
		if w.byHelper(t.Elem) {
			w.call(g, jen.Op("*").Add(v.Clone()), t.Elem)
			return
		}
		w.encode(g, deref(v, t.Elem), t.Elem)
	}
	if t.Entered {
		w.entered(g, "Enter", v.Clone(), inside)
		return
	}
	g.If(w.e().Dot("Present").Call(v.Clone().Op("!=").Nil())).BlockFunc(inside)
}

// target encodes what v, a pointer to a value of type t, points to.
func (w *encoder) target(g *jen.Group, v *jen.Statement, t *plan.Type) {
	if w.byHelper(t) && byPointer(t) {
		w.call(g, v, t)
		return
	}
	w.encode(g, deref(v, t), t)
}

// loopVar names a variable of the loop at the current depth.
func (w *encoder) loopVar(wants ...string) string {
	return w.file.names.loopVar(w.names, w.depth, wants...)
}

// deref is *v, in parentheses where an operator follows.
func deref(v *jen.Statement, elem *plan.Type) *jen.Statement {
	d := jen.Op("*").Add(v.Clone())
	switch elem.Kind {
	case plan.Basic, plan.String, plan.Time, plan.Pointer:
		return d
	}
	return jen.Parens(d)
}

// isEmpty reports whether encoding a value of type t writes nothing.
func isEmpty(t *plan.Type) bool {
	if t.Kind == plan.Array && !t.Custom {
		return t.Len == 0 || isEmpty(t.Elem)
	}
	if t.Kind != plan.Struct || t.Named != nil || t.Custom {
		return false
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; !f.Ignored && !isEmpty(f.Type) {
			return false
		}
	}
	return true
}

// method is the Encoder's method for a number, boolean or string.
func method(t *plan.Type) string { return upperFirst(types.Typ[t.Basic].Name()) }

// convert turns v into the basic type underlying t.
func convert(v *jen.Statement, t *plan.Type) *jen.Statement {
	if t.Named == nil {
		return v
	}
	return jen.Id(types.Typ[t.Basic].Name()).Call(v)
}
