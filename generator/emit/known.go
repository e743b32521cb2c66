package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// protoPath is the import path of the package that marshals messages.
const protoPath = "google.golang.org/protobuf/proto"

// emitKnown writes the function that encodes a type which is not walked.
func (h *helpers) emitKnown(name string, t *plan.Type) {
	local := h.file.names.local
	e, v := jen.Id(local["e"]), jen.Id(local["v"])
	call := func(method string, args ...jen.Code) *jen.Statement { return e.Clone().Dot(method).Call(args...) }
	get := func(method string, args ...jen.Code) *jen.Statement { return v.Clone().Dot(method).Call(args...) }

	h.comment("%s writes %s.", name, knownComment(t))
	if t.Codec == plan.Quantity {
		h.rowFunc(name, v.Clone().Op("*").Add(h.typ(t.Go)), func(g *jen.Group, b *jen.Statement) { h.quantity(g, e, b, v) })
		return
	}
	h.jen.Func().Id(name).Params(
		e.Clone().Op("*").Add(h.key("Encoder")),
		v.Clone().Op("*").Add(h.typ(t.Go)),
	).BlockFunc(func(g *jen.Group) {
		switch t.Codec {
		case plan.Integer:
			n := jen.Id(local["l"])
			g.Add(call("Int", get("Sign")))
			g.Add(n.Clone()).Op(":=").Parens(get("BitLen").Op("+").Lit(7)).Op("/").Lit(8)
			room := h.qual("slices", "slices", "Grow").Call(call("Spare"), n.Clone()).Index(jen.Op(":").Add(n.Clone()))
			g.Add(call("Appended", get("FillBytes", room), jen.Nil()))
		case plan.Rational:
			integer := h.encode(t.Elem)
			g.Id(integer).Call(e.Clone(), get("Num"))
			g.Id(integer).Call(e.Clone(), get("Denom"))
		case plan.Float:
			g.Add(call("Uint64", jen.Uint64().Call(get("Prec"))))
			g.Add(call("Uint8", jen.Uint8().Call(get("Mode"))))
			g.Add(call("Int8", jen.Int8().Call(get("Acc"))))
			g.Add(call("Appended", get("Append", call("Spare"), jen.LitRune('p'), jen.Lit(0)), jen.Nil()))
		case plan.Userinfo:
			x, ok := jen.Id(local["x"]), jen.Id(local["ok"])
			g.Add(call("String", get("Username")))
			g.List(x.Clone(), ok.Clone()).Op(":=").Add(get("Password"))
			g.Add(call("Bool", ok))
			g.Add(call("String", x))
		case plan.Handle:
			zero := jen.Parens(h.typ(t.Go).Values())
			g.If(call("Present", jen.Op("*").Add(v.Clone()).Op("!=").Add(zero))).BlockFunc(func(g *jen.Group) {
				x := jen.Id(local["x"])
				g.Add(x.Clone()).Op(":=").Add(get("Value"))
				w := &encoder{file: h.file, names: local}
				w.encode(g, x, t.Elem)
			})
		case plan.Message:
			h.recovers(g, t)
			options := h.qual(protoPath, "proto", "MarshalOptions").Values(jen.Id("AllowPartial").Op(":").True(), jen.Id("Deterministic").Op(":").True())
			g.Add(call("Appended", options.Dot("MarshalAppend").Call(call("Spare"), v.Clone())))
		case plan.Converted:
			w := &encoder{file: h.file, names: local}
			w.target(g, h.asBase(v, t), t.Elem)
		case plan.Method:
			h.recovers(g, t)
			var args []jen.Code
			if t.Marshal.Append {
				args = append(args, call("Spare"))
			}
			g.Add(call("Appended", get(t.Marshal.Name, args...)))
		}
	})
}

