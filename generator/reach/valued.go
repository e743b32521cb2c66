package reach

import (
	"go/ast"
	"go/types"
)

// setsItself reports whether a value is looked up in a context that only the code which
// is executed can have put there: its key is of a type that only one package can name, and
// all who put something under it are executed by Run alone, and give the context to nobody
// but those whom they call.
func (r *Reach) setsItself(f fact) bool {
	if f.call == nil || len(f.call.Args) != 1 {
		return false
	}
	named, ok := types.Unalias(f.decl.pkg.Info.TypeOf(f.call.Args[0])).(*types.Named)
	if !ok || named.Obj().Exported() || named.Obj().Pkg() != f.decl.pkg.Types || named.Obj().Parent() != named.Obj().Pkg().Scope() {
		return false
	}
	if r.whole == nil {
		r = r.executes()
	}
	p := f.decl.pkg
	for _, name := range p.Types.Scope().Names() {
		if obj := p.Types.Scope().Lookup(name); obj.Exported() && mentions(obj.Type(), named) {
			return false
		}
	}
	if p.othersName(named.Obj().Name()) {
		return false
	}
	setters, private := p.settersOf(named)
	for _, d := range setters {
		if !private || !r.keepsContext(p, d) {
			return false
		}
	}
	return private && len(setters) > 0
}

// mentions reports whether t is a type, or a function that takes or returns one.
func mentions(t types.Type, named *types.Named) bool {
	if sig, ok := t.(*types.Signature); ok {
		for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
			for v := range tuple.Variables() {
				if types.Identical(v.Type(), named) {
					return true
				}
			}
		}
	}
	return types.Identical(t, named) || types.Identical(t, types.NewPointer(named))
}

// settersOf finds the declarations of a package that put something into a context under a
// key of a type. It is private if keys of the type are used for nothing else but that and
// to look it up.
func (p *pkg) settersOf(key *types.Named) (setters []ast.Decl, private bool) {
	for id, obj := range p.Info.Uses {
		if obj != key.Obj() && (obj.Type() == nil || !types.Identical(obj.Type(), key)) {
			continue
		}
		d, ok := p.around(id).(ast.Decl)
		if !ok {
			return nil, false
		}
		if declares(d, id) {
			continue
		}
		switch p.keyOf(d, id) {
		case "context.WithValue":
			setters = append(setters, d)
		case "(context.Context).Value":
		default:
			return nil, false
		}
	}
	return setters, true
}

// declares reports whether an identifier is the type of variables or constants of the
// package: const user contextKey = iota.
func declares(d ast.Decl, id *ast.Ident) bool {
	g, ok := d.(*ast.GenDecl)
	if !ok {
		return false
	}
	for _, spec := range g.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && v.Type == id {
			return true
		}
	}
	return false
}

// keyOf is the function of package context that is called with a key that has an
// identifier in it, "" if there is none.
func (p *pkg) keyOf(d ast.Decl, id *ast.Ident) (name string) {
	ast.Inspect(d, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || callee(call) == nil || id.Pos() < call.Pos() || call.End() <= id.Pos() {
			return true
		}
		fn, ok := p.Info.Uses[callee(call)].(*types.Func)
		if !ok {
			return true
		}
		for i, arg := range call.Args {
			if lit, ok := arg.(*ast.CompositeLit); ok && len(lit.Elts) == 0 {
				arg = lit.Type
			}
			if arg == id && (i == 1 && fn.FullName() == "context.WithValue" || i == 0 && fn.FullName() == "(context.Context).Value") {
				name = fn.FullName()
			}
		}
		return true
	})
	return name
}

// keepsContext reports whether a function that puts something into a context is executed
// by Run alone, and gives the context only to those whom it, or who calls it, calls.
func (r *Reach) keepsContext(p *pkg, setter ast.Decl) bool {
	obj := p.funcOf(setter)
	if obj == nil || !r.isExecuted(p, obj) {
		return false
	}
	if obj == r.root.obj {
		return true
	}
	if obj.Exported() {
		return false
	}
	returns := returnsContext(obj)
	for id, used := range p.Info.Uses {
		if used != obj {
			continue
		}
		user, _ := p.around(id).(ast.Decl)
		if caller := p.funcOf(user); caller == nil || !r.isExecuted(p, caller) || returns && returnsContext(caller) {
			return false
		}
	}
	return true
}

// isExecuted reports whether a function of p is among what is executed.
func (r *Reach) isExecuted(p *pkg, fn *types.Func) bool {
	d := p.decls[fn]
	return d != nil && r.isReached(d)
}

// funcOf is the function that is declared, nil if something else is.
func (p *pkg) funcOf(d ast.Decl) *types.Func {
	fn, ok := d.(*ast.FuncDecl)
	if !ok {
		return nil
	}
	obj, _ := p.Info.Defs[fn.Name].(*types.Func)
	return obj
}

// returnsContext reports whether a function returns a context.
func returnsContext(fn *types.Func) bool {
	for v := range fn.Signature().Results().Variables() {
		if is(v.Type(), "context", "Context") {
			return true
		}
	}
	return false
}
