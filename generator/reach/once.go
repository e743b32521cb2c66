package reach

import (
	"go/ast"
	"go/types"
)

// isOnce reports whether a call is that of sync.Once.Do: what its function writes
// is initialised, later than by init.
func (p *pkg) isOnce(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := p.Info.Uses[sel.Sel].(*types.Func)
	return ok && fn.FullName() == "(*sync.Once).Do"
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
