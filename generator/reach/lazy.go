package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/workgen/workgen/generator/scan"
)

// initialisesLazily reports whether an if statement initialises a package variable when
// it is needed first:
//
//	if table == nil {
//		table = make(map[string]int)
//		…
//	}
//
// or, with a flag in it, if !table.done { table.done = true; … }. What is in the variable
// then is the same in each process if all that it is made from is: the block must have no
// local variables from outside, write to no other package variable, be executed once, and
// go on to what is behind it; and whoever uses the variable must have come by.
func (w *world) initialisesLazily(p *pkg, n *ast.IfStmt) bool {
	v := p.guarded(n)
	if v == nil || !global(v) || v.Pkg() != p.Types || v.Exported() || p.captures(n.Body) || leaves(n.Body) || p.othersName(v.Name()) {
		return false
	}
	m := newMention()
	(&mentioner{w: w, pkg: p, info: p.Info, mention: m}).visit(n.Body)
	delete(m.shared, w.decl(v))
	if m.anything || len(m.shared) > 0 {
		return false
	}
	for id, obj := range p.Info.Uses {
		if obj == v && !p.comesBy(n, id) {
			return false
		}
	}
	return true
}

// guarded is the package variable that a condition says is not yet initialised, if the
// block makes the condition false.
func (p *pkg) guarded(n *ast.IfStmt) *types.Var {
	switch cond := ast.Unparen(n.Cond).(type) {
	case *ast.UnaryExpr: // !v, !v.done
		if cond.Op != token.NOT || n.Init != nil || n.Else != nil || len(n.Body.List) == 0 {
			return nil
		}
		a, ok := n.Body.List[0].(*ast.AssignStmt)
		if !ok || a.Tok != token.ASSIGN || len(a.Lhs) != 1 || types.ExprString(a.Lhs[0]) != types.ExprString(cond.X) || !p.isTrue(a.Rhs[0]) {
			return nil
		}
		x := cond.X
		if sel, ok := x.(*ast.SelectorExpr); ok {
			x = sel.X
		}
		return p.named(x)
	case *ast.BinaryExpr: // v == nil
		v := p.named(cond.X)
		if v == nil || cond.Op != token.EQL || n.Init != nil || n.Else != nil || !p.Info.Types[cond.Y].IsNil() {
			return nil
		}
		for _, s := range n.Body.List {
			if a, ok := s.(*ast.AssignStmt); ok && a.Tok == token.ASSIGN && len(a.Lhs) == 1 && p.named(a.Lhs[0]) == v {
				if p.isMade(a.Rhs[0]) || len(n.Body.List) == 1 {
					return v
				}
				return nil
			}
		}
	}
	return nil
}

// named is the variable that an expression is the name of, or nil.
func (p *pkg) named(e ast.Expr) *types.Var {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	v, _ := p.Info.Uses[id].(*types.Var)
	return v
}

// isTrue reports whether an expression is constant and true.
func (p *pkg) isTrue(e ast.Expr) bool {
	value := p.Info.Types[e].Value
	return value != nil && value.String() == "true"
}

// isMade reports whether the value of an expression is made by it, and so not nil.
func (p *pkg) isMade(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return e.Op == token.AND
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		b, ok := p.Info.Uses[ident(e.Fun)].(*types.Builtin)
		return ok && (b.Name() == "make" || b.Name() == "new")
	}
	return false
}

// captures reports whether a block has local variables that are declared outside of it.
func (p *pkg) captures(block *ast.BlockStmt) (found bool) {
	ast.Inspect(block, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			v, ok := p.Info.Uses[id].(*types.Var)
			found = found || ok && !v.IsField() && !global(v) && (v.Pos() < block.Pos() || v.Pos() > block.End())
		}
		return !found
	})
	return found
}

// leaves reports whether the function may not go on behind a block.
func leaves(block *ast.BlockStmt) (found bool) {
	ast.Inspect(block, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt, *ast.BranchStmt:
			b, ok := n.(*ast.BranchStmt)
			found = found || !ok || b.Tok != token.CONTINUE && b.Tok != token.BREAK || b.Label != nil || !inLoop(block, b)
		}
		return !found
	})
	return found
}

// inLoop reports whether a statement is in a loop of a block.
func inLoop(block *ast.BlockStmt, s ast.Stmt) (found bool) {
	ast.Inspect(block, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			found = found || n.Pos() < s.Pos() && s.Pos() < n.End()
		}
		return !found
	})
	return found
}

// comesBy reports whether the use of a variable is in the if statement, or behind it in
// the same block or below, or that of a lock in it.
func (p *pkg) comesBy(n *ast.IfStmt, id *ast.Ident) bool {
	if n.Pos() <= id.Pos() && id.Pos() < n.End() {
		return true
	}
	behind, jumps := false, false
	ast.Inspect(p.around(id), func(m ast.Node) bool {
		switch m := m.(type) {
		case *ast.BlockStmt:
			at := slices.Index(m.List, ast.Stmt(n))
			behind = behind || at >= 0 && id.Pos() > n.End() && id.Pos() < m.End()
		case *ast.SelectorExpr:
			behind = behind || m.X == id && isLock(p.Info.TypeOf(m))
		case *ast.BranchStmt:
			jumps = jumps || m.Tok == token.GOTO
		}
		return true
	})
	return behind && !jumps
}

// around is the declaration that an identifier is in.
func (p *pkg) around(id *ast.Ident) ast.Node {
	for _, f := range p.Files {
		if f.FileStart > id.Pos() || id.Pos() >= f.FileEnd {
			continue
		}
		for _, d := range f.Decls {
			if d.Pos() <= id.Pos() && id.Pos() < d.End() {
				return d
			}
		}
	}
	return p.Files[0]
}

// othersName reports whether a file for another build has a name in it.
func (p *pkg) othersName(name string) (found bool) {
	for f := range scan.Excluded(p.Package) {
		ast.Inspect(f, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			found = found || ok && id.Name == name
			return !found
		})
	}
	return found
}
