package flows

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// dropped reports a call whose error goes nowhere.
func (c *checker) dropped(kind api, fn *types.Func, call *ast.CallExpr, stack []ast.Node, in part) {
	at := errorResult(fn)
	if at < 0 {
		return
	}
	fix := "return it"
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && kind == runs {
		fix += ", or call " + text(sel.X) + ".Start where the flow need not wait"
	}
	switch to, dropped := errorOf(call, at, stack); {
	case dropped:
		c.warn(call, in, "the error of "+text(call.Fun)+" is dropped, but it says when the flow is suspended", fix)
	case to != nil && c.onlyLogged(to, stack):
		c.warn(call, in, "the error of "+text(call.Fun)+" is only logged, but it says when the flow is suspended",
			"return it; only where runtime.Suspended is false may it be logged instead")
	}
}

// errorOf returns the variable that a call's error is assigned to, if any, and whether the
// error is dropped.
func errorOf(call *ast.CallExpr, result int, stack []ast.Node) (to *ast.Ident, dropped bool) {
	i := len(stack) - 1
	for ; i >= 0; i-- {
		if _, ok := stack[i].(*ast.ParenExpr); !ok {
			break
		}
	}
	var names, values []ast.Expr
	switch n := stack[i].(type) {
	case *ast.ExprStmt, *ast.GoStmt, *ast.DeferStmt:
		return nil, true
	case *ast.AssignStmt:
		names, values = n.Lhs, n.Rhs
	case *ast.ValueSpec:
		for _, id := range n.Names {
			names = append(names, id)
		}
		values = n.Values
	default:
		return nil, false
	}
	if len(values) == len(names) { // each has one result
		for j, e := range values {
			if ast.Unparen(e) == call {
				result = j
			}
		}
	}
	if result >= len(names) {
		return nil, false // does not compile
	}
	to, _ = names[result].(*ast.Ident)
	return to, to != nil && to.Name == "_"
}

// onlyLogged reports whether an error that was assigned is looked at only by one if
// that logs it:
//
//	if err := fetch.Run(ctx, url); err != nil {
//		log.Print(err)
//	}
func (c *checker) onlyLogged(to *ast.Ident, stack []ast.Node) bool {
	v, ok := c.Info.ObjectOf(to).(*types.Var)
	if !ok {
		return false
	}
	check := following(stack)
	if check == nil || check.Else != nil || !c.isErrorCheck(check.Cond, v) || !c.onlyLogs(check.Body) {
		return false
	}
	for _, use := range c.uses[v] { // assignments are among them, but for the declaration
		if !contains(check.Cond, use.Pos()) && !contains(check.Body, use.Pos()) {
			return false
		}
	}
	return true
}

// following returns the if that begins with the innermost statement of the stack, or
// comes next; nil when there is none.
func following(stack []ast.Node) *ast.IfStmt {
	for i := len(stack) - 1; i > 0; i-- {
		stmt, ok := stack[i].(*ast.AssignStmt)
		if !ok {
			continue
		}
		switch parent := stack[i-1].(type) {
		case *ast.IfStmt:
			if parent.Init == stmt {
				return parent
			}
		case *ast.BlockStmt:
			for j, s := range parent.List[:len(parent.List)-1] {
				if s == stmt {
					next, _ := parent.List[j+1].(*ast.IfStmt)
					return next
				}
			}
		}
		return nil
	}
	return nil
}

// isErrorCheck reports whether a condition is v != nil.
func (c *checker) isErrorCheck(cond ast.Expr, v *types.Var) bool {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok || b.Op != token.NEQ {
		return false
	}
	id, ok := ast.Unparen(b.X).(*ast.Ident)
	return ok && c.Info.Uses[id] == v && c.Info.Types[b.Y].IsNil()
}

// onlyLogs reports whether a block does nothing but log, and go on or return nil.
func (c *checker) onlyLogs(body *ast.BlockStmt) bool {
	for i, s := range body.List {
		last := i == len(body.List)-1
		switch s := s.(type) {
		case *ast.ExprStmt:
			call, ok := s.X.(*ast.CallExpr)
			if !ok || !logs(c.callee(call)) {
				return false
			}
		case *ast.BranchStmt:
			if !last || s.Tok != token.CONTINUE {
				return false
			}
		case *ast.ReturnStmt:
			if !last || len(s.Results) == 0 || !c.Info.Types[s.Results[len(s.Results)-1]].IsNil() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// logs reports whether fn only prints what it is given.
func logs(fn *types.Func) bool {
	switch {
	case inPackage(fn, "log"):
		return strings.HasPrefix(fn.Name(), "Print")
	case inPackage(fn, "log/slog"):
		return true
	case inPackage(fn, "fmt"):
		return strings.HasPrefix(fn.Name(), "Print") || strings.HasPrefix(fn.Name(), "Fprint")
	}
	return false
}
