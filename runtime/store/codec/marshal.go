package codec

import (
	"bytes"
	"errors"
	"math/big"
	"net/netip"
	"reflect"

	"github.com/workgen/workgen/runtime/store/kind"
)

// addressed returns a pointer to v, or to a copy of it.
func addressed(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	x := reflect.New(v.Type())
	x.Elem().Set(v)
	return x.Interface()
}

var (
	errUnread  = errors.New("its methods do not read what they have written")
	errUnequal = errors.New("its methods leave something out: it does not come back equal")
)

// marshalPlan writes what methods make of a value, and makes sure that they can make it
// of that again.
func marshalPlan(k kind.Kind) *plan {
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			ptr := addressed(v)
			b, err := k.Marshal(ptr)
			if err != nil {
				return err
			}
			back := reflect.New(k.Type)
			if err := unmarshal(k, b, back); err != nil {
				return err
			}
			if !same(k, reflect.ValueOf(ptr), back) {
				return errUnequal
			}
			return e.block(majorBytes, b)
		},
		decode: func(d *decoder, v reflect.Value) error {
			b, err := d.octets()
			if err != nil {
				return err
			}
			return unmarshal(k, b, v.Addr())
		},
	}
}

// unmarshal sets what ptr points to, a zero value, to what b was made of: b is kept.
func unmarshal(k kind.Kind, b []byte, ptr reflect.Value) error {
	if err := k.Unmarshal(bytes.Clone(b), ptr.Interface()); err != nil {
		return err
	}
	again, err := k.Marshal(ptr.Interface())
	if err == nil && !bytes.Equal(again, b) {
		err = errUnread
	}
	return err
}

// same reports whether what two pointers point to is equal: in all fields that others
// can read, and deeply or by a method Equal that the type has.
func same(k kind.Kind, a, b reflect.Value) bool {
	if k.Equal != nil {
		return k.Equal(a.Interface(), b.Interface())
	}
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return true
	}
	if t := k.Type; t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if t.Field(i).IsExported() && !reflect.DeepEqual(a.Elem().Field(i).Interface(), b.Elem().Field(i).Interface()) {
				return false
			}
		}
	}
	return equalByMethod(a, b)
}

// equalByMethod asks the method Equal of a type, if it has one.
func equalByMethod(a, b reflect.Value) bool {
	m := a.MethodByName("Equal")
	if !m.IsValid() || m.Type().NumIn() != 1 || m.Type().NumOut() != 1 || m.Type().Out(0).Kind() != reflect.Bool {
		return false
	}
	switch m.Type().In(0) {
	case b.Type():
	case b.Type().Elem():
		b = b.Elem()
	default:
		return false
	}
	return m.Call([]reflect.Value{b})[0].Bool()
}

// standard is the plan of a type of the standard library whose methods leave nothing
// out.
func standard(k kind.Kind) *plan {
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			b, err := k.Marshal(addressed(v))
			if err != nil {
				return err
			}
			return e.block(majorBytes, b)
		},
		decode: marshalPlan(k).decode,
	}
}

var (
	bigFloatPlan = standard(kind.By((*big.Float).GobEncode, (*big.Float).GobDecode))
	bigRatPlan   = standard(kind.By((*big.Rat).MarshalText, (*big.Rat).UnmarshalText))
	addrPlan     = standard(kind.By((*netip.Addr).MarshalBinary, (*netip.Addr).UnmarshalBinary))
	addrPortPlan = standard(kind.By((*netip.AddrPort).MarshalBinary, (*netip.AddrPort).UnmarshalBinary))
	prefixPlan   = standard(kind.By((*netip.Prefix).MarshalBinary, (*netip.Prefix).UnmarshalBinary))
)
