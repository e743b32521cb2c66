package emit

import (
	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/plan"
)

// helpers are the functions that encode and clone one type each, written once
// per file however often the type occurs.
type helpers struct {
	*file
	encodes typeutil.Map    // types.Type → name
	clones  [2]typeutil.Map // likewise: of arguments, of results
	names   map[string]bool // of the functions that clone
	queue   []func()        // writes the helpers asked for and not yet written
}

func newHelpers(f *file) *helpers {
	return &helpers{file: f, names: map[string]bool{}}
}

// encode returns the name of the function that encodes values of the named
// type t.
func (h *helpers) encode(t *plan.Type) string {
	if name := h.encodes.At(t.Go); name != nil {
		return name.(string)
	}
	name := h.file.names.declare("encode" + typeWords(t.Go, h.pkg.Scan.Types))
	h.encodes.Set(t.Go, name)
	h.queue = append(h.queue, func() { h.emitEncode(name, t) })
	return name
}

// clone returns the name of the function that copies values of the named
// struct type t. Where that makes a difference, there is another one for results
// than for arguments.
func (h *helpers) clone(t *plan.Type, result bool) string {
	mode := 0
	if result && plan.HidesInputs(t) {
		mode = 1
	}
	if name := h.clones[mode].At(t.Go); name != nil {
		return name.(string)
	}
	want := "clone" + typeWords(t.Go, h.pkg.Scan.Types)
	if mode == 1 {
		want += "Whole"
	}
	name := h.file.names.declare(want)
	h.clones[mode].Set(t.Go, name)
	h.names[name] = true
	h.queue = append(h.queue, func() { h.emitClone(name, t, mode == 1) })
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
			f := h.file.names.local["f"]
			g.Id(f).Op(":=").Id(e).Dot("Open").Call()
			g.Id(v).Dot("EncodeKey").Call(jen.Id(e))
			g.Id(e).Dot("Close").Call(jen.Id(f))
			return
		}
		w := &encoder{file: h.file, names: h.file.names.local}
		w.fields(g, jen.Id(v), t)
	})
}

// emitClone writes the function that copies t.
func (h *helpers) emitClone(name string, t *plan.Type, result bool) {
	h.comment("%s returns a copy that shares no memory with the original.", name)
	h.cloneFunc(name, h.typ(t.Go), func(g *jen.Group, v *jen.Statement) {
		w := &cloner{file: h.file, result: result}
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
