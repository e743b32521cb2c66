package emit

import (
	"go/types"
	"slices"
	"strconv"
	"time"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// work is one work being written, with the names of its declarations.
type work struct {
	*file
	plan *plan.Work

	name        string // X
	runner      string // XRunner
	constructor string // NewXRunner
	args        string // XArgs
	result      string // XResult, of more than one result
	identity    string // xIdentity, of plain inputs
	code        string // xCode, or "" when no code is part of the keys

	params      []string          // names of the parameters in generated methods
	locals      map[string]string // names of variables beside them
	cloneArgs   string            // function that copies the arguments, or ""
	cloneResult string            // function that copies the results, or ""
	sizeResult  *jen.Statement    // function that counts what the results refer to, or nil
}

// newWork decides the names of w's declarations.
func newWork(f *file, w *plan.Work) *work {
	lower, names := lowerFirst(w.Scan.Name), w.Scan.Names()
	out := &work{
		file: f, plan: w, name: w.Scan.Name,
		runner: names.Runner, constructor: names.Constructor, args: names.Args, result: names.Result,
	}
	if w.Code != nil {
		out.code = f.names.declare(lower + "Code")
	}
	if w.Plain {
		out.identity = f.names.declare(lower + "Identity")
	}
	if anyCopied(w.Params) {
		out.cloneArgs = f.names.declare("clone" + upperFirst(out.args))
	}
	if anyCopied(w.Results) {
		if t := w.Results[0].Type; len(w.Results) == 1 && t.Named != nil && t.Kind == plan.Struct && !t.Reaches(plan.Copying) {
			out.cloneResult = f.helpers.clone(t, true)
		} else {
			out.cloneResult = f.names.declare("clone" + upperFirst(w.Scan.Name) + "Result")
		}
	}
	out.sizeResult = out.sizer()
	out.params = f.names.params(w.Params, append(out.basics(), "nil", f.names.imports[keyPath], out.args, out.identity, out.code, out.cloneResult)...)
	out.locals = f.names.localsBeside(out.params)
	return out
}

// basics lists the names that identify converts leaves with.
func (w *work) basics() []string {
	names := []string{"uint64"}
	for _, leaf := range w.plan.Identity {
		if leaf.Type.Basic == types.Float32 || leaf.Type.Basic == types.Float64 {
			names = append(names, w.names.importName("math", "math"))
		}
		switch {
		case leaf.Type.Kind == plan.Time:
		case leaf.Type.IsTime():
			names = append(names, w.names.importName("time", "time"))
		case leaf.Type.Named != nil:
			names = append(names, types.Typ[leaf.Type.Basic].Name())
		}
	}
	return names
}

// anyCopied reports whether one of the values is to be copied.
func anyCopied(values []plan.Value) bool {
	for _, v := range values {
		if v.Copied {
			return true
		}
	}
	return false
}

// verifies reports whether there are arguments that are encoded again after an execution
// alone. Of a work that is Outside all inputs are.
func (w *work) verifies() bool {
	return !w.plan.Outside() && slices.ContainsFunc(w.plan.Params, func(p plan.Value) bool { return p.Verified })
}

// emit writes everything that belongs to the work.
func (w *work) emit() {
	w.emitArgs()
	w.emitResult()
	w.emitIdentity()
	w.emitCloneIdentity()
	w.emitSizeIdentity()
	w.emitRunner()
	w.emitConstructor()
	w.emitRun()
	w.emitStart()
	w.emitLookup()
	w.emitForget()
	w.emitForgetFunc()
	w.emitKey()
	w.emitEncodeKey()
	w.emitEncode()
	w.emitIdentify()
	w.emitExecute()
	w.emitCloneArgs()
	w.emitCloneResult()
}

// emitArgs writes the argument struct and its encoding.
func (w *work) emitArgs() {
	w.comment("%s holds the arguments of one call of [%s.Run].", w.args, w.name)
	w.jen.Type().Id(w.args).StructFunc(func(g *jen.Group) {
		for _, p := range w.plan.Params {
			field := g.Id(p.Field).Add(w.valueType(p))
			if p.Secret {
				field.Tag(map[string]string{"workgen": "secret"})
			}
		}
	})
	w.emitString()
	a, e := w.names.local["a"], w.names.local["e"]
	w.comment("EncodeKey writes the arguments.")
	w.jen.Func().Params(jen.Id(a).Op("*").Id(w.args)).Id("EncodeKey").
		Params(jen.Id(e).Op("*").Add(w.key("Encoder"))).
		BlockFunc(func(g *jen.Group) {
			enc := &encoder{file: w.file, names: w.names.local}
			var all []part
			for i, p := range w.plan.Params {
				if w.describes() {
					enc.encodeAll(g, all)
					all = nil
					w.next(g, enc, i)
				}
				all = enc.parts(all, jen.Id(a).Dot(p.Field), p.Type)
			}
			enc.encodeAll(g, all)
		})
}

// emitString writes how arguments are printed of which some are secret.
func (w *work) emitString() {
	if !anySecret(w.plan.Params) {
		return
	}
	a := w.names.local["a"]
	w.comment("String returns the arguments as text, without the secret ones.")
	w.jen.Func().Params(jen.Id(a).Id(w.args)).Id("String").Params().String().
		Block(jen.Return(w.qual(previewPath, "preview", "Struct").Call(jen.Id(a))))
	w.comment("GoString is String, for %%#v.")
	w.jen.Func().Params(jen.Id(a).Id(w.args)).Id("GoString").Params().String().
		Block(jen.Return(jen.Id(a).Dot("String").Call()))
}

// emitResult writes the struct of more than one result.
func (w *work) emitResult() {
	if len(w.plan.Results) < 2 {
		return
	}
	w.comment("%s holds what one call of [%s.Run] returned.", w.result, w.name)
	w.jen.Type().Id(w.result).StructFunc(func(g *jen.Group) {
		for _, r := range w.plan.Results {
			g.Id(r.Field).Add(w.valueType(r))
		}
	})
}

// emitRunner writes the runner type.
func (w *work) emitRunner() {
	w.commentRunner()
	w.jen.Type().Id(w.runner).Struct(
		jen.Op("*").Add(w.runtime("Runner")).Comment("Name, Stats, Status, ForgetAll, Close"),
		jen.Line(),
		jen.Id("work").Op("*").Id(w.name),
		jen.Id("calls").Op("*").Add(w.runtime("Calls")).Index(w.typeArgs()),
	)
}

// emitConstructor writes the function that makes a runner.
func (w *work) emitConstructor() {
	beside := w.locals
	defer func() { w.locals = beside }()
	w.locals = w.names.local // there are no parameters of the user's
	name, r, work, opts := w.constructor, w.names.local["r"], w.names.local["work"], w.names.local["opts"]
	w.comment("%s returns a runner of work, which must not be nil. Options given here win over those of the directive.", name)
	w.jen.Func().Id(name).Params(
		jen.Id(work).Op("*").Id(w.name),
		jen.Id(opts).Op("...").Add(w.runtime("Option")),
	).Op("*").Id(w.runner).Block(
		jen.Id(r).Op(":=").Op("&").Id(w.runner).Values(jen.Dict{jen.Id("work"): jen.Id(work)}),
		jen.Id(r).Dot("calls").Op("=").Add(w.runtime("NewCalls")).Call(
			w.runtime("Spec").Index(w.typeArgs()).Values(w.spec(r)...),
			jen.Id(opts).Op("..."),
		),
		jen.Id(r).Dot("Runner").Op("=").Id(r).Dot("calls").Dot("Runner").Call(),
		jen.Return(jen.Id(r)),
	)
}

// spec lists what the runtime is told of the work.
func (w *work) spec(r string) []jen.Code {
	field := func(name string, value jen.Code) jen.Code {
		return jen.Line().Id(name).Op(":").Add(value)
	}
	list := []jen.Code{
		field("Name", jen.Lit(w.plan.Name)),
	}
	if w.code != "" {
		list = append(list, field("Code", jen.Op("&").Id(w.code)))
	}
	list = append(list,
		field("Schema", jen.Lit(w.plan.Schema)),
		field("Work", w.local("work")),
		field("Execute", jen.Id(r).Dot("execute")),
		field("Identify", w.identifyFunc()),
	)
	switch {
	case !w.plan.Plain:
		list = append(list, field("CloneKey", w.key("Fingerprint").Dot("Clone")))
	case w.refers():
		list = append(list, field("CloneKey", jen.Id(w.identity).Dot("clone")))
	}
	if w.cloneArgs != "" {
		list = append(list, field("CloneArgs", jen.Id(w.cloneArgs)))
	}
	if w.cloneResult != "" {
		list = append(list, field("CloneResult", jen.Id(w.cloneResult)))
	}
	if keepFor := w.keepFor(); keepFor != nil {
		list = append(list, field("KeepFor", keepFor))
	}
	switch {
	case !w.plan.Plain:
		list = append(list, field("SizeKey", w.key("Fingerprint").Dot("Size")))
	case w.owns():
		list = append(list, field("SizeKey", jen.Id(w.identity).Dot("heapSize")))
	}
	if w.sizeResult != nil {
		list = append(list, field("Size", w.sizeResult))
	}
	if len(w.plan.Keyed) > 0 {
		list = append(list, field("EncodeWork", jen.Id(r).Dot("encodeWork")))
	}
	list = append(list, field("Encode", jen.Parens(jen.Op("*").Id(w.args)).Dot("EncodeKey")))
	if w.verifies() {
		list = append(list, field("Verify", jen.Parens(jen.Op("*").Id(w.args)).Dot("verify")))
	}
	if w.plan.Outside() {
		list = append(list, field("Outside", jen.True()))
	}
	switch {
	case w.plan.Scan.Options.Memory.Value:
		list = append(list, field("Memory", jen.True()))
	case !w.plan.Storable:
		list = append(list, field("NotStorable", jen.Lit(w.plan.NotStorable[0].String())))
	default:
		if len(w.plan.Kinds) > 0 {
			list = append(list, field("Kinds", w.kinds(w.plan.Kinds)))
		}
		if w.durable() {
			list = append(list, w.remote(field)...)
		}
	}
	inputs, secret := w.inputs()
	if w.describes() && len(inputs) > 0 {
		list = append(list, field("Inputs", texts(inputs)))
	}
	if len(secret) > 0 {
		list = append(list, field("Secret", texts(secret)))
	}
	if options := w.options(); len(options) > 0 {
		list = append(list, field("Options", jen.Index().Add(w.runtime("Option")).Values(options...)))
	}
	return append(list, jen.Line())
}

// durable reports whether a store may have the results.
func (w *work) durable() bool {
	o := w.plan.Scan.Options
	return w.plan.Storable && !o.Memory.Value && (!o.Cache.Set || o.Cache.Value)
}

// describes reports whether somebody has to be told which inputs there are: a
// store, or a page that is not to show the secret ones.
func (w *work) describes() bool {
	return w.durable() || w.secret()
}

// secret reports whether some inputs are.
func (w *work) secret() bool { return anySecret(w.plan.Keyed) || anySecret(w.plan.Params) }

func anySecret(values []plan.Value) bool {
	return slices.ContainsFunc(values, func(v plan.Value) bool { return v.Secret })
}

// remote says why no worker elsewhere can execute a call, or what has to be known to send
// it there.
func (w *work) remote(field func(string, jen.Code) jen.Code) (list []jen.Code) {
	if len(w.plan.NotRemote) > 0 {
		o := w.plan.NotRemote[0]
		list = append(list, field("NotRemote", jen.Lit(o.String()+": "+o.Fix)))
	}
	if len(w.plan.ArgKinds) > 0 {
		list = append(list, field("ArgKinds", w.kinds(w.plan.ArgKinds)))
	}
	return list
}

// kinds lists what a store has to be told of some types.
func (w *work) kinds(types []*plan.Type) *jen.Statement {
	return jen.Index().Add(w.helpers.kindQual("Kind")).ValuesFunc(func(g *jen.Group) {
		for _, t := range types {
			g.Id(w.helpers.kind(t)).Call()
		}
	})
}

// options writes the directive's options as the runtime's.
func (w *work) options() []jen.Code {
	var list []jen.Code
	add := func(set bool, name string, value jen.Code) {
		if set {
			list = append(list, w.runtime(name).Call(value))
		}
	}
	o := w.plan.Scan.Options
	add(o.Cache.Set, "CacheCalls", jen.Lit(o.Cache.Value))
	add(o.Name.Set, "Name", jen.Lit(o.Name.Value))
	add(o.TTL.Set, "TTL", w.duration(o.TTL.Value))
	add(o.Refresh.Set, "RefreshAfter", w.duration(o.Refresh.Value))
	add(o.Stale.Set, "StaleIfError", w.duration(o.Stale.Value))
	add(o.Jitter.Set, "Jitter", jen.Lit(o.Jitter.Value))
	add(o.Entries.Set, "MaxEntries", jen.Lit(o.Entries.Value))
	add(o.Bytes.Set, "MaxBytes", byteCount(o.Bytes.Value))
	add(o.Timeout.Set, "Timeout", w.duration(o.Timeout.Value))
	add(o.Retry.Set, "Retry", w.runtime("RetryPolicy").Values(jen.Dict{jen.Id("Attempts"): jen.Lit(o.Retry.Value)}))
	add(o.Concurrency.Set, "Concurrency", jen.Lit(o.Concurrency.Value))
	add(o.Errors.Set, "CacheErrors", w.duration(o.Errors.Value))
	return list
}

// duration writes d in the largest unit that divides it.
func (w *work) duration(d time.Duration) *jen.Statement {
	unit, name := time.Nanosecond, "Nanosecond"
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"}, {time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}} {
		if d%u.d == 0 {
			unit, name = u.d, u.name
			break
		}
	}
	return jen.Op(strconv.FormatInt(int64(d/unit), 10)).Op("*").Add(w.qual("time", "time", name))
}

// byteCount writes n in the largest unit that divides it, or in groups of digits.
func byteCount(n int64) *jen.Statement {
	for _, shift := range []int{30, 20, 10} {
		if n%(1<<shift) == 0 {
			return jen.Op(strconv.FormatInt(n>>shift, 10)).Op("<<").Lit(shift)
		}
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "_" + digits[i:]
	}
	return jen.Op(digits)
}
