// Package codec writes results as bytes and reads them back equal, in another process
// and on another machine too. What would not come back equal is refused by name: a type
// when a runner is made with a store, a value when it is written. It is never left out.
//
// # What is stored
//
//   - booleans, numbers, strings, slices, arrays, maps and pointers; nil stays apart
//     from empty, and floats keep their bits
//   - structs: all exported fields, whatever tags and methods for other encodings they
//     have. An embedded struct is one of them, exported or not. Other unexported fields
//     that take no memory, and blank ones, hold nothing
//   - time.Time and *time.Location: the instant and a location with the same name and
//     rules. A monotonic reading is dropped
//   - big.Int, big.Rat, big.Float, url.Userinfo, netip.Addr, AddrPort and Prefix
//   - types that were declared as one of these or as time.Time: type Stamp time.Time
//   - by a method of its own, and read by the counterpart: a type that
//     //workgen:encode names, if its fields cannot be stored
//   - protobuf messages; equal is then what proto.Equal says
//   - interfaces whose types are listed or known: the type's name and the value
//   - unique.Handle: the value that it stands for
//   - types that contain themselves, such as trees. Pointers that were equal come back
//     as pointers to equal values. A value that contains itself is refused when it is
//     written
//
// # What is refused
//
//   - structs with other unexported fields, or with a field tagged `workgen:"-"`
//   - functions, channels, locks, uintptr and unsafe.Pointer
//   - interfaces that can hold any type
//   - maps whose keys hold addresses: pointers, or the location of a time. A key that is
//     equal to the original would not be found in what is read
//
// And when it is written: a time zone that time.LoadLocation does not find under its
// name with the same rules, and a value that its own methods do not give back equal, or
// panic on. When it is read: a time zone that has other rules there.
//
// The generator applies the same rules to the source, and tells the codec of the types
// that it does not walk: see package kind.
//
// # Format
//
// The format is two bytes "wg", the version of the codec, the length of the schema
// as an unsigned varint, the schema, and the value as deterministic CBOR (RFC 8949):
//
//   - nil pointers, slices, maps and interfaces are null; a pointer to something that
//     can be nil itself is an array of one
//   - integers are in their shortest form, floats in their own width and to the
//     bit, so NaNs and -0 stay what they are; complex numbers are arrays of two
//   - strings are text, or bytes when they are not UTF-8
//   - slices and arrays are arrays; of bytes they are byte strings, and of other
//     numbers of fixed size typed arrays, little-endian (RFC 8746)
//   - maps are ordered by their encoded keys; structs are maps from the names of all
//     their fields, in the order of their encoding
//   - time.Time is an array of seconds since 1970, nanoseconds and location. A location
//     is an array: empty for UTC, of a digest of its rules for time.Local, of name and
//     offset for a fixed zone, and of name and digest for others
//   - what methods write is a byte string; an interface is an array of the full name of
//     the type and the value; a handle is an array of its value, empty for the zero one
//
// Decoding refuses whatever Encode would not have written for the same type:
// other, fewer or more fields, other lengths, bytes that are left over.
package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/kind"
)

// Version is the version of the format. What another version wrote is a miss.
const Version = 2

const magic = "wg"

// Default is the codec of backends that have no reason for another one.
var Default store.Codec = Codec{}

// Codec implements store.Codec. The zero Codec is ready for use.
type Codec struct {
	// Verify decodes everything that is encoded and encodes it again, as a check of
	// this package. It takes the memory of a second value and of two encodings.
	Verify bool

	typ  reflect.Type
	plan *plan
}

// For implements store.Codec.
func (c Codec) For(t reflect.Type, kinds []kind.Kind) (store.Codec, error) {
	p, err := planOf(t, kinds)
	if err != nil {
		return nil, err
	}
	return Codec{Verify: c.Verify, typ: t, plan: p}, nil
}

// value returns what ptr points to and how it is written.
func (c Codec) value(ptr any) (reflect.Value, *plan, error) {
	v := reflect.ValueOf(ptr)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return v, nil, errors.New("give a pointer to the result")
	}
	v = v.Elem()
	if v.Type() == c.typ {
		return v, c.plan, nil
	}
	p, err := planOf(v.Type(), nil)
	return v, p, err
}

// Encode implements store.Codec. What was written before an error is of no use.
func (c Codec) Encode(w io.Writer, schema string, ptr any) (err error) {
	defer recovered("encode", ptr, &err)
	v, plan, err := c.value(ptr)
	if err != nil {
		return fmt.Errorf("encode %T: %w", ptr, err)
	}
	if c.Verify {
		return verified(w, schema, v, plan)
	}
	return encode(w, schema, v, plan)
}

func encode(w io.Writer, schema string, v reflect.Value, plan *plan) error {
	e := encoder{w: w, buf: make([]byte, 0, 512), sharing: &sharing{}}
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
	var first, second bytes.Buffer
	if err := encode(&first, schema, v, plan); err != nil {
		return err
	}
	back := reflect.New(v.Type()).Elem()
	d := decoder{buf: first.Bytes(), left: int64(first.Len())}
	if err := d.all(schema, back, plan); err != nil {
		return fmt.Errorf("encode %s: cannot be decoded: %w", v.Type(), err)
	}
	if err := encode(&second, schema, back, plan); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		return fmt.Errorf("encode %s: it does not come back as it was (%w)", v.Type(), err)
	}
	_, err := w.Write(first.Bytes())
	return err
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
	v, plan, err := c.value(ptr)
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
		return fmt.Errorf("decode %T: %w", ptr, err)
	}
	return nil
}
