package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// Variables are the package variables that are reached and that the linker can give
// another value (-ldflags=-X): strings without a value, or with a constant one. They are
// named as it names them, main.version, and sorted.
func (r *Reach) Variables() (names []string) {
	for _, s := range r.steps {
		if d := s.decl; d.linkerSets() {
			path := d.pkg.PkgPath
			if d.pkg.Name == "main" {
				path = "main"
			}
			names = append(names, path+"."+d.local())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// linkerSets reports whether d is such a variable. Of one in a file for other builds only
// the syntax tells.
func (d *decl) linkerSets() bool {
	if v, ok := d.obj.(*types.Var); ok && d.value != nil {
		expr := d.value.expr
		return types.Identical(v.Type(), types.Typ[types.String]) && (expr == nil || d.pkg.Info.Types[expr].Value != nil)
	}
	group, ok := d.node.(*ast.GenDecl)
	if d.variant == nil || !ok || group.Tok != token.VAR {
		return false
	}
	for _, spec := range group.Specs {
		spec := spec.(*ast.ValueSpec)
		for i, name := range spec.Names {
			if name.Pos() == d.at {
				return isText(spec, i)
			}
		}
	}
	return false
}

// isText reports whether a variable is a string by its type or its value.
func isText(spec *ast.ValueSpec, i int) bool {
	if typ, ok := spec.Type.(*ast.Ident); ok {
		return typ.Name == "string"
	}
	if i >= len(spec.Values) {
		return false
	}
	literal, ok := spec.Values[i].(*ast.BasicLit)
	return ok && literal.Kind == token.STRING
}
