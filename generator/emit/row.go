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
	var b *jen.Statement
	for len(list) > 0 {
		n := 0
		for n < len(list) && w.inRow(list[n].t) {
			n++
		}
		if n < 2 {
			w.encode(g, list[0].v, list[0].t)
			list = list[1:]
			continue
		}
		declare := ":="
		if b != nil {
			declare = "="
		} else {
			b = jen.Id(w.file.names.numbered(w.names["b"], w.rows))
			w.rows++
		}
		g.Add(b.Clone()).Op(declare).Add(w.e()).Dot("Begin").Call()
		for _, p := range list[:n] {
			w.append(g, b, p.v, p.t)
		}
		g.Add(w.e()).Dot("End").Call(b.Clone())
		list = list[n:]
	}
}

// inRow reports whether a value of type t begins with something small: a number
// or string, or what tells a nil pointer, slice or map.
func (w *encoder) inRow(t *plan.Type) bool {
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

// append encodes a value inside of a row.
func (w *encoder) append(g *jen.Group, b, v *jen.Statement, t *plan.Type) {
	add := func(method string, args ...jen.Code) {
		g.Add(b.Clone()).Op("=").Add(b.Clone()).Dot(method).Call(args...)
	}
	switch t.Kind {
	case plan.Basic:
		add(method(t), convert(v, t))
	case plan.String:
		add("String", w.e(), convert(v, t))
	case plan.Pointer:
		some := v.Clone().Op("!=").Nil()
		add("Bool", some)
		g.If(some.Clone()).BlockFunc(func(g *jen.Group) {
			if w.inRow(t.Elem) {
				w.append(g, b, deref(v, t.Elem), t.Elem)
				return
			}
			w.outside(g, b, func() { w.target(g, v, t.Elem) })
		})
	case plan.Slice:
		add("Slice", jen.Len(v.Clone()), v.Clone().Op("==").Nil())
		if !isEmpty(t.Elem) {
			g.If(jen.Len(v.Clone()).Op(">").Lit(0)).BlockFunc(func(g *jen.Group) {
				w.outside(g, b, func() { w.elements(g, v, t) })
			})
		}
	case plan.Map:
		g.If(jen.Len(v.Clone()).Op("==").Lit(0)).BlockFunc(func(g *jen.Group) {
			g.Add(b.Clone()).Op("=").Add(b.Clone()).Dot("Slice").Call(jen.Lit(0), v.Clone().Op("==").Nil())
		}).Else().BlockFunc(func(g *jen.Group) {
			w.outside(g, b, func() { w.mapping(g, v, t) })
		})
	}
}

// outside interrupts a row.
func (w *encoder) outside(g *jen.Group, b *jen.Statement, inside func()) {
	g.Add(w.e()).Dot("End").Call(b.Clone())
	inside()
	g.Add(b.Clone()).Op("=").Add(w.e()).Dot("Begin").Call()
}
