package emit

import (
	"go/types"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// sizer writes expressions for how many bytes of the heap a value refers to.
type sizer struct {
	*file
	level int // of slices, arrays, maps and pointers around the current expression
}

// counts reports whether values of type t refer to anything that is counted. What this
// package cannot write out is not, and neither is what has a lock: it may change at any time.
func (w *sizer) counts(t *plan.Type) bool {
	return plan.OnHeap(t) && w.pkg.Spellable(t.Go) && !w.pkg.HoldsLock(t.Go)
}

// sum is an expression for what v, a variable or a field of one, refers to.
func (w *sizer) sum(v *jen.Statement, t *plan.Type) *jen.Statement { return sum(w.terms(nil, v, t)) }

// sum adds terms, each on a line of its own if there are many.
func sum(terms []jen.Code) *jen.Statement {
	if len(terms) == 0 {
		return jen.Lit(0)
	}
	s := jen.Add(terms[0])
	for _, term := range terms[1:] {
		s.Op("+")
		if len(terms) > 2 {
			s.Line()
		}
		s.Add(term)
	}
	return s
}

// terms appends what sum adds.
func (w *sizer) terms(list []jen.Code, v *jen.Statement, t *plan.Type) []jen.Code {
	switch {
	case !w.counts(t):
		return list
	case w.byHelper(t) && t.Reaches(plan.Sizing):
		return append(list, jen.Id(w.helpers.size(t)).Call(w.counted(), v))
	case w.byHelper(t):
		return append(list, jen.Id(w.helpers.size(t)).Call(v))
	}
	return w.inside(list, v, t)
}

// inside is terms written out.
func (w *sizer) inside(list []jen.Code, v *jen.Statement, t *plan.Type) []jen.Code {
	defer enter(&w.level, t)()
	add := func(name string, args ...jen.Code) []jen.Code {
		return append(list, w.heapsize(name).Call(args...))
	}
	switch t.Kind {
	case plan.String:
		return add("String", v)
	case plan.Slice:
		if elem := w.function(t.Elem); elem != nil {
			return add("SliceOf", w.first("FirstSlice", v, t), elem)
		}
		return add("Slice", v)
	case plan.Array:
		return add("Each", v.Clone().Index(jen.Op(":")), w.function(t.Elem))
	case plan.Map:
		key, elem := w.function(t.Key), w.function(t.Elem)
		if key == nil && elem == nil {
			return add("Map", v)
		}
		return add("MapOf", w.first("FirstMap", v, t), orNil(key), orNil(elem))
	case plan.Pointer:
		if t.Elem.ByPointer() {
			return append(add("Pointer", v), w.qual(protoPath, "proto", "Size").Call(v.Clone()))
		}
		switch elem := w.function(t.Elem); {
		case elem == nil:
			return add("Pointer", v)
		case t.Cyclic(plan.Sizing):
			return add("PointerOnce", w.counted(), v, elem)
		default:
			return add("PointerTo", v, elem)
		}
	case plan.Struct:
		for i := range t.Fields {
			if f := &t.Fields[i]; !f.Ignored {
				list = w.terms(list, v.Clone().Dot(f.Name), f.Type)
			}
		}
	}
	return list
}

// function is a function that returns how many bytes values of type t refer to; nil when
// they refer to none.
func (w *sizer) function(t *plan.Type) *jen.Statement {
	if !w.counts(t) {
		return nil
	}
	if name := w.named(t); name != nil {
		return name
	}
	x := jen.Id(w.names.local["x"])
	return jen.Func().Params(x.Clone().Add(w.helperType(t))).Int().Block(jen.Return(w.sum(x, t)))
}

// named is function if there is one that has a name: nil otherwise.
func (w *sizer) named(t *plan.Type) *jen.Statement {
	switch {
	case w.byHelper(t):
		if t.Reaches(plan.Sizing) {
			return nil
		}
		return jen.Id(w.helpers.size(t))
	case t.Kind == plan.String:
		return w.heapsize("String")
	case t.Kind == plan.Slice && !w.counts(t.Elem):
		return w.heapsize("Slice")
	case t.Kind == plan.Map && !w.counts(t.Key) && !w.counts(t.Elem):
		return w.heapsize("Map")
	case t.Kind == plan.Pointer && !w.counts(t.Elem) && !t.Elem.ByPointer():
		return w.heapsize("Pointer")
	}
	return nil
}

// byHelper reports whether a function of its own counts values of type t.
func (w *sizer) byHelper(t *plan.Type) bool {
	return t.Kind == plan.Interface || t.Kind == plan.Known || t.Named != nil && (t.Kind == plan.Struct || t.Cyclic(plan.Sizing)) || tooDeep(w.level, t)
}

// counted refers to what the current function is told of that is counted already.
func (w *sizer) counted() *jen.Statement { return jen.Id(w.names.local["c"]) }

// first is v, but nil where v may contain itself and is counted already.
func (w *sizer) first(name string, v *jen.Statement, t *plan.Type) *jen.Statement {
	if !t.Cyclic(plan.Sizing) {
		return v.Clone()
	}
	return w.heapsize(name).Call(w.counted(), v.Clone())
}

func orNil(s *jen.Statement) *jen.Statement {
	if s == nil {
		return jen.Nil()
	}
	return s
}

// size returns the name of the function that counts values of type t.
func (h *helpers) size(t *plan.Type) string {
	return h.name(h.sizes, t, "size", 0, func(name string) { h.emitSize(name, t) })
}

// emitSize writes that function.
func (h *helpers) emitSize(name string, t *plan.Type) {
	w, v := &sizer{file: h.file}, jen.Id(h.file.names.local["v"])
	params, but := []jen.Code{v.Clone().Add(h.helperType(t))}, ""
	if t.Reaches(plan.Sizing) {
		params = append([]jen.Code{w.counted().Op("*").Add(h.heapsize("Counted"))}, params...)
		but = ", but for what c has counted"
	}
	h.comment("%s returns how many bytes of the heap v refers to%s.", name, but)
	h.jen.Func().Id(name).Params(params...).Int().BlockFunc(func(g *jen.Group) {
		switch t.Kind {
		case plan.Interface:
			w.dynamic(g, v, t)
		case plan.Known:
			w.known(g, v, t)
		default:
			g.Return(sum(w.inside(nil, v, t)))
		}
	})
}

// dynamic counts what v, an interface, holds, if that is of a type which is known.
func (w *sizer) dynamic(g *jen.Group, v *jen.Statement, t *plan.Type) {
	x := w.names.local["x"]
	if t.Boxed(plan.Sizing) {
		g.If(jen.Op("!").Add(w.heapsize("FirstBox")).Call(w.counted(), v.Clone())).Block(jen.Return(jen.Lit(0)))
	}
	cases := func(impl *plan.Type) bool {
		return impl.Kind != plan.Opaque && w.pkg.Spellable(impl.Go) && (!isPointer(impl.Go) || w.counts(impl))
	}
	g.Switch(typeSwitch(x, v, t.Impls, cases)).BlockFunc(func(g *jen.Group) {
		for _, impl := range t.Impls {
			if !cases(impl) {
				continue
			}
			var box []jen.Code
			if !isPointer(impl.Go) {
				box = append(box, w.heapsize("Box").Call(jen.Id(x)))
			}
			g.Case(w.typ(impl.Go)).Block(jen.Return(sum(w.terms(box, jen.Id(x), impl))))
		}
	})
	g.Return(jen.Lit(0))
}

// isPointer reports whether values of type t are a single pointer, which stands in an
// interface itself.
func isPointer(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Chan, *types.Signature:
		return true
	case *types.Struct:
		return u.NumFields() == 1 && isPointer(u.Field(0).Type())
	case *types.Array:
		return u.Len() == 1 && isPointer(u.Elem())
	}
	return false
}

