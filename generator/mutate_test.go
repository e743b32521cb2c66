package generator_test

import (
	"math"
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"github.com/workgen/workgen/runtime/key"
)

// fill returns a value of type T in which everything is set: no nil, nothing empty,
// two elements wherever there can be some. Equal calls return equal values
// that share no memory.
func fill[T any]() T {
	var v T
	f := filler{inside: map[reflect.Type]int{}}
	f.fill(reflect.ValueOf(&v).Elem())
	return v
}

// filler fills values.
type filler struct {
	n      int
	inside map[reflect.Type]int // how often what is being filled is inside of a type
}

// deep is how often a type may be inside of itself.
const deep = 1

func (f *filler) fill(v reflect.Value) {
	f.n++
	if f.inside[v.Type()] > deep {
		return
	}
	f.inside[v.Type()]++
	defer func() { f.inside[v.Type()]-- }()
	if values := special[v.Type()]; values != nil {
		v.Set(values(f.n)[0])
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.n%2 == 0)
	case reflect.String:
		v.SetString("s" + strconv.Itoa(f.n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 3))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(elem)
			if key.Comparable() {
				v.SetMapIndex(key, elem)
			}
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(f.n), 5).UTC()))
			return
		}
		for _, in := range inputs(v) {
			f.fill(in.value)
		}
	case reflect.Interface:
		impls := implementers[v.Type()]
		if len(impls) == 0 {
			return
		}
		x := reflect.New(impls[f.n%len(impls)]).Elem()
		f.fill(x)
		v.Set(x)
	default:
		setNumber(v, float64(f.n%97+1))
	}
}

// setNumber sets any number.
func setNumber(v reflect.Value, n float64) {
	switch {
	case v.CanInt():
		v.SetInt(int64(n))
	case v.CanUint():
		v.SetUint(uint64(n))
	case v.CanFloat():
		v.SetFloat(n)
	case v.CanComplex():
		v.SetComplex(complex(n, -n))
	}
}

// field is a field of a struct that is an input, made assignable even when it
// is not exported.
type field struct {
	name  string
	value reflect.Value
}

// inputs lists the fields of a struct that are inputs.
func inputs(v reflect.Value) []field {
	var list []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name == "_" || f.Tag.Get("workgen") == "-" {
			continue
		}
		list = append(list, field{f.Name, reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem()})
	}
	return list
}

// mutate changes v in every way that a caller could, one at a time: it makes
// the change, calls seen with a description, and undoes it. Every place that v
// reaches is changed.
func mutate(path string, v reflect.Value, seen func(path string)) {
	try := func(what string, with reflect.Value) {
		if v.Kind() != reflect.Float64 && v.Kind() != reflect.Float32 && reflect.DeepEqual(v.Interface(), with.Interface()) {
			return // it is that already
		}
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(with)
		seen(path + " " + what)
		v.Set(old)
	}
	if v.Type().Implements(reflect.TypeFor[key.Encodable]()) && v.Kind() == reflect.Struct {
		return // it says itself what counts
	}
	zero := reflect.Zero(v.Type())
	if values := special[v.Type()]; values != nil {
		for _, value := range values(1_000)[1:] {
			try("is "+describe(value), value)
		}
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		try("negated", reflect.ValueOf(!v.Bool()).Convert(v.Type()))
	case reflect.String:
		try("longer", reflect.ValueOf(v.String()+"\x00").Convert(v.Type()))
		try("empty", zero)
	case reflect.Pointer:
		if v.IsNil() {
			try("not nil", reflect.New(v.Type().Elem()).Convert(v.Type()))
			return
		}
		try("nil", zero)
		mutate("*"+path, v.Elem(), seen)
	case reflect.Interface:
		mutateInterface(path, v, try, seen)
	case reflect.Slice:
		if v.IsNil() {
			try("not nil", reflect.MakeSlice(v.Type(), 0, 0))
			try("one element", reflect.MakeSlice(v.Type(), 1, 1))
			return
		}
		try("nil", zero)
		try("empty", reflect.MakeSlice(v.Type(), 0, 0))
		try("shorter", v.Slice(0, 1))
		try("longer", reflect.Append(v, reflect.Zero(v.Type().Elem())))
		try("reversed", reversed(v))
		for i := range v.Len() {
			mutate(path+"["+strconv.Itoa(i)+"]", v.Index(i), seen)
		}
	case reflect.Array:
		for i := range v.Len() {
			mutate(path+"["+strconv.Itoa(i)+"]", v.Index(i), seen)
		}
	case reflect.Map:
		mutateMap(path, v, try, seen)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			t := v.Interface().(time.Time)
			try("later", reflect.ValueOf(t.Add(time.Nanosecond)))
			try("elsewhere", reflect.ValueOf(t.In(time.FixedZone("X", 3600))))
			try("in another zone with the same offset", reflect.ValueOf(t.In(time.FixedZone("Y", 0))))
			return
		}
		for _, f := range inputs(v) {
			mutate(path+"."+f.name, f.value, seen)
		}
	default:
		mutateNumber(v, try)
	}
}

