package wrapper

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
)

// Import paths of what generated code is written with.
const (
	ContextPath = "context"
	RuntimePath = "github.com/workgen/workgen/runtime"
	KeyPath     = "github.com/workgen/workgen/runtime/key"
)

// ImportPrefix precedes the import paths in stubs, so that an importer knows who
// asks: the package may not import them itself as yet, or fail to.
const ImportPrefix = "stub·"

// Declare makes the stubs of works, without those whose names the files declare
// or import already, and returns the files to type-check: shallow copies of those
// that have a Run, with the stubs behind all else, and the others as they are.
//
// A stub's field stands where the parameter or result does that it is made from,
// everything else where Run has its name.
func Declare(files []*ast.File, works []*Work) []*ast.File {
	taken := declared(files)
	stubs := map[*ast.File][]ast.Decl{}
	for _, w := range works {
		w.declare(taken)
		stubs[w.file] = append(stubs[w.file], w.decls...)
	}
	out := make([]*ast.File, len(files))
	for i, f := range files {
		out[i] = f
		if decls := stubs[f]; len(decls) > 0 {
			copied := *f
			copied.Decls = append(append(imports(f.Package), f.Decls...), decls...)
			out[i] = &copied
		}
	}
	return out
}

// declared lists the names that no stub may have.
func declared(files []*ast.File) map[string]bool {
	taken := map[string]bool{}
	for _, f := range files {
		for _, i := range f.Imports {
			if i.Name != nil {
				taken[i.Name.Name] = true
			}
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				taken[d.Name.Name] = taken[d.Name.Name] || d.Recv == nil
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						taken[spec.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							taken[name.Name] = true
						}
					}
				}
			}
		}
	}
	return taken
}

// The local names of the imports of stubs: no source file can have them.
var locals = map[string]string{ContextPath: "·context", RuntimePath: "·runtime", KeyPath: "·key"}

// imports declares what stubs import.
func imports(pos token.Pos) []ast.Decl {
	gen := &ast.GenDecl{TokPos: pos, Tok: token.IMPORT}
	for _, path := range []string{ContextPath, RuntimePath, KeyPath} {
		gen.Specs = append(gen.Specs, &ast.ImportSpec{
			Name: &ast.Ident{NamePos: pos, Name: locals[path]},
			Path: &ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: strconv.Quote(ImportPrefix + path)},
		})
	}
	return []ast.Decl{gen}
}

// A stub writes the declarations of one work.
type stub struct {
	pos             token.Pos
	names           Names
	taken           map[string]bool
	params, results []*ast.Field // of one name each: the field's
	variadic        ast.Expr     // the type of the last parameter as written, or nil
	decls           []ast.Decl
}

// declare makes the stubs of w.
func (w *Work) declare(taken map[string]bool) {
	params, variadic := values(w.Run.Type.Params)
	results, _ := values(w.Run.Type.Results)
	if w.Context && len(params) > 0 {
		params = params[1:]
	}
	if w.Error && len(results) > 0 {
		results = results[:len(results)-1]
	}
	rename(params, ArgFields)
	rename(results, ResultFields)
	s := &stub{
		pos: w.Run.Name.Pos(), names: NamesOf(w.Spec.Name.Name, len(results)), taken: taken,
		params: params, results: results, variadic: variadic,
	}
	if s.free(s.names.Args) {
		s.structType(s.names.Args, params)
		s.method(s.names.Args, "EncodeKey", s.encoder(), nil)
	}
	if s.names.Result != "" && s.free(s.names.Result) {
		s.structType(s.names.Result, results)
	}
	if !s.free(s.names.Runner) {
		w.decls = s.decls
		return
	}
	s.runner(w.Spec.Name.Name)
	if s.free(s.names.Constructor) {
		options := &ast.Ellipsis{Ellipsis: s.pos, Elt: s.of(RuntimePath, "Option")}
		s.function(nil, s.names.Constructor, s.list(s.pointer(s.id(w.Spec.Name.Name)), options), s.list(s.pointer(s.id(s.names.Runner))))
	}
	w.decls = s.decls
}

// free takes a name, if nobody has it.
func (s *stub) free(name string) bool {
	if s.taken[name] {
		return false
	}
	s.taken[name] = true
	return true
}

// runner declares the runner and its methods.
func (s *stub) runner(work string) {
	s.structType(s.names.Runner, []*ast.Field{
		{Type: s.pointer(s.of(RuntimePath, "Runner"))},
		{Names: []*ast.Ident{s.id("work")}, Type: s.pointer(s.id(work))},
	})
	var params, results []ast.Expr
	for _, p := range s.params {
		params = append(params, p.Type)
	}
	if s.variadic != nil {
		params[len(params)-1] = s.variadic
	}
	for _, r := range s.results {
		results = append(results, r.Type)
	}
	var result ast.Expr = &ast.StructType{Struct: s.pos, Fields: s.list()}
	switch len(results) {
	case 0:
	case 1:
		result = results[0]
	default:
		result = s.id(s.names.Result)
	}
	found := s.list(result, s.id("bool"))
	if len(results) == 0 {
		found = s.list(s.id("bool"))
	}
	withContext := append([]ast.Expr{s.of(ContextPath, "Context")}, params...)
	call := &ast.IndexExpr{X: s.of(RuntimePath, "Call"), Lbrack: s.pos, Index: result, Rbrack: s.pos}
	if len(params) > 0 {
		match := &ast.FuncType{Func: s.pos, Params: s.list(s.id(s.names.Args)), Results: s.list(s.id("bool"))}
		s.method(s.names.Runner, "ForgetFunc", s.list(match), nil)
	}
	for _, m := range []struct {
		name            string
		params, results *ast.FieldList
	}{
		{"Run", s.list(withContext...), s.list(append(results, s.id("error"))...)},
		{"Start", s.list(withContext...), s.list(s.pointer(call))},
		{"Lookup", s.list(params...), found},
		{"Forget", s.list(params...), s.list(s.id("bool"))},
		{"Key", s.list(params...), s.list(s.of(KeyPath, "Key"))},
		{"EncodeKey", s.encoder(), nil},
	} {
		s.method(s.names.Runner, m.name, m.params, m.results)
	}
}

