package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// helpers are the functions that encode and clone one type each, written once
// per file however often the type occurs.
type helpers struct {
	*file
	encodes map[*plan.Type]string
	clones  map[*plan.Type]string
	queue   []func() // writes the helpers asked for and not yet written
}

func newHelpers(f *file) *helpers {
	return &helpers{file: f, encodes: map[*plan.Type]string{}, clones: map[*plan.Type]string{}}
}

// encode returns the name of the function that encodes values of the named
// type t.
func (h *helpers) encode(t *plan.Type) string {
	if name, ok := h.encodes[t]; ok {
		return name
	}
	name := h.names.declare("encode" + typeWords(t.Go, h.pkg.Scan.Types))
	h.encodes[t] = name
	h.queue = append(h.queue, func() { h.emitEncode(name, t) })
	return name
}

// clone returns the name of the function that copies values of the named
// struct type t.
func (h *helpers) clone(t *plan.Type) string {
	if name, ok := h.clones[t]; ok {
		return name
	}
	name := h.names.declare("clone" + typeWords(t.Go, h.pkg.Scan.Types))
	h.clones[t] = name
	h.queue = append(h.queue, func() { h.emitClone(name, t) })
	return name
}

// emit writes the helpers, and those that they ask for.
func (h *helpers) emit() {
	for len(h.queue) > 0 {
		next := h.queue[0]
		h.queue = h.queue[1:]
		next()
	}
}

// emitEncode writes the function that encodes t.
func (h *helpers) emitEncode(name string, t *plan.Type) {
	e, v := h.names.local["e"], h.names.local["v"]
	if t.Custom {
		h.comment("%s writes the encoding that the type gives itself.", name)
	} else {
		h.comment("%s writes every field that is an input, in order.", name)
	}
	h.jen.Func().Id(name).Params(
		jen.Id(e).Op("*").Add(h.key("Encoder")),
		jen.Id(v).Op("*").Add(h.typ(t.Go)),
	).BlockFunc(func(g *jen.Group) {
		if t.Custom {
			f := h.names.local["f"]
			g.Id(f).Op(":=").Id(e).Dot("Open").Call()
			g.Id(v).Dot("EncodeKey").Call(jen.Id(e))
			g.Id(e).Dot("Close").Call(jen.Id(f))
			return
		}
		w := &encoder{file: h.file, names: h.names.local}
		w.fields(g, jen.Id(v), t)
	})
}

// emitClone writes the function that copies t.
func (h *helpers) emitClone(name string, t *plan.Type) {
	h.comment("%s returns a copy that shares no memory with the original.", name)
	h.cloneFunc(name, h.typ(t.Go), func(g *jen.Group, v *jen.Statement) {
		w := &cloner{file: h.file}
		w.fields(g, v, t)
	})
}

// cloneFunc writes a function that takes a value v of a type, makes it a deep
// copy with the statements of body, and returns it.
func (f *file) cloneFunc(name string, typ *jen.Statement, body func(g *jen.Group, v *jen.Statement)) {
	v := f.names.local["v"]
	f.jen.Func().Id(name).Params(jen.Id(v).Add(typ.Clone())).Add(typ.Clone()).BlockFunc(func(g *jen.Group) {
		body(g, jen.Id(v))
		g.Return(jen.Id(v))
	})
}
