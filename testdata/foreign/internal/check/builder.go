package check

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A Builder makes values in which everything is set: no nil, nothing empty. It
// goes into every field that is exported, and panics at others that hold something.
type Builder struct {
	// Least is how many changes there have to be.
	Least int
	// Compare tells how results are compared.
	Compare []cmp.Option
	// NotStored is what the runner says of results that cannot be stored, "" when
	// they can.
	NotStored string

	special map[reflect.Type]func(n int) []reflect.Value
	impls   map[reflect.Type][]reflect.Type
	shares  map[reflect.Type]bool
	n       int
	inside  map[reflect.Type]int
}

// New returns a Builder that knows the types of the standard library.
func New() *Builder {
	b := &Builder{
		special: map[reflect.Type]func(n int) []reflect.Value{},
		impls:   map[reflect.Type][]reflect.Type{},
		shares:  map[reflect.Type]bool{},
		Compare: []cmp.Option{cmp.Exporter(func(reflect.Type) bool { return true })},
	}
	Special(b, func(n int) []time.Time {
		at := time.Unix(int64(n), 5).UTC()
		return []time.Time{at, {}, at.Add(1), at.In(time.FixedZone("X", 3600)), at.In(time.FixedZone("Y", 0))}
	})
	return b
}

// Special sets the values of a type: the first depends on n, and all others
// differ from it and each other. Equal calls return equal values that share no
// memory.
func Special[T any](b *Builder, values func(n int) []T) {
	b.special[reflect.TypeFor[T]()] = func(n int) (out []reflect.Value) {
		for _, v := range values(n) {
			out = append(out, reflect.ValueOf(&v).Elem())
		}
		return out
	}
}

// Impls sets the dynamic types of an interface. Values are of the first in which
// not too much is nested, and become one of each of the others.
func Impls[I any](b *Builder, zero ...I) {
	for _, v := range zero {
		b.impls[reflect.TypeFor[I]()] = append(b.impls[reflect.TypeFor[I]()], reflect.TypeOf(v))
	}
}

// Shares says that values of type T never change and may share memory.
func Shares[T any](b *Builder) { b.shares[reflect.TypeFor[T]()] = true }

// Build returns a value of type T.
func Build[T any](b *Builder) T {
	var v T
	b.n, b.inside = 0, map[reflect.Type]int{}
	b.fill(reflect.ValueOf(&v).Elem())
	return v
}

// deep is how often a type may be inside of itself.
const deep = 1

func (b *Builder) fill(v reflect.Value) {
	b.n++
	if b.inside[v.Type()] > deep {
		return
	}
	b.inside[v.Type()]++
	defer func() { b.inside[v.Type()]-- }()
	if values := b.special[v.Type()]; values != nil {
		v.Set(values(b.n)[0])
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(b.n%2 == 0)
	case reflect.String:
		v.SetString("s" + strconv.Itoa(b.n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		b.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 2))
		b.fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			b.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		b.fill(key)
		b.fill(elem)
		v.SetMapIndex(key, elem)
	case reflect.Interface:
		v.Set(b.dynamic(v.Type(), 0))
	case reflect.Struct:
		for _, f := range fields(v) {
			b.fill(f.value)
		}
	default:
		setNumber(v, float64(b.n%97+1))
	}
}

// dynamic returns a value for an interface, of the i-th type that is listed.
func (b *Builder) dynamic(t reflect.Type, i int) reflect.Value {
	list := b.impls[t]
	if len(list) == 0 {
		panic(fmt.Sprint("no types are listed for ", t))
	}
	v := reflect.New(list[i]).Elem()
	b.fill(v)
	return v
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
	default:
		panic(fmt.Sprint("cannot build a ", v.Type()))
	}
}

// field is a field of a struct.
type field struct {
	name  string
	value reflect.Value
}

// fields lists the fields of a struct that can be set. It panics if there is
// another one with something in it.
func fields(v reflect.Value) []field {
	var list []field
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case f.IsExported():
			list = append(list, field{f.Name, v.Field(i)})
		case f.Name != "_" && f.Type.Size() > 0:
			panic(fmt.Sprintf("%s has the unexported field %s: it needs special values", v.Type(), f.Name))
		}
	}
	return list
}

// mutate changes v in every way, one at a time: it makes the change, calls seen
// with a description, and undoes it.
func (b *Builder) mutate(path string, v reflect.Value, seen func(path string)) {
	try := func(what string, with reflect.Value) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(with)
		seen(path + " " + what)
		v.Set(old)
	}
	zero := reflect.Zero(v.Type())
	if values := b.special[v.Type()]; values != nil {
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
	case reflect.Pointer:
		if v.IsNil() {
			try("not nil", reflect.New(v.Type().Elem()))
			return
		}
		try("nil", zero)
		b.mutate("*"+path, v.Elem(), seen)
	case reflect.Slice:
		if v.Len() > 0 {
			try("nil", zero)
		}
		try("empty", reflect.MakeSlice(v.Type(), 0, 0))
		try("longer", reflect.Append(v, reflect.Zero(v.Type().Elem())))
		for i := range v.Len() {
			b.mutate(path+"["+strconv.Itoa(i)+"]", v.Index(i), seen)
		}
	case reflect.Array:
		for i := range v.Len() {
			b.mutate(path+"["+strconv.Itoa(i)+"]", v.Index(i), seen)
		}
	case reflect.Map:
		b.mutateMap(path, v, try, seen)
	case reflect.Interface:
		b.mutateInterface(path, v, try, seen)
	case reflect.Struct:
		for _, f := range fields(v) {
			b.mutate(path+"."+f.name, f.value, seen)
		}
	default:
		other := reflect.New(v.Type()).Elem()
		setNumber(other, 111)
		try("changed", other)
		if v.CanInt() {
			other.SetInt(math.MinInt64 >> (64 - v.Type().Bits()))
			try("changed in the highest bit", other)
		}
	}
}

// mutateMap changes the keys and elements of a map.
func (b *Builder) mutateMap(path string, v reflect.Value, try func(string, reflect.Value), seen func(string)) {
	if v.Len() > 0 {
		try("nil", reflect.Zero(v.Type()))
	}
	try("empty", reflect.MakeMap(v.Type()))
	for _, key := range v.MapKeys() {
		elem := reflect.New(v.Type().Elem()).Elem()
		elem.Set(v.MapIndex(key))
		b.mutate(fmt.Sprintf("%s[%v]", path, key), elem, func(what string) {
			old := v.MapIndex(key)
			v.SetMapIndex(key, elem)
			seen(what)
			v.SetMapIndex(key, old)
		})
		other := reflect.New(v.Type().Key()).Elem()
		other.Set(key)
		b.mutate(fmt.Sprintf("%s[%v] key", path, key), other, func(what string) {
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(other, elem)
			seen(what)
			v.SetMapIndex(other, reflect.Value{})
			v.SetMapIndex(key, elem)
		})
	}
}

// mutateInterface changes what an interface holds, and its type.
func (b *Builder) mutateInterface(path string, v reflect.Value, try func(string, reflect.Value), seen func(string)) {
	if v.IsNil() {
		return
	}
	try("nil", reflect.Zero(v.Type()))
	for _, t := range b.impls[v.Type()] {
		if t != v.Elem().Type() {
			try("is the zero "+t.String(), reflect.Zero(t))
		}
	}
	elem := reflect.New(v.Elem().Type()).Elem()
	elem.Set(v.Elem())
	b.mutate(path+".("+elem.Type().String()+")", elem, func(what string) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(elem)
		seen(what)
		v.Set(old)
	})
}
