// Package deepcopy is what generated code copies values with that may contain themselves,
// such as trees whose nodes know their parents. Nobody else needs it.
package deepcopy

import "unsafe"

// Copy is what one deep copy has copied so far of values that may contain
// themselves. What two places of the original share, the same two places of the
// copy share, so that cycles end and nothing is copied twice. The zero Copy is
// ready to use, by one goroutine, for one copy.
//
// Shared are pointers to the same variable by types that are the same, slices
// with the same first element and length, and maps. A pointer into the middle of
// something else that is copied leads to a copy of its own.
type Copy struct {
	made map[original]unsafe.Pointer
}

// original identifies something that has been copied. The type tells a struct
// from its first field, which has the same address.
type original struct {
	typ unsafe.Pointer // of the type's description
	ptr unsafe.Pointer
	len int
}

// Pointer replaces *p by a pointer to a copy of what it points to. It
// reports whether the copy is new: it is a shallow one then, and the caller makes
// it deep. Nil stays as it is.
//
//	if deepcopy.Pointer(c, &v.Next) {
//		copyNode(c, v.Next)
//	}
func Pointer[P ~*T, T any](c *Copy, p *P) bool {
	old := *p
	if old == nil {
		return false
	}
	id := original{typ: typeOf[P](), ptr: unsafe.Pointer(old)}
	if made, ok := c.made[id]; ok {
		*p = P((*T)(made))
		return false
	}
	made := new(T)
	*made = *(*T)(old)
	c.add(id, unsafe.Pointer(made))
	*p = P(made)
	return true
}

// Slice does for the elements of a slice what Pointer does for what a
// pointer points to. The copy has no room to grow. A slice without elements stays
// as it is.
func Slice[S ~[]T, T any](c *Copy, s *S) bool {
	old := *s
	if len(old) == 0 {
		*s = old[:0:0] // of a nil slice nil
		return false
	}
	id := original{typ: typeOf[S](), ptr: unsafe.Pointer(unsafe.SliceData(old)), len: len(old)}
	if made, ok := c.made[id]; ok {
		*s = unsafe.Slice((*T)(made), len(old))
		return false
	}
	made := make([]T, len(old))
	copy(made, old)
	c.add(id, unsafe.Pointer(unsafe.SliceData(made)))
	*s = made
	return true
}

// Map replaces *m by an empty map. It reports whether that is new, for the
// caller to put copies of all entries in: it is not when the map has been copied
// before, and then has them. Nil stays as it is.
//
//	if m := v.ByName; deepcopy.Map(c, &v.ByName) {
//		for k, x := range m {
//			…
//			v.ByName[k] = x
//		}
//	}
func Map[M ~map[K]V, K comparable, V any](c *Copy, m *M) bool {
	old := *m
	if old == nil {
		return false
	}
	// A map is a pointer to its description.
	id := original{typ: typeOf[M](), ptr: *(*unsafe.Pointer)(unsafe.Pointer(&old))}
	if made, ok := c.made[id]; ok {
		*m = *(*M)(unsafe.Pointer(&made))
		return false
	}
	made := make(M, len(old))
	c.add(id, *(*unsafe.Pointer)(unsafe.Pointer(&made)))
	*m = made
	return true
}

// add remembers a copy.
func (c *Copy) add(id original, made unsafe.Pointer) {
	if c.made == nil {
		c.made = map[original]unsafe.Pointer{}
	}
	c.made[id] = made
}

// typeOf returns what identifies the type T in this process: the first word of an
// interface that holds a pointer to one.
func typeOf[T any]() unsafe.Pointer {
	boxed := any((*T)(nil))
	return *(*unsafe.Pointer)(unsafe.Pointer(&boxed))
}

// Boxed replaces *v, a value in an interface I, by its copy, if it has been
// copied before, and reports whether it has. Otherwise the caller copies it and
// hands both to Keep. Boxes that hold a pointer need no such care.
//
//	x := *v
//	if deepcopy.Boxed(c, v) {
//		return
//	}
//	… // make *v a copy
//	deepcopy.Keep(c, x, *v)
func Boxed[I any](c *Copy, v *I) bool {
	made, ok := c.made[boxOf(v)]
	if ok {
		*v = *(*I)(made)
	}
	return ok
}

// Keep remembers what Boxed is to find.
func Keep[I any](c *Copy, old, made I) {
	id := boxOf(&old)
	if id.ptr != nil {
		c.add(id, unsafe.Pointer(&made))
	}
}

// boxOf identifies what is in an interface: it is two words, what describes the
// type and where the value is.
func boxOf[I any](v *I) original {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(v))
	return original{typ: words[0], ptr: words[1], len: -1}
}
