package emit

import (
	"go/types"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/plan"
)

// emitRun writes Run, the method everything is about.
func (w *work) emitRun() {
	w.commentRun()
	w.method("Run", append(w.context(), w.parameters()...), w.runResults(), func(g *jen.Group) {
		id, args := w.local("id"), w.argsValue()
		if w.plan.Plain {
			w.identify(g)
			if w.refers() {
				id = w.local("id").Dot("clone").Call()
			}
		} else {
			g.Add(w.local("args")).Op(":=").Add(args)
			args = w.local("args")
			g.List(w.local("hash"), w.local("id"), w.local("e")).Op(":=").Add(w.local("r")).Dot("identify").Call(w.local("args"))
			id = w.local("e").Dot("Keep").Call(w.local("id"))
			if w.plan.Outside() {
				g.Add(w.calls("Reads", w.local("ctx"), w.local("e"), w.local("args")))
			}
		}
		find := w.local("v").Op(":=").Add(w.calls("Hit", w.local("hash"), jen.Op("&").Add(w.local("id"))))
		g.If(find, w.local("v").Op("!=").Nil()).BlockFunc(func(g *jen.Group) {
			if !w.plan.Plain {
				g.Add(w.local("e")).Dot("Release").Call()
			}
			w.returnHit(g)
		})
		call := w.calls("Run", w.local("ctx"), w.local("hash"), id, args)
		switch len(w.plan.Results) {
		case 0:
			g.List(jen.Id("_"), w.local("err")).Op(":=").Add(call)
			g.Return(w.local("err"))
		case 1:
			g.Return(call)
		default:
			g.List(w.local("res"), w.local("err")).Op(":=").Add(call)
			g.Return(append(w.resultFields(), w.local("err"))...)
		}
	})
}

// returnHit returns the results of a call that was found.
func (w *work) returnHit(g *jen.Group) {
	if w.copiesMayPanic() {
		w.returnResult(g)
		return
	}
	value := jen.Op("*").Add(w.local("v"))
	if w.cloneResult != "" {
		value = jen.Id(w.cloneResult).Call(value)
	}
	switch len(w.plan.Results) {
	case 0:
		g.Return(jen.Nil())
	case 1:
		g.Return(value, jen.Nil())
	default:
		g.Add(w.local("res")).Op(":=").Add(value)
		g.Return(append(w.resultFields(), jen.Nil())...)
	}
}

// copiesMayPanic reports whether results are copied by methods of the user's.
func (w *work) copiesMayPanic() bool {
	return slices.ContainsFunc(w.plan.Results, func(v plan.Value) bool { return v.Copied && plan.CopiedByMethod(v.Type) })
}

// returnResult returns the results of a call that was found, or the error that a
// method has panicked which was to copy them.
func (w *work) returnResult(g *jen.Group) {
	result := w.calls("Copy", w.local("v"))
	if len(w.plan.Results) == 1 {
		g.Return(result)
		return
	}
	g.List(w.local("res"), w.local("err")).Op(":=").Add(result)
	g.Return(append(w.resultFields(), w.local("err"))...)
}

// resultFields are the fields of the result struct res.
func (w *work) resultFields() []jen.Code {
	var list []jen.Code
	for _, r := range w.plan.Results {
		list = append(list, w.local("res").Dot(r.Field))
	}
	return list
}

// emitStart writes Start.
func (w *work) emitStart() {
	w.comment("Start is Run without the wait. An execution goes on until ctx ends or the call is stopped.")
	result := jen.Op("*").Add(w.runtime("Call")).Index(w.resultType())
	w.method("Start", append(w.context(), w.parameters()...), result, func(g *jen.Group) {
		g.Return(w.calls("Start", w.local("ctx"), w.argsValue()))
	})
}

