package key

import (
	"encoding/binary"
	"unsafe"
)

// The methods in this file write what those of Fields do. They are inlined into
// generated code: one append each, no branch on the mode, no call.
// TestScalarsStayInlineable holds them to it. The buffer may therefore outgrow a chunk by a run of scalars; the
// next method that is a call anyway flushes it.

// wordBytes is the size of int, uint and uintptr here: 8 or 4. In the encoding
// they always have 8.
const wordBytes = int(unsafe.Sizeof(uintptr(0)))

// putLength writes a length word over the first 8 bytes of b.
func putLength(b []byte, n uint64) { binary.LittleEndian.PutUint64(b, n) }

// Bool appends one byte, 0 or 1.
func (e *Encoder) Bool(v bool) { e.buf = Fields(e.buf).Bool(v) }

// Int appends v as 8 bytes on every machine.
func (e *Encoder) Int(v int) { e.buf = Fields(e.buf).Int(v) }

// Int8 appends v as 1 byte.
func (e *Encoder) Int8(v int8) { e.buf = Fields(e.buf).Int8(v) }

// Int16 appends v as 2 bytes.
func (e *Encoder) Int16(v int16) { e.buf = Fields(e.buf).Int16(v) }

// Int32 appends v as 4 bytes.
func (e *Encoder) Int32(v int32) { e.buf = Fields(e.buf).Int32(v) }

// Int64 appends v as 8 bytes.
func (e *Encoder) Int64(v int64) { e.buf = Fields(e.buf).Int64(v) }

// Uint appends v as 8 bytes on every machine.
func (e *Encoder) Uint(v uint) { e.buf = Fields(e.buf).Uint(v) }

// Uint8 appends v as 1 byte.
func (e *Encoder) Uint8(v uint8) { e.buf = Fields(e.buf).Uint8(v) }

// Uint16 appends v as 2 bytes.
func (e *Encoder) Uint16(v uint16) { e.buf = Fields(e.buf).Uint16(v) }

// Uint32 appends v as 4 bytes.
func (e *Encoder) Uint32(v uint32) { e.buf = Fields(e.buf).Uint32(v) }

// Uint64 appends v as 8 bytes.
func (e *Encoder) Uint64(v uint64) { e.buf = Fields(e.buf).Uint64(v) }

// Uintptr appends v as 8 bytes on every machine. It is taken for a number; an
// address differs between processes, so a key made of one is never met again.
func (e *Encoder) Uintptr(v uintptr) { e.buf = Fields(e.buf).Uintptr(v) }

// Float32 appends the 4 bytes of v's IEEE 754 bits. 0 and -0 differ, and so do
// NaNs with different payloads; a NaN equals itself. That may miss where == says
// equal, and hits for a NaN, which a computation cannot tell from itself.
func (e *Encoder) Float32(v float32) { e.buf = Fields(e.buf).Float32(v) }

// Float64 appends the 8 bytes of v's IEEE 754 bits; see Float32.
func (e *Encoder) Float64(v float64) { e.buf = Fields(e.buf).Float64(v) }

// Complex64 appends the real, then the imaginary part; see Float32.
func (e *Encoder) Complex64(v complex64) { e.buf = Fields(e.buf).Complex64(v) }

// Complex128 appends the real, then the imaginary part; see Float32.
func (e *Encoder) Complex128(v complex128) { e.buf = Fields(e.buf).Complex128(v) }

// Present appends the tag of a pointer, 1 when ok and 0 when it is nil, and
// returns ok. What it points to follows only in the first case.
//
//	if e.Present(p != nil) {
//		e.Int(*p)
//	}
func (e *Encoder) Present(ok bool) bool {
	e.Bool(ok)
	return ok
}

// Slice appends the length word of a slice of n elements: 0 when it is nil and
// n+1 otherwise. The caller appends the elements, in order. Slices of numbers
// are faster with Numbers.
//
//	e.Slice(len(names), names == nil)
//	for _, name := range names {
//		e.String(name)
//	}
func (e *Encoder) Slice(n int, isNil bool) {
	e.Uint64(lengthWord(n, isNil))
	if e.durable {
		e.spill()
	}
}

// lengthWord makes room for nil among the lengths: 0 is nil, n+1 is n.
func lengthWord(n int, isNil bool) uint64 {
	if isNil {
		return 0
	}
	return uint64(n) + 1
}
