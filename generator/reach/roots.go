package reach

import (
	"go/ast"
	"go/types"
	"maps"
)

// roots adds the package variables, receivers and parameters that memory is reached
// from.
func (x *effector) roots(e ast.Expr, out, seen map[*types.Var]bool) {
	for {
		switch n := e.(type) {
		case *ast.ParenExpr:
			e = n.X
		case *ast.StarExpr:
			e = n.X
		case *ast.IndexExpr:
			e = n.X
		case *ast.SliceExpr:
			e = n.X
		case *ast.TypeAssertExpr:
			x.asserted(n, out, seen)
			return
		case *ast.UnaryExpr:
			e = n.X
		case *ast.SelectorExpr:
			if v, ok := x.info.Uses[n.Sel].(*types.Var); ok && global(v) {
				out[v] = true
				return
			}
			e = n.X
		case *ast.Ident:
			v, ok := x.info.ObjectOf(n).(*types.Var)
			if !ok || seen[v] {
				return
			}
			seen[v] = true
			if global(v) || (v.Kind() == types.ParamVar || v.Kind() == types.RecvVar) && refers(v.Type()) {
				out[v] = true
			}
			for _, value := range x.values[v] {
				x.roots(value, out, seen)
			}
			return
		case *ast.CallExpr:
			x.result(n, out, seen)
			return
		default:
			return
		}
	}
}

// asserted is roots for a value of a known type: a variable that has none in it, and points
// to nothing, is none of them.
func (x *effector) asserted(n *ast.TypeAssertExpr, out, seen map[*types.Var]bool) {
	all := map[*types.Var]bool{}
	x.roots(n.X, all, maps.Clone(seen))
	p, pointer := types.Unalias(x.info.TypeOf(n)).(*types.Pointer)
	for v := range all {
		if !pointer || mayHold(v.Type(), p.Elem()) {
			out[v] = true
		}
	}
}

// mayHold reports whether a variable of type t has one of another type in it, or points to
// anything.
func mayHold(t, other types.Type) bool {
	if named, ok := types.Unalias(other).(*types.Named); types.Identical(t, other) || !ok || named.TypeArgs().Len() > 0 {
		return true
	}
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Kind() == types.UnsafePointer
	case *types.Array:
		return mayHold(t.Elem(), other)
	case *types.Struct:
		for f := range t.Fields() {
			if mayHold(f.Type(), other) {
				return true
			}
		}
		return false
	}
	return true
}

// result is roots for what a call returns.
func (x *effector) result(call *ast.CallExpr, out, seen map[*types.Var]bool) {
	if len(call.Args) > 0 && x.info.Types[call.Fun].IsType() {
		if refers(x.info.TypeOf(call)) && refers(x.info.TypeOf(call.Args[0])) { // []byte("a") is a copy
			x.roots(call.Args[0], out, seen)
		}
		return
	}
	fn, builtin := x.callee(call)
	if builtin == "append" {
		x.roots(call.Args[0], out, seen)
	}
	if fn == nil {
		return
	}
	if e := x.called(fn); e != nil {
		for v := range e.returns {
			x.passed(call, fn, v, out, seen)
		}
	}
}

// callee is the function that is called, or the name of the builtin one.
func (x *effector) callee(call *ast.CallExpr) (fn *types.Func, builtin string) {
	id := callee(call)
	if id == nil {
		return nil, ""
	}
	switch obj := x.info.Uses[id].(type) {
	case *types.Func:
		return obj.Origin(), ""
	case *types.Builtin:
		return nil, obj.Name()
	}
	return nil, ""
}

// passed is roots for a variable of a function that is called: its parameter is what
// it is called with.
func (x *effector) passed(call *ast.CallExpr, fn *types.Func, v *types.Var, out, seen map[*types.Var]bool) {
	if global(v) {
		out[v] = true
		return
	}
	if fn.Signature().Recv() == v {
		x.receiver(call, out, seen)
		return
	}
	for i := range fn.Signature().Params().Len() {
		if fn.Signature().Params().At(i) == v && i < len(call.Args) {
			x.roots(call.Args[i], out, seen)
		}
	}
}

// receiver is roots for what a method is called on.
func (x *effector) receiver(call *ast.CallExpr, out, seen map[*types.Var]bool) {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		if _, isPkg := x.info.Uses[ident(sel.X)].(*types.PkgName); !isPkg {
			x.roots(sel.X, out, seen)
		}
	}
}

// ident is an expression that is an identifier, or nil.
func ident(e ast.Expr) *ast.Ident {
	id, _ := e.(*ast.Ident)
	return id
}
