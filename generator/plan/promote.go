package plan

import (
	"go/types"
	"slices"
)

// unreadable returns the first field of node's type that hides something: nil when all
// can be read. A struct of another package may embed one whose name is not exported. Its
// fields are then read as fields of the outer struct, if they all can be. u is the type
// underlying node's, or that of a struct embedded in it, to which path leads.
func (d *describer) unreadable(node *Type, u *types.Struct, path []int) *types.Var {
	for i := range u.NumFields() {
		f, at := u.Field(i), append(path[:len(path):len(path)], i)
		if !d.hides(node, f, u.Tag(i)) {
			if len(path) > 0 && !d.hidden(f) && f.Name() != "_" && !d.promotes(node, f, at) {
				return f
			}
			continue
		}
		inner := promoting(f)
		if inner == nil || !d.mayPromote(node, f) || d.unreadable(node, inner, at) != nil {
			return f
		}
	}
	return nil
}

// promoting returns the struct that a field embeds by value, nil when it does not.
func promoting(f *types.Var) *types.Struct {
	if !f.Embedded() {
		return nil
	}
	inner, _ := f.Type().Underlying().(*types.Struct)
	return inner
}

// mayPromote reports whether what node has from the embedded field f may be read field
// by field. A type with methods that encode it is left to a directive, and a literal
// has to be written out.
func (d *describer) mayPromote(node *Type, f *types.Var) bool {
	return node.Named != nil && marshalMode(node.Named) == "" && !d.holdsLock(f.Type())
}

// promotes reports whether a selector with the name of f, to which path leads, finds f
// in node's type: no other field or method of that name is in the way.
func (d *describer) promotes(node *Type, f *types.Var, path []int) bool {
	found, index, indirect := types.LookupFieldOrMethod(node.Go, true, d.pkg, f.Name())
	return found == types.Object(f) && slices.Equal(index, path) && !indirect
}
