package plan

import "go/types"

// holdsLock reports whether copying a value of type t would copy a lock: a
// type with pointer methods Lock and Unlock, as go vet's copylocks sees it.
func (d *describer) holdsLock(t types.Type) bool {
	t = types.Unalias(t)
	if known, ok := d.locks[t]; ok {
		return known
	}
	if d.locks == nil {
		d.locks = map[types.Type]bool{}
	}
	d.locks[t] = false // until the inside of an invalid type, which has itself inside, is known
	d.locks[t] = d.isOrHasLock(t)
	return d.locks[t]
}

// isOrHasLock is holdsLock for a type that it has not seen.
func (d *describer) isOrHasLock(t types.Type) bool {
	if named, ok := t.(*types.Named); ok && isLock(named) {
		return true
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if d.holdsLock(f.Type()) {
				return true
			}
		}
	case *types.Array:
		return d.holdsLock(u.Elem())
	}
	return false
}

// isLock reports whether pointers to a type, and not the type itself, have the
// methods Lock and Unlock.
func isLock(named *types.Named) bool {
	if types.IsInterface(named) {
		return false
	}
	pointers, values := types.NewMethodSet(types.NewPointer(named)), types.NewMethodSet(named)
	return pointers.Lookup(nil, "Lock") != nil && pointers.Lookup(nil, "Unlock") != nil && values.Lookup(nil, "Lock") == nil
}
