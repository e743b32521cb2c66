package wrapper

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"strconv"
)

// A Work is what the syntax of a package says of one work.
type Work struct {
	Spec *ast.TypeSpec
	Run  *ast.FuncDecl
	file *ast.File // of Run
	// Context says that Run takes a context first, Error that it returns an error
	// last. By the syntax alone that is a guess: see Correct.
	Context, Error bool
	decls          []ast.Decl // the stubs, once Declare has made them
}

// Find returns the works that files declare: the structs that are marked and have a
// Run of their own. Whatever else is wrong with one is no reason to leave it out.
func Find(files []*ast.File) []*Work {
	var works []*Work
	byName := map[string]*Work{}
	for _, f := range files {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.TypeSpec)
				marked := Marked(spec.Doc) || !gen.Lparen.IsValid() && Marked(gen.Doc)
				if marked && isStruct(spec) && byName[spec.Name.Name] == nil {
					w := &Work{Spec: spec}
					byName[spec.Name.Name] = w
					works = append(works, w)
				}
			}
		}
	}
	if len(works) == 0 {
		return nil
	}
	for _, f := range files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "Run" {
				continue
			}
			if w := byName[Receiver(fn)]; w != nil && w.Run == nil {
				w.Run, w.file = fn, f
				w.guess()
			}
		}
	}
	out := works[:0]
	for _, w := range works {
		if w.Run != nil {
			out = append(out, w)
		}
	}
	return out
}

// isStruct reports whether spec declares a struct that can be a work.
func isStruct(spec *ast.TypeSpec) bool {
	_, ok := ast.Unparen(spec.Type).(*ast.StructType)
	return ok && !spec.Assign.IsValid() && spec.TypeParams == nil && spec.Name.Name != "_"
}

// Receiver returns the name of the type that a method belongs to, "" for a
// function and for what is no receiver.
func Receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) != 1 {
		return ""
	}
	typ := ast.Unparen(fn.Recv.List[0].Type)
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = ast.Unparen(star.X)
	}
	id, ok := typ.(*ast.Ident)
	if !ok {
		return ""
	}
	return id.Name
}

// guess sets Context and Error by how types are usually written.
func (w *Work) guess() {
	if params := w.Run.Type.Params.List; len(params) > 0 {
		if sel, ok := ast.Unparen(params[0].Type).(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
			x, ok := sel.X.(*ast.Ident)
			w.Context = ok && imported(w.file, x.Name) == "context"
		}
	}
	if results := w.Run.Type.Results; results != nil && len(results.List) > 0 {
		id, ok := results.List[len(results.List)-1].Type.(*ast.Ident)
		w.Error = ok && id.Name == "error"
	}
}

// imported returns the path that a file imports by a name, "" when there is none.
func imported(f *ast.File, name string) string {
	for _, i := range f.Imports {
		target, _ := strconv.Unquote(i.Path.Value)
		if i.Name != nil && i.Name.Name == name || i.Name == nil && path.Base(target) == name {
			return target
		}
	}
	return ""
}

// Correct sets Context and Error by types, and reports whether they were right
// already.
func (w *Work) Correct(info *types.Info) bool {
	fn, ok := info.Defs[w.Run.Name].(*types.Func)
	if !ok {
		return true // declared twice
	}
	params, results := fn.Signature().Params(), fn.Signature().Results()
	context := params.Len() > 0 && IsContext(params.At(0).Type())
	err := results.Len() > 0 && IsError(results.At(results.Len()-1).Type())
	right := context == w.Context && err == w.Error
	w.Context, w.Error = context, err
	return right
}

// IsContext reports whether t is context.Context, or an alias of it.
func IsContext(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	obj := named.Obj()
	return obj.Pkg() != nil && obj.Pkg().Path() == "context" && obj.Name() == "Context"
}

// IsError reports whether t is the predeclared error, or an alias of it.
func IsError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}
