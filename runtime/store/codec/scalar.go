package codec

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"unicode/utf8"
	"unsafe"
)

var errRange = errors.New("has a number that its type cannot hold")

var boolPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		if v.Bool() {
			e.buf = append(e.buf, simpleTrue)
		} else {
			e.buf = append(e.buf, simpleFalse)
		}
		return e.spill()
	},
	decode: func(d *decoder, v reflect.Value) error {
		b, err := d.take(1)
		if err != nil {
			return err
		}
		if b[0] != simpleTrue && b[0] != simpleFalse {
			return errors.New("has something else than true or false")
		}
		v.SetBool(b[0] == simpleTrue)
		return nil
	},
}

var intPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		e.integer(v.Int())
		return e.spill()
	},
	decode: func(d *decoder, v reflect.Value) error {
		i, err := d.integer()
		if err != nil {
			return err
		}
		if v.OverflowInt(i) {
			return errRange
		}
		v.SetInt(i)
		return nil
	},
}

var uintPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		e.head(majorUint, v.Uint())
		return e.spill()
	},
	decode: func(d *decoder, v reflect.Value) error {
		u, err := d.expect(majorUint)
		if err != nil {
			return err
		}
		if v.OverflowUint(u) {
			return errRange
		}
		v.SetUint(u)
		return nil
	},
}

// float32bits returns the bits of a float32 as they are. Converting it to float64
// and back, as reflect does, would change those of a signalling NaN.
func float32bits(v reflect.Value) uint32 {
	if v.CanAddr() {
		return *(*uint32)(v.Addr().UnsafePointer())
	}
	x := reflect.New(v.Type())
	x.Elem().Set(v)
	return *(*uint32)(x.UnsafePointer())
}

var float32Plan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		e.buf = binary.BigEndian.AppendUint32(append(e.buf, simpleFloat32), float32bits(v))
		return e.spill()
	},
	decode: func(d *decoder, v reflect.Value) error {
		b, err := d.take(5)
		if err != nil {
			return err
		}
		if b[0] != simpleFloat32 {
			return errors.New("has something else than a float of 32 bits")
		}
		*(*uint32)(v.Addr().UnsafePointer()) = binary.BigEndian.Uint32(b[1:])
		return nil
	},
}

var float64Plan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		e.float64(v.Float())
		return e.spill()
	},
	decode: func(d *decoder, v reflect.Value) error {
		f, err := d.float64()
		v.SetFloat(f)
		return err
	},
}

func (e *encoder) float64(f float64) {
	e.buf = binary.BigEndian.AppendUint64(append(e.buf, simpleFloat64), math.Float64bits(f))
}

func (d *decoder) float64() (float64, error) {
	b, err := d.take(9)
	if err != nil {
		return 0, err
	}
	if b[0] != simpleFloat64 {
		return 0, errors.New("has something else than a float of 64 bits")
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b[1:])), nil
}

// complexPlan writes a complex number as an array of its parts.
func complexPlan(t reflect.Type) *plan {
	part, inner := reflect.TypeFor[float64](), float64Plan
	if t.Kind() == reflect.Complex64 {
		part, inner = reflect.TypeFor[float32](), float32Plan
	}
	parts := reflect.ArrayOf(2, part)
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			x := reflect.New(t)
			x.Elem().Set(v)
			pair := reflect.NewAt(parts, x.UnsafePointer()).Elem()
			e.head(majorArray, 2)
			if err := inner.encode(e, pair.Index(0)); err != nil {
				return err
			}
			return inner.encode(e, pair.Index(1))
		},
		decode: func(d *decoder, v reflect.Value) error {
			if err := d.exactly(majorArray, 2); err != nil {
				return err
			}
			pair := reflect.NewAt(parts, v.Addr().UnsafePointer()).Elem()
			if err := inner.decode(d, pair.Index(0)); err != nil {
				return err
			}
			return inner.decode(d, pair.Index(1))
		},
	}
}

var stringPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		s := v.String()
		major := byte(majorText)
		if !utf8.ValidString(s) {
			major = majorBytes
		}
		return e.block(major, unsafe.Slice(unsafe.StringData(s), len(s)))
	},
	decode: func(d *decoder, v reflect.Value) error {
		s, err := d.string()
		v.SetString(s)
		return err
	},
}
