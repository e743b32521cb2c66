package plan

import (
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/scan"
)

// An analyzer sees one package only. Which types the values of an interface can
// have may then be written or declared where it cannot look, and of such an
// interface it says nothing: its type is an Interface without Impls, and in a
// plan that nothing is generated from.

// isUnseen reports whether pkg is one of those whose sources are not at hand and
// could have directives.
func (d *describer) isUnseen(pkg *types.Package) bool {
	if !d.alone || pkg == nil || pkg == d.pkg {
		return false
	}
	first, _, _ := strings.Cut(pkg.Path(), "/")
	isStandard := !strings.Contains(first, ".") && !within(pkg.Path(), d.module)
	return !isStandard
}

// unseenField returns the type of a field that may have a list of types of its
// own, nil when it is known whether it has.
func (d *describer) unseenField(f *types.Var) *Type {
	if !d.isUnseen(f.Pkg()) || len(scan.InterfacesIn(f.Type())) == 0 {
		return nil
	}
	return &Type{Kind: Interface, Go: types.Unalias(f.Type())}
}

// isUnseenInterface reports whether the types behind an interface may stand
// elsewhere.
func (d *describer) isUnseenInterface(node *Type, u *types.Interface) bool {
	return d.alone && asks(u) || node.Named != nil && d.isUnseen(node.Named.Obj().Pkg())
}

// within reports whether a package is in a module; "" has none.
func within(path, module string) bool {
	return module != "" && (path == module || strings.HasPrefix(path, module+"/"))
}
