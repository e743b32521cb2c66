package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// local refers to a local variable of a generated method.
func (w *work) local(name string) *jen.Statement { return jen.Id(w.locals[name]) }

// method writes a method of the runner.
func (w *work) method(name string, params []jen.Code, results jen.Code, body func(g *jen.Group)) {
	s := w.jen.Func().Params(w.local("r").Op("*").Id(w.runner)).Id(name).Params(params...)
	if results != nil {
		s.Add(results)
	}
	s.BlockFunc(body)
}

// calls calls a method of the runtime's table of calls.
func (w *work) calls(method string, args ...jen.Code) *jen.Statement {
	return w.local("r").Dot("calls").Dot(method).Call(args...)
}

// context is the leading parameter of Run and Start.
func (w *work) context() []jen.Code {
	return []jen.Code{w.local("ctx").Add(w.qual("context", "context", "Context"))}
}

// parameters are those of the user's Run, without the context.
func (w *work) parameters() []jen.Code {
	var list []jen.Code
	for i, p := range w.plan.Params {
		typ := w.valueType(p)
		if w.plan.Scan.Variadic && i == len(w.plan.Params)-1 {
			typ = jen.Op("...").Add(w.elemType(p))
		}
		list = append(list, jen.Id(w.params[i]).Add(typ))
	}
	return list
}

// valueType is the type of a value, as the user wrote it.
func (w *work) valueType(v plan.Value) *jen.Statement { return w.typ(v.Declared) }

// elemType is the type of one of the arguments of a variadic parameter.
func (w *work) elemType(v plan.Value) *jen.Statement {
	return w.typ(v.Declared.(*types.Slice).Elem())
}

// resultType is the one type that holds all results: the result itself, the
// result struct, or the empty struct.
func (w *work) resultType() *jen.Statement {
	switch len(w.plan.Results) {
	case 0:
		return jen.Struct()
	case 1:
		return w.valueType(w.plan.Results[0])
	}
	return jen.Id(w.result)
}

// runResults are the results of the generated Run: those of the user's, and
// always an error.
func (w *work) runResults() *jen.Statement {
	if len(w.plan.Results) == 0 {
		return jen.Error()
	}
	return jen.ParamsFunc(func(g *jen.Group) {
		for _, r := range w.plan.Results {
			g.Add(w.valueType(r))
		}
		g.Error()
	})
}

// typeArgs are the type arguments of everything generic about the work.
func (w *work) typeArgs() *jen.Statement {
	return jen.List(w.idType(), jen.Id(w.args), w.resultType())
}

// idType is the type that identifies the arguments of a call in this process.
func (w *work) idType() *jen.Statement {
	if w.plan.Plain {
		return jen.Id(w.identity)
	}
	return w.key("Fingerprint")
}

// runType is the type of the user's Run as a function of its receiver.
func (w *work) runType() *jen.Statement {
	scan := w.plan.Scan
	return jen.Func().ParamsFunc(func(g *jen.Group) {
		g.Op("*").Id(w.name)
		if scan.Context {
			g.Add(w.qual("context", "context", "Context"))
		}
		for i, p := range w.plan.Params {
			if scan.Variadic && i == len(w.plan.Params)-1 {
				g.Op("...").Add(w.elemType(p))
				continue
			}
			g.Add(w.valueType(p))
		}
	}).ParamsFunc(func(g *jen.Group) {
		for _, r := range w.plan.Results {
			g.Add(w.valueType(r))
		}
		if scan.Error {
			g.Error()
		}
	})
}

// runMethod is the user's Run as a function of its receiver.
func (w *work) runMethod() *jen.Statement {
	return jen.Parens(jen.Op("*").Id(w.name)).Dot("Run")
}
