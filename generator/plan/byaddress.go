package plan

import (
	"go/types"

	"golang.org/x/tools/go/types/typeutil"
)

// byAddress finds out of which types in some values the operator == looks at addresses,
// which do not come back.
type byAddress struct {
	// impls are the types that the values of an interface can have. Where several places
	// of one interface have a list each, the codec knows of all lists together only.
	impls typeutil.Map // types.Type → []*Type
}

func newByAddress(values []Value) *byAddress {
	a := &byAddress{}
	for _, t := range kinds(values) {
		if t.Kind == Interface {
			a.impls.Set(t.Go, append(a.implsOf(t.Go), t.Impls...))
		}
	}
	return a
}

func (a *byAddress) implsOf(iface types.Type) []*Type {
	list, _ := a.impls.At(iface).([]*Type)
	return list
}

// decide reports whether == looks at addresses in values of a type, such as that of the
// location of a time, or at what only methods know. seen is what it is inside of.
func (a *byAddress) decide(t *Type, seen map[*Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	parts := t.storedParts()
	switch t.Kind {
	case Pointer, Time:
		return true
	case Known:
		if t.Codec == Converted {
			return a.decide(t.Elem, seen)
		}
		return t.Codec != Userinfo && t.Codec != Handle && (t.Codec != Method || t.directive != nil)
	case Array:
		if t.Len == 0 {
			return false
		}
	case Interface:
		parts = a.implsOf(t.Go)
	}
	for _, part := range parts {
		if a.decide(part, seen) {
			return true
		}
	}
	return false
}
