package reach

import (
	"go/ast"
	"go/token"
	"go/types"
)

// onlyDelays reports whether the code does no more with e, a timer, a ticker or its
// channel, than to wait: the times that it sends are not looked at, and a select that has
// it has no other case than the end of a context.
func (f *flow) onlyDelays(e ast.Expr, seen map[*types.Var]bool) bool {
	switch p := f.parents[e].(type) {
	case *ast.ParenExpr:
		return f.onlyDelays(p, seen)
	case *ast.UnaryExpr:
		return p.Op == token.ARROW && f.onlyWaits(p)
	case *ast.RangeStmt:
		return p.X == e && p.Key == nil
	case *ast.SelectorExpr:
		if p.Sel.Name == "C" {
			return f.onlyDelays(p, seen)
		}
		call, ok := f.parents[p].(*ast.CallExpr)
		return ok && call.Fun == p // Stop, Reset
	case *ast.AssignStmt, *ast.ValueSpec:
		return f.held(p, e, seen, func(use ast.Expr) bool { return f.onlyDelays(use, seen) })
	}
	return false
}

// onlyWaits reports whether nothing else than waiting comes of what is received.
func (f *flow) onlyWaits(receive ast.Expr) bool {
	statement, ok := f.parents[receive].(*ast.ExprStmt)
	if !ok {
		return false
	}
	if _, ok := f.parents[statement].(*ast.CommClause); !ok {
		return true
	}
	cases := f.parents[f.parents[statement]].(*ast.BlockStmt)
	for _, c := range cases.List {
		if c := c.(*ast.CommClause); c.Comm != statement && !f.isDone(c.Comm) {
			return false
		}
	}
	return true
}

// isDone reports whether a statement waits for the end of a context.
func (f *flow) isDone(s ast.Stmt) bool {
	statement, ok := s.(*ast.ExprStmt)
	if !ok {
		return false // of default, nil
	}
	receive, ok := statement.X.(*ast.UnaryExpr)
	if !ok {
		return false
	}
	call, ok := ast.Unparen(receive.X).(*ast.CallExpr)
	if !ok || callee(call) == nil {
		return false
	}
	fn, ok := f.info.Uses[callee(call)].(*types.Func)
	return ok && fn.FullName() == "(context.Context).Done"
}
