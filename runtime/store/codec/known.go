package codec

import (
	"errors"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"time"
)

// known are the types that are not walked field by field, whatever the generator says.
var known = map[reflect.Type]*plan{
	reflect.TypeFor[time.Time]():      timePlan,
	reflect.TypeFor[*time.Location](): locationPlan,
	reflect.TypeFor[big.Int]():        bigIntPlan,
	reflect.TypeFor[big.Float]():      bigFloatPlan,
	reflect.TypeFor[big.Rat]():        bigRatPlan,
	reflect.TypeFor[url.Userinfo]():   userinfoPlan,
	reflect.TypeFor[netip.Addr]():     addrPlan,
	reflect.TypeFor[netip.AddrPort](): addrPortPlan,
	reflect.TypeFor[netip.Prefix]():   prefixPlan,
}

// comparable are those of them that come back equal by the operator ==.
var comparable = map[reflect.Type]bool{
	reflect.TypeFor[url.Userinfo]():   true,
	reflect.TypeFor[netip.Addr]():     true,
	reflect.TypeFor[netip.AddrPort](): true,
	reflect.TypeFor[netip.Prefix]():   true,
}

// baseOf returns the one of the known types that a type was declared as, whose methods it
// does not have: that is time.Time after type Stamp time.Time. It is nil for others.
func baseOf(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct || known[t] != nil {
		return nil
	}
	for base := range known {
		if base.Kind() == reflect.Struct && t.ConvertibleTo(base) {
			return base
		}
	}
	return nil
}

// convertedPlan writes and reads values as those of one of the known types.
func convertedPlan(base reflect.Type) *plan {
	ptr := reflect.PointerTo(base)
	return &plan{
		encode: func(e *encoder, v reflect.Value) error { return known[base].encode(e, v.Convert(base)) },
		decode: func(d *decoder, v reflect.Value) error {
			return known[base].decode(d, v.Addr().Convert(ptr).Elem())
		},
	}
}

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
		switch {
		case set:
			u = url.UserPassword(name, password)
		case password != "":
			return errors.New("has a password that is not set")
		}
		v.Set(reflect.ValueOf(u).Elem())
		return nil
	},
}
