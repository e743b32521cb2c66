package key_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

// The shapes are those of the design's table of measurements, written as the
// generator writes them. Each runs as a fingerprint (Borrow to Release) and as a
// key (Sum).

type scalars struct {
	A int
	B string
	C bool
	D int64
	E string
	F float64
	G uint32
	H uint8
}

func (v *scalars) encode(e *key.Encoder) {
	e.Int(v.A)
	e.String(v.B)
	e.Bool(v.C)
	e.Int64(v.D)
	e.String(v.E)
	e.Float64(v.F)
	e.Uint32(v.G)
	e.Uint8(v.H)
}

func encodeLabels(e *key.Encoder, labels map[string]int) {
	m := e.Map(len(labels), labels == nil)
	for k, v := range labels {
		m.Key()
		e.String(k)
		m.Value()
		e.Int(v)
	}
	m.End()
}

func labelsOf(n int) map[string]int {
	labels := make(map[string]int, n)
	for i := range n {
		labels["label-"+strconv.Itoa(i)] = i
	}
	return labels
}

var aScalars = scalars{1, "05/25/22", true, 7, "hello", 1.5, 9, 1}

type shape struct {
	name   string
	bytes  int64
	encode func(e *key.Encoder)
}

func shapes() []shape {
	var (
		day     = "05/25/22"
		structs = make([]scalars, 1000)
		labels  = labelsOf(1000)
		blob    = make([]byte, 1<<20)
		floats  = make([]float64, 1_000_000)
	)
	for i := range structs {
		structs[i] = aScalars
		structs[i].A = i
	}
	return []shape{
		{"string", 0, func(e *key.Encoder) { e.String(day) }},
		{"scalars", 0, func(e *key.Encoder) { aScalars.encode(e) }},
		{"structs1000", 0, func(e *key.Encoder) {
			e.Slice(len(structs), structs == nil)
			for i := range structs {
				structs[i].encode(e)
			}
		}},
		{"map1000", 0, func(e *key.Encoder) { encodeLabels(e, labels) }},
		{"bytes1MiB", 1 << 20, func(e *key.Encoder) { e.Bytes(blob) }},
		{"floats1M", 8_000_000, func(e *key.Encoder) { key.Numbers(e, floats) }},
	}
}

func BenchmarkFingerprint(b *testing.B) {
	for _, s := range shapes() {
		b.Run(s.name, func(b *testing.B) {
			b.SetBytes(s.bytes)
			b.ReportAllocs()
			for b.Loop() {
				e := key.Borrow()
				s.encode(e)
				f := e.Fingerprint()
				sink += f.Hash()
				e.Release()
			}
		})
	}
}

func BenchmarkSum(b *testing.B) {
	scope := key.Scope{Work: "example.com/daily.DataProcessor", Schema: "s1", Code: "c1"}
	for _, s := range shapes() {
		b.Run(s.name, func(b *testing.B) {
			b.SetBytes(s.bytes)
			b.ReportAllocs()
			for b.Loop() {
				k := key.Sum(scope, s.encode)
				sink += uint64(k[0])
			}
		})
	}
}

// BenchmarkMapRange is what of BenchmarkFingerprint/map1000 is Go's own range.
func BenchmarkMapRange(b *testing.B) {
	labels := labelsOf(1000)
	for b.Loop() {
		for k, v := range labels {
			sink += uint64(len(k) + v)
		}
	}
}

func BenchmarkTextHash(b *testing.B) {
	texts := map[string]string{"8": "05/25/22", "64": string(make([]byte, 64)), "256": string(make([]byte, 256)), "257": string(make([]byte, 257)), "64K": string(make([]byte, 1<<16))}
	for _, name := range []string{"8", "64", "256", "257", "64K"} {
		s := texts[name]
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				t := key.TextOf(s)
				sink += key.NewHash().Text(&t).Sum()
			}
		})
	}
}

func BenchmarkIdentityHash(b *testing.B) {
	for b.Loop() {
		v := &aScalars
		t, u := key.TextOf(v.B), key.TextOf(v.E)
		sink += key.NewHash().Uint64(uint64(v.A)).Text(&t).Bool(v.C).Uint64(uint64(v.D)).Text(&u).
			Uint64(uint64(v.G)).Uint64(uint64(v.H)).Sum()
	}
}

var sink uint64

// BenchmarkMapSorted is the peer of BenchmarkFingerprint/map1000: the same bytes
// but for their order, which comes from sorting the keys.
func BenchmarkMapSorted(b *testing.B) {
	labels := labelsOf(1000)
	var keys []string
	for b.Loop() {
		e := key.Borrow()
		keys = keys[:0]
		for k := range labels {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		e.Slice(len(keys), false)
		for _, k := range keys {
			e.String(k)
			e.Int(labels[k])
		}
		f := e.Fingerprint()
		sink += f.Hash()
		e.Release()
	}
}

// twig is the shape of most recursive types.
type twig struct {
	Name        string
	Left, Right *twig
}

func encodeTwig(e *key.Encoder, v *twig) {
	e.String(v.Name)
	if key.Enter(e, v.Left) {
		encodeTwig(e, v.Left)
		e.Leave()
	}
	if key.Enter(e, v.Right) {
		encodeTwig(e, v.Right)
		e.Leave()
	}
}

// twigs has n nodes and is as flat as can be.
func twigs(n int) *twig {
	if n == 0 {
		return nil
	}
	return &twig{"node", twigs((n - 1) / 2), twigs(n / 2)}
}

// chain has n nodes, one below the other.
func chain(n int) *twig {
	var v *twig
	for range n {
		v = &twig{Name: "node", Left: v}
	}
	return v
}

func BenchmarkRecursive(b *testing.B) {
	for _, bench := range []struct {
		name string
		v    *twig
	}{
		{"tree of 1000", twigs(1000)}, {"tree of 15", twigs(15)}, {"chain of 1000", chain(1000)}, {"tree of 1e6", twigs(1e6)},
		{"tree of 3e6", twigs(3e6)}, {"chain of 1e6", chain(1e6)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := key.Borrow()
				encodeTwig(e, bench.v)
				f := e.Fingerprint()
				sink += f.Hash()
				e.Release()
			}
		})
	}
}
