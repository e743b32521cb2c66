package key

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// This file is the slow path of Array: machines whose memory is not the
// encoding. It exists so that a key is the same on all of them.

// littleEndian tells whether numbers lie in memory as the encoding has them. A
// variable only so that tests can take the slow path on a fast machine.
var littleEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

// Kinds of numbers, numbered as in reflect.
const (
	kindBool = 1 + iota
	kindInt
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindUintptr
	kindFloat32
	kindFloat64
	kindComplex64
	kindComplex128
)

// descriptor is the beginning of the runtime's description of a type
// (internal/abi.Type), unchanged since Go 1.4 but for the flags in kind.
type descriptor struct {
	size, _ uintptr
	_       uint32
	_       [3]uint8
	kind    uint8
}

// kindOf returns the kind that T is made from. Generic code cannot ask: on a
// 32-bit machine a named int and a named int32 differ in nothing but name, yet
// one has 8 bytes in the encoding and the other 4. package reflect would answer,
// at the price of linking it into every program that has a key; so this reads
// the one byte that reflect reads, on the machines that need it only. It panics
// when Go's descriptors have changed, rather than encode wrongly.
func kindOf[T Number]() uint8 {
	var zero T
	boxed := any(zero)
	d := *(**descriptor)(unsafe.Pointer(&boxed))
	kind := d.kind & 31 // older releases keep flags above
	if d.size != unsafe.Sizeof(zero) || kind < kindBool || kind > kindComplex128 {
		panic("key: this release of Go describes types in a way that workgen does not know: update github.com/workgen/workgen")
	}
	return kind
}

// isBlock tells whether a []T lies in memory as it goes into the encoding. On
// 64-bit little-endian machines it is a constant but for littleEndian.
func isBlock[T Number]() bool {
	var zero T
	if !littleEndian {
		return false
	}
	if wordBytes == 8 || unsafe.Sizeof(zero) != uintptr(wordBytes) {
		return true
	}
	switch kindOf[T]() {
	case kindInt, kindUint, kindUintptr:
		return false
	}
	return true
}

// elements appends s one element after the other. In fingerprint mode a long run
// is folded as it grows, each digest covering the one before it, so that the
// buffer stays small. That is not the digest which run would make; it need not
// be, since a process takes one path only.
func elements[T Number](e *Encoder, s []T) {
	const batch = 256 // elements between two looks at the buffer
	kind := kindOf[T]()
	at := len(e.buf)
	folded := false
	for len(s) > 0 {
		n := min(len(s), batch)
		for i := range s[:n] {
			e.buf = appendElement(e.buf, unsafe.Pointer(&s[i]), kind)
		}
		s = s[n:]
		if e.durable {
			e.spill()
		} else if len(e.buf)-at >= chunk {
			e.fold(at)
			folded = true
		}
	}
	if !e.durable && (folded || len(e.buf)-at > MaxExact) {
		e.fold(at)
	}
}

// appendElement appends the number of the given kind at p.
func appendElement(b []byte, p unsafe.Pointer, kind uint8) []byte {
	le := binary.LittleEndian
	switch kind {
	case kindBool, kindInt8, kindUint8:
		return append(b, *(*byte)(p))
	case kindInt16, kindUint16:
		return le.AppendUint16(b, *(*uint16)(p))
	case kindInt32, kindUint32, kindFloat32:
		return le.AppendUint32(b, *(*uint32)(p))
	case kindInt64, kindUint64, kindFloat64:
		return le.AppendUint64(b, *(*uint64)(p))
	case kindInt:
		return le.AppendUint64(b, uint64(*(*int)(p))) // the sign is extended
	case kindUint, kindUintptr:
		return le.AppendUint64(b, uint64(*(*uint)(p)))
	case kindComplex64:
		v := *(*complex64)(p)
		b = le.AppendUint32(b, math.Float32bits(real(v)))
		return le.AppendUint32(b, math.Float32bits(imag(v)))
	default: // kindComplex128: kindOf returns nothing else
		v := *(*complex128)(p)
		b = le.AppendUint64(b, math.Float64bits(real(v)))
		return le.AppendUint64(b, math.Float64bits(imag(v)))
	}
}
