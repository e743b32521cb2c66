package heapsize

import "unsafe"

// Counted is what was counted so far of values that may contain themselves. What two places
// share counts once, in the same cases in which deepcopy.Copy copies it once. The zero
// Counted is ready to use, by one goroutine, for one sum.
type Counted struct {
	places map[place]struct{}
	rest   []func() int
}

// place is where something is. The type tells a struct from its first field.
type place struct {
	typ any // a nil pointer to the type
	ptr unsafe.Pointer
	len int
}

// PointerOnce is PointerTo for what may lead back to p. What the target refers to is left
// to Rest, so that a list of millions takes no stack of that depth.
func PointerOnce[P ~*T, T any](c *Counted, p P, target func(T) int) int {
	if !c.first(place{(*P)(nil), unsafe.Pointer(p), 0}) {
		return 0
	}
	c.rest = append(c.rest, func() int { return target(*p) })
	return object(unsafe.Sizeof(*p), true)
}

// Rest returns the size of what was left, and ends the sum.
func (c *Counted) Rest() int {
	n := 0
	for last := len(c.rest) - 1; last >= 0; last = len(c.rest) - 1 {
		next := c.rest[last]
		c.rest = c.rest[:last]
		n += next()
	}
	return n
}

// FirstSlice returns s when it is the first time that it does, and nil otherwise. Slices are
// the same that have the same first element and length.
//
//	heapsize.SliceOf(heapsize.FirstSlice(c, v.Nodes), …)
func FirstSlice[S ~[]T, T any](c *Counted, s S) S {
	if len(s) > 0 && c.first(place{(*S)(nil), unsafe.Pointer(unsafe.SliceData(s)), len(s)}) {
		return s
	}
	return nil
}

// FirstMap is FirstSlice for maps.
func FirstMap[M ~map[K]V, K comparable, V any](c *Counted, m M) M {
	// A map is a pointer to its description.
	if c.first(place{(*M)(nil), *(*unsafe.Pointer)(unsafe.Pointer(&m)), 0}) {
		return m
	}
	return nil
}

// FirstBox reports whether what the interface v holds is there for the first time. An
// interface is two words: what describes the type, and where the value is.
func FirstBox[I any](c *Counted, v I) bool {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&v))
	return c.first(place{(*I)(nil), words[1], int(uintptr(words[0]))})
}

// first reports whether a place is none of those counted so far, and adds it. Where nothing
// is, nothing is new.
func (c *Counted) first(p place) bool {
	if p.ptr == nil {
		return false
	}
	if _, ok := c.places[p]; ok {
		return false
	}
	if c.places == nil {
		c.places = map[place]struct{}{}
	}
	c.places[p] = struct{}{}
	return true
}
