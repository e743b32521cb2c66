package codec

import (
	"errors"
	"math/big"
	"net/url"
	"reflect"
	"time"
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

// marshalPlan writes what a type's own methods make of it.
func marshalPlan(marshal func(any) ([]byte, error), unmarshal func(any, []byte) error) *plan {
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			b, err := marshal(addressed(v))
			if err != nil {
				return err
			}
			return e.block(majorBytes, b)
		},
		decode: func(d *decoder, v reflect.Value) error {
			b, err := d.octets()
			if err != nil {
				return err
			}
			return unmarshal(v.Addr().Interface(), b)
		},
	}
}

var bigFloatPlan = marshalPlan(
	func(v any) ([]byte, error) { return v.(*big.Float).GobEncode() },
	func(v any, b []byte) error { return v.(*big.Float).GobDecode(b) })

// Tags of CBOR for integers of any size.
const (
	tagPositive = 2
	tagNegative = 3
)

var bigIntPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		i := addressed(v).(*big.Int)
		if i.Sign() < 0 {
			e.head(majorTag, tagNegative)
			i = new(big.Int).Not(i)
		} else {
			e.head(majorTag, tagPositive)
		}
		return e.block(majorBytes, i.Bytes())
	},
	decode: func(d *decoder, v reflect.Value) error {
		tag, err := d.expect(majorTag)
		if err != nil {
			return err
		}
		if tag != tagPositive && tag != tagNegative {
			return errors.New("has something else than a large integer")
		}
		b, err := d.octets()
		if err != nil {
			return err
		}
		if len(b) > 0 && b[0] == 0 {
			return errors.New("has a number that is not in shortest form")
		}
		i := v.Addr().Interface().(*big.Int).SetBytes(b)
		if tag == tagNegative {
			i.Not(i)
		}
		return nil
	},
}

// userinfoPlan makes url.URL storable, the rest of which is exported.
var userinfoPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		u := addressed(v).(*url.Userinfo)
		password, set := u.Password()
		e.head(majorArray, 3)
		e.text(u.Username())
		e.text(password)
		return boolPlan.encode(e, reflect.ValueOf(set))
	},
	decode: func(d *decoder, v reflect.Value) error {
		if err := d.exactly(majorArray, 3); err != nil {
			return err
		}
		name, err := d.string()
		if err != nil {
			return err
		}
		password, err := d.string()
		if err != nil {
			return err
		}
		var set bool
		if err := boolPlan.decode(d, reflect.ValueOf(&set).Elem()); err != nil {
			return err
		}
		u := url.User(name)
		if set {
			u = url.UserPassword(name, password)
		}
		v.Set(reflect.ValueOf(u).Elem())
		return nil
	},
}

var timePlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		t := addressed(v).(*time.Time)
		abbreviation, offset := t.Zone()
		e.head(majorArray, 5)
		e.integer(t.Unix())
		e.integer(int64(t.Nanosecond()))
		e.integer(int64(offset))
		e.text(abbreviation)
		e.text(t.Location().String())
		return e.spill()
	},
	decode: func(d *decoder, v reflect.Value) error {
		t, err := d.time()
		if err == nil {
			v.Set(reflect.ValueOf(t).Convert(v.Type()))
		}
		return err
	},
}

func (d *decoder) time() (time.Time, error) {
	if err := d.exactly(majorArray, 5); err != nil {
		return time.Time{}, err
	}
	var n [3]int64
	var s [2]string
	var err error
	for i := range n {
		if n[i], err = d.integer(); err != nil {
			return time.Time{}, err
		}
	}
	for i := range s {
		if s[i], err = d.string(); err != nil {
			return time.Time{}, err
		}
	}
	if n[1] < 0 || n[1] >= 1e9 || n[2] < -1<<31 || n[2] >= 1<<31 {
		return time.Time{}, errRange
	}
	return located(time.Unix(n[0], n[1]), int(n[2]), s[0], s[1]), nil
}

// located returns t in a location of some name, if that still shows the same clock
// as when t was written, and otherwise in a fixed zone that does.
func located(t time.Time, offset int, abbreviation, name string) time.Time {
	var zone *time.Location
	switch name {
	case "UTC":
		zone = time.UTC
	case "Local":
		zone = time.Local
	case "":
	default:
		zone, _ = time.LoadLocation(name)
	}
	if zone != nil {
		if got, seconds := t.In(zone).Zone(); got == abbreviation && seconds == offset {
			return t.In(zone)
		}
	}
	return t.In(time.FixedZone(abbreviation, offset))
}