// implementers are the types that a value of an interface may have, by interface.
var implementers = map[reflect.Type][]reflect.Type{}

// mutateInterface tries other dynamic types, and other values of the present one.
func mutateInterface(path string, v reflect.Value, try func(string, reflect.Value), seen func(string)) {
	now := v.Elem()
	if now.IsValid() {
		try("nil", reflect.Zero(v.Type()))
	}
	for _, impl := range implementers[v.Type()] {
		if !now.IsValid() || impl != now.Type() {
			try("a "+impl.String(), reflect.Zero(impl))
		}
	}
	if !now.IsValid() {
		return
	}
	x := reflect.New(now.Type()).Elem()
	x.Set(now)
	mutate(path+".("+now.Type().String()+")", x, func(what string) {
		v.Set(x)
		seen(what)
		v.Set(now)
	})
}

// mutateNumber tries other numbers.
func mutateNumber(v reflect.Value, try func(string, reflect.Value)) {
	other := reflect.New(v.Type()).Elem()
	setNumber(other, 111)
	try("changed", other)
	if v.CanInt() || v.CanUint() {
		// The highest bit: a conversion to something narrower would drop it.
		if v.CanInt() {
			other.SetInt(-1 << (v.Type().Bits() - 1))
		} else {
			other.SetUint(1 << (v.Type().Bits() - 1))
		}
		try("with only the highest bit", other)
	}
	if v.CanFloat() {
		other.SetFloat(math.Copysign(0, -1))
		zero := reflect.Zero(v.Type())
		try("zero", zero)
		try("negative zero", other)
	}
}

// mutateMap changes the keys and elements of a map.
func mutateMap(path string, v reflect.Value, try func(string, reflect.Value), seen func(string)) {
	if v.IsNil() {
		try("not nil", reflect.MakeMap(v.Type()))
		return
	}
	try("nil", reflect.Zero(v.Type()))
	try("empty", reflect.MakeMap(v.Type()))
	keys := v.MapKeys()
	for _, key := range keys {
		name := path + "[" + key.String() + "]"
		elem := reflect.New(v.Type().Elem()).Elem()
		elem.Set(v.MapIndex(key))
		mutate(name, elem, func(what string) {
			old := v.MapIndex(key)
			v.SetMapIndex(key, elem)
			seen(what)
			v.SetMapIndex(key, old)
		})
		v.SetMapIndex(key, reflect.Value{})
		seen(name + " removed")
		other := reflect.New(v.Type().Key()).Elem()
		other.Set(key)
		mutate(name+" key", other, func(what string) {
			if !other.Comparable() || v.MapIndex(other).IsValid() {
				return
			}
			v.SetMapIndex(other, elem)
			seen(what)
			v.SetMapIndex(other, reflect.Value{})
		})
		v.SetMapIndex(key, elem)
	}
}

// reversed is a copy of a slice in the opposite order.
func reversed(v reflect.Value) reflect.Value {
	out := reflect.MakeSlice(v.Type(), 0, v.Len())
	for i := v.Len() - 1; i >= 0; i-- {
		out = reflect.Append(out, v.Index(i))
	}
	return out
}
