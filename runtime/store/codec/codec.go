// Package codec writes results as bytes and reads them back, equal to the bit: what
// cannot come back as it was is an error when it is written, never something left
// out. It looks at no struct tags.
//
// The format is two bytes "wg", the version of the codec, the length of the schema
// as an unsigned varint, the schema, and the value as deterministic CBOR (RFC 8949):
//
//   - nil pointers, slices and maps are null, so nil is not empty; a pointer to
//     something that can be nil itself is an array of one
//   - integers are in their shortest form, floats in their own width and to the
//     bit, so NaNs and -0 stay what they are; complex numbers are arrays of two
//   - strings are text, or bytes when they are not UTF-8
//   - slices and arrays are arrays; of bytes they are byte strings, and of other
//     numbers of fixed size typed arrays, little-endian (RFC 8746)
//   - maps are ordered by their encoded keys; structs are maps from the names of all
//     their fields, in the order of their encoding
//   - time.Time is an array of seconds since 1970, nanoseconds, offset, abbreviation
//     and name of the location; it comes back without a monotonic reading
//   - other structs with unexported fields are what their MarshalBinary or
//     MarshalText returns; without such a method they are refused
//   - interfaces, functions, channels, unsafe pointers and uintptr are refused
//
// Shared pointers come back as pointers to equal values, cycles are refused.
// Decoding refuses whatever Encode would not have written for the same type:
// other, fewer or more fields, other lengths, bytes that are left over.
package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"

	"github.com/workgen/workgen/runtime/store"
)

// Version is the version of the format. What another version wrote is a miss.
const Version = 1

const magic = "wg"

// Default is the codec of backends that have no reason for another one.
var Default store.Codec = Codec{}

// Codec implements store.Codec. The zero Codec is ready for use.
type Codec struct {
	// Verify decodes everything that is encoded and compares it, so that a type
	// whose marshalling methods lose something is found. It takes the memory of a
	// second value and of its encoding.
	Verify bool
}

// Encode implements store.Codec. What was written before an error is of no use.
func (c Codec) Encode(w io.Writer, schema string, ptr any) (err error) {
	defer recovered("encode", ptr, &err)
	v := reflect.ValueOf(ptr)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("encode %T: give a pointer to the result", ptr)
	}
	v = v.Elem()
	plan, err := planOf(v.Type())
	if err != nil {
		return fmt.Errorf("encode %s: %w", v.Type(), err)
	}
	if c.Verify {
		return verified(w, schema, v, plan)
	}
	return encode(w, schema, v, plan)
}

func encode(w io.Writer, schema string, v reflect.Value, plan *plan) error {
	e := encoder{w: w, buf: make([]byte, 0, 512)}
	e.buf = append(e.buf, magic...)
	e.buf = append(e.buf, Version)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(schema)))
	e.buf = append(e.buf, schema...)
	err := plan.encode(&e, v)
	if err == nil {
		err = e.flush()
	}
	if err != nil {
		return fmt.Errorf("encode %s: %w", v.Type(), err)
	}
	return nil
}

func verified(w io.Writer, schema string, v reflect.Value, plan *plan) error {
	var b bytes.Buffer
	if err := encode(&b, schema, v, plan); err != nil {
		return err
	}
	back := reflect.New(v.Type())
	entry := &store.Entry{Size: int64(b.Len()), Data: b.Bytes()}
	if err := (Codec{}).Decode(entry, schema, back.Interface()); err != nil {
		return fmt.Errorf("encode %s: cannot be decoded: %w", v.Type(), err)
	}
	if path, same := equal(v, back.Elem(), ""); !same {
		return fmt.Errorf("encode %s: %s does not come back as it was", v.Type(), cmpPath(path))
	}
	_, err := w.Write(b.Bytes())
	return err
}

func cmpPath(path string) string {
	if path == "" {
		return "the value"
	}
	return path
}

// recovered makes an error of a panic: marshalling methods are the user's, and a
// store may be in the middle of something.
func recovered(what string, ptr any, err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%s %T: panic: %v", what, ptr, v)
	}
}

// Decode implements store.Codec.
func (c Codec) Decode(e *store.Entry, schema string, ptr any) (err error) {
	defer recovered("decode", ptr, &err)
	v := reflect.ValueOf(ptr)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("decode %T: give a pointer to the result", ptr)
	}
	v = v.Elem()
	plan, err := planOf(v.Type())
	if err == nil {
		v.SetZero()
		d := decoder{buf: e.Data, left: e.Size}
		if e.Data == nil {
			d.src = e
		} else {
			d.left = int64(len(e.Data))
		}
		err = d.all(schema, v, plan)
	}
	if err != nil {
		return fmt.Errorf("decode %s: %w", v.Type(), err)
	}
	return nil
}