// known counts what v, a value of a type that is not walked, refers to.
func (w *sizer) known(g *jen.Group, v *jen.Statement, t *plan.Type) {
	words := func(method string) *jen.Statement {
		return w.heapsize("Slice").Call(v.Clone().Dot(method).Call().Dot("Bits").Call())
	}
	switch t.Codec {
	case plan.Integer:
		g.Return(w.heapsize("Slice").Call(v.Clone().Dot("Bits").Call()))
	case plan.Rational:
		g.Return(words("Num").Op("+").Add(words("Denom")))
	case plan.Float:
		g.Return(w.heapsize("Bytes").Call(jen.Int().Call(v.Clone().Dot("MinPrec").Call().Op("+").Lit(7)).Op("/").Lit(8)))
	case plan.Userinfo:
		x := jen.Id(w.names.local["x"])
		g.List(x, jen.Id("_")).Op(":=").Add(v.Clone().Dot("Password").Call())
		g.Return(w.heapsize("String").Call(v.Clone().Dot("Username").Call()).Op("+").Add(w.heapsize("String").Call(x)))
	case plan.Converted:
		g.Return(jen.Id(w.helpers.size(t.Elem)).Call(w.typ(t.Elem.Go).Call(v)))
	}
}

// sizer is the function that returns how many bytes results refer to, nil where they refer
// to none.
func (w *work) sizer() *jen.Statement {
	s := &sizer{file: w.file}
	if len(w.plan.Results) == 1 {
		t := w.plan.Results[0].Type
		if !s.counts(t) {
			return nil // before anything is declared for it
		}
		switch named := s.named(t); {
		case named != nil && s.byHelper(t):
			return named
		case named != nil:
			return named.Index(w.resultType())
		}
	}
	if !slices.ContainsFunc(w.plan.Results, func(v plan.Value) bool { return s.counts(v.Type) }) {
		return nil
	}
	name := w.names.declare("size" + upperFirst(w.name) + "Result")
	w.helpers.queue = append(w.helpers.queue, func() { w.emitSizeResult(name) })
	return jen.Id(name)
}

// emitSizeResult writes it.
func (w *work) emitSizeResult(name string) {
	s, v := &sizer{file: w.file}, jen.Id(w.names.local["v"])
	w.comment("%s returns how many bytes of the heap results refer to.", name)
	w.jen.Func().Id(name).Params(v.Clone().Add(w.resultType())).Int().BlockFunc(func(g *jen.Group) {
		var terms []jen.Code
		cyclic := false
		for _, r := range w.plan.Results {
			value := v
			if len(w.plan.Results) > 1 {
				value = v.Clone().Dot(r.Field)
			}
			terms = s.terms(terms, value, r.Type)
			cyclic = cyclic || s.counts(r.Type) && r.Type.Reaches(plan.Sizing)
		}
		if cyclic {
			g.Add(s.counted()).Op(":=").New(w.heapsize("Counted"))
			terms = append(terms, s.counted().Dot("Rest").Call())
		}
		g.Return(sum(terms))
	})
}
