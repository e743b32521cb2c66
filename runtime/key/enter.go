package key

import (
	"math"
	"math/bits"
	"unsafe"
)

// Values of recursive types may lead back to themselves. While generated code is
// inside of something that may do so, the encoder has it on a stack, and what is
// met again on the way down is written as its distance up the stack. Unlike a
// number of visits, the distance does not depend on the order in which the
// entries of a map are met.

// inside is something that the encoding is inside of: a pointer, slice or map,
// the same one just when the first three are equal.
type inside struct {
	typ  unsafe.Pointer // describes its static type: a struct and its first field have one address
	ptr  unsafe.Pointer // what it points to; keeps it alive, so that no address is used anew
	n    int            // length of a slice, or one of the below
	slot int            // place in stack.table
}

const (
	isPointer = -1
	isMap     = -2

	insideBytes = int(unsafe.Sizeof(inside{}))
	slotBytes   = 4
)

// stack is what the encoding is inside of, the innermost last. The table finds
// things in it. Since what came last leaves first, a slot that is emptied was
// the last one of every chain of probes that went over it.
type stack struct {
	in    []inside
	table []uint32 // open addressing: 1 + index into in; 0 is free. A power of two long, or empty
}

const (
	pushed  = 0  // not on the stack before
	refused = -1 // the encoder has failed
)

// enter pushes something that is not on the stack, and returns pushed. Of what
// is, it returns the distance up the stack, 1 being the innermost.
func (e *Encoder) enter(typ, ptr unsafe.Pointer, n int) (distance int) {
	e.enters++
	if e.enters > free && !e.affords(typ, ptr, n) {
		return refused
	}
	s := &e.stack
	depth := len(s.in)
	if depth == cap(s.in) {
		s.grow()
	}
	slot := s.home(hashInside(ptr, n))
	for s.table[slot] != 0 {
		at := int(s.table[slot] - 1)
		if x := &s.in[at]; x.ptr == ptr && x.typ == typ && x.n == n {
			return depth - at
		}
		slot = s.after(slot)
	}
	s.in = s.in[:depth+1]
	x := &s.in[depth]
	x.typ, x.ptr, x.n, x.slot = typ, ptr, n, slot
	s.table[slot] = uint32(depth + 1)
	return pushed
}

// Leave ends what the innermost Enter, EnterSlice or EnterMap that returned true
// has begun. It panics without one.
func (e *Encoder) Leave() {
	s := &e.stack
	last := len(s.in) - 1
	if last < 0 {
		e.leaveNothing()
		return
	}
	x := &s.in[last]
	x.ptr = nil // keeps nothing alive; descriptions of types live for ever
	s.table[x.slot] = 0
	s.in = s.in[:last]
}

func (e *Encoder) leaveNothing() {
	if e.err == nil {
		panic("key: Leave without Enter: call it once for every Enter, EnterSlice and EnterMap that returned true")
	}
}

// hashInside leaves out the type: the address alone tells nearly all things
// apart, but for slices that begin at one place. Addresses are often at equal
// distances, which a product alone would leave them at.
func hashInside(ptr unsafe.Pointer, n int) uint64 {
	hi, lo := bits.Mul64(uint64(uintptr(ptr))^uint64(n)<<40, factor)
	return hi ^ lo
}

// home is where the search for h begins.
func (s *stack) home(h uint64) int { return int(h) & (len(s.table) - 1) }

// after is where it goes on.
func (s *stack) after(slot int) int { return (slot + 1) & (len(s.table) - 1) }

// grow makes room for as much again, in a table that is never more than half
// full, and puts what is on the stack into it, in the order in which it came.
func (s *stack) grow() {
	const least = 32
	s.in = append(make([]inside, 0, max(least, 2*cap(s.in))), s.in...)
	s.table = make([]uint32, 2*cap(s.in))
	for i := range s.in {
		x := &s.in[i]
		x.slot = s.home(hashInside(x.ptr, x.n))
		for s.table[x.slot] != 0 {
			x.slot = s.after(x.slot)
		}
		s.table[x.slot] = uint32(i + 1)
	}
}

