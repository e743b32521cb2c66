package key_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"pgregory.net/rapid"
)

// This file drives the package with the values of the model, and draws them.

// encode calls the methods that generated code calls for a v of type t. Map
// entries come in an order drawn from r, as Go's range has one of its own.
func encode(e *key.Encoder, t *typ, v any, r *rand.Rand) {
	switch t.kind {
	case "string":
		e.String(v.(string))
	case "text":
		if r.IntN(2) == 0 {
			e.Appended([]byte(v.(string)), nil)
			return
		}
		e.Appended(append(e.Spare(), v.(string)...), nil)
	case "location":
		e.Location(v.(zone).location())
	case "interface":
		d := v.(dynamic)
		if d.Type == "" {
			e.Nil()
			return
		}
		e.Type(d.Type)
		for i, f := range t.fields {
			if d.Type == concreteName(i) {
				encode(e, f, d.Value, r)
			}
		}
	case "bytes":
		e.Bytes(v.([]byte))
	case "time":
		e.Time(v.(moment).time())
	case "pointer":
		if p := v.(pointer); e.Present(len(p) > 0) {
			encode(e, t.elem, p[0], r)
		}
	case "numbers":
		encodeNumbers(e, t.elem.kind, v.(list))
	case "slice":
		e.Slice(len(v.(list)), v.(list) == nil)
		for _, x := range v.(list) {
			encode(e, t.elem, x, r)
		}
	case "array":
		for _, x := range v.(list) {
			encode(e, t.elem, x, r)
		}
	case "struct":
		for i, f := range t.fields {
			encode(e, f, v.(list)[i], r)
		}
	case "map":
		es := v.(entries)
		m := e.Map(len(es), es == nil)
		for _, i := range r.Perm(len(es)) {
			m.Key()
			encode(e, t.key, es[i][0], r)
			m.Value()
			encode(e, t.elem, es[i][1], r)
		}
		m.End()
	case "frame":
		f := e.Open()
		encode(e, t.elem, v.(framed).Value, r)
		e.Close(f)
	default:
		encodeScalar(e, t.kind, v)
	}
}

func encodeScalar(e *key.Encoder, kind string, v any) {
	if isComplex(kind) {
		if c := v.([2]uint64); kind == "complex64" {
			e.Complex64(toComplex64(c))
		} else {
			e.Complex128(toComplex128(c))
		}
		return
	}
	u := v.(uint64)
	switch kind {
	case "bool":
		e.Bool(u != 0)
	case "int8":
		e.Int8(int8(u))
	case "int16":
		e.Int16(int16(u))
	case "int32":
		e.Int32(int32(u))
	case "int64":
		e.Int64(int64(u))
	case "int":
		e.Int(int(u))
	case "uint8":
		e.Uint8(uint8(u))
	case "uint16":
		e.Uint16(uint16(u))
	case "uint32":
		e.Uint32(uint32(u))
	case "uint64":
		e.Uint64(u)
	case "uint":
		e.Uint(uint(u))
	case "uintptr":
		e.Uintptr(uintptr(u))
	case "float32":
		e.Float32(math.Float32frombits(uint32(u)))
	case "float64":
		e.Float64(math.Float64frombits(u))
	default:
		panic("no such kind: " + kind)
	}
}

func toComplex64(c [2]uint64) complex64 {
	return complex(math.Float32frombits(uint32(c[0])), math.Float32frombits(uint32(c[1])))
}

func toComplex128(c [2]uint64) complex128 {
	return complex(math.Float64frombits(c[0]), math.Float64frombits(c[1]))
}

// Named types, as users have them: Numbers must see through the name.
type (
	namedBool    bool
	namedInt     int
	namedInt32   int32
	namedUint    uint
	namedUintptr uintptr
	namedC64     complex64
	namedFloats  []float64
)

func encodeNumbers(e *key.Encoder, kind string, vs list) {
	switch kind {
	case "bool":
		key.Numbers(e, numbers(vs, func(u uint64) namedBool { return u != 0 }))
	case "int8":
		key.Numbers(e, numbers(vs, func(u uint64) int8 { return int8(u) }))
	case "int16":
		key.Numbers(e, numbers(vs, func(u uint64) int16 { return int16(u) }))
	case "int32":
		key.Numbers(e, numbers(vs, func(u uint64) namedInt32 { return namedInt32(u) }))
	case "int64":
		key.Numbers(e, numbers(vs, func(u uint64) int64 { return int64(u) }))
	case "int":
		key.Numbers(e, numbers(vs, func(u uint64) namedInt { return namedInt(u) }))
	case "uint8":
		key.Numbers(e, numbers(vs, func(u uint64) uint8 { return uint8(u) }))
	case "uint16":
		key.Numbers(e, numbers(vs, func(u uint64) uint16 { return uint16(u) }))
	case "uint32":
		key.Numbers(e, numbers(vs, func(u uint64) uint32 { return uint32(u) }))
	case "uint64":
		key.Numbers(e, numbers(vs, func(u uint64) uint64 { return u }))
	case "uint":
		key.Numbers(e, numbers(vs, func(u uint64) namedUint { return namedUint(u) }))
	case "uintptr":
		key.Numbers(e, numbers(vs, func(u uint64) namedUintptr { return namedUintptr(u) }))
	case "float32":
		key.Numbers(e, numbers(vs, func(u uint64) float32 { return math.Float32frombits(uint32(u)) }))
	case "float64":
		key.Numbers(e, namedFloats(numbers(vs, math.Float64frombits)))
	case "complex64":
		key.Numbers(e, numbers(vs, func(c [2]uint64) namedC64 { return namedC64(toComplex64(c)) }))
	case "complex128":
		key.Numbers(e, numbers(vs, toComplex128))
	default:
		panic("no such kind: " + kind)
	}
}

