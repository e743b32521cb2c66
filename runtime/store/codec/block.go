package codec

import (
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"unsafe"
)

// typedArrays has the tags of RFC 8746 for little-endian elements. Those of int and
// uint are not of one size everywhere, and bytes are byte strings.
var typedArrays = map[reflect.Kind]uint64{
	reflect.Uint16: 69, reflect.Uint32: 70, reflect.Uint64: 71,
	reflect.Int8: 72, reflect.Int16: 77, reflect.Int32: 78, reflect.Int64: 79,
	reflect.Float32: 85, reflect.Float64: 86,
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// memory returns the memory of a slice's elements.
func memory(v reflect.Value) []byte {
	return unsafe.Slice((*byte)(v.UnsafePointer()), v.Len()*int(v.Type().Elem().Size()))
}

// swap turns elements of some size from one byte order to the other.
func swap(b []byte, size int) {
	for i := 0; i < len(b); i += size {
		slices.Reverse(b[i : i+size])
	}
}

// typedSlice writes a slice of numbers as one block of memory.
func typedSlice(t reflect.Type, tag uint64) *plan {
	size := int(t.Elem().Size())
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.buf = append(e.buf, simpleNull)
				return e.spill()
			}
			e.head(majorTag, tag)
			b := memory(v)
			if !littleEndian {
				b = slices.Clone(b)
				swap(b, size)
			}
			return e.block(majorBytes, b)
		},
		decode: func(d *decoder, v reflect.Value) error {
			if null, err := d.null(); null || err != nil {
				return err
			}
			if err := d.exactly(majorTag, tag); err != nil {
				return err
			}
			n, err := d.length(majorBytes)
			if err != nil {
				return err
			}
			if n%size != 0 {
				return errors.New("has a part of a number")
			}
			v.Set(reflect.MakeSlice(v.Type(), n/size, n/size))
			b := memory(v)
			if err := d.full(b); err != nil {
				return err
			}
			if !littleEndian {
				swap(b, size)
			}
			return nil
		},
	}
}

var bytesPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		if v.IsNil() {
			e.buf = append(e.buf, simpleNull)
			return e.spill()
		}
		return e.block(majorBytes, v.Bytes())
	},
	decode: func(d *decoder, v reflect.Value) error {
		if null, err := d.null(); null || err != nil {
			return err
		}
		n, err := d.length(majorBytes)
		if err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		return d.full(v.Bytes())
	},
}

var byteArrayPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		if !v.CanAddr() { // a key of a map
			x := reflect.New(v.Type()).Elem()
			x.Set(v)
			v = x
		}
		return e.block(majorBytes, v.Bytes())
	},
	decode: func(d *decoder, v reflect.Value) error {
		if err := d.exactly(majorBytes, uint64(v.Len())); err != nil {
			return err
		}
		return d.full(v.Bytes())
	},
}
