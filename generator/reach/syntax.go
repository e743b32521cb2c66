package reach

import (
	"encoding/binary"
	"go/ast"
	"go/token"
)

// A syntax writes a declaration so that two are written alike just when they
// differ in nothing but comments, formatting, parentheses, and the local names
// of imports.
type syntax struct {
	buf []byte
	// ident writes a name; selector does when it is true for one.
	ident    func(*ast.Ident)
	selector func(*ast.SelectorExpr) bool
	// before is shown every node before it is written.
	before func(ast.Node)
}

// The kinds of nodes; they may never be renumbered: every fingerprint would
// change.
const (
	kindNil byte = iota
	kindIdent
	kindLit
	kindComposite
	kindFuncLit
	kindSelector
	kindIndex
	kindSlice
	kindAssert
	kindCall
	kindStar
	kindUnary
	kindBinary
	kindKeyValue
	kindArray
	kindStruct
	kindFuncType
	kindInterface
	kindMap
	kindChan
	kindEllipsis
	kindField
	kindFields
	kindAssign
	kindBlock
	kindBranch
	kindCase
	kindComm
	kindDecl
	kindDefer
	kindEmpty
	kindExpr
	kindFor
	kindGo
	kindIf
	kindIncDec
	kindLabeled
	kindRange
	kindReturn
	kindSelect
	kindSend
	kindSwitch
	kindTypeSwitch
	kindFunc
	kindType
	kindValue
	kindBad
)

func (s *syntax) kind(k byte)         { s.buf = append(s.buf, k) }
func (s *syntax) count(n int)         { s.buf = binary.AppendUvarint(s.buf, uint64(n)) }
func (s *syntax) token(t token.Token) { s.text(t.String()) }

func (s *syntax) text(t string) {
	s.count(len(t))
	s.buf = append(s.buf, t...)
}

func (s *syntax) flag(b bool) {
	if b {
		s.buf = append(s.buf, 1)
	} else {
		s.buf = append(s.buf, 0)
	}
}

// name writes an identifier that may be missing.
func (s *syntax) name(id *ast.Ident) {
	if id == nil {
		s.kind(kindNil)
		return
	}
	s.kind(kindIdent)
	s.ident(id)
}

func list[N ast.Node](s *syntax, nodes []N, write func(N)) {
	s.count(len(nodes))
	for _, n := range nodes {
		write(n)
	}
}

// fields writes parameters, results, fields, or methods.
func (s *syntax) fields(f *ast.FieldList) {
	if f == nil {
		s.kind(kindNil)
		return
	}
	s.kind(kindFields)
	list(s, f.List, func(f *ast.Field) {
		s.before(f)
		s.kind(kindField)
		list(s, f.Names, s.name)
		s.expr(f.Type)
		if f.Tag != nil {
			s.expr(f.Tag)
		} else {
			s.kind(kindNil)
		}
	})
}

func (s *syntax) funcType(t *ast.FuncType) {
	s.kind(kindFuncType)
	s.fields(t.TypeParams)
	s.fields(t.Params)
	s.fields(t.Results)
}

// expr writes an expression, which may be missing.
func (s *syntax) expr(e ast.Expr) {
	if e == nil {
		s.kind(kindNil)
		return
	}
	s.before(e)
	switch e := e.(type) {
	case *ast.ParenExpr:
		s.expr(e.X)
	case *ast.Ident:
		s.name(e)
	case *ast.BasicLit:
		s.kind(kindLit)
		s.token(e.Kind)
		s.text(e.Value)
	case *ast.CompositeLit:
		s.kind(kindComposite)
		s.expr(e.Type)
		list(s, e.Elts, s.expr)
	case *ast.FuncLit:
		s.kind(kindFuncLit)
		s.funcType(e.Type)
		s.block(e.Body)
	case *ast.SelectorExpr:
		s.kind(kindSelector)
		if !s.selector(e) {
			s.expr(e.X)
			s.name(e.Sel)
		}
	case *ast.IndexExpr:
		s.kind(kindIndex)
		s.expr(e.X)
		list(s, []ast.Expr{e.Index}, s.expr)
	case *ast.IndexListExpr:
		s.kind(kindIndex)
		s.expr(e.X)
		list(s, e.Indices, s.expr)
	case *ast.SliceExpr:
		s.kind(kindSlice)
		s.expr(e.X)
		s.expr(e.Low)
		s.expr(e.High)
		s.expr(e.Max)
	case *ast.TypeAssertExpr:
		s.kind(kindAssert)
		s.expr(e.X)
		s.expr(e.Type)
	case *ast.CallExpr:
		s.kind(kindCall)
		s.expr(e.Fun)
		list(s, e.Args, s.expr)
		s.flag(e.Ellipsis.IsValid())
	case *ast.StarExpr:
		s.kind(kindStar)
		s.expr(e.X)
	case *ast.UnaryExpr:
		s.kind(kindUnary)
		s.token(e.Op)
		s.expr(e.X)
	case *ast.BinaryExpr:
		s.kind(kindBinary)
		s.token(e.Op)
		s.expr(e.X)
		s.expr(e.Y)
	case *ast.KeyValueExpr:
		s.kind(kindKeyValue)
		s.expr(e.Key)
		s.expr(e.Value)
	default:
		s.typeExpr(e)
	}
}

// typeExpr writes the expressions that are only types.
func (s *syntax) typeExpr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.ArrayType:
		s.kind(kindArray)
		s.expr(e.Len)
		s.expr(e.Elt)
	case *ast.StructType:
		s.kind(kindStruct)
		s.fields(e.Fields)
	case *ast.FuncType:
		s.funcType(e)
	case *ast.InterfaceType:
		s.kind(kindInterface)
		s.fields(e.Methods)
	case *ast.MapType:
		s.kind(kindMap)
		s.expr(e.Key)
		s.expr(e.Value)
	case *ast.ChanType:
		s.kind(kindChan)
		s.count(int(e.Dir))
		s.expr(e.Value)
	case *ast.Ellipsis:
		s.kind(kindEllipsis)
		s.expr(e.Elt)
	default:
		s.kind(kindBad)
	}
}
