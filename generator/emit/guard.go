package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"
)

// guards writes the declarations that stop compiling when this file does not
// belong to the code around it any more.
func (f *file) guards(works []*work) {
	f.comment("This file needs a version of the runtime that knows this name. If the compiler does not find it, run go get github.com/workgen/workgen@latest.")
	f.jen.Const().Id("_").Op("=").Add(f.runtime("GeneratedV1"))
	if len(works) == 0 {
		return
	}
	current := f.names.declare("runGoGenerate")
	f.comment("These are the declarations that this file was generated from. A compiler error here says that one of them has changed since, so that keys would be wrong: run go generate.")
	f.jen.Var().DefsFunc(func(g *jen.Group) {
		for _, w := range works {
			g.Id("_").Add(w.runType()).Op("=").Add(w.runMethod())
		}
	})
	f.jen.Line()
	f.jen.Var().DefsFunc(func(g *jen.Group) {
		for _, w := range works {
			f.guard(g, current, jen.Id(w.name), f.shape(w.plan.Scan.Named))
		}
		for _, named := range f.pkg.Walked {
			f.guard(g, current, f.typ(named), f.shape(named))
		}
		for _, named := range f.pkg.Measured {
			f.measure(g, current, named)
		}
	})
	f.comment("%s returns nil. Only its type counts, and its name in the compiler's message.", current)
	f.jen.Func().Id(current).Index(jen.Id("T").Id("any")).Params().Op("*").Id("T").Block(jen.Return(jen.Nil()))
}

// guard adds a conversion that is legal as long as typ has the given shape, tags
// aside: conversions ignore them.
func (f *file) guard(g *jen.Group, current string, typ, shape *jen.Statement) {
	g.Id("_").Op("=").Parens(jen.Op("*").Add(shape)).Parens(jen.Id(current).Index(typ).Call())
}

// shape writes what a named type is declared as.
func (f *file) shape(named *types.Named) *jen.Statement { return f.typ(f.pkg.Shape(named)) }
