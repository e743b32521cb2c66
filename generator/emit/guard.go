package emit

import (
	"go/ast"
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/scan"
)

// guards writes the declarations that stop compiling when this file does not
// belong to the code around it any more.
func (f *file) guards(works []*work) {
	f.comment("This file needs a runtime that follows the same conventions. If the compiler does not know the name, the required version of workgen is too old: run go get github.com/workgen/workgen@latest.")
	f.jen.Const().Id("_").Op("=").Add(f.runtime("GeneratedV1"))
	if len(works) == 0 {
		return
	}
	current := f.names.declare("runGoGenerate")
	f.comment("What this file was made from. A compiler error in these lines says that one of the declarations has changed since, and that keys made by this file would be wrong: run go generate.")
	f.jen.Var().DefsFunc(func(g *jen.Group) {
		for _, w := range works {
			g.Id("_").Add(w.runType()).Op("=").Add(w.runMethod())
		}
	})
	f.jen.Line()
	f.jen.Var().DefsFunc(func(g *jen.Group) {
		for _, w := range works {
			if shape := f.shape(w.plan.Scan); shape != nil {
				f.guard(g, current, jen.Id(w.name), shape)
			}
		}
		for _, named := range f.pkg.Walked {
			f.guard(g, current, f.typ(named), f.typ(named.Underlying()))
		}
	})
	f.comment("%s returns nil: what counts is its type, and its name in the compiler's message.", current)
	f.jen.Func().Id(current).Index(jen.Id("T").Id("any")).Params().Op("*").Id("T").Block(jen.Return(jen.Nil()))
}

// guard adds a conversion that is legal as long as typ has the given shape
// (tags aside, which conversions ignore).
func (f *file) guard(g *jen.Group, current string, typ, shape *jen.Statement) {
	g.Id("_").Op("=").Parens(jen.Op("*").Add(shape)).Parens(jen.Id(current).Index(typ).Call())
}

// shape writes the struct type of a work. A field may have a type that does
// not exist before this file does, another work's runner for one: it is then
// written as in the source. Without a way to write a field it returns nil.
func (f *file) shape(w *scan.Work) *jen.Statement {
	exprs := fieldExprs(w.StructType)
	var fields []jen.Code
	for i := range w.Struct.NumFields() {
		v := w.Struct.Field(i)
		var typ *jen.Statement
		if valid(v.Type(), 0) {
			typ = f.typ(v.Type())
		} else if i < len(exprs) {
			typ = f.expr(exprs[i])
		}
		if typ == nil {
			return nil
		}
		if v.Embedded() {
			fields = append(fields, typ)
			continue
		}
		fields = append(fields, jen.Id(v.Name()).Add(typ))
	}
	return jen.Struct(fields...)
}

// fieldExprs lists the type expression of every field, in order.
func fieldExprs(s *ast.StructType) []ast.Expr {
	var exprs []ast.Expr
	for _, field := range s.Fields.List {
		for range max(1, len(field.Names)) {
			exprs = append(exprs, field.Type)
		}
	}
	return exprs
}

// expr writes a type expression of the source that names only what this
// package declares; nil for others.
func (f *file) expr(e ast.Expr) *jen.Statement {
	switch e := e.(type) {
	case *ast.Ident:
		return jen.Id(e.Name)
	case *ast.ParenExpr:
		return f.expr(e.X)
	case *ast.StarExpr:
		if x := f.expr(e.X); x != nil {
			return jen.Op("*").Add(x)
		}
	case *ast.ArrayType:
		if x := f.expr(e.Elt); x != nil && e.Len == nil {
			return jen.Index().Add(x)
		}
	case *ast.MapType:
		if k, x := f.expr(e.Key), f.expr(e.Value); k != nil && x != nil {
			return jen.Map(k).Add(x)
		}
	}
	return nil
}

// valid reports whether t and the types it is written with are valid.
func valid(t types.Type, depth int) bool {
	if depth > 32 {
		return false
	}
	switch t := t.(type) {
	case *types.Basic:
		return t.Kind() != types.Invalid
	case *types.Map:
		return valid(t.Key(), depth+1) && valid(t.Elem(), depth+1)
	case *types.Signature:
		for _, list := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range list.Variables() {
				if !valid(v.Type(), depth+1) {
					return false
				}
			}
		}
	case *types.Struct:
		for v := range t.Fields() {
			if !valid(v.Type(), depth+1) {
				return false
			}
		}
	case *types.Alias:
		return valid(types.Unalias(t), depth+1)
	case interface{ Elem() types.Type }:
		return valid(t.Elem(), depth+1)
	}
	return true
}
