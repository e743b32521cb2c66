package key_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// This file is a second, naive implementation of the encoding: a description of
// types, values of them, an encoder that follows the table in the package comment
// word by word, and a parser. The laws are tested by holding the package to it.

// typ describes a static type.
type typ struct {
	kind   string // a scalar's name in Go, or string, text, bytes, time, location, numbers, pointer, slice, array, struct, map, frame, interface
	elem   *typ   // of pointers, slices, arrays, maps, numbers, frames
	key    *typ   // of maps
	fields []*typ // of structs; the concrete types of interfaces
	n      int    // of arrays
}

// Values: scalars are uint64 holding their bits, complex numbers [2]uint64; then
// string, []byte, moment, and these.
type (
	list    []any  // slices, numbers, arrays, structs; nil for a nil slice
	pointer []any  // empty for nil
	pair    [2]any // an entry: key, value
	entries []pair // maps, sorted by their text; nil for a nil map
	framed  struct{ Value any }
	dynamic struct {
		Type  string // concreteName of one of the fields; empty for nil
		Value any
	}
	zone struct { // a time.FixedZone
		Set    bool // not nil
		Name   string
		Digest string
	}
	moment struct {
		Sec    int64
		Nano   uint32
		Offset int64
		Zone   string
		Place  string
	}
)

// widths are the encoded sizes of scalars; those of complex numbers are per part.
var widths = map[string]int{
	"bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "int": 8,
	"uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "uint": 8, "uintptr": 8,
	"float32": 4, "float64": 8, "complex64": 4, "complex128": 8,
}

var scalarKinds = sortedKeys(widths)

func sortedKeys(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func isComplex(kind string) bool { return strings.HasPrefix(kind, "complex") }

// reference appends the encoding of v as the package comment defines it.
func reference(b []byte, t *typ, v any) []byte {
	word := func(n int, isNil bool) []byte {
		if isNil {
			return binary.LittleEndian.AppendUint64(b, 0)
		}
		return binary.LittleEndian.AppendUint64(b, uint64(n)+1)
	}
	each := func(b []byte, vs list, t *typ) []byte {
		for _, v := range vs {
			b = reference(b, t, v)
		}
		return b
	}
	switch t.kind {
	case "string", "text":
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(v.(string)))), v.(string)...)
	case "bytes":
		return append(word(len(v.([]byte)), v.([]byte) == nil), v.([]byte)...)
	case "time":
		m := v.(moment)
		b = binary.LittleEndian.AppendUint64(b, uint64(m.Sec))
		b = binary.LittleEndian.AppendUint32(b, m.Nano)
		b = binary.LittleEndian.AppendUint64(b, uint64(m.Offset))
		b = reference(b, &typ{kind: "string"}, m.Zone)
		return reference(b, &typ{kind: "string"}, m.Place)
	case "location":
		z := v.(zone)
		if !z.Set {
			return append(b, 0)
		}
		return append(reference(append(b, 1), stringType, z.Name), z.Digest...)
	case "interface":
		d := v.(dynamic)
		for i, f := range t.fields {
			if d.Type == concreteName(i) {
				return reference(reference(append(b, 1), stringType, d.Type), f, d.Value)
			}
		}
		return append(b, 0)
	case "pointer":
		p := v.(pointer)
		b = append(b, byte(len(p)))
		return each(b, list(p), t.elem)
	case "slice", "numbers":
		return each(word(len(v.(list)), v.(list) == nil), v.(list), t.elem)
	case "array":
		return each(b, v.(list), t.elem)
	case "struct":
		for i, f := range t.fields {
			b = reference(b, f, v.(list)[i])
		}
		return b
	case "map":
		es := v.(entries)
		return append(word(len(es), es == nil), referenceEntries(t, es)...)
	case "frame":
		inner := reference(nil, t.elem, v.(framed).Value)
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(inner))), inner...)
	}
	if isComplex(t.kind) {
		c := v.([2]uint64)
		return appendBits(appendBits(b, c[0], widths[t.kind]), c[1], widths[t.kind])
	}
	return appendBits(b, v.(uint64), widths[t.kind])
}

