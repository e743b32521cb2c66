package plan

import (
	"go/token"
	"go/types"
	"slices"
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
			pkg: p.Types, fset: p.Fset, expanding: map[*types.Named]bool{}, directives: newDirectives(p), listed: newListed(p), ignores: newIgnores(p),
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
		Scan: p, Shape: pl.shape, Spellable: pl.spellable, HoldsLock: pl.holdsLock, CanUse: pl.canUse,
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
	pl.detached(p.Works)
	pl.checkUnused()
	pl.checkListed()
	pl.checkIgnores()
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
		v.Unresolved = p.unresolved(w, "parameter "+nameOr(param.Name, strconv.Itoa(i+1)), nameOr(param.Name, v.Field), param.Pos, v.Type)
		if !v.Unresolved {
			p.argument(w, param, &v)
		}
		out.Params = append(out.Params, v)
	}
	fields = wrapper.ResultFields(paramNames(w.Results))
	for i, result := range w.Results {
		v := Value{Name: result.Name, Field: fields[i], Type: p.root(result.Type), Declared: result.Type}
		v.Unresolved = p.unresolved(w, "result "+resultName(i, v), resultExpr(i, v), result.Pos, v.Type)
		out.Results = append(out.Results, v)
	}
	p.results(out)
	p.keepFor(out)
	p.lifetimes(out)
	p.untagged(w)
	out.Runners = p.heldRunners(w)
	out.Identity, out.Plain = identity(out)
	out.Schema = schema(out)
	p.secret(out)
	p.store(out)
	p.remote(out)
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

// secret marks the inputs that the directive calls secret, or a tag, of them or of a part.
func (p *planner) secret(out *Work) {
	for i, v := range out.Keyed {
		out.Keyed[i].Secret = v.Secret || hasSecret(v.Type, map[*Type]bool{})
	}
	for i, v := range out.Params {
		out.Params[i].Secret = hasSecret(v.Type, map[*Type]bool{})
	}
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

// hasSecret reports whether a field in t is tagged as secret.
func hasSecret(t *Type, seen map[*Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Secret || !f.Ignored && hasSecret(f.Type, seen) {
			return true
		}
	}
	return hasSecret(t.Elem, seen) || hasSecret(t.Key, seen) ||
		slices.ContainsFunc(t.Impls, func(impl *Type) bool { return hasSecret(impl, seen) })
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
	return Value{Name: f.Name, Field: f.Name, Type: t, Declared: f.Type, Verified: true, Secret: f.Secret}
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
	if !keyed {
		keys.verdict = withoutRunners(keys.verdict)
	}
	keys.fixable = p.editable
	keys.walk(expr, t, pos)
	for _, problem := range keys.problems {
		fix, rewrites := p.keyFix(w, problem, keyed)
		p.report(w, "cannot key "+what, pos, problem, fix, rewrites...)
	}
}

// results judges the results of a work.
func (p *planner) results(out *Work) {
	w, shareable := out.Scan, true
	once := make([][]problem, len(out.Results))
	for i, result := range w.Results {
		if out.Results[i].Unresolved {
			continue // that has been reported
		}
		once[i] = p.usedUp(resultExpr(i, out.Results[i]), out.Results[i].Type, result.Pos)
		shareable = shareable && len(once[i]) == 0
	}
	for i, result := range w.Results {
		v, name := &out.Results[i], "result "+resultName(i, out.Results[i])
		switch {
		case v.Unresolved:
		case w.Options.Share.Value:
			out.Refused = out.Refused || len(once[i]) > 0
			for _, problem := range once[i] {
				p.report(w, "cannot share "+name, result.Pos, problem, p.shareFix(v, problem))
			}
		case References(v.Type, true) || p.holdsLock(v.Type.Go):
			copies := p.forCopies()
			copies.fixable = p.editable
			copies.walk(resultExpr(i, *v), v.Type, result.Pos)
			for _, problem := range copies.problems {
				p.report(w, "cannot copy "+name, result.Pos, problem, p.copyFix(problem, shareable))
			}
			v.Copied = len(copies.problems) == 0
			out.Refused = out.Refused || !v.Copied
		}
	}
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

// typeName is what the declaration of a type is called, without type arguments.
func (p *planner) typeName(named *types.Named) string {
	obj := named.Obj()
	if name := p.qualify(obj.Pkg()); name != "" {
		return name + "." + obj.Name()
	}
	return obj.Name()
}

// editable reports whether the user can change the declaration of named.
func (p *planner) editable(named *types.Named) bool { return p.inModule(named.Obj()) }

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