// emitLookup writes Lookup.
func (w *work) emitLookup() {
	if len(w.plan.Results) == 0 {
		w.comment("Lookup reports whether the call has succeeded and is kept, in memory or in the store.")
	} else {
		w.comment("Lookup returns what is kept of the call, in memory or in the store, and whether anything is.")
	}
	results := jen.Params(w.resultType(), jen.Bool())
	if len(w.plan.Results) == 0 {
		results = jen.Bool()
	}
	w.method("Lookup", w.parameters(), results, func(g *jen.Group) {
		call := w.calls("Lookup", w.argsValue())
		if len(w.plan.Results) == 0 {
			g.List(jen.Id("_"), w.local("ok")).Op(":=").Add(call)
			g.Return(w.local("ok"))
			return
		}
		g.Return(call)
	})
}

// emitForget writes Forget.
func (w *work) emitForget() {
	w.comment("Forget has the next equal call executed, and reports whether there was one to forget.")
	w.method("Forget", w.parameters(), jen.Bool(), func(g *jen.Group) {
		g.Return(w.calls("Forget", w.argsValue()))
	})
}

// emitForgetFunc writes ForgetFunc, where there are arguments.
func (w *work) emitForgetFunc() {
	if len(w.plan.Params) == 0 {
		return
	}
	match := w.local("match")
	w.comment("ForgetFunc forgets all calls whose arguments match, or are not there: see the option KeepArguments.")
	w.method("ForgetFunc", []jen.Code{match.Clone().Func().Params(w.local("args").Id(w.args)).Bool()}, nil, func(g *jen.Group) {
		g.Add(w.calls("ForgetFunc", match))
	})
}

// emitKey writes Key.
func (w *work) emitKey() {
	w.comment("Key returns the durable key of the call.")
	w.method("Key", w.parameters(), w.key("Key"), func(g *jen.Group) {
		g.Return(w.calls("Key", w.argsValue()))
	})
}

// emitEncodeKey writes what stands for the runner in the keys of other works.
func (w *work) emitEncodeKey() {
	w.comment("EncodeKey writes what identifies the runner where it is an input of another work.")
	e := w.local("e")
	w.method("EncodeKey", []jen.Code{e.Clone().Op("*").Add(w.key("Encoder"))}, nil, func(g *jen.Group) {
		g.Add(w.calls("EncodeRunner", e))
	})
}

// emitEncode writes how the fields of the work enter keys, if there are any, and what is
// encoded again after an execution.
func (w *work) emitEncode() {
	if len(w.plan.Keyed) > 0 {
		enc := &encoder{file: w.file, names: w.locals}
		w.comment("encodeWork writes the fields of [%s] that are inputs.", w.name)
		w.method("encodeWork", []jen.Code{enc.e().Op("*").Add(w.key("Encoder"))}, nil, func(g *jen.Group) {
			for i, v := range w.plan.Keyed {
				w.next(g, enc, i)
				enc.encode(g, w.local("r").Dot("work").Dot(v.Name), v.Type)
			}
		})
	}
	if !w.verifies() {
		return
	}
	enc, a := &encoder{file: w.file, names: w.names.local}, w.names.local["a"]
	w.comment("verify writes the arguments that are not copied, and might change during an execution.")
	w.jen.Func().Params(jen.Id(a).Op("*").Id(w.args)).Id("verify").Params(enc.e().Op("*").Add(w.key("Encoder"))).BlockFunc(func(g *jen.Group) {
		for _, p := range w.plan.Params {
			if p.Verified {
				enc.encode(g, jen.Id(a).Dot(p.Field), p.Type)
			}
		}
	})
}

// inputs lists the inputs for the runtime, as they would be declared, and the names of
// those that are secret.
func (w *work) inputs() (all, secret []jen.Code) {
	add := func(name string, v plan.Value) {
		all = append(all, jen.Lit(name+" "+diag.TypeString(v.Declared, w.shortName)))
		if v.Secret {
			secret = append(secret, jen.Lit(name))
		}
	}
	for _, v := range w.plan.Keyed {
		add(v.Name, v)
	}
	for _, p := range w.plan.Params {
		add(nameOr(p), p)
	}
	return all, secret
}

// texts writes a slice of strings: in one line, unless there are many.
func texts(list []jen.Code) *jen.Statement {
	const most = 5
	if len(list) <= most {
		return jen.Index().String().Values(list...)
	}
	return jen.Index().String().ValuesFunc(func(g *jen.Group) {
		for _, text := range list {
			g.Line().Add(text)
		}
		g.Line()
	})
}

