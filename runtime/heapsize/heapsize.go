// Package heapsize tells how many bytes of the heap values refer to, as Go 1.26 lays them
// out. Generated code and the runtime use it to bound caches in bytes; nobody else needs it.
//
// The functions return what a value refers to, and not the value itself, which is counted
// where it lies. SliceOf, Each, PointerTo and MapOf are given functions that do the same
// for what is inside. A string that is cut from a text counts as one that is not: nothing
// tells. What takes no bytes costs nothing. All functions only read, and nobody may write
// meanwhile to what they read.
package heapsize

import "unsafe"

// String returns the size of the bytes of a string.
func String[S ~string](s S) int { return Bytes(len(s)) }

// Slice returns the size of the array of a slice whose elements refer to nothing. It counts
// the room beside them as far as append leaves any, or package math/big: what is more is
// most often the rest of an array that other slices share.
func Slice[S ~[]T, T any](s S) int {
	var elem T
	return array(len(s), cap(s), unsafe.Sizeof(elem), false)
}

// SliceOf is Slice for elements that refer to something, and adds that.
func SliceOf[S ~[]T, T any](s S, elem func(T) int) int {
	var t T
	return array(len(s), cap(s), unsafe.Sizeof(t), true) + Each(s, elem)
}

// Each returns the size of what elements refer to, without their array.
func Each[T any](s []T, elem func(T) int) int {
	n := 0
	for i := range s {
		n += elem(s[i])
	}
	return n
}

// Pointer returns the size of a variable that refers to nothing.
func Pointer[P ~*T, T any](p P) int {
	if p == nil {
		return 0
	}
	return object(unsafe.Sizeof(*p), false)
}

// PointerTo is Pointer for a variable that refers to something, and adds that.
func PointerTo[P ~*T, T any](p P, target func(T) int) int {
	if p == nil {
		return 0
	}
	return object(unsafe.Sizeof(*p), true) + target(*p)
}

// Map returns about the size of a map whose keys and values refer to nothing.
func Map[M ~map[K]V, K comparable, V any](m M) int { return mapping(m, false) }

// MapOf is Map for keys or values that refer to something, and adds that. Nil says that all
// keys, or all values, refer to nothing.
func MapOf[M ~map[K]V, K comparable, V any](m M, key func(K) int, value func(V) int) int {
	n := mapping(m, true)
	for k, v := range m {
		if key != nil {
			n += key(k)
		}
		if value != nil {
			n += value(v)
		}
	}
	return n
}

func mapping[K comparable, V any](m map[K]V, pointers bool) int {
	if m == nil {
		return 0
	}
	var slot struct {
		k K
		v V
	}
	return tables(len(m), unsafe.Sizeof(slot.k), unsafe.Sizeof(slot.v), unsafe.Sizeof(slot), pointers)
}

// Box returns the size of a value inside of an interface. A single pointer has none: it
// stands in the interface itself, and is not to be given to Box.
func Box[T any](v T) int { return box(unsafe.Pointer(&v), unsafe.Sizeof(v), unsafe.Alignof(v)) }
