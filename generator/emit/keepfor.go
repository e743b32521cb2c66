package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// keepFor is the function that asks results how long they are to be kept, nil if none
// has a say.
func (w *work) keepFor() *jen.Statement {
	var says []plan.Value
	for _, v := range w.plan.Results {
		if v.KeepFor {
			says = append(says, v)
		}
	}
	if len(says) == 0 {
		return nil
	}
	duration, res, d := w.qual("time", "time", "Duration"), w.local("res"), w.local("d")
	value := func(v plan.Value) *jen.Statement {
		if len(w.plan.Results) == 1 {
			return res.Clone()
		}
		return res.Clone().Dot(v.Field)
	}
	f := jen.Func().Params(res.Clone().Add(w.resultType()))
	if len(says) == 1 {
		v := value(says[0])
		return f.Add(duration).BlockFunc(func(g *jen.Group) {
			if canBeNil(says[0]) {
				g.If(v.Clone().Op("==").Nil()).Block(jen.Return(jen.Lit(0)))
			}
			g.Return(v.Clone().Dot("KeepFor").Call())
		})
	}
	// The shortest time that is not zero: one below zero is shorter than all.
	x, shorter := w.local("x"), w.local("shorter")
	return f.Params(d.Clone().Add(duration)).BlockFunc(func(g *jen.Group) {
		g.Add(shorter).Op(":=").Func().Params(x.Clone().Add(duration)).Block(
			jen.If(x.Clone().Op("!=").Lit(0).Op("&&").Parens(d.Clone().Op("==").Lit(0).Op("||").Add(x).Op("<").Add(d))).Block(
				d.Clone().Op("=").Add(x),
			),
		)
		for _, v := range says {
			call := shorter.Clone().Call(value(v).Dot("KeepFor").Call())
			if canBeNil(v) {
				call = jen.If(value(v).Op("!=").Nil()).Block(call)
			}
			g.Add(call)
		}
		g.Return(d)
	})
}

// canBeNil reports whether a result may be nil so that it cannot be asked.
func canBeNil(v plan.Value) bool {
	switch v.Type.Go.Underlying().(type) {
	case *types.Pointer, *types.Interface:
		return true
	}
	return false
}
