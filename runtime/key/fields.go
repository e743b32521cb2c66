package key

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// Fields is an encoding while several small things are appended to it one after the other:
// numbers, strings and what comes before the elements of a slice or the target of
// a pointer. Generated code holds it in a local variable, and so in registers,
// where the methods of Encoder read and write the encoder each time. It writes
// what those of the same names write.
//
//	b := e.Begin()
//	b = b.Uint64(v.ID)
//	b = b.String(e, v.Name)
//	b = encodeAddress(e, b, &v.Address)
//	e.End(b)
//
// Between Begin and End the encoder is given to String, and to functions that
// return the Fields that they got, and is used for nothing else.
type Fields []byte

// Begin returns the encoding as far as it has come, to append to.
func (e *Encoder) Begin() Fields { return e.buf }

// End takes back what Begin gave, with what was appended.
func (e *Encoder) End(b Fields) {
	if cap(b) != cap(e.buf) || e.durable {
		e.endGrown(b)
		return
	}
	e.buf = e.buf[:len(b)] // the same memory; a pointer that is not written needs no barrier
}

// endGrown is End where the buffer has grown, or may have to be flushed. It is kept
// out of End, which is inlined only while it is small.
//
//go:noinline
func (e *Encoder) endGrown(b Fields) {
	e.buf = b
	e.spill()
}

// String appends a string; e is the encoder that b came from.
//
// It is a call: written out, it would make the code of a struct with many
// strings, most of which are empty, several times as long. Where there is room for
// any string that goes into the buffer, one comparison is all that it takes.
//
//go:noinline
func (b Fields) String(e *Encoder, s string) Fields {
	at, n := len(b), len(s)
	if cap(b)-at >= wordRoom+MaxExact {
		end := unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), at)
		binary.LittleEndian.PutUint64((*[wordRoom]byte)(end)[:], uint64(n))
		if n == 0 {
			return b[:at+wordRoom]
		}
		if n <= MaxExact {
			copy((*[MaxExact]byte)(unsafe.Add(end, wordRoom))[:n], s)
			return b[:at+wordRoom+n]
		}
	}
	return e.longField(b, s)
}

// wordRoom is the size of a length word in bytes.
const wordRoom = 8

// longField appends any string, and makes room for the next one.
//
//go:noinline
func (e *Encoder) longField(b Fields, s string) Fields {
	e.buf = slices.Grow(b, wordRoom+MaxExact)
	e.longString(s)
	return e.buf
}

// Slice appends the length word of a slice or a map of n elements.
func (b Fields) Slice(n int, isNil bool) Fields { return b.Uint64(lengthWord(n, isNil)) }

// Bool appends one byte; it is also the tag of a pointer, which Present writes.
func (b Fields) Bool(v bool) Fields {
	var x byte
	if v {
		x = 1
	}
	return append(b, x)
}

// Int appends 8 bytes.
func (b Fields) Int(v int) Fields { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

// Int8 appends 1 byte.
func (b Fields) Int8(v int8) Fields { return append(b, byte(v)) }

// Int16 appends 2 bytes.
func (b Fields) Int16(v int16) Fields { return binary.LittleEndian.AppendUint16(b, uint16(v)) }

// Int32 appends 4 bytes.
func (b Fields) Int32(v int32) Fields { return binary.LittleEndian.AppendUint32(b, uint32(v)) }

// Int64 appends 8 bytes.
func (b Fields) Int64(v int64) Fields { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

// Uint appends 8 bytes.
func (b Fields) Uint(v uint) Fields { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

// Uint8 appends 1 byte.
func (b Fields) Uint8(v uint8) Fields { return append(b, v) }

// Uint16 appends 2 bytes.
func (b Fields) Uint16(v uint16) Fields { return binary.LittleEndian.AppendUint16(b, v) }

// Uint32 appends 4 bytes.
func (b Fields) Uint32(v uint32) Fields { return binary.LittleEndian.AppendUint32(b, v) }

// Uint64 appends 8 bytes.
func (b Fields) Uint64(v uint64) Fields { return binary.LittleEndian.AppendUint64(b, v) }

// Uintptr appends 8 bytes.
func (b Fields) Uintptr(v uintptr) Fields { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

// Float32 appends 4 bytes.
func (b Fields) Float32(v float32) Fields {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

// Float64 appends 8 bytes.
func (b Fields) Float64(v float64) Fields {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

// Complex64 appends 8 bytes.
func (b Fields) Complex64(v complex64) Fields { return b.Float32(real(v)).Float32(imag(v)) }

// Complex128 appends 16 bytes.
func (b Fields) Complex128(v complex128) Fields { return b.Float64(real(v)).Float64(imag(v)) }

// KeyAt is Key at the end of b.
//
//	for k, x := range v.Limits {
//		b = e.Begin()
//		m.KeyAt(b)
//		b = b.String(e, k)
//		m.ValueAt(b)
//		b = b.Int64(x)
//		e.End(b)
//	}
func (m MapEncoder) KeyAt(b Fields) {
	m.e.entries = append(m.e.entries, entry{start: len(b)})
}

// ValueAt is Value at the end of b.
func (m MapEncoder) ValueAt(b Fields) {
	e := m.e
	last := len(e.entries) - 1
	if last < m.base || e.entries[last].value != 0 {
		m.mustHaveKey()
		return
	}
	e.entries[last].value = len(b)
}
