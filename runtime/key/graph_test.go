package key_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"testing"
	"unsafe"

	"github.com/workgen/workgen/runtime/key"
	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"
)

// This file holds the encoding of recursive values to a naive one, and to a
// parser: what is parsed back has to look the same from everywhere, however far
// one goes.

// vertex is part of a graph, of which it reaches the others in three ways.
type vertex struct {
	name string
	next *vertex
	list []*vertex
	all  map[string]*vertex
}

func encodeVertex(e *key.Encoder, v *vertex) {
	e.String(v.name)
	encodeEdge(e, v.next)
	if key.EnterSlice(e, v.list) {
		for _, x := range v.list {
			encodeEdge(e, x)
		}
		e.Leave()
	}
	if m, ok := key.EnterMap(e, v.all); ok {
		for k, x := range v.all {
			m.Key()
			e.String(k)
			m.Value()
			encodeEdge(e, x)
		}
		m.End()
		e.Leave()
	}
}

func encodeEdge(e *key.Encoder, v *vertex) {
	if key.Enter(e, v) {
		encodeVertex(e, v)
		e.Leave()
	}
}

// drawGraph makes up to four vertices and leads them anywhere, also into slices
// and maps that they share.
func drawGraph(t *rapid.T) *vertex {
	n := rapid.IntRange(1, 4).Draw(t, "vertices")
	vs := make([]*vertex, n+1) // the last one is nil
	for i := range n {
		vs[i] = &vertex{name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")}
	}
	one := rapid.Custom(func(t *rapid.T) *vertex { return vs[rapid.IntRange(0, n).Draw(t, "to")] })
	backing := rapid.SliceOfN(one, 3, 3).Draw(t, "list")
	m := map[string]*vertex{}
	for i := range rapid.IntRange(0, 2).Draw(t, "entries") {
		m[strconv.Itoa(i)] = one.Draw(t, "entry")
	}
	for _, v := range vs[:n] {
		v.next = one.Draw(t, "next")
		switch rapid.IntRange(0, 5).Draw(t, "more") {
		case 0:
			v.list = []*vertex{}
			v.all = map[string]*vertex{}
		case 1:
			v.list = backing[:rapid.IntRange(0, 2).Draw(t, "len")]
		case 2:
			v.list = []*vertex{one.Draw(t, "element")}
		case 3:
			v.all = m
		}
	}
	return vs[0]
}

// entered is a naive stack.
type entered []struct {
	kind string
	ptr  unsafe.Pointer
	n    int
}

func (s *entered) enter(kind string, ptr unsafe.Pointer, n int) (distance int) {
	for i := range *s {
		if x := (*s)[len(*s)-1-i]; x.kind == kind && x.ptr == ptr && x.n == n {
			return i + 1
		}
	}
	*s = append(*s, struct {
		kind string
		ptr  unsafe.Pointer
		n    int
	}{kind, ptr, n})
	return 0
}

func (s *entered) leave() { *s = (*s)[:len(*s)-1] }

func referenceEdge(b []byte, v *vertex, s *entered) []byte {
	word := binary.LittleEndian.AppendUint64
	if v == nil {
		return append(b, 0)
	}
	if d := s.enter("pointer", unsafe.Pointer(v), 0); d > 0 {
		return word(append(b, 2), uint64(d))
	}
	defer s.leave()
	b = reference(append(b, 1), stringType, v.name)
	b = referenceEdge(b, v.next, s)
	b = referenceList(b, v.list, s)
	return referenceAll(b, v.all, s)
}

func referenceList(b []byte, list []*vertex, s *entered) []byte {
	word := binary.LittleEndian.AppendUint64
	if list == nil {
		return word(b, 0)
	}
	if len(list) == 0 {
		return word(b, 1)
	}
	if d := s.enter("slice", unsafe.Pointer(&list[0]), len(list)); d > 0 {
		return word(word(b, math.MaxUint64), uint64(d))
	}
	defer s.leave()
	b = word(b, uint64(len(list))+1)
	for _, x := range list {
		b = referenceEdge(b, x, s)
	}
	return b
}

func referenceAll(b []byte, all map[string]*vertex, s *entered) []byte {
	word := binary.LittleEndian.AppendUint64
	if all == nil {
		return word(b, 0)
	}
	if len(all) == 0 {
		return word(b, 1)
	}
	if d := s.enter("map", *(*unsafe.Pointer)(unsafe.Pointer(&all)), 0); d > 0 {
		return word(word(b, math.MaxUint64), uint64(d))
	}
	defer s.leave()
	b = word(b, uint64(len(all))+1)
	var keys [][]byte
	for k := range all {
		keys = append(keys, reference(nil, stringType, k))
	}
	slices.SortFunc(keys, func(x, y []byte) int {
		if xxh3.Hash(x) < xxh3.Hash(y) { // too few to collide
			return -1
		}
		return 1
	})
	for _, k := range keys {
		b = referenceEdge(append(b, k...), all[string(k[8:])], s)
	}
	return b
}

// graphParser has what the parsed value is inside of: *vertex, []*vertex, map.
type graphParser struct {
	parser
	in []any
}

func (p *graphParser) back() any { return p.in[len(p.in)-int(p.bits(8))] }

func (p *graphParser) edge() *vertex {
	switch p.bits(1) {
	case 0:
		return nil
	case 2:
		return p.back().(*vertex)
	}
	v := &vertex{}
	p.in = append(p.in, v)
	v.name = p.value(stringType).(string)
	v.next = p.edge()
	v.list = p.list()
	v.all = p.all()
	p.in = p.in[:len(p.in)-1]
	return v
}

func (p *graphParser) list() []*vertex {
	switch n := p.bits(8); n {
	case 0:
		return nil
	case math.MaxUint64:
		return p.back().([]*vertex)
	default:
		list := make([]*vertex, n-1)
		if n == 1 {
			return list
		}
		p.in = append(p.in, list)
		for i := range list {
			list[i] = p.edge()
		}
		p.in = p.in[:len(p.in)-1]
		return list
	}
}

func (p *graphParser) all() map[string]*vertex {
	switch n := p.bits(8); n {
	case 0:
		return nil
	case math.MaxUint64:
		return p.back().(map[string]*vertex)
	default:
		all := map[string]*vertex{}
		if n == 1 {
			return all
		}
		p.in = append(p.in, all)
		for range n - 1 {
			k := p.value(stringType).(string)
			all[k] = p.edge()
		}
		p.in = p.in[:len(p.in)-1]
		return all
	}
}

// alike reports whether two vertices cannot be told apart by following what
// they lead to.
func alike(a, b *vertex, assumed map[[2]*vertex]bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	if assumed[[2]*vertex{a, b}] {
		return true
	}
	assumed[[2]*vertex{a, b}] = true
	if a.name != b.name || !alike(a.next, b.next, assumed) ||
		(a.list == nil) != (b.list == nil) || len(a.list) != len(b.list) ||
		(a.all == nil) != (b.all == nil) || len(a.all) != len(b.all) {
		return false
	}
	for i := range a.list {
		if !alike(a.list[i], b.list[i], assumed) {
			return false
		}
	}
	for k := range a.all {
		if y, ok := b.all[k]; !ok || !alike(a.all[k], y, assumed) {
			return false
		}
	}
	return true
}

func TestRecursiveEncodingIsWhatThePackageCommentSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawGraph(t)
		got := key.Canonical(func(e *key.Encoder) { encodeEdge(e, v) })
		if want := referenceEdge(nil, v, &entered{}); !bytes.Equal(got, want) {
			t.Fatalf("encoding is\n%x, want\n%x", got, want)
		}
		p := &graphParser{parser: parser{got}}
		back := p.edge()
		if len(p.rest) > 0 || !alike(v, back, map[[2]*vertex]bool{}) {
			t.Fatalf("parsed back it is another value; %d bytes left", len(p.rest))
		}
	})
}

func TestGraphsWithOneFingerprintAreAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, w := drawGraph(t), drawGraph(t)
		of := func(v *vertex) encoding { return func(e *key.Encoder) { encodeEdge(e, v) } }
		same := fingerprintOf(of(v)) == fingerprintOf(of(w))
		if same && !alike(v, w, map[[2]*vertex]bool{}) {
			t.Error("one fingerprint for graphs that differ")
		}
		if same != (key.Sum(key.Scope{}, of(v)) == key.Sum(key.Scope{}, of(w))) {
			t.Error("keys and fingerprints disagree")
		}
		if first, second := fingerprintOf(of(v)), fingerprintOf(of(v)); first != second {
			t.Error("one graph has two fingerprints")
		}
	})
}
