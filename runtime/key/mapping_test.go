package key_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/runtime/key"
	"github.com/zeebo/xxh3"
)

var (
	stringType  = &typ{kind: "string"}
	intType     = &typ{kind: "int"}
	float64Type = &typ{kind: "float64"}
	labelsType  = &typ{kind: "map", key: stringType, elem: intType}
)

// checkMap encodes es in many orders, and wants the reference each time.
func checkMap(t *testing.T, ty *typ, es entries) {
	t.Helper()
	want := reference(nil, ty, es)
	var first key.Fingerprint
	for i := range uint64(5) {
		r := rand.New(rand.NewPCG(i, 0))
		got := key.Canonical(func(e *key.Encoder) { encode(e, ty, es, r) })
		if !bytes.Equal(got, want) {
			t.Fatalf("order %d of %d entries: got %x, want %x", i, len(es), got, want)
		}
		f := fingerprintOf(func(e *key.Encoder) { encode(e, ty, es, r) })
		if i == 0 {
			first = f
		}
		if f != first {
			t.Fatalf("order %d of %d entries has another fingerprint", i, len(es))
		}
	}
}

func TestMapOrderOfInsertionIsIrrelevantAtEverySize(t *testing.T) {
	sizes := []int{1000, 4097, 20_000}
	for n := range 70 {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		es := entries{}
		for i := range n {
			es = append(es, pair{"key " + strconv.Itoa(i), uint64(i)})
		}
		checkMap(t, labelsType, es)
	}
}

func TestMapOrderIsThatOfXXH3(t *testing.T) {
	// Fixed by the published vectors of XXH3-64, seed 0: the order of map entries
	// in stored keys hangs on them.
	for s, want := range map[string]uint64{
		"":    0x2d06800538d394c2,
		"a":   0xe6c632b61e964e1f,
		"abc": 0x78af5f94892f3950,
	} {
		if got := xxh3.HashString(s); got != want {
			t.Errorf("XXH3-64 of %q is %x, want %x", s, got, want)
		}
	}
}

// colliding makes n string keys whose encodings have one XXH3-64: 24 bytes with
// the second word chosen so that the third is multiplied by zero.
func colliding(n int) []string {
	// The third word of XXH3's default secret, which is public.
	secret := []byte{0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb}
	var keys []string
	for i := range n {
		b := append([]byte("collides"), secret...)
		keys = append(keys, string(binary.BigEndian.AppendUint64(b, uint64(i))))
	}
	return keys
}

func TestMapKeysThatCollideAreOrderedByTheirBytes(t *testing.T) {
	hash := func(s string) uint64 { return xxh3.Hash(reference(nil, stringType, s)) }
	for _, n := range []int{2, 3, 30, 32, 33, 40, 5000} {
		es := entries{}
		for i, k := range colliding(n) {
			if hash(k) != hash(colliding(1)[0]) {
				t.Fatal("the keys of this test do not collide")
			}
			es = append(es, pair{k, uint64(i)})
		}
		for i := range n { // and some that do not
			es = append(es, pair{strconv.Itoa(i), uint64(i)})
		}
		checkMap(t, labelsType, es)
	}
}

// BenchmarkMapCollisions shows that keys made to collide cost time n log n:
// 100,000 at about 20 times what 10,000 cost, not 100 times.
func BenchmarkMapCollisions(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		labels := map[string]int{}
		for _, k := range colliding(n) {
			labels[k] = 1
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				e := key.Borrow()
				encodeLabels(e, labels)
				e.Release()
			}
		})
	}
}

func TestMapWithNaNKeysKeepsEveryEntry(t *testing.T) {
	nan := math.NaN()
	ty := &typ{kind: "map", key: float64Type, elem: intType}
	encodeFloats := func(m map[float64]int) func(*key.Encoder) {
		return func(e *key.Encoder) {
			me := e.Map(len(m), m == nil)
			for k, v := range m {
				me.Key()
				e.Float64(k)
				me.Value()
				e.Int(v)
			}
			me.End()
		}
	}
	bits := math.Float64bits(nan)
	m, es := map[float64]int{}, entries{}
	for i := range 50 {
		m[nan] = i
		es = append(es, pair{bits, uint64(i)})
	}
	m[1], es = 1, append(es, pair{math.Float64bits(1), uint64(1)})
	if diff := cmp.Diff(reference(nil, ty, es), key.Canonical(encodeFloats(m))); diff != "" {
		t.Errorf("51 entries, 50 of them NaN (-reference +got):\n%s", diff)
	}
	checkMap(t, ty, es)

	a := map[float64]int{nan: 1}
	b := map[float64]int{nan: 1}
	b[nan] = 1
	c := map[float64]int{nan: 2}
	if fingerprintOf(encodeFloats(a)) == fingerprintOf(encodeFloats(b)) {
		t.Error("one and two NaN entries have one fingerprint")
	}
	if fingerprintOf(encodeFloats(a)) == fingerprintOf(encodeFloats(c)) {
		t.Error("NaN entries with different values have one fingerprint")
	}
}