// next adds the statement between two inputs, if the runtime is to tell them apart.
func (w *work) next(g *jen.Group, enc *encoder, i int) {
	if i > 0 && w.describes() {
		g.Add(enc.e()).Dot("Next").Call()
	}
}

// shortName is how the package of the work names another, for people.
func (w *work) shortName(p *types.Package) string {
	if p == w.pkg.Scan.Types {
		return ""
	}
	return p.Name()
}

// nameOr is the name of a parameter, or that of its field if it has none.
func nameOr(v plan.Value) string {
	if v.Name == "" {
		return v.Field
	}
	return v.Name
}

// emitExecute writes the method that calls the user's Run.
func (w *work) emitExecute() {
	w.comment("execute calls [%s.Run].", w.name)
	scan := w.plan.Scan
	ctx := jen.Id("_")
	if scan.Context {
		ctx = w.local("ctx")
	}
	params := []jen.Code{ctx.Add(w.qual("context", "context", "Context")), w.local("args").Id(w.args)}
	run := w.local("r").Dot("work").Dot("Run").CallFunc(func(g *jen.Group) {
		if scan.Context {
			g.Add(w.local("ctx"))
		}
		for i, p := range w.plan.Params {
			arg := w.local("args").Dot(p.Field)
			if scan.Variadic && i == len(w.plan.Params)-1 {
				arg = arg.Op("...")
			}
			g.Add(arg)
		}
	})
	w.method("execute", params, jen.Params(w.resultType(), jen.Error()), func(g *jen.Group) {
		switch n := len(w.plan.Results); {
		case n == 0 && scan.Error:
			g.Return(jen.Struct().Values(), run)
		case n == 0:
			g.Add(run)
			g.Return(jen.Struct().Values(), jen.Nil())
		case n == 1 && scan.Error:
			g.Return(run)
		case n == 1:
			g.Return(run, jen.Nil())
		case scan.Error:
			g.Var().Add(w.local("res")).Id(w.result)
			g.Var().Add(w.local("err")).Error()
			g.List(append(w.resultFields(), w.local("err"))...).Op("=").Add(run)
			g.Return(w.local("res"), w.local("err"))
		default:
			g.Var().Add(w.local("res")).Id(w.result)
			g.List(w.resultFields()...).Op("=").Add(run)
			g.Return(w.local("res"), jen.Nil())
		}
	})
}

// emitCloneArgs writes the function that copies the arguments.
func (w *work) emitCloneArgs() {
	if w.cloneArgs == "" {
		return
	}
	w.comment("%s returns a copy of the arguments that the caller of Run cannot change.", w.cloneArgs)
	w.cloneStruct(w.cloneArgs, jen.Id(w.args), w.plan.Params, false)
}

// emitCloneResult writes the function that copies the results, unless the
// result's type has one already.
func (w *work) emitCloneResult() {
	if w.cloneResult == "" || len(w.plan.Results) == 1 && w.helpers.isClone(w.cloneResult) {
		return
	}
	w.comment("%s returns results that share no memory with the cached ones.", w.cloneResult)
	if len(w.plan.Results) > 1 {
		w.cloneStruct(w.cloneResult, jen.Id(w.result), w.plan.Results, true)
		return
	}
	w.cloneFunc(w.cloneResult, w.resultType(), func(g *jen.Group, v *jen.Statement) {
		c := &cloner{file: w.file, result: true}
		c.declareCopies(g, w.plan.Results...)
		c.clone(g, v, w.plan.Results[0].Type)
	})
}

// cloneStruct writes a function that copies the values of an argument or
// result struct.
func (w *work) cloneStruct(name string, typ *jen.Statement, values []plan.Value, result bool) {
	w.cloneFunc(name, typ, func(g *jen.Group, v *jen.Statement) {
		c := &cloner{file: w.file, result: result}
		c.declareCopies(g, values...)
		for _, value := range values {
			if value.Copied {
				c.clone(g, v.Clone().Dot(value.Field), value.Type)
			}
		}
	})
}