// concreteName is the name of the concrete type that field i of an interface is.
func concreteName(i int) string { return "example.com/shapes.T" + strconv.Itoa(i) }

// fixedZone is the zone of a time.FixedZone, with the digest of the only entry
// of its rules.
func fixedZone(name string, offset int64) zone {
	b := binary.LittleEndian.AppendUint64(nil, uint64(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()))
	b = binary.LittleEndian.AppendUint64(b, uint64(offset))
	d := sha256.Sum256(reference(append(b, 0), stringType, name))
	return zone{true, name, string(d[:])}
}

// appendBits appends the low n bytes of v, the lowest first.
func appendBits(b []byte, v uint64, n int) []byte {
	for range n {
		b = append(b, byte(v))
		v >>= 8
	}
	return b
}

func referenceEntries(t *typ, es entries) []byte {
	type encoded struct{ key, value []byte }
	var all []encoded
	for _, p := range es {
		all = append(all, encoded{reference(nil, t.key, p[0]), reference(nil, t.elem, p[1])})
	}
	slices.SortFunc(all, func(x, y encoded) int {
		hx, hy := xxh3.Hash(x.key), xxh3.Hash(y.key)
		switch {
		case hx < hy:
			return -1
		case hx > hy:
			return 1
		}
		if c := bytes.Compare(x.key, y.key); c != 0 {
			return c
		}
		return bytes.Compare(x.value, y.value)
	})
	var b []byte
	for _, x := range all {
		b = append(append(b, x.key...), x.value...)
	}
	return b
}

// parser reads an encoding back.
type parser struct{ rest []byte }

func (p *parser) bits(n int) (v uint64) {
	for i := range n {
		v |= uint64(p.rest[i]) << (8 * i)
	}
	p.rest = p.rest[n:]
	return v
}

func (p *parser) bytes(n int) []byte {
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) list(n int, t *typ) list {
	vs := make(list, n)
	for i := range vs {
		vs[i] = p.value(t)
	}
	return vs
}

// value reads a value of type t.
func (p *parser) value(t *typ) any {
	switch t.kind {
	case "string", "text":
		return string(p.bytes(int(p.bits(8))))
	case "bytes":
		if n := p.bits(8); n > 0 {
			return p.bytes(int(n) - 1)
		}
		return []byte(nil)
	case "time":
		return moment{int64(p.bits(8)), uint32(p.bits(4)), int64(p.bits(8)),
			p.value(&typ{kind: "string"}).(string), p.value(&typ{kind: "string"}).(string)}
	case "location":
		if p.bits(1) == 0 {
			return zone{}
		}
		return zone{true, p.value(stringType).(string), string(p.bytes(sha256.Size))}
	case "interface":
		if p.bits(1) == 0 {
			return dynamic{}
		}
		d := dynamic{Type: p.value(stringType).(string)}
		for i, f := range t.fields {
			if d.Type == concreteName(i) {
				d.Value = p.value(f)
			}
		}
		return d
	case "pointer":
		return pointer(p.list(int(p.bits(1)), t.elem))
	case "slice", "numbers":
		if n := p.bits(8); n > 0 {
			return p.list(int(n)-1, t.elem)
		}
		return list(nil)
	case "array":
		return p.list(t.n, t.elem)
	case "struct":
		vs := list{}
		for _, f := range t.fields {
			vs = append(vs, p.value(f))
		}
		return vs
	case "map":
		n := p.bits(8)
		if n == 0 {
			return entries(nil)
		}
		es := make(entries, n-1)
		for i := range es {
			es[i] = pair{p.value(t.key), p.value(t.elem)}
		}
		return es.sort()
	case "frame":
		inner := parser{p.bytes(int(p.bits(8)))}
		v := framed{inner.value(t.elem)}
		if len(inner.rest) > 0 {
			panic("bytes left in a frame")
		}
		return v
	}
	if isComplex(t.kind) {
		return [2]uint64{p.bits(widths[t.kind]), p.bits(widths[t.kind])}
	}
	return p.bits(widths[t.kind])
}

// sort brings entries into an order of the model's own, for comparing.
func (es entries) sort() entries {
	slices.SortFunc(es, func(a, b pair) int { return strings.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b)) })
	return es
}
