package key

import (
	"encoding/binary"
	"unsafe"
)

// A run is a stretch of the encoding whose length a reader knows before it gets
// there, from a length word or from an array's type: the content of a string, of
// a slice or of an array of numbers. Runs are where long arguments are long, and
// because the length is known first, putting a digest in the place of a long run
// leaves the encoding unambiguous.

// Number is what Numbers and Array take: the fixed-size basic types, and types
// made from them.
type Number interface {
	~bool |
		~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr |
		~float32 | ~float64 | ~complex64 | ~complex128
}

// String appends the length of s in bytes as 8 bytes, then s. Any bytes will do,
// s need not be UTF-8.
func (e *Encoder) String(s string) {
	at := len(e.buf)
	if end := at + 8 + len(s); len(s) <= MaxExact && end <= cap(e.buf) && !e.durable {
		e.buf = e.buf[:end]
		binary.LittleEndian.PutUint64(e.buf[at:], uint64(len(s)))
		copy(e.buf[at+8:], s)
		return
	}
	e.longString(s)
}

// longString is String for every string, mode and capacity.
func (e *Encoder) longString(s string) {
	e.Uint64(uint64(len(s)))
	e.run(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// Bytes appends a length word, 0 for nil and len(b)+1 otherwise, then b.
func (e *Encoder) Bytes(b []byte) {
	e.Uint64(lengthWord(len(b), b == nil))
	e.run(b)
}

// Numbers appends a slice of numbers: a length word, 0 for nil and len(s)+1
// otherwise, then the elements as the method for their kind would write them.
// On little-endian machines that is how they lie in memory already, and they
// are taken as one block.
//
//	key.Numbers(e, v.Weights) // []float64, or a type made from it
func Numbers[S ~[]T, T Number](e *Encoder, s S) {
	e.Uint64(lengthWord(len(s), s == nil))
	Array(e, []T(s))
}

// Array appends numbers like Numbers, without a length word: for arrays, whose
// length is part of their type.
//
//	key.Array(e, v.Matrix[:])
func Array[T Number](e *Encoder, s []T) {
	if !isBlock[T]() {
		elements(e, s)
		return
	}
	e.run(memory(s))
}

// memory is the memory of s.
func memory[T Number](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// run appends b: as it is, as its digest, or straight to SHA-256. It keeps no
// reference to b, and b does not escape.
func (e *Encoder) run(b []byte) {
	switch {
	case len(b) <= MaxExact || e.durable && e.open > 0:
		e.buf = append(e.buf, b...)
		e.spill()
	case e.durable:
		e.stream(b)
	default:
		e.appendDigest(b)
	}
}

// fold replaces what was appended since the buffer had at bytes by its digest.
func (e *Encoder) fold(at int) {
	run := e.buf[at:]
	e.buf = e.buf[:at]
	e.appendDigest(run) // hashed before it is written over
}

func (e *Encoder) appendDigest(b []byte) {
	hi, lo := part.of(b)
	e.Uint64(lo)
	e.Uint64(hi)
}
