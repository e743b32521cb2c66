// Package differential checks generated code against a second implementation of
// the specification in package key, one that uses reflection and no cleverness.
// The test that is called Differential generates types and a program that calls
// [Run] on them.
package differential

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// World knows the types of interfaces.
type World struct {
	// Types are all named types of the package, none an interface.
	Types []reflect.Type
	// Lists are the types that an interface can have; those of an interface
	// without a list implement it and are in Types, or point to one there.
	Lists map[reflect.Type][]reflect.Type
	// Framed are structs whose own EncodeKey writes their fields.
	Framed map[reflect.Type]bool
	// Runners are the functions that make runners, by their types.
	Runners map[reflect.Type]reflect.Value

	options map[any]int // which options the runner of a work was made with

	cyclic  map[reflect.Type]bool
	looping map[reflect.Type]bool
}

// implementers lists the types of the interface t.
func (w *World) implementers(t reflect.Type) []reflect.Type {
	if list, ok := w.Lists[t]; ok {
		return list
	}
	var list []reflect.Type
	for _, named := range w.Types {
		for _, impl := range []reflect.Type{named, reflect.PointerTo(named)} {
			if impl.Implements(t) {
				list = append(list, impl)
			}
		}
	}
	w.Lists[t] = list
	return list
}

// Opaque is a type that is encoded by a method, or encodes itself. It is made of a
// number and a text, and Written returns what its method writes or EncodeKey does.
type Opaque interface {
	Set(n uint32, s string)
	Written() []byte
}

// isOpaque reports whether values of t encode themselves, or methods do.
func isOpaque(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(reflect.TypeFor[Opaque]())
}

// opaque returns v, whose type is one of these.
func opaque(v reflect.Value) Opaque { return addressable(v).Addr().Interface().(Opaque) }

// addressable returns v, or a copy where it has no address.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	return copied
}

// parts lists what t is directly made of.
func (w *World) parts(t reflect.Type) []reflect.Type {
	if isOpaque(t) || w.Framed[t] || w.Runners[t].IsValid() {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return []reflect.Type{t.Elem()}
	case reflect.Map:
		return []reflect.Type{t.Key(), t.Elem()}
	case reflect.Interface:
		return w.implementers(t)
	case reflect.Struct:
		var list []reflect.Type
		if isTime(t) {
			return nil
		}
		for f := range fields(t, false) {
			list = append(list, f.Type)
		}
		return list
	}
	return nil
}

// leads reports whether to is inside of from, without passing what stop says.
func (w *World) leads(from, to reflect.Type, stop func(reflect.Type) bool) bool {
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type) bool
	visit = func(t reflect.Type) bool {
		for _, part := range w.parts(t) {
			if part == to {
				return true
			}
			if !seen[part] && !stop(part) {
				seen[part] = true
				if visit(part) {
					return true
				}
			}
		}
		return false
	}
	return visit(from)
}

// entered reports whether a pointer, slice or map can contain itself and nothing
// else on the way notices.
func (w *World) entered(t reflect.Type) bool {
	if w.cyclic == nil {
		w.cyclic = map[reflect.Type]bool{}
	}
	known, ok := w.cyclic[t]
	if !ok {
		if t.Kind() == reflect.Pointer {
			known = w.leads(t, t, func(reflect.Type) bool { return false })
		} else {
			known = w.leads(t, t, func(t reflect.Type) bool { return t.Kind() == reflect.Pointer && w.entered(t) })
		}
		w.cyclic[t] = known
	}
	return known
}

// fields lists the fields of a struct: those that are inputs, or all.
func fields(t reflect.Type, whole bool) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" || f.Tag.Get("workgen") == "-" && !whole {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}

// isTime reports whether t is time.Time, or was declared as it.
func isTime(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.ConvertibleTo(reflect.TypeFor[time.Time]())
}

// name is the full name of a type.
func name(t reflect.Type) string {
	switch {
	case t.PkgPath() != "":
		return t.PkgPath() + "." + t.Name()
	case t.Name() != "":
		return t.Name()
	case t.Kind() == reflect.Pointer:
		return "*" + name(t.Elem())
	case t.Kind() == reflect.Slice:
		return "[]" + name(t.Elem())
	case t.Kind() == reflect.Map:
		return "map[" + name(t.Key()) + "]" + name(t.Elem())
	}
	return strings.ReplaceAll(t.String(), "interface {}", "any")
}

// encoder writes the encoding by the book.
type encoder struct {
	world *World
	out   []byte
	stack []inside
	whole bool // fields that are no inputs, too
	back  bool // something led back to what it is inside of
}

// inside is something that the encoding is inside of.
type inside struct {
	typ reflect.Type
	ptr uintptr
	len int
}

// limit bounds encodings: values may share so much that there is no end.
const limit = 1 << 16

// Encode returns the encoding of v, and false when it would be too long. whole
// takes fields in that are no inputs. cyclic says that v leads back to itself.
func (w *World) Encode(v reflect.Value, whole bool) (out []byte, cyclic, ok bool) {
	defer func() {
		if r := recover(); r != nil && r != any(limit) {
			panic(r)
		}
	}()
	e := &encoder{world: w, whole: whole}
	e.encode(v)
	return e.out, e.back, true
}

func (e *encoder) word(n uint64) { e.out = binary.LittleEndian.AppendUint64(e.out, n) }

func (e *encoder) text(s string) {
	e.word(uint64(len(s)))
	e.out = append(e.out, s...)
}

// number appends the low bytes of n.
func (e *encoder) number(n uint64, size int) {
	for range size {
		e.out = append(e.out, byte(n))
		n >>= 8
	}
}

