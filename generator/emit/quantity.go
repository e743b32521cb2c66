package emit

import "github.com/dave/jennifer/jen"

// quantityPath is the import path of the package that has the quantities of
// Kubernetes.
const quantityPath = "k8s.io/apimachinery/pkg/api/resource"

// nano is the unit, as a power of ten, of which Kubernetes makes multiples of
// everything that it parses.
const nano = -9

// quantity encodes a resource.Quantity by methods that change nothing and mostly
// allocate nothing: as a whole number; as so many billionths, if that is exact; or
// else as a decimal of any size. Its String, and so its JSON, takes longer, may be
// out of date, and leaves out the format of small numbers and exponents for which
// there is no suffix.
func (h *helpers) quantity(g *jen.Group, e, v *jen.Statement) {
	local := h.file.names.local
	n, ok, x, p := jen.Id(local["l"]), jen.Id(local["ok"]), jen.Id(local["x"]), jen.Id(local["p"])
	call := func(method string, args ...jen.Code) *jen.Statement { return e.Clone().Dot(method).Call(args...) }
	get := func(method string, args ...jen.Code) *jen.Statement { return v.Clone().Dot(method).Call(args...) }
	form := func(tag int, n *jen.Statement) []jen.Code {
		return []jen.Code{call("Uint8", jen.Lit(tag)), call("Int64", n.Clone()), jen.Return()}
	}

	g.Add(call("String", jen.String().Call(v.Clone().Dot("Format"))))
	g.If(jen.List(n.Clone(), ok.Clone()).Op(":=").Add(get("AsInt64")), ok.Clone()).Block(form(1, n)...)
	scaled := h.qual(quantityPath, "resource", "NewScaledQuantity").Call(n.Clone(), jen.Lit(nano))
	g.Add(n.Clone()).Op(":=").Add(get("ScaledValue", jen.Lit(nano)))
	g.If(get("Cmp", jen.Op("*").Add(scaled)).Op("==").Lit(0)).Block(form(2, n)...)
	g.Add(x.Clone()).Op(":=").Add(get("DeepCopy")).Comment("AsDec changes its receiver")
	g.Add(p.Clone()).Op(":=").Add(x.Clone()).Dot("AsDec").Call()
	g.Add(call("Uint8", jen.Lit(3)))
	g.Add(call("Int32", jen.Int32().Call(p.Clone().Dot("Scale").Call())))
	g.Add(call("Appended", p.Clone().Dot("UnscaledBig").Call().Dot("Append").Call(call("Spare"), jen.Lit(16)), jen.Nil()))
}
