package reach

import (
	"go/ast"
	"go/token"
	"go/types"
)

// isWritten reports whether anything but its declaration and init writes to a
// package variable.
func (w *world) isWritten(v *types.Var) bool {
	own := w.of(v)
	if own == nil {
		return false
	}
	for _, p := range w.sorted {
		if p != own && !(v.Exported() && imports(p, own)) {
			continue
		}
		if w.written[p] == nil {
			w.written[p] = written(p)
		}
		if w.written[p][v] {
			return true
		}
	}
	return false
}

// imports reports whether p imports q.
func imports(p, q *pkg) bool {
	for _, i := range p.Types.Imports() {
		if i == q.Types {
			return true
		}
	}
	return false
}

// written finds the package variables that functions of p write to, or to a part
// of.
func written(p *pkg) map[types.Object]bool {
	out := map[types.Object]bool{}
	mark := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.ParenExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				if v, ok := p.Info.Uses[x.Sel].(*types.Var); ok && !v.IsField() {
					out[v] = true
					return
				}
				e = x.X
			case *ast.Ident:
				if v, ok := p.Info.Uses[x].(*types.Var); ok && !v.IsField() {
					out[v] = true
				}
				return
			default:
				return
			}
		}
	}
	lazy := p.calledOnce()
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && (fn.Recv != nil || fn.Name.Name != "init") && !lazy[p.Info.Defs[fn.Name]] {
				ast.Inspect(fn, func(n ast.Node) bool {
					writes(p, n, mark)
					call, ok := n.(*ast.CallExpr)
					return !ok || !p.isOnce(call)
				})
			}
		}
	}
	return out
}

// writes marks what one node writes to.
func writes(p *pkg, n ast.Node, mark func(ast.Expr)) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, l := range n.Lhs {
			mark(l)
		}
	case *ast.IncDecStmt:
		mark(n.X)
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			mark(n.Key)
			mark(n.Value)
		}
	case *ast.CallExpr:
		id, ok := ast.Unparen(n.Fun).(*ast.Ident)
		if !ok || len(n.Args) == 0 {
			return
		}
		if b, ok := p.Info.Uses[id].(*types.Builtin); ok && (b.Name() == "delete" || b.Name() == "clear" || b.Name() == "copy") {
			mark(n.Args[0])
		}
	}
}
