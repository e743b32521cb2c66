// Package generics has works over instances of generic types.
package generics

import (
	"cmp"

	"github.com/workgen/workgen/runtime/key"
)

// Types that hold others.
type (
	Option[T any] struct {
		value T
		set   bool
	}
	Result[T any, E ~string | ~int] struct {
		Value T
		Err   E
	}
	Set[T comparable]           map[T]struct{}
	Vector[T any]               []T
	Ref[T any]                  *T
	Table[K cmp.Ordered, V any] map[K]Vector[V]
	Matrix[T ~int | ~float64]   [2][2]T
	Tree[K cmp.Ordered, V any]  struct {
		Key         K
		Value       V
		Left, Right *Tree[K, V]
	}
	// Both contain each other.
	Even[T any] struct {
		V    T
		Next *Odd[T]
	}
	Odd[T any] struct{ Next []Even[T] }
)

// Some returns an Option that is set.
func Some[T any](v T) Option[T] { return Option[T]{v, true} }

// Aliases, with and without parameters of their own.
type (
	Pairs[T any] = Vector[Result[T, Code]]
	Names        = Set[string]
	Code         int
)

// Types that are not exported, as arguments of exported ones.
type hidden struct{ n int }

// Embedding embeds instances.
type Embedding struct {
	Option[int]
	*Tree[string, hidden]
	Names
}

// Own writes its own encoding, whatever it holds.
type Own[T any] struct {
	V    T
	note string
}

// EncodeKey leaves the note out.
func (o Own[T]) EncodeKey(e *key.Encoder) { e.Bool(o.note == "") }

// Source is a generic interface, sealed for each instance.
type Source[T any] interface {
	Get() T
	source()
}

type (
	// Constant implements one instance of Source.
	Constant struct{ N int }
	// Text implements another.
	Text struct{ S string }
)

// Get implements Source[int].
func (c Constant) Get() int { return c.N }

// Get implements Source[string].
func (t *Text) Get() string { return t.S }

func (Constant) source() {}
func (*Text) source()    {}

// Many takes instances of everything.
//
//workgen:work
type Many struct {
	Known Set[Code] `workgen:"key"`
}

// Run does nothing with them.
func (m *Many) Run(o Option[Option[*int]], r Result[[]string, Code], s Set[[2]int8], v Vector[Vector[hidden]], p Ref[Ref[bool]], t Table[string, Option[uint8]], mx Matrix[float64]) int {
	return len(m.Known)
}

// Nested takes recursive instances.
//
//workgen:work memory
type Nested struct{}

// Run does nothing with them.
func (Nested) Run(t Tree[string, *Tree[int, Names]], e *Even[Option[string]], pairs Pairs[Code], em Embedding, own Own[Tree[int, int]], i Source[int], s Source[string]) (Tree[string, int], Option[[]int], error) {
	return Tree[string, int]{Key: "k", Left: &Tree[string, int]{}}, Some([]int{1}), nil
}