// knownComment says what the function writes that encodes a type.
func knownComment(t *plan.Type) string {
	switch t.Codec {
	case plan.Integer:
		return "the sign and the magnitude, which are the same whatever the size of a word"
	case plan.Rational:
		return "the numerator and the denominator"
	case plan.Float:
		return "the precision, the rounding mode, the accuracy and the exact value"
	case plan.Userinfo:
		return "the name, and the password if there is one"
	case plan.Handle:
		return "whether the handle stands for a value, and the value"
	case plan.Converted:
		return "the value as the type that it was declared with"
	case plan.Quantity:
		return "the format and the number, in the smallest of three forms that holds it"
	case plan.Message:
		return "the message in the wire format, maps in order. Messages that protobuf writes alike are one input; another release of protobuf may write other bytes, and the key then misses"
	}
	return "what " + t.Marshal.Name + " makes of the value"
}

// asBase converts v, a pointer to a value of a type that is Converted.
func (f *file) asBase(v *jen.Statement, t *plan.Type) *jen.Statement {
	return pointerTo(f.typ(t.Elem.Go)).Call(v.Clone())
}

// pointerTo is the type of pointers to typ, as a conversion names it.
func pointerTo(typ *jen.Statement) *jen.Statement { return jen.Parens(jen.Op("*").Add(typ)) }

// copyValue is an expression for a deep copy of v, an addressable value of a
// type that is not walked.
func (w *cloner) copyValue(v *jen.Statement, t *plan.Type) *jen.Statement {
	if t.Codec == plan.Converted {
		return jen.Op("*").Add(w.copyPointer(jen.Op("&").Add(v.Clone()), t))
	}
	switch t.Copy {
	case plan.BySet:
		return jen.Op("*").New(w.typ(t.Go)).Dot("Set").Call(jen.Op("&").Add(v.Clone()))
	case plan.ByCopy:
		return jen.Op("*").New(w.typ(t.Go)).Dot("Copy").Call(jen.Op("&").Add(v.Clone()))
	case plan.ByMethod:
		copied := v.Clone().Dot(t.Copier.Name).Call()
		if t.Copier.Pointer {
			return jen.Op("*").Add(copied)
		}
		return copied
	}
	return nil
}

// copyPointer is an expression for a pointer to a deep copy of what v, a pointer
// that is not nil, points to: nil if the type has nothing that makes one.
func (w *cloner) copyPointer(v *jen.Statement, t *plan.Type) *jen.Statement {
	switch {
	case t.Codec == plan.Converted:
		return pointerTo(w.typ(t.Go)).Call(w.copyPointer(w.asBase(v, t), t.Elem))
	case t.Copy == plan.BySet:
		return jen.New(w.typ(t.Go)).Dot("Set").Call(v.Clone())
	case t.Copy == plan.ByCopy:
		return jen.New(w.typ(t.Go)).Dot("Copy").Call(v.Clone())
	case t.Copy == plan.ByMessage:
		return w.qual(protoPath, "proto", "Clone").Call(v.Clone()).Assert(jen.Op("*").Add(w.typ(t.Go)))
	case t.Copy == plan.ByMethod && t.Copier.Pointer:
		return v.Clone().Dot(t.Copier.Name).Call()
	}
	return nil
}

// copiedPointee adds the statements that make v, a pointer, point to a deep copy,
// and reports whether the type it points to has something that makes one.
func (w *cloner) copiedPointee(g *jen.Group, v *jen.Statement, t *plan.Type) bool {
	if t.Copy <= plan.ByValue {
		return false
	}
	copied := w.copyPointer(v, t)
	p := w.names.loopVar(w.names.local, w.depth, "p")
	g.If(v.Clone().Op("!=").Nil()).BlockFunc(func(g *jen.Group) {
		if copied == nil {
			g.Id(p).Op(":=").Add(v.Clone()).Dot(t.Copier.Name).Call()
			copied = jen.Op("&").Id(p)
		}
		g.Add(v.Clone()).Op("=").Add(copied)
	})
	return true
}
