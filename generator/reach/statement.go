package reach

import (
	"go/ast"
	"go/token"
)

// block writes a block, which may be missing.
func (s *syntax) block(b *ast.BlockStmt) {
	if b == nil {
		s.kind(kindNil)
		return
	}
	s.kind(kindBlock)
	s.stmts(b.List)
}

func (s *syntax) stmts(stmts []ast.Stmt) { list(s, stmts, s.stmt) }

// stmt writes a statement, which may be missing.
func (s *syntax) stmt(n ast.Stmt) {
	if n == nil {
		s.kind(kindNil)
		return
	}
	s.before(n)
	switch n := n.(type) {
	case *ast.AssignStmt:
		s.kind(kindAssign)
		s.token(n.Tok)
		list(s, n.Lhs, s.expr)
		list(s, n.Rhs, s.expr)
	case *ast.BlockStmt:
		s.block(n)
	case *ast.BranchStmt:
		s.kind(kindBranch)
		s.token(n.Tok)
		s.name(n.Label)
	case *ast.CaseClause:
		s.kind(kindCase)
		s.flag(n.List == nil)
		list(s, n.List, s.expr)
		s.stmts(n.Body)
	case *ast.CommClause:
		s.kind(kindComm)
		s.stmt(n.Comm)
		s.stmts(n.Body)
	case *ast.DeclStmt:
		s.kind(kindDecl)
		s.genDecl(n.Decl)
	case *ast.DeferStmt:
		s.kind(kindDefer)
		s.expr(n.Call)
	case *ast.ExprStmt:
		s.kind(kindExpr)
		s.expr(n.X)
	case *ast.ForStmt:
		s.kind(kindFor)
		s.stmt(n.Init)
		s.expr(n.Cond)
		s.stmt(n.Post)
		s.block(n.Body)
	case *ast.GoStmt:
		s.kind(kindGo)
		s.expr(n.Call)
	case *ast.IfStmt:
		s.kind(kindIf)
		s.stmt(n.Init)
		s.expr(n.Cond)
		s.block(n.Body)
		s.stmt(n.Else)
	case *ast.IncDecStmt:
		s.kind(kindIncDec)
		s.token(n.Tok)
		s.expr(n.X)
	case *ast.LabeledStmt:
		s.kind(kindLabeled)
		s.name(n.Label)
		s.stmt(n.Stmt)
	case *ast.RangeStmt:
		s.kind(kindRange)
		s.token(n.Tok)
		s.expr(n.Key)
		s.expr(n.Value)
		s.expr(n.X)
		s.block(n.Body)
	case *ast.ReturnStmt:
		s.kind(kindReturn)
		list(s, n.Results, s.expr)
	case *ast.SelectStmt:
		s.kind(kindSelect)
		s.block(n.Body)
	case *ast.SendStmt:
		s.kind(kindSend)
		s.expr(n.Chan)
		s.expr(n.Value)
	case *ast.SwitchStmt:
		s.kind(kindSwitch)
		s.stmt(n.Init)
		s.expr(n.Tag)
		s.block(n.Body)
	case *ast.TypeSwitchStmt:
		s.kind(kindTypeSwitch)
		s.stmt(n.Init)
		s.stmt(n.Assign)
		s.block(n.Body)
	case *ast.EmptyStmt:
		s.kind(kindEmpty)
	default:
		s.kind(kindBad)
	}
}

// genDecl writes a declaration inside of a function.
func (s *syntax) genDecl(d ast.Decl) {
	gen, ok := d.(*ast.GenDecl)
	if !ok {
		s.kind(kindBad)
		return
	}
	s.token(gen.Tok)
	list(s, gen.Specs, func(spec ast.Spec) {
		s.before(spec)
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.typeSpec(spec)
		case *ast.ValueSpec:
			s.kind(kindValue)
			list(s, spec.Names, s.name)
			s.expr(spec.Type)
			list(s, spec.Values, s.expr)
		default:
			s.kind(kindBad)
		}
	})
}

// typeSpec writes the declaration of a type.
func (s *syntax) typeSpec(spec *ast.TypeSpec) {
	s.kind(kindType)
	s.name(spec.Name)
	s.fields(spec.TypeParams)
	s.flag(spec.Assign.IsValid())
	s.expr(spec.Type)
}

// valueSpec writes one variable or constant of a specification at package
// level; for a constant, iota is its index in the group and spec that which it
// repeats.
func (s *syntax) valueSpec(tok token.Token, name *ast.Ident, typ ast.Expr, value ast.Expr, index, iota int) {
	s.kind(kindValue)
	s.token(tok)
	s.name(name)
	s.count(index)
	s.count(iota)
	s.expr(typ)
	s.expr(value)
}

// funcDecl writes a function or method.
func (s *syntax) funcDecl(d *ast.FuncDecl) {
	s.kind(kindFunc)
	s.fields(d.Recv)
	s.name(d.Name)
	s.funcType(d.Type)
	s.block(d.Body)
}
