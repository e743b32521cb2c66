package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// onlyTimes reports whether a library uses e, a time or a random number, only for how
// long something takes or is waited for: a duration, a deadline. Times it may also
// compare with others, and keep in fields and variables that are not exported.
func (f *flow) onlyTimes(e ast.Expr, clock bool, seen map[*types.Var]bool) bool {
	again := func(e ast.Expr) bool { return f.onlyTimes(e, clock, seen) }
	switch p := f.parents[e].(type) {
	case nil: // all of the initialiser of a package variable
		return clock && hiddenName(f.d.value.name)
	case *ast.ParenExpr:
		return again(p)
	case *ast.BinaryExpr:
		if compares(p.Op) {
			return clock
		}
		return again(p)
	case *ast.SelectorExpr:
		call, ok := f.parents[p].(*ast.CallExpr)
		return ok && call.Fun == p && (clock && slices.Contains(compared, p.Sel.Name) || slices.Contains(moved, p.Sel.Name) && again(call))
	case *ast.CallExpr:
		return p.Fun != e && f.timesCall(p, clock, again)
	case *ast.KeyValueExpr:
		_, literal := f.parents[p].(*ast.CompositeLit)
		return clock && literal && p.Value == e && hiddenName(p.Key)
	case *ast.AssignStmt, *ast.ValueSpec:
		if lhs, rhs := sides(p); clock && len(lhs) == len(rhs) && f.isHidden(lhs[slices.Index(rhs, e)]) {
			return true
		}
		return f.held(p, e, seen, again)
	}
	return false
}

// compares reports whether an operator compares.
func compares(op token.Token) bool {
	return slices.Contains([]token.Token{token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ}, op)
}

var (
	// compared are the methods of times that say how they are to others.
	compared = []string{"After", "Before", "Compare", "Equal", "IsZero", "Sub"}
	// moved are those whose result is a time, too, or its number.
	moved = []string{"Add", "AddDate", "In", "Local", "Round", "Truncate", "UTC", "Unix", "UnixMicro", "UnixMilli", "UnixNano"}
	// delayed are functions that take a deadline, or seed random numbers, which count as that.
	delayed = []string{"NewPCG", "NewSource", "Seed", "SetDeadline", "SetReadDeadline", "SetWriteDeadline", "WithDeadline", "WithDeadlineCause"}
)

// timesCall is onlyTimes for what is given to a call.
func (f *flow) timesCall(call *ast.CallExpr, clock bool, again func(ast.Expr) bool) bool {
	if tv := f.info.Types[call.Fun]; tv.IsType() {
		return is(tv.Type, "time", "Duration") || again(call)
	}
	id := callee(call)
	if id == nil || !clock {
		return false
	}
	fn, ok := f.info.Uses[id].(*types.Func)
	if !ok {
		return false
	}
	to, _ := toLogs(f.info, fn, call, false)
	return to || slices.Contains(delayed, fn.Name()) || fn.Pkg() != nil && fn.Pkg().Path() == "time" && (slices.Contains(compared, fn.Name()) || fn.Name() == "Since" || fn.Name() == "Until")
}

// isHidden reports whether what is assigned to e can be seen in the package alone: e is
// a field or package variable that is not exported.
func (f *flow) isHidden(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return hiddenName(e.Sel)
	case *ast.IndexExpr:
		return f.isHidden(e.X)
	case *ast.Ident:
		v, ok := f.info.Uses[e].(*types.Var)
		return ok && global(v) && !e.IsExported()
	}
	return false
}

// hiddenName reports whether e is a name that is not exported.
func hiddenName(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && !id.IsExported()
}
