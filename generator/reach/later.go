package reach

import (
	"go/ast"
	"go/types"
)

// later are the function literals in what is executed at the start that may be called
// after it: all but those that are called where they are, are given to a function that
// does nothing but to call them, as slices.SortFunc, or are in local variables that are
// called and nothing else.
func (p *pkg) later(root ast.Node) map[*ast.FuncLit]bool {
	l := &laterFinder{p: p, at: map[*ast.FuncLit]bool{}, later: map[*ast.FuncLit]bool{}, held: map[types.Object]*ast.FuncLit{}, fine: map[*ast.Ident]bool{}}
	ast.Inspect(root, l.look)
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if lit := l.held[p.Info.Uses[n]]; lit != nil && !l.fine[n] {
				l.later[lit] = true
			}
		case *ast.FuncLit:
			if !l.at[n] {
				l.later[n] = true
			}
		}
		return true
	})
	return l.later
}

// A laterFinder finds the function literals that are called at once.
type laterFinder struct {
	p         *pkg
	at, later map[*ast.FuncLit]bool // at once, and not
	held      map[types.Object]*ast.FuncLit
	fine      map[*ast.Ident]bool // uses of what is held that are calls or assignments
}

// look is shown every node.
func (l *laterFinder) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
			l.later[lit] = true
		}
	case *ast.CallExpr:
		l.call(n)
	case *ast.AssignStmt, *ast.ValueSpec:
		lhs, rhs := sides(n)
		for i, e := range lhs {
			id, ok := e.(*ast.Ident)
			if !ok {
				continue
			}
			l.fine[id] = true
			if v, ok := l.p.Info.ObjectOf(id).(*types.Var); ok && !global(v) && len(lhs) == len(rhs) {
				if lit, ok := rhs[i].(*ast.FuncLit); ok {
					l.held[v], l.at[lit] = lit, true
				}
			}
		}
	}
	return true
}

// call notes what a call calls.
func (l *laterFinder) call(n *ast.CallExpr) {
	if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
		l.at[lit] = true
	}
	id := callee(n)
	if id == nil {
		return
	}
	l.fine[id] = true
	fn, ok := l.p.Info.Uses[id].(*types.Func)
	if !ok || fn.Pkg() == nil || !pureOutside[fn.Pkg().Path()] {
		return
	}
	for _, arg := range n.Args {
		if lit, ok := arg.(*ast.FuncLit); ok {
			l.at[lit] = true
		}
	}
}
