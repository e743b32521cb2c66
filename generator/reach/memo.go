package reach

import (
	"go/ast"
	"go/token"
	"go/types"
)

// memos finds the assignments with which functions remember what they return:
//
//	func Compile(pattern string) (*Match, error) {
//		m, ok := cache[pattern]
//		if ok {
//			return m, nil
//		}
//		m, err := compile(pattern)
//		…
//		cache[pattern] = m
//		return m, nil
//	}
//
// The map changes nothing, because nobody else uses it and its key is all that the
// function is given: what is found in it is what would be computed. Nothing but the
// locks around it may be before the look-up and behind the assignment.
func (p *pkg) memos() map[*ast.AssignStmt]bool {
	if p.memoized != nil {
		return p.memoized
	}
	p.memoized = map[*ast.AssignStmt]bool{}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && fn.Recv == nil {
				if s := p.memo(fn); s != nil {
					p.memoized[s] = true
				}
			}
		}
	}
	return p.memoized
}

// memo returns the assignment of one function, nil when it has none.
func (p *pkg) memo(fn *ast.FuncDecl) *ast.AssignStmt {
	key := p.onlyParameter(fn)
	if key == nil {
		return nil
	}
	var rest []ast.Stmt // without locks
	for _, s := range fn.Body.List {
		if !p.onlyLocks(s) {
			rest = append(rest, s)
		}
	}
	if len(rest) < 4 {
		return nil
	}
	look, ok := rest[0].(*ast.AssignStmt)
	if !ok || look.Tok != token.DEFINE || len(look.Lhs) != 2 || len(look.Rhs) != 1 {
		return nil
	}
	table, value, found := p.entry(look.Rhs[0], key), p.local(look.Lhs[0]), p.local(look.Lhs[1])
	hit, ok := rest[1].(*ast.IfStmt)
	if table == nil || value == nil || found == nil || !ok || hit.Init != nil || hit.Else != nil || p.named(hit.Cond) != found || len(hit.Body.List) != 1 {
		return nil
	}
	store, ok := rest[len(rest)-2].(*ast.AssignStmt)
	if !ok || store.Tok != token.ASSIGN || len(store.Lhs) != 1 || p.entry(store.Lhs[0], key) != table || p.named(store.Rhs[0]) != value {
		return nil
	}
	if !p.sameReturn(hit.Body.List[0], rest[len(rest)-1], value) || p.strays(fn, key) || p.othersName(table.Name()) {
		return nil
	}
	uses := 0
	for _, obj := range p.Info.Uses {
		if obj == table {
			uses++
		}
	}
	if uses != 2 {
		return nil
	}
	return store
}

// onlyParameter is that of a function that has one, of a basic type, and results without
// names.
func (p *pkg) onlyParameter(fn *ast.FuncDecl) *types.Var {
	params, results := fn.Type.Params.List, fn.Type.Results
	if len(params) != 1 || len(params[0].Names) != 1 || fn.Type.TypeParams != nil || results == nil || len(results.List[0].Names) > 0 {
		return nil
	}
	v, _ := p.Info.Defs[params[0].Names[0]].(*types.Var)
	if v == nil {
		return nil
	}
	if b, ok := v.Type().Underlying().(*types.Basic); !ok || b.Info()&types.IsFloat != 0 {
		return nil
	}
	return v
}

// onlyLocks reports whether a statement only calls a method of a lock.
func (p *pkg) onlyLocks(s ast.Stmt) bool {
	var e ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.DeferStmt:
		e = s.Call
	}
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && isLock(p.Info.TypeOf(sel.X))
}

// entry is the map of table[key], a package variable that only the package can name; nil
// when e is something else.
func (p *pkg) entry(e ast.Expr, key *types.Var) *types.Var {
	index, ok := e.(*ast.IndexExpr)
	if !ok || p.named(index.Index) != key {
		return nil
	}
	v := p.named(index.X)
	if v == nil || !global(v) || v.Pkg() != p.Types || v.Exported() {
		return nil
	}
	if _, ok := v.Type().Underlying().(*types.Map); !ok {
		return nil
	}
	return v
}

// local is the variable that an expression declares, or nil.
func (p *pkg) local(e ast.Expr) *types.Var {
	v, _ := p.Info.Defs[ident(e)].(*types.Var)
	return v
}

// sameReturn reports whether two statements return the same: the value, and constants.
func (p *pkg) sameReturn(a, b ast.Stmt, value *types.Var) bool {
	ra, ok := a.(*ast.ReturnStmt)
	rb, both := b.(*ast.ReturnStmt)
	if !ok || !both || len(ra.Results) != len(rb.Results) {
		return false
	}
	for i, x := range ra.Results {
		y := rb.Results[i]
		tx, ty := p.Info.Types[x], p.Info.Types[y]
		switch {
		case p.named(x) == value && p.named(y) == value:
		case tx.IsNil() && ty.IsNil():
		case tx.Value != nil && ty.Value != nil && tx.Value.ExactString() == ty.Value.ExactString():
		default:
			return false
		}
	}
	return true
}

// strays reports whether a function assigns to its parameter, or does what the order of
// its statements does not show.
func (p *pkg) strays(fn *ast.FuncDecl, key *types.Var) (found bool) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				found = found || p.named(l) == key
			}
		case *ast.IncDecStmt:
			found = found || p.named(n.X) == key
		case *ast.RangeStmt:
			found = found || n.Key != nil && p.named(n.Key) == key || n.Value != nil && p.named(n.Value) == key
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && p.named(n.X) == key
		case *ast.BranchStmt:
			found = found || n.Tok == token.GOTO
		case *ast.FuncLit:
			found = true
		case *ast.DeferStmt:
			found = found || !p.onlyLocks(n)
		}
		return !found
	})
	return found
}