// size is how many bytes a number of a kind has.
func size(t reflect.Type) int {
	switch t.Kind() {
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return 8
	}
	return int(t.Size())
}

func (e *encoder) encode(v reflect.Value) {
	if len(e.out) > limit || len(e.stack) > limit/64 {
		panic(limit)
	}
	t := v.Type()
	switch {
	case isTime(t):
		e.time(v.Convert(reflect.TypeFor[time.Time]()).Interface().(time.Time))
		return
	case v.CanInt():
		e.number(uint64(v.Int()), size(t))
		return
	case v.CanUint():
		e.number(v.Uint(), size(t))
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		e.out = append(e.out, 0)
		if v.Bool() {
			e.out[len(e.out)-1] = 1
		}
	case reflect.Float32:
		e.number(uint64(math.Float32bits(float32(v.Float()))), 4)
	case reflect.Float64:
		e.number(math.Float64bits(v.Float()), 8)
	case reflect.Complex64:
		e.number(uint64(math.Float32bits(real(complex64(v.Complex())))), 4)
		e.number(uint64(math.Float32bits(imag(complex64(v.Complex())))), 4)
	case reflect.Complex128:
		e.number(math.Float64bits(real(v.Complex())), 8)
		e.number(math.Float64bits(imag(v.Complex())), 8)
	case reflect.String:
		e.text(v.String())
	case reflect.Struct:
		e.fields(v)
	case reflect.Array:
		for i := range v.Len() {
			e.encode(v.Index(i))
		}
	case reflect.Pointer:
		e.pointer(v)
	case reflect.Interface:
		if v.IsNil() {
			e.out = append(e.out, 0)
			return
		}
		e.out = append(e.out, 1)
		e.text(name(v.Elem().Type()))
		e.encode(v.Elem())
	case reflect.Slice, reflect.Map:
		e.long(v)
	default:
		panic("no encoding for " + t.String())
	}
}

// fields encodes a struct, which may encode itself.
func (e *encoder) fields(v reflect.Value) {
	if isOpaque(v.Type()) {
		e.text(string(opaque(v).Written()))
		return
	}
	if e.world.Runners[v.Type()].IsValid() {
		e.runner(v)
		return
	}
	outer := e.out
	if e.world.Framed[v.Type()] {
		e.out = nil
	}
	for f := range fields(v.Type(), e.whole) {
		e.encode(v.FieldByIndex(f.Index))
	}
	if e.world.Framed[v.Type()] {
		inner := e.out
		e.out = outer
		e.text(string(inner))
	}
}

// runner encodes what a runner is made of. That is not what its EncodeKey writes,
// which has hashes of types and code, but is equal exactly when that has to be.
func (e *encoder) runner(v reflect.Value) {
	work := held(v)
	if work.IsNil() {
		e.out = append(e.out, 0)
		return
	}
	e.out = append(e.out, 1, byte(e.world.options[work.Interface()]))
	e.encode(work.Elem())
}

// enter looks for v on the stack, and puts it there if it is new. ok is false
// when it was there, distance up.
func (e *encoder) enter(v reflect.Value, n int) (distance int, ok bool) {
	if !e.whole && !e.world.entered(v.Type()) {
		return 0, true
	}
	in := inside{v.Type(), v.Pointer(), n}
	for i := len(e.stack) - 1; i >= 0; i-- {
		if e.stack[i] == in {
			e.back = true
			return len(e.stack) - i, false
		}
	}
	e.stack = append(e.stack, in)
	return 0, true
}

func (e *encoder) leave(v reflect.Value) {
	if e.whole || e.world.entered(v.Type()) {
		e.stack = e.stack[:len(e.stack)-1]
	}
}

func (e *encoder) pointer(v reflect.Value) {
	if v.IsNil() {
		e.out = append(e.out, 0)
		return
	}
	if distance, ok := e.enter(v, -1); !ok {
		e.out = append(e.out, 2)
		e.word(uint64(distance))
		return
	}
	e.out = append(e.out, 1)
	e.encode(v.Elem())
	e.leave(v)
}

// long encodes a slice or map.
func (e *encoder) long(v reflect.Value) {
	if v.IsNil() {
		e.word(0)
		return
	}
	if v.Len() == 0 {
		e.word(1)
		return
	}
	n := v.Len()
	if v.Kind() == reflect.Map {
		n = -2
	}
	if distance, ok := e.enter(v, n); !ok {
		e.word(math.MaxUint64)
		e.word(uint64(distance))
		return
	}
	e.word(uint64(v.Len()) + 1)
	if v.Kind() == reflect.Map {
		e.entries(v)
	} else {
		for i := range v.Len() {
			e.encode(v.Index(i))
		}
	}
	e.leave(v)
}

// entries encodes the entries of a map in their order.
func (e *encoder) entries(v reflect.Value) {
	type entry struct {
		hash       uint64
		key, value []byte
	}
	var list []entry
	outer := e.out
	for it := v.MapRange(); it.Next(); {
		e.out = nil
		e.encode(it.Key())
		key := e.out
		e.out = nil
		e.encode(it.Value())
		list = append(list, entry{xxh3.Hash(key), key, e.out})
	}
	slices.SortFunc(list, func(a, b entry) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		if c := bytes.Compare(a.key, b.key); c != 0 {
			return c
		}
		return bytes.Compare(a.value, b.value)
	})
	e.out = outer
	for _, x := range list {
		e.out = append(append(e.out, x.key...), x.value...)
	}
}

func (e *encoder) time(t time.Time) {
	e.word(uint64(t.Unix()))
	e.number(uint64(t.Nanosecond()), 4)
	zone, offset := t.Zone()
	e.word(uint64(offset))
	e.text(zone)
	e.text(t.Location().String())
}
