package plan

import (
	"go/token"
	"go/types"
	"strconv"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/generator/wrapper"
)

// Plan decides how the types of every work of p are encoded and copied. What
// cannot be done correctly is added to diags; the plan is then incomplete and
// must not be emitted.
func Plan(p *scan.Package, diags *diag.List) *Package {
	pl := &planner{
		describer: describer{
			pkg: p.Types, fset: p.Fset, expanding: map[*types.Named]bool{}, directives: newDirectives(p), listed: newListed(p),
			complete: p.Complete, generated: p.IsGenerated, works: p.Works, world: newWorld(p, diags),
		},
		scan:  p,
		diags: diags,
	}
	pl.alone = p.Alone
	if p.Module != nil {
		pl.module = p.Module.Path
	}
	out := &Package{
		Scan: p, Spellable: pl.spellable, CanUse: pl.canUse,
		Alias: func(named *types.Named) *types.Alias {
			if pl.refusal(named) == "" {
				return nil
			}
			return pl.aliasOf(named)
		},
	}
	pl.checkUniverse()
	pl.checkDirectives()
	for _, w := range p.Works {
		out.Works = append(out.Works, pl.work(w))
	}
	pl.checkUnused()
	pl.checkListed()
	pl.resettle()
	out.Walked, out.Measured = pl.walked(out.Works)
	return out
}

// planner plans one package.
type planner struct {
	describer
	scan  *scan.Package
	diags *diag.List
}

// work plans one work.
func (p *planner) work(w *scan.Work) *Work {
	out := &Work{Scan: w, Name: p.scan.PkgPath + "." + w.Name}
	share := w.Options.Share.Value
	p.unresolvedFields(w)
	for _, f := range w.Fields {
		if f.Mode == scan.Keyed && f.Name == "_" {
			p.diags.Add(diag.Diagnostic{
				Pos: p.fset.Position(f.Pos), Work: w.Name, Message: "a blank field has no value that could be an input",
				Fix: "give the field a name, or remove the tag",
			})
			continue
		}
		if f.Mode == scan.Keyed {
			out.Keyed = append(out.Keyed, p.keyed(w, f))
		}
	}
	fields := wrapper.ArgFields(paramNames(w.Params))
	for i, param := range w.Params {
		v := Value{Name: param.Name, Field: fields[i], Type: p.root(param.Type), Declared: param.Type}
		if !p.unresolved(w, "parameter "+nameOr(param.Name, strconv.Itoa(i+1)), nameOr(param.Name, v.Field), param.Pos, v.Type) {
			p.argument(w, param, &v)
		}
		out.Params = append(out.Params, v)
	}
	fields = wrapper.ResultFields(paramNames(w.Results))
	for i, result := range w.Results {
		v := Value{Name: result.Name, Field: fields[i], Type: p.root(result.Type), Declared: result.Type}
		v.Unresolved = p.unresolved(w, "result "+resultName(i, v), resultExpr(i, v), result.Pos, v.Type)
		if !v.Unresolved {
			p.result(w, i, result, &v, share)
		}
		out.Results = append(out.Results, v)
	}
	out.Identity, out.Plain = identity(out)
	out.Schema = schema(out)
	p.secret(out)
	p.store(out)
	p.conditional(out)
	return out
}

// paramNames lists the names of parameters or results.
func paramNames(list []scan.Param) []string {
	names := make([]string, len(list))
	for i, param := range list {
		names[i] = param.Name
	}
	return names
}

// secret marks the inputs that the directive calls secret.
func (p *planner) secret(out *Work) {
	names := out.Scan.Options.Secret
	for _, name := range names.Value {
		found := false
		for _, values := range [][]Value{out.Keyed, out.Params} {
			for i := range values {
				if values[i].Name == name {
					values[i].Secret, found = true, true
				}
			}
		}
		if !found {
			p.diags.Add(diag.Diagnostic{
				Pos: p.fset.Position(names.Pos), Work: out.Scan.Name,
				Message: "option secret names " + name + ", which is neither a parameter of Run nor a field tagged `workgen:\"key\"`",
				Fix:     "write the name of an input, or remove it",
			})
		}
	}
}

// keyed plans a receiver field that is an input. Its value is read where it
// stands and encoded again after the execution, so it is never copied.
func (p *planner) keyed(w *scan.Work, f scan.Field) Value {
	t := p.rootField(f.Var)
	if holdsInvalid(f.Type) {
		return Value{Name: f.Name, Field: f.Name, Type: t, Declared: f.Type} // reported with all fields
	}
	if !p.unresolved(w, "field "+f.Name, f.Name, f.Pos, t) {
		p.key(w, "field "+f.Name, f.Name, f.Pos, t, true)
	}
	return Value{Name: f.Name, Field: f.Name, Type: t, Declared: f.Type, Verified: true}
}

// argument judges a parameter.
func (p *planner) argument(w *scan.Work, param scan.Param, v *Value) {
	if wrapper.IsContext(param.Type) {
		return // a second one; that has been reported
	}
	p.key(w, "parameter "+nameOr(param.Name, v.Field), nameOr(param.Name, v.Field), param.Pos, v.Type, false)
	if !References(v.Type, false) {
		return
	}
	copies := p.forCopies()
	copies.walk("", v.Type, param.Pos)
	v.Copied = len(copies.problems) == 0
	v.Verified = !v.Copied
}

