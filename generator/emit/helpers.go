package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/plan"
)

// helpers are the functions that encode, clone and count one type each, written once
// per file however often the type occurs.
type helpers struct {
	*file
	encodes map[*plan.Type]string    // names
	kinds   map[*plan.Type]string    // likewise
	clones  [2]map[*plan.Type]string // likewise: of arguments, of results
	copies  [2]map[*plan.Type]string // likewise
	sizes   map[*plan.Type]string    // likewise
	names   map[string]bool          // of the functions that clone
	queue   []func()                 // writes the helpers asked for and not yet written
}

func newHelpers(f *file) *helpers {
	h := &helpers{file: f, encodes: map[*plan.Type]string{}, kinds: map[*plan.Type]string{}, sizes: map[*plan.Type]string{}, names: map[string]bool{}}
	for i := range h.clones {
		h.clones[i], h.copies[i] = map[*plan.Type]string{}, map[*plan.Type]string{}
	}
	return h
}

// encode returns the name of the function that encodes values of type t.
func (h *helpers) encode(t *plan.Type) string {
	return h.name(h.encodes, t, "encode", 0, func(name string) { h.emitEncode(name, t) })
}

// clone returns the name of the function that copies values of type t. Where that
// makes a difference, there is another one for results than for arguments.
func (h *helpers) clone(t *plan.Type, result bool) string {
	mode := h.mode(t, result)
	name := h.name(h.clones[mode], t, "clone", mode, func(name string) { h.emitClone(name, t, mode == 1) })
	h.names[name] = true
	return name
}

// mode is 1 where results of type t are copied in another way than arguments.
func (h *helpers) mode(t *plan.Type, result bool) int {
	if result && plan.CopiesDiffer(t) {
		return 1
	}
	return 0
}

// name returns the name that t has in known. When it has none, it gets one, and
// the function is written later.
func (h *helpers) name(known map[*plan.Type]string, t *plan.Type, verb string, mode int, write func(name string)) string {
	if name, ok := known[t]; ok {
		return name
	}
	want := verb + typeWords(t.Go, h.pkg.Scan.Types)
	if mode == 1 {
		want += "Whole"
	}
	name := h.file.names.declare(want)
	known[t] = name
	h.queue = append(h.queue, func() { write(name) })
	return name
}

// isClone reports whether name is that of a function which clone has named.
func (h *helpers) isClone(name string) bool { return h.names[name] }

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
	e, v := h.file.names.local["e"], h.file.names.local["v"]
	if t.Kind == plan.Known && !t.Custom {
		h.emitKnown(name, t)
		return
	}
	switch {
	case t.Custom:
		h.comment("%s writes what the type's own method encodes.", name)
	case t.Kind == plan.Interface:
		h.comment("%s writes the type of the value, then the value.", name)
	case t.Kind == plan.Struct:
		h.comment("%s writes every field that is an input, in order.", name)
	default:
		h.comment("%s writes everything in v.", name)
	}
	param := jen.Id(v).Add(h.helperType(t))
	if byPointer(t) {
		param = jen.Id(v).Op("*").Add(h.typ(t.Go))
	}
	w := &encoder{file: h.file, names: h.file.names.local}
	if w.takesRow(t) {
		h.rowFunc(name, param, func(g *jen.Group, b *jen.Statement) {
			g.Return(w.extend(g, b, w.fieldsOf(nil, jen.Id(v), t)))
		})
		return
	}
	h.jen.Func().Id(name).Params(jen.Id(e).Op("*").Add(h.key("Encoder")), param).BlockFunc(func(g *jen.Group) {
		switch {
		case t.Custom:
			f := h.file.names.local["f"]
			h.recovers(g, t)
			g.Id(f).Op(":=").Id(e).Dot("Open").Call()
			g.Id(v).Dot("EncodeKey").Call(jen.Id(e))
			g.Id(e).Dot("Close").Call(jen.Id(f))
		case t.Kind == plan.Interface:
			w.dynamic(g, v, t)
		default:
			w.inside(g, jen.Id(v), t)
		}
	})
}

// recovers adds the statement by which a panic in a method of t, a type of the
// user's, fails the encoding.
func (h *helpers) recovers(g *jen.Group, t *plan.Type) {
	g.Defer().Id(h.file.names.local["e"]).Dot("Recover").Call(jen.Lit(diag.TypeString(t.Go, nil)))
}

// rowFunc writes a function that appends what it encodes to a row, which it takes
// and returns.
func (h *helpers) rowFunc(name string, param *jen.Statement, body func(g *jen.Group, b *jen.Statement)) {
	e, b := h.file.names.local["e"], h.file.names.local["b"]
	h.jen.Func().Id(name).Params(
		jen.Id(e).Op("*").Add(h.key("Encoder")),
		jen.Id(b).Add(h.key("Fields")),
		param,
	).Add(h.key("Fields")).BlockFunc(func(g *jen.Group) { body(g, jen.Id(b)) })
}

// emitClone writes the function that copies t.
func (h *helpers) emitClone(name string, t *plan.Type, result bool) {
	h.comment("%s returns a copy that shares no memory with the original%s.", name, butFor(t))
	h.cloneFunc(name, h.helperType(t), func(g *jen.Group, v *jen.Statement) {
		w := &cloner{file: h.file, result: result}
		if t.Kind == plan.Interface {
			w.dynamic(g, v, v, t)
			return
		}
		w.inside(g, v, t)
	})
}

// butFor says of a struct that has fields which are no input that they are shared.
func butFor(t *plan.Type) string {
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Name != "_" && f.Ignored && plan.References(f.Type, true) {
			return ", but for fields that are no input"
		}
	}
	return ""
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
