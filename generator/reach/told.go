package reach

import (
	"go/ast"
	"go/token"
	"go/types"
)

// onlyTold reports whether a package variable only remembers what has been logged, not to
// do so twice:
//
//	if !told[name] {
//		told[name] = true
//		log.Printf("%s is obsolete", name)
//	}
//
// All uses of the variable are in such statements.
func (w *world) onlyTold(v *types.Var) bool {
	told, ok := w.told[v]
	if ok {
		return told
	}
	p := w.of(v)
	told = !v.Exported() && !p.othersName(v.Name())
	if told {
		for id, obj := range p.Info.Uses {
			told = told && (obj != v || w.tells(p, v, id))
		}
	}
	w.told[v] = told
	return told
}

// tells reports whether the use of a variable is in an if statement as onlyTold has.
func (w *world) tells(p *pkg, v *types.Var, id *ast.Ident) (found bool) {
	t := &teller{w: w, p: p, v: v, flow: &flow{info: p.Info}}
	ast.Inspect(p.around(id), func(n ast.Node) bool {
		s, ok := n.(*ast.IfStmt)
		found = found || ok && s.Pos() <= id.Pos() && id.Pos() < s.End() && t.once(s)
		return !found
	})
	return found
}

// A teller looks at statements with one variable.
type teller struct {
	w    *world
	p    *pkg
	v    *types.Var
	flow *flow
}

// once reports whether an if statement does no more than to log, and to remember that in
// the variable.
func (t *teller) once(s *ast.IfStmt) bool {
	if s.Else != nil || !t.isQuiet(s.Cond) {
		return false
	}
	if s.Init != nil { // _, told := v.LoadOrStore(name, true)
		a, ok := s.Init.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE || len(a.Rhs) != 1 || !t.isQuiet(a.Rhs[0]) {
			return false
		}
	}
	for _, s := range s.Body.List {
		switch s := s.(type) {
		case *ast.ExprStmt:
			call, ok := s.X.(*ast.CallExpr)
			if !ok || !t.flow.logs(call) && !t.isOwn(call) {
				return false
			}
		case *ast.IncDecStmt:
			if !t.isVariable(s.X) {
				return false
			}
		case *ast.AssignStmt:
			if len(s.Lhs) != 1 || !t.isVariable(s.Lhs[0]) || !t.isQuiet(s.Rhs[0]) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// isVariable reports whether an expression is the variable or an element of it.
func (t *teller) isVariable(e ast.Expr) bool {
	if index, ok := ast.Unparen(e).(*ast.IndexExpr); ok {
		return t.isQuiet(index.Index) && t.p.named(index.X) == t.v
	}
	return t.p.named(e) == t.v
}

// isQuiet reports whether to evaluate an expression does nothing else than to look at the
// variable, and to change it.
func (t *teller) isQuiet(e ast.Expr) bool {
	quiet := true
	ast.Inspect(e, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		switch {
		case !ok:
			_, lit := n.(*ast.FuncLit)
			u, unary := n.(*ast.UnaryExpr)
			quiet = quiet && !lit && (!unary || u.Op != token.ARROW && u.Op != token.AND)
		case t.isAppend(call):
		default:
			quiet = quiet && (t.isOwn(call) || t.flow.isQuietCall(call))
		}
		return quiet
	})
	return quiet
}

// isAppend reports whether a call appends to the variable.
func (t *teller) isAppend(call *ast.CallExpr) bool {
	b, ok := t.p.Info.Uses[ident(call.Fun)].(*types.Builtin)
	return ok && b.Name() == "append" && t.p.named(call.Args[0]) == t.v
}

// isOwn reports whether a call is of a method of the variable that touches nothing else.
func (t *teller) isOwn(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || t.p.named(sel.X) != t.v {
		return false
	}
	for _, arg := range call.Args {
		if !t.isQuiet(arg) {
			return false
		}
	}
	fn, ok := t.p.Info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return false
	}
	if path := fn.Pkg().Path(); path == "sync/atomic" || path == "sync" && fn.Name() != "Range" {
		return true
	}
	fn = fn.Origin()
	d := t.w.decl(fn)
	if d == nil {
		return false
	}
	for _, n := range d.code() {
		if hasCalls(d.pkg, n) {
			return false
		}
	}
	for v := range t.w.effect(fn).writes {
		if v != fn.Signature().Recv() {
			return false
		}
	}
	return true
}

// hasCalls reports whether anything but a builtin function is called in some code.
func hasCalls(p *pkg, code ast.Node) (found bool) {
	ast.Inspect(code, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			b, builtin := p.Info.Uses[ident(call.Fun)].(*types.Builtin)
			found = found || !builtin || b.Name() == "panic"
		}
		return !found
	})
	return found
}