// key reports everything in t that cannot be encoded; keyed says that it is the
// type of a receiver field.
func (p *planner) key(w *scan.Work, what, expr string, pos token.Pos, t *Type, keyed bool) {
	keys := p.forKeys()
	keys.fixable = p.editable
	keys.walk(expr, t, pos)
	for _, problem := range keys.problems {
		fix, field := p.keyFix(w, problem, keyed)
		p.report(w, "cannot key "+what, pos, problem, fix, p.scan.TagRewrites(field, "-")...)
	}
}

// result judges a result.
func (p *planner) result(w *scan.Work, i int, result scan.Param, v *Value, share bool) {
	if share || !References(v.Type, true) && !p.holdsLock(v.Type.Go) {
		return
	}
	name := "result " + nameOr(result.Name, strconv.Itoa(i+1))
	copies := p.forCopies()
	copies.fixable = p.editable
	copies.walk(nameOr(result.Name, "result"+strconv.Itoa(i+1)), v.Type, result.Pos)
	for _, problem := range copies.problems {
		p.report(w, "cannot copy "+name, result.Pos, problem, p.copyFix(problem))
	}
	v.Copied = len(copies.problems) == 0
}

// report adds a problem with a type.
func (p *planner) report(w *scan.Work, what string, pos token.Pos, problem problem, fix string, rewrites ...diag.Rewrite) {
	p.diags.Add(diag.Diagnostic{
		Pos:      p.fset.Position(pos),
		Work:     w.Name,
		Message:  what + ": " + problem.message(),
		Path:     p.steps(problem),
		Fix:      fix,
		Rewrites: rewrites,
	})
}

// keyFix says what to do about a type that cannot be keyed: the tag goes to
// the field that holds it, the method to the innermost named struct above it,
// if those can be edited here. It also returns the place of that field, if any.
func (p *planner) keyFix(w *scan.Work, problem problem, keyed bool) (fix string, field token.Pos) {
	var tag, method string
	for i := len(problem.path) - 1; i > 0; i-- {
		owner := problem.path[i-1].typ
		if owner.Kind != Struct || owner.Named == nil || !p.editable(owner.Named) {
			continue
		}
		tag = "tag " + lastField(problem.path[i].expr) + " `workgen:\"-\"`"
		method, field = p.typeName(owner.Named), problem.path[i].pos
		break
	}
	last := problem.path[len(problem.path)-1].typ
	named := p.unnameable(last.Named) == ""
	if method == "" && named && last.Named != nil && last.Kind != Pointer && last.Named.Obj().Parent() != nil && p.editable(last.Named) {
		method = p.typeName(last.Named)
	}
	if other := p.foreignFix(last); other != "" {
		if tag != "" {
			return other + ", or " + tag, field
		}
		return other, token.NoPos
	}
	if list := p.openFix(problem, keyed); list != "" {
		if tag != "" {
			return list + ", or " + tag, field
		}
		return list, token.NoPos
	}
	switch {
	case tag != "":
		return tag + ", or give " + method + " a method EncodeKey(*key.Encoder)", field
	case method != "" && !types.IsInterface(last.Go):
		return "give " + method + " a method EncodeKey(*key.Encoder)", token.NoPos
	}
	instead := "plain data"
	if !named {
		instead = "a type that can be named here"
	}
	if keyed {
		return "tag " + lastField(problem.path[0].expr) + " `workgen:\"-\"` if it is no input, or key " + instead + " instead", token.NoPos
	}
	return "pass " + instead + " instead, or make it a field of " + w.Name + " tagged `workgen:\"-\"` if it is no input", token.NoPos
}

// typeName is what the declaration of a type is called, without type arguments.
func (p *planner) typeName(named *types.Named) string {
	obj := named.Obj()
	if name := p.qualify(obj.Pkg()); name != "" {
		return name + "." + obj.Name()
	}
	return obj.Name()
}

// editable reports whether the user can change the declaration of named: it
// stands in the module of the package that is planned, and is not generated.
func (p *planner) editable(named *types.Named) bool {
	pkg := named.Obj().Pkg()
	if pkg == nil || p.generated(named.Obj()) {
		return false
	}
	if pkg == p.pkg {
		return true
	}
	if p.scan.Module == nil {
		return false
	}
	mod := p.scan.Module.Path
	return pkg.Path() == mod || len(pkg.Path()) > len(mod) && pkg.Path()[:len(mod)+1] == mod+"/"
}

// lastField is the last selector of an expression: "cfg.Hooks[].Done" → "Done".
func lastField(expr string) string {
	start, end := len(expr), len(expr)
	for start > 0 && expr[start-1] != '.' {
		start--
	}
	for i := start; i < end; i++ {
		if c := expr[i]; c == '[' || c == ')' {
			end = i
			break
		}
	}
	return expr[start:end]
}

// nameOr is name, or otherwise when there is none.
func nameOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}
