package reach

import (
	"go/ast"
	"go/types"
)

// isOnce reports whether a call is that of sync.Once.Do.
func (p *pkg) isOnce(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := p.Info.Uses[sel.Sel].(*types.Func)
	return ok && fn.FullName() == "(*sync.Once).Do"
}

// initialisesOnce reports whether a call is that of sync.Once.Do with a function that
// is made of nothing but package variables: what it writes is initialised, later than by
// init.
func (p *pkg) initialisesOnce(call *ast.CallExpr) bool {
	if !p.isOnce(call) || len(call.Args) != 1 {
		return false
	}
	lit, ok := call.Args[0].(*ast.FuncLit)
	if !ok {
		return false
	}
	captures := false
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			v, ok := p.Info.Uses[id].(*types.Var)
			captures = captures || ok && !v.IsField() && !global(v) && (v.Pos() < lit.Pos() || v.Pos() > lit.End())
		}
		return !captures
	})
	return !captures
}

// calledOnce finds the functions that are only named to be given to
// sync.Once.Do. A method may be called by way of an interface, too.
func (p *pkg) calledOnce() map[types.Object]bool {
	given := map[*ast.Ident]bool{}
	for _, f := range p.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 && p.isOnce(call) {
				if id, ok := ast.Unparen(call.Args[0]).(*ast.Ident); ok {
					given[id] = true
				}
			}
			return true
		})
	}
	out := map[types.Object]bool{}
	for id := range given {
		if fn, ok := p.Info.Uses[id].(*types.Func); ok && !fn.Exported() {
			out[fn] = true
		}
	}
	for id, obj := range p.Info.Uses {
		if out[obj] && !given[id] {
			delete(out, obj)
		}
	}
	return out
}
