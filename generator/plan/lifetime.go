package plan

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// keepForName is the method of runtime.Perishable, by which a result says how long it
// is kept.
const keepForName = "KeepFor"

// keepFor finds the results that have a say in how long they are kept. A method of that
// name that is another one is reported where it can be changed: it would say nothing.
func (p *planner) keepFor(out *Work) {
	for i, result := range out.Scan.Results {
		v := &out.Results[i]
		obj, _, _ := types.LookupFieldOrMethod(result.Type, true, p.pkg, keepForName)
		method, ok := obj.(*types.Func)
		if !ok || v.Unresolved {
			continue
		}
		what := "result " + resultName(i, *v)
		report := func(message, fix string) {
			p.diags.Add(diag.Diagnostic{
				Pos: p.fset.Position(result.Pos), Work: out.Scan.Name, Message: what + ": " + message, Fix: fix,
				Path: []diag.Step{{
					Expr: resultExpr(i, *v) + "." + keepForName,
					Type: diag.TypeString(method.Signature(), p.qualify),
					Pos:  p.fset.Position(method.Pos()),
				}},
			})
		}
		c, conditional := p.constraintAt(method)
		switch {
		case holdsInvalid(method.Signature()):
			p.reportUnresolved(out.Scan, what, result.Pos, unresolvedType{
				at: method.Pos(), decl: resultExpr(i, *v) + "." + keepForName, kind: "method",
			})
		case saysDuration(method.Signature()) && conditional:
			report("its method KeepFor is declared in a file that is built only if "+c.Text+", but what is generated for the work is always built",
				"move the method to a file that is always built")
		case saysDuration(method.Signature()):
			v.KeepFor = true
		case p.inModule(method):
			report("its method KeepFor does not say how long it is kept: that is KeepFor() time.Duration",
				"declare it as KeepFor() time.Duration, or give it another name")
		}
	}
}

// lifetimes reports options that have no effect for what the lifetime of results is.
func (p *planner) lifetimes(out *Work) {
	o := out.Scan.Options
	report := func(pos token.Pos, message, fix string) {
		p.diags.Add(diag.Diagnostic{Pos: p.fset.Position(pos), Work: out.Scan.Name, Message: message, Fix: fix})
	}
	switch {
	case o.Cache.Set && !o.Cache.Value, slices.ContainsFunc(out.Results, func(v Value) bool { return v.KeepFor || v.Unresolved }):
		return
	case o.Refresh.Set && o.TTL.Set && o.Refresh.Value >= o.TTL.Value:
		report(o.Refresh.Pos, "option refresh is not below ttl, so that no result is kept long enough to be refreshed", "write a shorter refresh, or a longer ttl")
	}
	if o.Stale.Set && !o.TTL.Set {
		report(o.Stale.Pos, "option stale means nothing without ttl: no result becomes stale", "write a ttl, or remove stale")
	}
}

// saysDuration reports whether sig is that of a method KeepFor() time.Duration.
func saysDuration(sig *types.Signature) bool {
	if sig.Params().Len() != 0 || sig.Results().Len() != 1 {
		return false
	}
	named, ok := types.Unalias(sig.Results().At(0).Type()).(*types.Named)
	return ok && named.Obj().Name() == "Duration" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "time"
}

// constraintAt returns the build constraint of the file of this package that declares a
// method.
func (p *planner) constraintAt(method *types.Func) (scan.Constraint, bool) {
	if method.Pkg() != p.pkg {
		return scan.Constraint{}, false
	}
	return p.scan.ConstraintAt(method.Pos())
}

// inModule reports whether the user can change the declaration of obj: it stands in the
// module of the package that is planned, and is not generated.
func (p *planner) inModule(obj types.Object) bool {
	pkg := obj.Pkg()
	if pkg == nil || p.generated(obj) {
		return false
	}
	if pkg == p.pkg {
		return true
	}
	return p.scan.Module != nil && strings.HasPrefix(pkg.Path()+"/", p.scan.Module.Path+"/")
}