func numbers[B, T any](vs list, convert func(B) T) []T {
	if vs == nil {
		return nil
	}
	s := make([]T, len(vs))
	for i, v := range vs {
		s[i] = convert(v.(B))
	}
	return s
}

func (m moment) time() time.Time {
	return time.Unix(m.Sec, int64(m.Nano)).In(time.FixedZone(m.Zone, int(m.Offset)))
}

// location is a new one each time.
func (z zone) location() *time.Location {
	if !z.Set {
		return nil
	}
	for offset := range zoneOffsets {
		if z == fixedZone(z.Name, int64(offset)) {
			return time.FixedZone(z.Name, offset)
		}
	}
	panic("not one that was drawn")
}

const zoneOffsets = 3 // that are drawn

// drawType generates a type of at most the given depth.
func drawType(t *rapid.T, depth int) *typ {
	scalar := func() *typ { return &typ{kind: rapid.SampledFrom(scalarKinds).Draw(t, "scalar")} }
	kinds := []string{"scalar", "string", "text", "bytes", "time", "location", "numbers"}
	if depth > 0 {
		kinds = append(kinds, "pointer", "slice", "array", "struct", "interface", "map", "frame")
	}
	inner := func() *typ { return drawType(t, depth-1) }
	switch k := rapid.SampledFrom(kinds).Draw(t, "kind"); k {
	case "scalar":
		return scalar()
	case "numbers":
		return &typ{kind: k, elem: scalar()}
	case "pointer", "slice", "frame":
		return &typ{kind: k, elem: inner()}
	case "array":
		return &typ{kind: k, elem: inner(), n: rapid.IntRange(0, 3).Draw(t, "n")}
	case "map":
		return &typ{kind: k, key: inner(), elem: inner()}
	case "struct", "interface":
		s := &typ{kind: k}
		for range rapid.IntRange(0, 3).Draw(t, "fields") {
			s.fields = append(s.fields, inner())
		}
		return s
	default:
		return &typ{kind: k}
	}
}

// drawValue generates a value of type ty. It is mostly tiny, so that two of them
// are often equal or almost, and sometimes long enough to be folded.
func drawValue(t *rapid.T, ty *typ) any {
	elems := func(min, max int) list {
		vs := list{}
		for range rapid.IntRange(min, max).Draw(t, "len") {
			vs = append(vs, drawValue(t, ty.elem))
		}
		return vs
	}
	isNil := func() bool { return rapid.IntRange(0, 3).Draw(t, "nil") == 0 }
	switch ty.kind {
	case "string", "text":
		return texts.Draw(t, "string")
	case "location":
		if isNil() {
			return zone{}
		}
		return fixedZone(rapid.SampledFrom([]string{"", "A", "UTC"}).Draw(t, "zone"), rapid.Int64Range(0, zoneOffsets-1).Draw(t, "offset"))
	case "interface":
		i := rapid.IntRange(0, len(ty.fields)).Draw(t, "type") - 1
		if i < 0 {
			return dynamic{}
		}
		return dynamic{concreteName(i), drawValue(t, ty.fields[i])}
	case "bytes":
		if isNil() {
			return []byte(nil)
		}
		return []byte(texts.Draw(t, "bytes"))
	case "time":
		return moment{
			Sec:    rapid.Int64Range(-3, 3).Draw(t, "sec"),
			Nano:   rapid.Uint32Range(0, 2).Draw(t, "nano"),
			Offset: rapid.Int64Range(-2, 2).Draw(t, "offset"),
			Zone:   "A", Place: "A", // a FixedZone has one name for both
		}
	case "pointer":
		return pointer(elems(0, 1))
	case "slice":
		if isNil() {
			return list(nil)
		}
		return elems(0, 3)
	case "numbers":
		if isNil() {
			return list(nil)
		}
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
			v := drawValue(t, ty.elem)
			return list(slices.Repeat([]any{v}, rapid.IntRange(30, 300).Draw(t, "n")))
		}
		return elems(0, 3)
	case "array":
		return elems(ty.n, ty.n)
	case "struct":
		vs := list{}
		for _, f := range ty.fields {
			vs = append(vs, drawValue(t, f))
		}
		return vs
	case "frame":
		return framed{drawValue(t, ty.elem)}
	case "map":
		if isNil() {
			return entries(nil)
		}
		es := entries{}
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			// Equal keys are let in on purpose: NaN keys look like that.
			es = append(es, pair{drawValue(t, ty.key), drawValue(t, ty.elem)})
		}
		return es.sort()
	}
	if isComplex(ty.kind) {
		part := &typ{kind: map[string]string{"complex64": "float32", "complex128": "float64"}[ty.kind]}
		return [2]uint64{drawValue(t, part).(uint64), drawValue(t, part).(uint64)}
	}
	return scalarBits(ty.kind, rapid.Uint64().Draw(t, "bits"), rapid.Bool().Draw(t, "small"))
}

// scalarBits makes the bits of a scalar of the given kind that exists on this
// machine, where an int may have 32 bits.
func scalarBits(kind string, bits uint64, small bool) uint64 {
	if small {
		bits %= 3
	}
	switch kind {
	case "bool":
		return bits & 1
	case "int":
		return uint64(int(bits))
	case "uint", "uintptr":
		return uint64(uint(bits))
	}
	return bits & (1<<(8*widths[kind]-1)<<1 - 1)
}

var texts = rapid.OneOf(
	rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "\x01\x00\x00\x00\x00\x00\x00\x00"}),
	rapid.StringN(0, 20, 40),
	rapid.Custom(func(t *rapid.T) string {
		c := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "char")
		return strings.Repeat(c, rapid.IntRange(254, 260).Draw(t, "n"))
	}),
)
