package emit

import (
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
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
			f.guard(g, current, jen.Id(w.name), f.shape(w.plan.Scan.Named))
		}
		for _, named := range f.pkg.Walked {
			f.guard(g, current, f.typ(named), f.shape(named))
		}
		for _, named := range f.pkg.Measured {
			f.measure(g, current, named)
		}
	})
	f.comment("%s returns nil: what counts is its type, and its name in the compiler's message.", current)
	f.jen.Func().Id(current).Index(jen.Id("T").Id("any")).Params().Op("*").Id("T").Block(jen.Return(jen.Nil()))
}

// guard adds a conversion that is legal as long as typ has the given shape, tags
// aside: conversions ignore them.
func (f *file) guard(g *jen.Group, current string, typ, shape *jen.Statement) {
	g.Id("_").Op("=").Parens(jen.Op("*").Add(shape)).Parens(jen.Id(current).Index(typ).Call())
}

// shape writes the type underlying a named one. A field of a struct of this
// package may have a type that does not exist before this file does, another
// work's runner for one: it is then written as in the source.
func (f *file) shape(named *types.Named) *jen.Statement {
	s, ok := named.Underlying().(*types.Struct)
	if !ok || valid(s, 0) {
		return f.typ(named.Underlying())
	}
	exprs := fieldExprs(f.structSyntax(named))
	return jen.StructFunc(func(g *jen.Group) {
		for i := range s.NumFields() {
			v := s.Field(i)
			typ := jen.Id("invalid") // of a type that is not in the source: cannot be
			if valid(v.Type(), 0) {
				typ = f.typ(v.Type())
			} else if i < len(exprs) {
				typ = f.expr(exprs[i])
			}
			if v.Embedded() {
				g.Add(typ)
				continue
			}
			g.Id(v.Name()).Add(typ)
		}
	})
}

// structSyntax finds the declaration of a struct type of this package.
func (f *file) structSyntax(named *types.Named) (found *ast.StructType) {
	for _, file := range f.pkg.Scan.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Pos() == named.Obj().Pos() {
				found, _ = spec.Type.(*ast.StructType)
			}
			return found == nil
		})
	}
	return found
}

// fieldExprs lists the type expression of every field, in order.
func fieldExprs(s *ast.StructType) []ast.Expr {
	var exprs []ast.Expr
	if s == nil {
		return nil
	}
	for _, field := range s.Fields.List {
		for range max(1, len(field.Names)) {
			exprs = append(exprs, field.Type)
		}
	}
	return exprs
}

// expr writes a type expression of the source. What it does not know it writes
// as it stands there.
func (f *file) expr(e ast.Expr) *jen.Statement {
	switch e := e.(type) {
	case *ast.Ident:
		if name, ok := f.pkg.Scan.Info.Uses[e].(*types.TypeName); ok {
			return f.named(name, nil) // imported by a dot, for one
		}
		return jen.Id(e.Name)
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			if pkg, ok := f.pkg.Scan.Info.Uses[id].(*types.PkgName); ok {
				return f.qual(pkg.Imported().Path(), pkg.Imported().Name(), e.Sel.Name)
			}
		}
	case *ast.ParenExpr:
		return jen.Parens(f.expr(e.X))
	case *ast.StarExpr:
		return jen.Op("*").Add(f.expr(e.X))
	case *ast.Ellipsis:
		return jen.Op("...").Add(f.expr(e.Elt))
	case *ast.ArrayType:
		if e.Len == nil {
			return jen.Index().Add(f.expr(e.Elt))
		}
		return jen.Index(f.expr(e.Len)).Add(f.expr(e.Elt))
	case *ast.MapType:
		return jen.Map(f.expr(e.Key)).Add(f.expr(e.Value))
	case *ast.ChanType:
		return f.chanExpr(e)
	case *ast.IndexExpr:
		return f.expr(e.X).Types(f.expr(e.Index))
	case *ast.IndexListExpr:
		var args []jen.Code
		for _, arg := range e.Indices {
			args = append(args, f.expr(arg))
		}
		return f.expr(e.X).Types(args...)
	case *ast.FuncType:
		return jen.Func().Add(f.funcExpr(e))
	case *ast.StructType:
		return jen.Struct(f.fieldList(e.Fields, false)...)
	case *ast.InterfaceType:
		return jen.Interface(f.fieldList(e.Methods, true)...)
	}
	var b strings.Builder
	// The syntax was parsed, so it can be printed.
	_ = printer.Fprint(&b, token.NewFileSet(), e)
	return jen.Op(b.String())
}

// chanExpr writes a channel type.
func (f *file) chanExpr(e *ast.ChanType) *jen.Statement {
	switch e.Dir {
	case ast.SEND:
		return jen.Chan().Op("<-").Add(f.expr(e.Value))
	case ast.RECV:
		return jen.Op("<-").Chan().Add(f.expr(e.Value))
	}
	return jen.Chan().Params(f.expr(e.Value))
}

// funcExpr writes the parameters and results of a function type.
func (f *file) funcExpr(e *ast.FuncType) *jen.Statement {
	s := jen.Params(f.fieldList(e.Params, false)...)
	if e.Results != nil {
		s.Params(f.fieldList(e.Results, false)...)
	}
	return s
}

// fieldList writes parameters, fields, or the methods of an interface.
func (f *file) fieldList(list *ast.FieldList, methods bool) []jen.Code {
	var out []jen.Code
	for _, field := range list.List {
		typ := f.expr(field.Type)
		if fn, ok := field.Type.(*ast.FuncType); ok && methods {
			typ = f.funcExpr(fn)
		}
		if len(field.Names) == 0 {
			out = append(out, typ)
		}
		for _, name := range field.Names {
			out = append(out, jen.Id(name.Name).Add(typ.Clone()))
		}
	}
	return out
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
		return validAll(t.TypeArgs(), depth) && valid(types.Unalias(t), depth+1)
	case *types.Named:
		return validAll(t.TypeArgs(), depth)
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if !valid(m.Type(), depth+1) {
				return false
			}
		}
		for e := range t.EmbeddedTypes() {
			if !valid(e, depth+1) {
				return false
			}
		}
	case interface{ Elem() types.Type }:
		return valid(t.Elem(), depth+1)
	}
	return true
}

// validAll reports whether all type arguments are valid.
func validAll(list *types.TypeList, depth int) bool {
	for i := range list.Len() {
		if !valid(list.At(i), depth+1) {
			return false
		}
	}
	return true
}
