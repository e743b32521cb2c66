// Package kind tells the codec of a store how to write the types that it does not walk
// field by field: those that methods encode, and interfaces. Only generated code makes
// use of it, for the types that the results of a work are made of.
package kind

import (
	"reflect"
	"unique"
)

// Kind says how values of one type are written. Marshal is set for a type that methods
// encode, Make for a unique.Handle, and Impls for an interface.
type Kind struct {
	Type reflect.Type

	// Marshal and Unmarshal are given a pointer to a value of Type. Unmarshal is given
	// a zero value, and memory that nobody else has.
	Marshal   func(ptr any) ([]byte, error)
	Unmarshal func(b []byte, ptr any) error
	// Equal compares what two pointers point to. Nil: they are compared deeply, or by
	// a method Equal of Type.
	Equal func(a, b any) bool

	// Make returns a handle for what a pointer to a value of type Elem points to; Value
	// returns such a pointer, or nil for the zero handle.
	Make  func(elem any) (handle any)
	Value func(handle any) (elem any)
	Elem  reflect.Type

	// Impls are the types that a value of Type, an interface, can have.
	Impls []Impl
}

// Impl is a type that a value of an interface can have.
type Impl struct {
	Name string // full name, the same in every program
	Type reflect.Type
}

// By is for a type that one method writes and another reads.
func By[T any](marshal func(*T) ([]byte, error), unmarshal func(*T, []byte) error) Kind {
	return Kind{
		Type:      reflect.TypeFor[T](),
		Marshal:   func(ptr any) ([]byte, error) { return marshal(ptr.(*T)) },
		Unmarshal: func(b []byte, ptr any) error { return unmarshal(ptr.(*T), b) },
	}
}

// Appended is By for a type whose method appends to a slice.
func Appended[T any](marshal func(*T, []byte) ([]byte, error), unmarshal func(*T, []byte) error) Kind {
	return By(func(v *T) ([]byte, error) { return marshal(v, nil) }, unmarshal)
}

// Message is for a protobuf message, pointers to which are an M: a proto.Message, whose
// package is not imported here.
func Message[T, M any](marshal func(M) ([]byte, error), unmarshal func([]byte, M) error, equal func(a, b M) bool) Kind {
	return Kind{
		Type:      reflect.TypeFor[T](),
		Marshal:   func(ptr any) ([]byte, error) { return marshal(ptr.(M)) },
		Unmarshal: func(b []byte, ptr any) error { return unmarshal(b, ptr.(M)) },
		Equal:     func(a, b any) bool { return equal(a.(M), b.(M)) },
	}
}

// Handle is for unique.Handle[T].
func Handle[T comparable]() Kind {
	return Kind{
		Type: reflect.TypeFor[unique.Handle[T]](),
		Make: func(elem any) any { return unique.Make(*elem.(*T)) },
		Value: func(handle any) any {
			h := handle.(unique.Handle[T])
			if h == (unique.Handle[T]{}) {
				return nil
			}
			v := h.Value()
			return &v
		},
		Elem: reflect.TypeFor[T](),
	}
}

// OneOf is for the interface I, of whose types all are listed.
func OneOf[I any](impls ...Impl) Kind {
	return Kind{Type: reflect.TypeFor[I](), Impls: append([]Impl{}, impls...)}
}

// Of is the type T, whose full name is name.
func Of[T any](name string) Impl { return Impl{Name: name, Type: reflect.TypeFor[T]()} }