func TestMapsNestInValuesKeysAndFrames(t *testing.T) {
	// Keys that hold maps exist behind a user's EncodeKey only, in a frame.
	framedMap := &typ{kind: "frame", elem: labelsType}
	labels := func(keys ...string) entries {
		es := entries{}
		for i, k := range keys {
			es = append(es, pair{k, uint64(i)})
		}
		return es
	}
	inKeys, inValues := entries{}, entries{}
	for i := range 40 {
		es := labels("x", strconv.Itoa(i), "y")
		inKeys = append(inKeys, pair{framed{es}, uint64(i)})
		inValues = append(inValues, pair{strconv.Itoa(i), es})
	}
	t.Run("values", func(t *testing.T) { checkMap(t, &typ{kind: "map", key: stringType, elem: labelsType}, inValues) })
	t.Run("keys", func(t *testing.T) { checkMap(t, &typ{kind: "map", key: framedMap, elem: intType}, inKeys) })
	t.Run("three deep", func(t *testing.T) {
		inner := &typ{kind: "map", key: stringType, elem: &typ{kind: "frame", elem: labelsType}}
		es := entries{}
		for i := range 10 {
			es = append(es, pair{uint64(i), entries{{"a", framed{labels("p", "q")}}, {"b", framed{labels()}}}})
		}
		checkMap(t, &typ{kind: "map", key: intType, elem: inner}, es)
	})
}

func TestMapCountsTheEntriesThatWereAppended(t *testing.T) {
	appendOne := func(n int, isNil bool) []byte {
		return key.Canonical(func(e *key.Encoder) {
			m := e.Map(n, isNil)
			m.Key()
			e.Int8(1)
			m.Value()
			e.Int8(2)
			m.End()
		})
	}
	want := append(appendBits(nil, 2, 8), 1, 2)
	for _, n := range []int{0, 1, 7} {
		if diff := cmp.Diff(want, appendOne(n, false)); diff != "" {
			t.Errorf("announced %d, appended 1 (-want +got):\n%s", n, diff)
		}
	}
	if diff := cmp.Diff(want, appendOne(0, true)); diff != "" {
		t.Errorf("announced nil, appended 1 (-want +got):\n%s", diff)
	}
	none := key.Canonical(func(e *key.Encoder) { e.Map(3, false).End() })
	if diff := cmp.Diff(appendBits(nil, 1, 8), none); diff != "" {
		t.Errorf("announced 3, appended none (-want +got):\n%s", diff)
	}
}

// In a fingerprint large maps are summed up: every entry counts, as one.
func TestEveryEntryOfALargeMapCounts(t *testing.T) {
	fingerprint := func(keys, values []int) key.Fingerprint {
		e := key.Borrow()
		defer e.Release()
		m := e.Map(len(keys), false)
		for i := range keys {
			m.Key()
			e.Int(keys[i])
			m.Value()
			e.Int(values[i])
		}
		m.End()
		return e.Fingerprint().Clone()
	}
	for n := range 40 {
		keys, values := make([]int, n), make([]int, n)
		for i := range n {
			keys[i], values[i] = i, i/2
		}
		seen := map[key.Fingerprint]string{fingerprint(keys, values): "the original"}
		differs := func(what string) {
			t.Helper()
			f := fingerprint(keys, values)
			if other, ok := seen[f]; ok {
				t.Errorf("%d entries: %s looks like %s", n, what, other)
			}
			seen[f] = what
		}
		for i := range n {
			keys[i] += 1000
			differs(fmt.Sprint("another key ", i))
			keys[i] -= 1000
			values[i] += 1000
			differs(fmt.Sprint("another value ", i))
			values[i] -= 1000
			if i >= 2 {
				values[i], values[i-2] = values[i-2], values[i]
				differs(fmt.Sprint("exchanged values ", i))
				values[i], values[i-2] = values[i-2], values[i]
			}
		}
		if n > 0 {
			keys, values = append(keys, keys[0]), append(values, values[0])
			differs("an entry twice, as a NaN key may be")
		}
	}
}
