package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// dynamic encodes the dynamic type and value of the variable v, an interface.
func (w *encoder) dynamic(g *jen.Group, v string, t *plan.Type) {
	uses := func(impl *plan.Type) bool { return !isEmpty(impl) }
	if t.Boxed(plan.Encoding) {
		g.If(jen.Op("!").Add(w.key("Boxed")).Call(w.e(), jen.Id(v))).Block(jen.Return())
	}
	g.Switch(typeSwitch(v, jen.Id(v), t.Impls, uses)).BlockFunc(func(g *jen.Group) {
		g.Case(jen.Nil()).Block(w.e().Dot("Nil").Call())
		for _, impl := range t.Impls {
			g.Case(w.typ(impl.Go)).BlockFunc(func(g *jen.Group) {
				g.Add(w.e()).Dot("Type").Call(jen.Lit(plan.FullName(impl.Go)))
				w.encode(g, jen.Id(v), impl)
			})
		}
		g.Default().Block(w.e().Dot("Fail").Call(w.unknownType(t)))
	})
}

// dynamic clones what v, an interface, holds; alone is v where nothing follows it. In a result nothing may stay
// that is not known; an argument that has it was not cached anyway.
func (w *cloner) dynamic(g *jen.Group, v, alone *jen.Statement, t *plan.Type) {
	x := w.names.local["y"]
	uses := func(impl *plan.Type) bool { return plan.References(impl, w.result) }
	plain := []jen.Code{jen.Nil()}
	boxed := t.Boxed(plan.Copying)
	if boxed {
		o := jen.Id(w.names.local["x"])
		g.Add(o.Clone()).Op(":=").Add(alone.Clone())
		g.If(w.deepcopy("Boxed").Call(w.copies(), jen.Id(w.names.local["v"]))).Block(jen.Return())
		defer func() { g.Add(w.deepcopy("Keep").Call(w.copies(), o, alone.Clone())) }()
	}
	g.Switch(typeSwitch(x, v, t.Impls, uses)).BlockFunc(func(g *jen.Group) {
		for _, impl := range t.Impls {
			if !uses(impl) {
				plain = append(plain, w.typ(impl.Go))
				continue
			}
			g.Case(w.typ(impl.Go)).BlockFunc(func(g *jen.Group) {
				if copied := w.copied(jen.Id(x), impl); copied != nil {
					g.Add(alone.Clone()).Op("=").Add(copied)
					return
				}
				w.clone(g, jen.Id(x), impl)
				g.Add(alone.Clone()).Op("=").Id(x)
			})
		}
		if w.result {
			g.Case(plain...)
			g.Default().Block(jen.Panic(w.unknownType(t)))
		}
	})
}

// typeSwitch is the head of a switch on the dynamic type of v, which sets x if
// one of the cases uses it.
func typeSwitch(x string, v *jen.Statement, impls []*plan.Type, uses func(*plan.Type) bool) *jen.Statement {
	head := v.Clone().Assert(jen.Type())
	for _, impl := range impls {
		if uses(impl) {
			return jen.Id(x).Op(":=").Add(head)
		}
	}
	return head
}

// unknownType is the error that tells of a value in an interface of type t whose
// type is none of those that are known.
func (f *file) unknownType(t *plan.Type) *jen.Statement {
	return jen.Op("&").Add(f.runtime("UnknownTypeError")).Values(jen.Id("Interface").Op(":").Lit(plan.FullName(t.Go)))
}

// helperType is the type of the parameter of a helper.
func (f *file) helperType(t *plan.Type) *jen.Statement {
	if iface, ok := t.Go.(*types.Interface); ok && iface.Empty() {
		return jen.Any()
	}
	return f.typ(t.Go)
}
