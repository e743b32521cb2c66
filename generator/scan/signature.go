package scan

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// signature reads the signature of Run into w.
func (s *scanner) signature(w *Work) {
	sig := w.Run.Signature()
	_, w.PointerReceiver = types.Unalias(sig.Recv().Type()).(*types.Pointer)
	w.Variadic = sig.Variadic()
	params := collect(sig.Params(), w.RunDecl.Type.Params)
	if len(params) > 0 && isContext(params[0].Type) {
		w.Context = true
		params = params[1:]
	}
	w.Params = params
	for _, p := range params {
		if isContext(p.Type) {
			fix := "move it to the front"
			if w.Context {
				fix = "remove it: Run has a context already"
			}
			s.report(p.Pos, w.Name, "the context must be the first parameter of Run, and the only one", fix)
		}
	}
	w.Results = collect(sig.Results(), w.RunDecl.Type.Results)
	if n := len(w.Results); n > 0 && isError(w.Results[n-1].Type) {
		w.Error = true
		w.Results = w.Results[:n-1]
	}
	for i := range w.Params {
		s.checkValid(w, "parameter", i, &w.Params[i])
	}
	for i := range w.Results {
		s.checkValid(w, "result", i, &w.Results[i])
	}
}

// collect pairs the variables of a signature with their syntax.
func collect(vars *types.Tuple, list *ast.FieldList) []Param {
	var out []Param
	if list == nil {
		return nil
	}
	next := func(field *ast.Field, name string, pos token.Pos) {
		if name == "_" {
			name = ""
		}
		out = append(out, Param{Name: name, Type: vars.At(len(out)).Type(), Pos: pos, TypeExpr: field.Type})
	}
	for _, field := range list.List {
		if len(field.Names) == 0 {
			next(field, "", field.Type.Pos())
		}
		for _, id := range field.Names {
			next(field, id.Name, id.Pos())
		}
	}
	return out
}

// isContext reports whether t is context.Context, or an alias of it.
func isContext(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	obj := named.Obj()
	return obj.Pkg() != nil && obj.Pkg().Path() == "context" && obj.Name() == "Context"
}

// isError reports whether t is the predeclared error, or an alias of it.
func isError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}

// checkValid reports a parameter or result whose type did not type-check, in
// the type checker's words, and marks it.
func (s *scanner) checkValid(w *Work, kind string, i int, p *Param) {
	if p.Invalid = holdsInvalid(p.Type); !p.Invalid {
		return
	}
	name := p.Name
	if name == "" {
		name = strconv.Itoa(i + 1)
	}
	pos, message := s.whyInvalid(p.TypeExpr)
	fix := "correct the type"
	if strings.HasPrefix(message, "could not import ") {
		fix = "correct the import, or add its module with go get"
	}
	if id := undefined(message); id != "" {
		fix = "declare " + id + ", or correct the name"
		if s.generates(id) {
			fix = "declare a type by hand: what is generated from Run cannot be in Run's signature"
		}
	}
	s.report(pos, w.Name, kind+" "+name+": "+message, fix)
}

// whyInvalid finds what the type checker said of a type expression: in the
// expression, at an import it uses, or at the declaration of a type it names.
func (s *scanner) whyInvalid(expr ast.Expr) (pos token.Pos, message string) {
	pos, message = expr.Pos(), "the type "+types.ExprString(expr)+" does not type-check"
	if e, ok := s.ErrorIn(expr.Pos(), expr.End()); ok {
		return s.posIn(expr, e.Pos), e.Message
	}
	ast.Inspect(expr, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || s.Info.Uses[id] == nil {
			return true
		}
		if from, to, ok := s.declaration(s.Info.Uses[id]); ok {
			if e, ok := s.ErrorIn(from, to); ok {
				message = e.Message
				return false
			}
		}
		return true
	})
	return pos, message
}

// posIn returns the token.Pos in the file of n of a position the type checker
// gave: the identifier or literal that begins there.
func (s *scanner) posIn(n ast.Node, at token.Position) token.Pos {
	pos := n.Pos()
	ast.Inspect(n, func(n ast.Node) bool {
		if n != nil {
			if p := s.Fset.Position(n.Pos()); p.Line == at.Line && p.Column == at.Column {
				pos = n.Pos()
			}
		}
		return true
	})
	return pos
}

// declaration returns the extent of the import or type declaration of obj, if
// it is in this package.
func (s *scanner) declaration(obj types.Object) (from, to token.Pos, ok bool) {
	for _, f := range s.Files {
		if obj.Pos() < f.FileStart || obj.Pos() >= f.FileEnd {
			continue
		}
		for _, d := range f.Decls {
			gen, isGen := d.(*ast.GenDecl)
			if !isGen {
				continue
			}
			for _, spec := range gen.Specs {
				if spec.Pos() <= obj.Pos() && obj.Pos() < spec.End() {
					return spec.Pos(), spec.End(), true
				}
			}
		}
	}
	return 0, 0, false
}

// holdsInvalid reports whether t is invalid or made of an invalid type. It does
// not look into the fields of named structs: whether those matter depends on
// how they are used.
func holdsInvalid(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return t.Kind() == types.Invalid
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if holdsInvalid(arg) {
				return true
			}
		}
		return t.Underlying() == types.Typ[types.Invalid]
	case *types.Map:
		return holdsInvalid(t.Key()) || holdsInvalid(t.Elem())
	case *types.Signature:
		for _, list := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range list.Variables() {
				if holdsInvalid(v.Type()) {
					return true
				}
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if holdsInvalid(f.Type()) {
				return true
			}
		}
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		return holdsInvalid(t.Elem())
	}
	return false
}

// undefined returns the name in "undefined: Name" and "undefined: pkg.Name".
func undefined(message string) string {
	name, _ := strings.CutPrefix(message, "undefined: ")
	if name == message || strings.ContainsFunc(name, unicode.IsSpace) {
		return ""
	}
	return name
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
