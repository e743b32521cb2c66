package plan

import (
	"go/types"
	"slices"
)

// Outside reports whether an input of type t lies outside of the program: it is,
// or holds, a key.File or key.Dir, whose content can change at any time.
func Outside(t *Type) bool { return outside(t, map[*Type]bool{}) }

// outside also looks into types with an EncodeKey of their own, which most
// likely call that of their fields.
func outside(t *Type, seen map[*Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	if isPath(t.Named) || outside(t.Elem, seen) || outside(t.Key, seen) {
		return true
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; !f.Ignored && outside(f.Type, seen) {
			return true
		}
	}
	inside := func(part *Type) bool { return outside(part, seen) }
	return slices.ContainsFunc(t.Impls, inside) || slices.ContainsFunc(t.Held, inside)
}

// isPath reports whether named is key.File or key.Dir.
func isPath(named *types.Named) bool {
	if named == nil || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != keyPath {
		return false
	}
	return named.Obj().Name() == "File" || named.Obj().Name() == "Dir"
}

// Outside reports whether any input of w lies outside of the program.
func (w *Work) Outside() bool {
	for _, values := range [][]Value{w.Keyed, w.Params} {
		for _, v := range values {
			if Outside(v.Type) {
				return true
			}
		}
	}
	return false
}