// empty leaves everything.
func (s *stack) empty() {
	if len(s.in) > 0 {
		clear(s.in)
		clear(s.table)
		s.in = s.in[:0]
	}
}

// held is the memory of the stack in bytes.
func (s *stack) held() int { return cap(s.in)*insideBytes + cap(s.table)*slotBytes }

// typeWord returns the address of the description of *T, which every type has
// one of.
func typeWord[T any]() unsafe.Pointer {
	boxed := any((*T)(nil))
	return *(*unsafe.Pointer)(unsafe.Pointer(&boxed))
}

// Enter appends the tag of a pointer whose type is recursive: 0 when p is nil; 2
// and the distance up the stack (8 bytes) when p is on the stack; and otherwise
// 1, having pushed p. It returns true in the last case only: then what p points
// to follows, and Leave.
//
//	if key.Enter(e, v.Next) {
//		encodeNode(e, v.Next)
//		e.Leave()
//	}
//
// A value whose parts are shared so often that writing it out does not end makes
// the encoder fail; see the package comment.
func Enter[T any](e *Encoder, p *T) bool {
	if p == nil {
		e.Nil()
		return false
	}
	return e.enterPointer(typeWord[T](), unsafe.Pointer(p))
}

// enterPointer is Enter for a pointer that is not nil.
func (e *Encoder) enterPointer(typ, ptr unsafe.Pointer) bool {
	switch distance := e.enter(typ, ptr, isPointer); distance {
	case pushed:
		e.Uint8(1)
		return true
	case refused:
		return false
	default:
		e.Uint8(2)
		e.Int(distance)
		return false
	}
}

// EnterSlice appends the length word of a slice whose type is recursive: 0 when
// s is nil and len(s)+1 otherwise; or, when a slice of the same type, place and
// length is on the stack, the greatest uint64 and the distance up the stack (8
// bytes). It returns true when elements follow, having pushed s: after them
// comes Leave. An empty slice is not pushed.
//
//	if key.EnterSlice(e, v.Children) {
//		for i := range v.Children {
//			encodeNode(e, &v.Children[i])
//		}
//		e.Leave()
//	}
func EnterSlice[S ~[]T, T any](e *Encoder, s S) bool {
	if len(s) == 0 {
		e.Slice(0, s == nil)
		return false
	}
	return e.enterLong(typeWord[S](), unsafe.Pointer(unsafe.SliceData(s)), len(s), len(s))
}

// EnterMap is Map for a map whose type is recursive. In place of the length word
// it appends, when m is on the stack, the greatest uint64 and the distance up
// the stack (8 bytes). It returns true when entries follow, having pushed m:
// after End comes Leave. An empty map is not pushed.
//
//	if m, ok := key.EnterMap(e, v.Files); ok {
//		for k, x := range v.Files {
//			m.Key()
//			e.String(k)
//			m.Value()
//			if key.Enter(e, x) {
//				encodeNode(e, x)
//				e.Leave()
//			}
//		}
//		m.End()
//		e.Leave()
//	}
func EnterMap[M ~map[K]V, K comparable, V any](e *Encoder, m M) (MapEncoder, bool) {
	if len(m) == 0 {
		e.Slice(0, m == nil)
		return MapEncoder{}, false
	}
	at := len(e.buf)
	if !e.enterLong(typeWord[M](), *(*unsafe.Pointer)(unsafe.Pointer(&m)), isMap, len(m)) {
		return MapEncoder{}, false
	}
	e.buf = e.buf[:at] // Map writes the word itself
	return e.Map(len(m), false), true
}

// enterLong is the part of EnterSlice and EnterMap that is the same for all
// types. length is that of what is entered, not 0.
func (e *Encoder) enterLong(typ, ptr unsafe.Pointer, n, length int) bool {
	switch distance := e.enter(typ, ptr, n); distance {
	case pushed:
		e.Uint64(lengthWord(length, false))
		return true
	case refused:
		return false
	default:
		e.Uint64(math.MaxUint64)
		e.Int(distance)
		return false
	}
}
