package reach

import (
	"cmp"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// A Variable is one of a package that the linker can give another value.
type Variable struct {
	Name    string // as the linker has it: main.version
	Initial string // the value in the source
	// How the package of the work can refer to it: Local is its name there, Symbol that
	// which go:linkname has for one of another package. Both are empty where the
	// variable is not in every program, or may be in another file there.
	Local, Symbol string
}

// Variables are the package variables that are reached and that the linker can give
// another value (-ldflags=-X): strings without a value, or with a constant one. They are
// sorted by name.
func (r *Reach) Variables() (list []Variable) {
	for _, s := range r.steps {
		if s.decl.linkerSets() {
			list = append(list, s.decl.linked(r.root.pkg))
		}
	}
	slices.SortFunc(list, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b Variable) bool { return a.Name == b.Name })
}

// linked describes a variable for a package that has a work.
func (d *decl) linked(work *pkg) Variable {
	local := d.local()
	v := Variable{Name: d.pkg.PkgPath + "." + local}
	if d.pkg.Name == "main" {
		v.Name = "main." + local
	}
	if d.variant != nil || d.constrained {
		return v
	}
	if d.value.expr != nil {
		v.Initial = constant.StringVal(d.pkg.Info.Types[d.value.expr].Value)
	}
	if d.pkg == work {
		v.Local = local
	} else if d.pkg.Name != "main" {
		folder, last := path.Split(d.pkg.PkgPath)
		v.Symbol = folder + strings.ReplaceAll(last, ".", "%2e") + "." + local
	}
	return v
}

// linkerSets reports whether d is such a variable. Of one in a file for other builds only
// the syntax tells.
func (d *decl) linkerSets() bool {
	if v, ok := d.obj.(*types.Var); ok && d.value != nil {
		expr := d.value.expr
		return types.Identical(v.Type(), types.Typ[types.String]) && (expr == nil || d.pkg.Info.Types[expr].Value != nil)
	}
	spec, i := d.specification()
	return spec != nil && isText(spec, i)
}

// specification is where a variable of a variant is declared, and the place of its name
// there; nil for anything else.
func (d *decl) specification() (*ast.ValueSpec, int) {
	group, ok := d.node.(*ast.GenDecl)
	if d.variant == nil || !ok || group.Tok != token.VAR {
		return nil, 0
	}
	for _, spec := range group.Specs {
		spec := spec.(*ast.ValueSpec)
		for i, name := range spec.Names {
			if name.Pos() == d.at {
				return spec, i
			}
		}
	}
	return nil, 0
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
