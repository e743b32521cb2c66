package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// kindPath is the import path of the package that tells stores how types are written.
const kindPath = "github.com/workgen/workgen/runtime/store/kind"

// kind returns the name of the function that tells a store how to write values of type t.
func (h *helpers) kind(t *plan.Type) string {
	return h.name(h.kinds, t, "store", 0, func(name string) { h.emitKind(name, t) })
}

// emitKind writes that function.
func (h *helpers) emitKind(name string, t *plan.Type) {
	if t.Kind == plan.Interface {
		h.comment("%s tells a store which types a value can have.", name)
	} else {
		h.comment("%s tells a store how a value is written and read.", name)
	}
	h.jen.Func().Id(name).Params().Add(h.kindQual("Kind")).Block(jen.Return(h.kindOf(t)))
}

func (h *helpers) kindQual(name string) *jen.Statement { return h.qual(kindPath, "kind", name) }

// kindOf is an expression for how values of type t are written.
func (h *helpers) kindOf(t *plan.Type) *jen.Statement {
	typ := h.helperType(t)
	if t.Kind == plan.Interface {
		return h.kindQual("OneOf").Index(typ).CallFunc(func(g *jen.Group) {
			for _, impl := range t.Impls {
				g.Line().Add(h.kindQual("Of")).Index(h.typ(impl.Go)).Call(jen.Lit(plan.FullName(impl.Go)))
			}
			g.Line()
		})
	}
	method := func(name string) *jen.Statement { return jen.Parens(jen.Op("*").Add(typ.Clone())).Dot(name) }
	switch t.Codec {
	case plan.Handle:
		return h.kindQual("Handle").Index(h.typ(t.Elem.Go)).Call()
	case plan.Message:
		partial := jen.Id("AllowPartial").Op(":").True()
		return h.kindQual("Message").Index(typ).Call(
			jen.Line().Add(h.qual(protoPath, "proto", "MarshalOptions")).Values(partial.Clone(), jen.Id("Deterministic").Op(":").True()).Dot("Marshal"),
			jen.Line().Add(h.qual(protoPath, "proto", "UnmarshalOptions")).Values(partial).Dot("Unmarshal"),
			jen.Line().Add(h.qual(protoPath, "proto", "Equal")), jen.Line(),
		)
	case plan.Quantity:
		q := jen.Id(h.file.names.local["v"])
		format := jen.Func().Params(q.Clone().Op("*").Add(typ.Clone())).Op("*").Add(h.qual(quantityPath, "resource", "Format")).
			Block(jen.Return(jen.Op("&").Add(q).Dot("Format")))
		return h.kindQual("Quantity").Call(method("AsDec"), format, typ.Clone().Dot("DeepCopy"), h.qual(quantityPath, "resource", "NewScaledQuantity"))
	}
	by := "By"
	if t.Marshal.Append {
		by = "Appended"
	}
	return h.kindQual(by).Call(method(t.Marshal.Name), method(t.Marshal.Unmarshal()))
}
