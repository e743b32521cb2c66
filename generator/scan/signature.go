package scan

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/wrapper"
)

// signature reads the signature of Run into w.
func (s *scanner) signature(w *Work) {
	sig := w.Run.Signature()
	_, w.PointerReceiver = types.Unalias(sig.Recv().Type()).(*types.Pointer)
	w.Variadic = sig.Variadic()
	params := collect(sig.Params(), w.RunDecl.Type.Params)
	if len(params) > 0 && wrapper.IsContext(params[0].Type) {
		w.Context = true
		params = params[1:]
	}
	w.Params = params
	for _, p := range params {
		if wrapper.IsContext(p.Type) {
			fix := "move it to the front"
			if w.Context {
				fix = "remove it: Run has a context already"
			}
			s.report(p.Pos, w.Name, "the context must be the first parameter of Run, and the only one", fix)
		}
	}
	w.Results = collect(sig.Results(), w.RunDecl.Type.Results)
	if n := len(w.Results); n > 0 && wrapper.IsError(w.Results[n-1].Type) {
		w.Error = true
		w.Results = w.Results[:n-1]
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