// encoder is the parameter of EncodeKey.
func (s *stub) encoder() *ast.FieldList { return s.list(s.pointer(s.of(KeyPath, "Encoder"))) }

// structType declares a struct.
func (s *stub) structType(name string, fields []*ast.Field) {
	s.decls = append(s.decls, &ast.GenDecl{TokPos: s.pos, Tok: token.TYPE, Specs: []ast.Spec{&ast.TypeSpec{
		Name: s.id(name),
		Type: &ast.StructType{Struct: s.pos, Fields: &ast.FieldList{Opening: s.pos, List: fields, Closing: s.pos}},
	}}})
}

// method declares a method of pointers to a type.
func (s *stub) method(typ, name string, params, results *ast.FieldList) {
	s.function(s.list(s.pointer(s.id(typ))), name, params, results)
}

// function declares a function.
func (s *stub) function(recv *ast.FieldList, name string, params, results *ast.FieldList) {
	s.decls = append(s.decls, &ast.FuncDecl{Recv: recv, Name: s.id(name), Type: &ast.FuncType{Func: s.pos, Params: params, Results: results}})
}

func (s *stub) id(name string) *ast.Ident         { return &ast.Ident{NamePos: s.pos, Name: name} }
func (s *stub) pointer(to ast.Expr) *ast.StarExpr { return &ast.StarExpr{Star: s.pos, X: to} }
func (s *stub) of(path, name string) *ast.SelectorExpr {
	return &ast.SelectorExpr{X: s.id(locals[path]), Sel: s.id(name)}
}

// list is a list of parameters without names.
func (s *stub) list(exprs ...ast.Expr) *ast.FieldList {
	list := &ast.FieldList{Opening: s.pos, Closing: s.pos}
	for _, e := range exprs {
		list.List = append(list.List, &ast.Field{Type: e})
	}
	return list
}

// values returns the parameters or results in a list, each as a field of one name,
// which may be empty, with a copy of its type. A variadic parameter is a slice;
// its type as written is returned, too.
func values(list *ast.FieldList) (out []*ast.Field, variadic ast.Expr) {
	if list == nil {
		return nil, nil
	}
	for _, field := range list.List {
		typ := clone(field.Type)
		if e, ok := typ.(*ast.Ellipsis); ok {
			variadic, typ = e, &ast.ArrayType{Lbrack: e.Ellipsis, Elt: e.Elt}
		}
		if len(field.Names) == 0 {
			out = append(out, &ast.Field{Names: []*ast.Ident{{NamePos: field.Type.Pos()}}, Type: typ})
		}
		for _, name := range field.Names {
			out = append(out, &ast.Field{Names: []*ast.Ident{{NamePos: name.Pos(), Name: name.Name}}, Type: typ})
		}
	}
	return out, variadic
}

// rename gives fields the names that they have in the argument or result struct.
func rename(fields []*ast.Field, naming func([]string) []string) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Names[0].Name
	}
	for i, name := range naming(names) {
		fields[i].Names[0].Name = name
	}
}

// clone copies a type expression, positions included. The type checker notes what
// it finds by node: a node that stood in two places would be known by the second.
func clone(e ast.Expr) ast.Expr {
	return cloneValue(reflect.ValueOf(&e).Elem()).Interface().(ast.Expr)
}

// cloneValue copies a part of a tree of syntax, without comments.
func cloneValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if _, comment := v.Interface().(*ast.CommentGroup); comment || v.IsNil() {
			return reflect.Zero(v.Type())
		}
		if v.Kind() == reflect.Interface {
			return cloneValue(v.Elem())
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(cloneValue(v.Elem()))
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(cloneValue(v.Index(i)))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			out.Field(i).Set(cloneValue(v.Field(i)))
		}
		return out
	}
	return v
}

// A Declaration is one object that a stub declares.
type Declaration struct {
	Object types.Object
	Run    *ast.FuncDecl // of the work
	// Data is the declaration of an argument or result struct; nil of a runner,
	// of its constructor, and of methods.
	Data *ast.TypeSpec
	// Encodes says that it is the method EncodeKey.
	Encodes bool
}

// Declarations lists what the stubs of w declare, after the type check.
func (w *Work) Declarations(info *types.Info) (out []Declaration) {
	add := func(id *ast.Ident, d Declaration) {
		if d.Object, d.Run = info.Defs[id], w.Run; d.Object != nil {
			out = append(out, d)
		}
	}
	runner := NamesOf(w.Spec.Name.Name, 0).Runner
	for _, d := range w.decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(d.Name, Declaration{Encodes: d.Name.Name == "EncodeKey"})
		case *ast.GenDecl:
			spec := d.Specs[0].(*ast.TypeSpec)
			if spec.Name.Name == runner {
				add(spec.Name, Declaration{})
			} else {
				add(spec.Name, Declaration{Data: spec})
			}
		}
	}
	return out
}
