package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// part is a value to encode: v is an addressable expression of type t.
type part struct {
	v *jen.Statement
	t *plan.Type
}

// parts appends what v consists of: the fields of a struct that has no function
// of its own, or v itself.
func (w *encoder) parts(list []part, v *jen.Statement, t *plan.Type) []part {
	if t.Kind != plan.Struct || w.hasHelper(t) {
		return append(list, part{v, t})
	}
	return w.fieldsOf(list, v, t)
}

// fieldsOf appends the fields of a struct that are inputs.
func (w *encoder) fieldsOf(list []part, v *jen.Statement, t *plan.Type) []part {
	for i := range t.Fields {
		if f := &t.Fields[i]; !f.Ignored {
			list = w.parts(list, v.Clone().Dot(f.Name), f.Type)
		}
	}
	return list
}

// fields encodes the fields of a struct in their order.
func (w *encoder) fields(g *jen.Group, v *jen.Statement, t *plan.Type) {
	w.encodeAll(g, w.fieldsOf(nil, v, t))
}

// encodeAll encodes values one after the other. Where several in a row begin
// with something small, that is appended to a local variable.
func (w *encoder) encodeAll(g *jen.Group, list []part) {
	if b, open := w.sequence(g, nil, list); open {
		g.Add(w.e()).Dot("End").Call(b)
	}
}

// extend encodes values one after the other, of which the first come after the
// row b. It returns an expression for the row that follows the last.
func (w *encoder) extend(g *jen.Group, b *jen.Statement, list []part) *jen.Statement {
	if _, open := w.sequence(g, b, list); !open {
		return w.e().Dot("Begin").Call()
	}
	return b
}

// sequence does what encodeAll and extend have in common. A row is open at the
// beginning if b is not nil; it returns whether one is open at the end.
func (w *encoder) sequence(g *jen.Group, b *jen.Statement, list []part) (row *jen.Statement, open bool) {
	within := b != nil
	open = within
	for len(list) > 0 {
		n := 0
		for n < len(list) && w.inRow(list[n].t) {
			n++
		}
		last := within && n == len(list)
		if n == 0 || n == 1 && !open && !last && !w.isLoop(list[0].t) {
			if open {
				g.Add(w.e()).Dot("End").Call(b.Clone())
				open = false
			}
			w.encode(g, list[0].v, list[0].t)
			list = list[1:]
			continue
		}
		if !open {
			b = w.begin(g, b)
			open = true
		}
		for _, p := range list[:n] {
			w.append(g, b, p.v, p.t)
		}
		list = list[n:]
	}
	return b, open
}

// begin begins a row in b, or in a new variable where that is nil.
func (w *encoder) begin(g *jen.Group, b *jen.Statement) *jen.Statement {
	declare := "="
	if b == nil {
		declare = ":="
		b = jen.Id(w.file.names.numbered(w.names["b"], w.rows))
		w.rows++
	}
	g.Add(b.Clone()).Op(declare).Add(w.e()).Dot("Begin").Call()
	return b
}

// inRow reports whether a value of type t is appended to a row, or begins with
// something small: a number or string, or what tells a nil pointer, slice or map.
func (w *encoder) inRow(t *plan.Type) bool {
	if w.takesRow(t) {
		return true
	}
	if w.hasHelper(t) || t.Entered {
		return false
	}
	switch t.Kind {
	case plan.Basic, plan.String, plan.Pointer, plan.Map:
		return t.Codec == plan.NoCodec
	case plan.Slice:
		return !t.Elem.Fixed()
	}
	return false
}

// takesRow reports whether the helper that encodes values of type t appends to a
// row of its caller. What is recursive goes in and out of the Encoder anyhow.
func (w *encoder) takesRow(t *plan.Type) bool {
	if t.Custom || !w.hasHelper(t) {
		return false
	}
	return t.Codec == plan.Quantity || t.Kind == plan.Struct && !t.Cyclic(plan.Encoding)
}

// isLoop reports whether a single value of type t is worth a row: the elements
// of a slice are appended to it.
func (w *encoder) isLoop(t *plan.Type) bool {
	return t.Kind == plan.Slice && w.inRow(t.Elem)
}

// callRow is a call of the helper that appends the value which v points to.
func (w *encoder) callRow(b, v *jen.Statement, t *plan.Type) *jen.Statement {
	return jen.Id(w.helpers.encode(t)).Call(w.e(), b.Clone(), v.Clone())
}

// append encodes a value inside of a row.
func (w *encoder) append(g *jen.Group, b, v *jen.Statement, t *plan.Type) {
	set := func(to *jen.Statement) { g.Add(b.Clone()).Op("=").Add(to) }
	add := func(method string, args ...jen.Code) { set(b.Clone().Dot(method).Call(args...)) }
	if w.takesRow(t) {
		set(w.callRow(b, jen.Op("&").Add(v.Clone()), t))
		return
	}
	if tooDeep(w.level, t) {
		w.outside(g, b, func() { w.encode(g, v, t) })
		return
	}
	defer enter(&w.level, t)()
	switch t.Kind {
	case plan.Basic:
		add(method(t), convert(v, t))
	case plan.String:
		add("String", w.e(), convert(v, t))
	case plan.Pointer:
		some := v.Clone().Op("!=").Nil()
		add("Bool", some)
		g.If(some.Clone()).BlockFunc(func(g *jen.Group) {
			switch {
			case w.takesRow(t.Elem):
				g.Add(b.Clone()).Op("=").Add(w.callRow(b, v, t.Elem))
			case w.inRow(t.Elem):
				w.append(g, b, deref(v, t.Elem), t.Elem)
			default:
				w.outside(g, b, func() { w.target(g, v, t.Elem) })
			}
		})
	case plan.Slice:
		add("Slice", jen.Len(v.Clone()), v.Clone().Op("==").Nil())
		switch {
		case isEmpty(t.Elem):
		case w.inRow(t.Elem):
			w.loop(g, v, func(g *jen.Group, x *jen.Statement) { w.append(g, b, x, t.Elem) })
		default:
			g.If(jen.Len(v.Clone()).Op(">").Lit(0)).BlockFunc(func(g *jen.Group) {
				w.outside(g, b, func() { w.elements(g, v, t) })
			})
		}
	case plan.Map:
		g.If(jen.Len(v.Clone()).Op("==").Lit(0)).BlockFunc(func(g *jen.Group) {
			g.Add(b.Clone()).Op("=").Add(b.Clone()).Dot("Slice").Call(jen.Lit(0), v.Clone().Op("==").Nil())
		}).Else().BlockFunc(func(g *jen.Group) {
			w.outside(g, b, func() { w.mapping(g, b, v, t) })
		})
	}
}

// appendEntry encodes an entry of the map that m encodes, in a row of its own; b
// is a variable for it, or nil.
func (w *encoder) appendEntry(g *jen.Group, m string, b, k, x *jen.Statement, t *plan.Type) {
	b = w.begin(g, b)
	g.Id(m).Dot("KeyAt").Call(b.Clone())
	w.append(g, b, k, t.Key)
	g.Id(m).Dot("ValueAt").Call(b.Clone())
	if !isEmpty(t.Elem) {
		w.append(g, b, x, t.Elem)
	}
	g.Add(w.e()).Dot("End").Call(b.Clone())
}

// outside interrupts a row.
func (w *encoder) outside(g *jen.Group, b *jen.Statement, inside func()) {
	g.Add(w.e()).Dot("End").Call(b.Clone())
	inside()
	g.Add(b.Clone()).Op("=").Add(w.e()).Dot("Begin").Call()
}
