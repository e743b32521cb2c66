package emit

import (
	"go/types"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// emitIdentity writes the comparable struct that tells plain calls apart.
func (w *work) emitIdentity() {
	if !w.plan.Plain {
		return
	}
	w.comment("%s tells the calls of one [%s] apart.", w.identity, w.runner)
	w.jen.Type().Id(w.identity).StructFunc(func(g *jen.Group) {
		for _, leaf := range w.plan.Identity {
			g.Id(leaf.Name).Add(w.leafType(leaf))
		}
	})
}

// emitCloneIdentity writes the method that makes an identity fit for being
// kept: a string in it may be cut from a much longer text.
func (w *work) emitCloneIdentity() {
	if !w.plan.Plain || !w.refers() {
		return
	}
	id := w.names.local["id"]
	w.comment("clone returns an equal identity that owns its memory.")
	w.jen.Func().Params(jen.Id(id).Id(w.identity)).Id("clone").Params().Id(w.identity).BlockFunc(func(g *jen.Group) {
		for _, leaf := range w.plan.Identity {
			if refers(leaf) {
				g.Id(id).Dot(leaf.Name).Op("=").Id(id).Dot(leaf.Name).Dot("Clone").Call()
			}
		}
		g.Return(jen.Id(id))
	})
}

// emitSizeIdentity writes the method that counts what an identity owns.
func (w *work) emitSizeIdentity() {
	if !w.owns() {
		return
	}
	id := w.names.local["id"]
	w.comment("heapSize returns how many bytes of the heap an identity owns.")
	w.jen.Func().Params(jen.Id(id).Id(w.identity)).Id("heapSize").Params().Int().BlockFunc(func(g *jen.Group) {
		var terms []jen.Code
		for _, leaf := range w.plan.Identity {
			if leaf.Type.Kind == plan.String {
				terms = append(terms, jen.Id(id).Dot(leaf.Name).Dot("Size").Call())
			}
		}
		g.Return(sum(terms))
	})
}

// owns reports whether an identity that was cloned has memory which no other has.
func (w *work) owns() bool {
	return w.plan.Plain && slices.ContainsFunc(w.plan.Identity, func(leaf plan.Leaf) bool { return leaf.Type.Kind == plan.String })
}

// refers reports whether an identity has memory that is not its own.
func (w *work) refers() bool { return slices.ContainsFunc(w.plan.Identity, refers) }

func refers(leaf plan.Leaf) bool { return leaf.Type.Kind == plan.String || leaf.Type.IsTime() }

// leafType is the type in which a leaf is compared: floats as their bits, so
// that NaN equals itself and -0 differs from 0; long strings by digest; times with where
// they are.
func (w *work) leafType(leaf plan.Leaf) *jen.Statement {
	switch {
	case leaf.Type.IsTime():
		return w.key("Time")
	case leaf.Type.Kind == plan.String:
		return w.key("Text")
	case leaf.Type.Basic == types.Float32:
		return jen.Uint32()
	case leaf.Type.Basic == types.Float64:
		return jen.Uint64()
	}
	return jen.Id(types.Typ[leaf.Type.Basic].Name())
}

// leafValue turns the value of a leaf into its leafType, where param names parameters.
func (w *work) leafValue(leaf plan.Leaf, param func(i int) *jen.Statement) *jen.Statement {
	v, path := w.local("r").Dot("work"), leaf.Path
	if !leaf.Keyed {
		v, path = param(leaf.Param), path[1:]
	}
	for _, field := range path {
		v = v.Dot(field)
	}
	switch {
	case leaf.Type.Kind == plan.Time:
		return w.key("TimeOf").Call(v)
	case leaf.Type.IsTime():
		return w.key("TimeOf").Call(w.typ(leaf.Type.Elem.Go).Call(v))
	}
	v = convert(v, leaf.Type)
	switch {
	case leaf.Type.Kind == plan.String:
		return w.key("TextOf").Call(v)
	case leaf.Type.Basic == types.Float32:
		return w.qual("math", "math", "Float32bits").Call(v)
	case leaf.Type.Basic == types.Float64:
		return w.qual("math", "math", "Float64bits").Call(v)
	}
	return v
}

// emitIdentify writes the method that finds a call's place in the cache.
func (w *work) emitIdentify() {
	if w.plan.Plain {
		w.emitIdentifyPlain()
		return
	}
	w.comment("identify returns the fingerprint of the inputs, good until e is released, and its hash.")
	results := jen.Params(w.local("hash").Uint64(), w.local("id").Add(w.key("Fingerprint")), w.local("e").Op("*").Add(w.key("Encoder")))
	w.method("identify", []jen.Code{w.local("args").Id(w.args)}, results, func(g *jen.Group) {
		g.Add(w.local("e")).Op("=").Add(w.key("Borrow")).Call()
		if len(w.plan.Keyed) > 0 {
			g.Add(w.local("r")).Dot("encodeWork").Call(w.local("e"))
		}
		g.Add(w.local("args")).Dot("EncodeKey").Call(w.local("e"))
		g.Add(w.local("id")).Op("=").Add(w.local("e")).Dot("Fingerprint").Call()
		g.Return(w.local("id").Dot("Hash").Call(), w.local("id"), w.local("e"))
	})
}

// emitIdentifyPlain writes identify for inputs that need no encoding. What it finds out
// it writes through a pointer: returned, it would be copied once more, which is a third of
// a hit.
func (w *work) emitIdentifyPlain() {
	if w.inPlace() {
		return
	}
	w.comment("identify sets id to the identity of a call and returns its hash.")
	params := []jen.Code{w.local("id").Op("*").Id(w.identity)}
	for i, p := range w.plan.Params {
		param := jen.Id(w.params[i])
		if p.Type.Kind == plan.Struct {
			param.Op("*") // not copied once more
		}
		params = append(params, param.Add(w.valueType(p)))
	}
	w.method("identify", params, jen.Uint64(), func(g *jen.Group) {
		for _, leaf := range w.plan.Identity {
			g.Add(w.local("id")).Dot(leaf.Name).Op("=").Add(w.leafValue(leaf, w.param))
		}
		g.Add(w.local("h")).Op(":=").Add(w.key("NewHash")).Call()
		for _, leaf := range w.plan.Identity {
			g.Add(w.local("h")).Op("=").Add(w.local("h")).Add(w.hashLeaf(leaf))
		}
		g.Return(w.local("h").Dot("Sum").Call())
	})
}

// param is the parameter with the index i in generated methods.
func (w *work) param(i int) *jen.Statement { return jen.Id(w.params[i]) }

// argument is the field for it in the argument struct.
func (w *work) argument(i int) *jen.Statement { return w.local("args").Dot(w.plan.Params[i].Field) }

// hashLeaf adds one leaf to the hash.
func (w *work) hashLeaf(leaf plan.Leaf) *jen.Statement {
	v := w.local("id").Dot(leaf.Name)
	switch {
	case leaf.Type.Kind == plan.String:
		return jen.Dot("Text").Call(jen.Op("&").Add(v))
	case leaf.Type.IsTime():
		return jen.Dot("Time").Call(jen.Op("&").Add(v))
	case leaf.Type.Basic == types.Bool:
		return jen.Dot("Bool").Call(v)
	case leaf.Type.Basic == types.Uint64 || leaf.Type.Basic == types.Float64:
		return jen.Dot("Uint64").Call(v)
	}
	return jen.Dot("Uint64").Call(jen.Uint64().Call(v))
}

// inPlace reports whether an identity is so small that Run makes it by itself: two lines
// that take less time than the call of identify. Literals of more than one text are copied
// through memory, which takes more.
func (w *work) inPlace() bool { return w.plan.Plain && len(w.plan.Identity) <= 1 }

// identify adds the statements that declare hash and id of a plain call, in Run.
func (w *work) identify(g *jen.Group) {
	if w.inPlace() {
		w.identifyInPlace(g, ":=", w.param)
		return
	}
	g.Var().Add(w.local("id")).Id(w.identity)
	g.Add(w.local("hash")).Op(":=").Add(w.callIdentify(w.param))
}

// callIdentify is a call of identify.
func (w *work) callIdentify(param func(i int) *jen.Statement) *jen.Statement {
	args := []jen.Code{jen.Op("&").Add(w.local("id"))}
	for i, p := range w.plan.Params {
		arg := param(i)
		if p.Type.Kind == plan.Struct {
			arg = jen.Op("&").Add(arg)
		}
		args = append(args, arg)
	}
	return w.local("r").Dot("identify").Call(args...)
}

// identifyInPlace sets id and hash, by the operator set, to an identity of at most one leaf.
func (w *work) identifyInPlace(g *jen.Group, set string, param func(i int) *jen.Statement) {
	g.Add(w.local("id")).Op(set).Id(w.identity).ValuesFunc(func(g *jen.Group) {
		for _, leaf := range w.plan.Identity {
			g.Id(leaf.Name).Op(":").Add(w.leafValue(leaf, param))
		}
	})
	hash := w.key("NewHash").Call()
	for _, leaf := range w.plan.Identity {
		hash = hash.Add(w.hashLeaf(leaf))
	}
	g.Add(w.local("hash")).Op(set).Add(hash).Dot("Sum").Call()
}

// identifyFunc is the function by which the runtime identifies calls.
func (w *work) identifyFunc() *jen.Statement {
	if !w.plan.Plain {
		return w.local("r").Dot("identify")
	}
	hash, id := w.local("hash"), w.local("id")
	results := jen.Params(w.local("hash").Uint64(), w.local("id").Id(w.identity), jen.Id("_").Op("*").Add(w.key("Encoder")))
	return jen.Func().Params(w.local("args").Id(w.args)).Add(results).BlockFunc(func(g *jen.Group) {
		if w.inPlace() {
			w.identifyInPlace(g, "=", w.argument)
		} else {
			g.Add(w.local("hash")).Op("=").Add(w.callIdentify(w.argument)) // no variable is copied to the results
		}
		g.Return(hash, id, jen.Nil())
	})
}

// argsValue gathers the parameters in an argument struct.
func (w *work) argsValue() *jen.Statement {
	return jen.Id(w.args).ValuesFunc(func(g *jen.Group) {
		for i, p := range w.plan.Params {
			g.Id(p.Field).Op(":").Id(w.params[i])
		}
	})
}
