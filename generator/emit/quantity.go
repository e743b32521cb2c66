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
func (h *helpers) quantity(g *jen.Group, e, b, v *jen.Statement) {
	local := h.file.names.local
	n, ok, x, p := jen.Id(local["l"]), jen.Id(local["ok"]), jen.Id(local["x"]), jen.Id(local["p"])
	get := func(method string, args ...jen.Code) *jen.Statement { return v.Clone().Dot(method).Call(args...) }
	form := func(tag int, method string, n *jen.Statement) *jen.Statement {
		return b.Clone().Dot("Uint8").Call(jen.Lit(tag)).Dot(method).Call(n.Clone())
	}

	g.Add(b.Clone()).Op("=").Add(b.Clone()).Dot("String").Call(e.Clone(), jen.String().Call(v.Clone().Dot("Format")))
	g.If(jen.List(n.Clone(), ok.Clone()).Op(":=").Add(get("AsInt64")), ok.Clone()).Block(jen.Return(form(1, "Int64", n)))
	scaled := h.qual(quantityPath, "resource", "NewScaledQuantity").Call(n.Clone(), jen.Lit(nano))
	g.Add(n.Clone()).Op(":=").Add(get("ScaledValue", jen.Lit(nano)))
	g.If(get("Cmp", jen.Op("*").Add(scaled)).Op("==").Lit(0)).Block(jen.Return(form(2, "Int64", n)))
	g.Add(x.Clone()).Op(":=").Add(get("DeepCopy")).Comment("AsDec changes its receiver")
	g.Add(p.Clone()).Op(":=").Add(x.Clone()).Dot("AsDec").Call()
	g.Add(e.Clone()).Dot("End").Call(form(3, "Int32", jen.Int32().Call(p.Clone().Dot("Scale").Call())))
	digits := p.Clone().Dot("UnscaledBig").Call().Dot("Append").Call(e.Clone().Dot("Spare").Call(), jen.Lit(16))
	g.Add(e.Clone()).Dot("Appended").Call(digits, jen.Nil())
	g.Return(e.Clone().Dot("Begin").Call())
}
