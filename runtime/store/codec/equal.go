package codec

import (
	"math"
	"math/big"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// equal compares two values of one type to the bit: a NaN equals one with the same
// bits, 0 is not -0, nil is not empty. path tells where they differ.
func equal(a, b reflect.Value, path string) (where string, same bool) {
	if f, ok := known[a.Type()]; ok {
		return path, f(a, b)
	}
	switch a.Kind() {
	case reflect.Float32:
		return path, float32bits(a) == float32bits(b)
	case reflect.Float64:
		return path, math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return path, math.Float64bits(real(x)) == math.Float64bits(real(y)) &&
			math.Float64bits(imag(x)) == math.Float64bits(imag(y))
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return path, a.IsNil() == b.IsNil()
		}
		return equal(a.Elem(), b.Elem(), path)
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return path, false
		}
		return equalElements(a, b, path)
	case reflect.Array:
		return equalElements(a, b, path)
	case reflect.Map:
		return path, equalMaps(a, b)
	case reflect.Struct:
		return equalStructs(a, b, path)
	}
	return path, a.Equal(b)
}

// known compares what equal cannot look into.
var known = map[reflect.Type]func(a, b reflect.Value) bool{
	timeType: func(a, b reflect.Value) bool {
		x, y := addressed(a).(*time.Time), addressed(b).(*time.Time)
		n, m := x.Location().String(), y.Location().String()
		c, i := x.Zone()
		d, j := y.Zone()
		return x.Equal(*y) && i == j && c == d && (n == m || m == d)
	},
	intType: func(a, b reflect.Value) bool {
		return addressed(a).(*big.Int).Cmp(addressed(b).(*big.Int)) == 0
	},
	floatType: func(a, b reflect.Value) bool {
		x, y := addressed(a).(*big.Float), addressed(b).(*big.Float)
		return x.Cmp(y) == 0 && x.Signbit() == y.Signbit() && x.Prec() == y.Prec() && x.Mode() == y.Mode()
	},
	userinfoType: func(a, b reflect.Value) bool {
		return *addressed(a).(*url.Userinfo) == *addressed(b).(*url.Userinfo)
	},
}

func equalElements(a, b reflect.Value, path string) (string, bool) {
	for i := range a.Len() {
		if where, same := equal(a.Index(i), b.Index(i), path+"["+strconv.Itoa(i)+"]"); !same {
			return where, false
		}
	}
	return "", true
}

// equalMaps compares the encodings, which have an order. They are of one plan.
func equalMaps(a, b reflect.Value) bool {
	if a.IsNil() || b.IsNil() {
		return a.IsNil() == b.IsNil()
	}
	p, err := planOf(a.Type())
	if err != nil {
		return false
	}
	x, y := encoder{}, encoder{}
	return p.encode(&x, a) == nil && p.encode(&y, b) == nil && string(x.buf) == string(y.buf)
}

// equalStructs looks at exported fields. A struct with others was marshalled by its
// own methods: it is asked whether it is equal, or compared deeply.
func equalStructs(a, b reflect.Value, path string) (string, bool) {
	t := a.Type()
	for i := range t.NumField() {
		if f := t.Field(i); f.Name != "_" && !f.IsExported() {
			return path, equalMarshalled(a, b)
		}
	}
	for i := range t.NumField() {
		if t.Field(i).Name == "_" {
			continue
		}
		if where, same := equal(a.Field(i), b.Field(i), path+"."+t.Field(i).Name); !same {
			return where, false
		}
	}
	return "", true
}

func equalMarshalled(a, b reflect.Value) bool {
	for _, name := range []string{"Equal", "Cmp"} {
		m := reflect.ValueOf(addressed(a)).MethodByName(name)
		if !m.IsValid() || m.Type().NumIn() != 1 || m.Type().NumOut() != 1 {
			continue
		}
		other := b
		if m.Type().In(0) == reflect.PointerTo(b.Type()) {
			other = reflect.ValueOf(addressed(b))
		}
		if m.Type().In(0) != other.Type() {
			continue
		}
		switch out := m.Call([]reflect.Value{other})[0]; out.Kind() {
		case reflect.Bool:
			return out.Bool()
		case reflect.Int:
			return out.Int() == 0
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}
