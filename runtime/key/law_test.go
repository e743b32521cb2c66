package key_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/runtime/key"
	"pgregory.net/rapid"
)

const depth = 3 // of generated types

// draw makes a type and a value of it.
func draw(t *rapid.T) (*typ, any) {
	ty := drawType(t, depth)
	return ty, drawValue(t, ty)
}

func shuffled(t *rapid.T) *rand.Rand {
	return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
}

// fingerprintOf returns a fingerprint that owns its memory.
func fingerprintOf(encode func(*key.Encoder)) key.Fingerprint {
	e := key.Borrow()
	defer e.Release()
	encode(e)
	f := e.Fingerprint()
	return f.Clone()
}

func TestDurableEncodingIsWhatThePackageCommentSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ty, v := draw(t)
		r := shuffled(t)
		got := key.Canonical(func(e *key.Encoder) { encode(e, ty, v, r) })
		if diff := cmp.Diff(reference(nil, ty, v), got); diff != "" {
			t.Fatalf("encoding of %#v (-reference +got):\n%s", v, diff)
		}
	})
}

func TestDurableEncodingParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ty, v := draw(t)
		r := shuffled(t)
		p := parser{key.Canonical(func(e *key.Encoder) { encode(e, ty, v, r) })}
		back := p.value(ty)
		if diff := cmp.Diff(v, back); diff != "" {
			t.Fatalf("value (-in +parsed):\n%s", diff)
		}
		if len(p.rest) > 0 {
			t.Fatalf("%d bytes left", len(p.rest))
		}
	})
}

func TestValuesAreEqualJustWhenTheirNamesAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ty, v := draw(t)
		w := drawValue(t, ty)
		if rapid.Bool().Draw(t, "same") {
			w = v // in another order of map entries
		}
		r := shuffled(t)
		encodeV := func(e *key.Encoder) { encode(e, ty, v, r) }
		encodeW := func(e *key.Encoder) { encode(e, ty, w, r) }
		equal := cmp.Equal(v, w)

		f, g := fingerprintOf(encodeV), fingerprintOf(encodeW)
		if (f == g) != equal {
			t.Errorf("fingerprints equal: %t, values equal: %t\n%#v\n%#v", f == g, equal, v, w)
		}
		if equal && f.Hash() != g.Hash() {
			t.Errorf("equal fingerprints have hashes %x and %x", f.Hash(), g.Hash())
		}
		if (key.Sum(key.Scope{}, encodeV) == key.Sum(key.Scope{}, encodeW)) != equal {
			t.Errorf("keys equal: %t, values equal: %t\n%#v\n%#v", !equal, equal, v, w)
		}
	})
}

func TestSumIsSHA256OfVersionScopeAndEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ty, v := draw(t)
		r := shuffled(t)
		s := key.Scope{Work: texts.Draw(t, "work"), Schema: texts.Draw(t, "schema"), Code: texts.Draw(t, "code"), Build: texts.Draw(t, "build")}
		version, parts := uint64(key.Version), []string{s.Work, s.Schema, s.Code}
		if s.Build != "" {
			version, parts = version+1<<32, append(parts, s.Build)
		}
		b := binary.LittleEndian.AppendUint64(nil, version)
		for _, part := range parts {
			b = reference(b, &typ{kind: "string"}, part)
		}
		want := key.Key(sha256.Sum256(reference(b, ty, v)))
		if got := key.Sum(s, func(e *key.Encoder) { encode(e, ty, v, r) }); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// Lists of different lengths are held against each other, as fields of one type
// would be.
func TestStringsNeverRunTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("a-\x00\x01")), 0, 3, -1), 0, 3)
		a, b := lists.Draw(t, "a"), lists.Draw(t, "b")
		f, g := fingerprintOf(strs(a)), fingerprintOf(strs(b))
		if (f == g) != cmp.Equal(a, b) {
			t.Errorf("fingerprints of %q and %q: equal is %t", a, b, f == g)
		}
	})
}

func strs(list []string) func(*key.Encoder) {
	return func(e *key.Encoder) {
		e.Slice(len(list), list == nil)
		for _, s := range list {
			e.String(s)
		}
	}
}

func TestTextsAreEqualJustWhenTheirStringsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, u := texts.Draw(t, "s"), texts.Draw(t, "u")
		a, b := key.TextOf(s), key.TextOf(strings.Clone(u))
		if (a == b) != (s == u) {
			t.Errorf("texts of %q and %q: equal is %t", s, u, a == b)
		}
		if a == b && key.NewHash().Text(&a) != key.NewHash().Text(&b) {
			t.Errorf("equal texts of %q hash differently", s)
		}
		f := fingerprintOf(func(e *key.Encoder) { e.String(s) })
		g := fingerprintOf(func(e *key.Encoder) { e.String(u) })
		if (a == b) != (f == g) {
			t.Errorf("texts of %q and %q: equal is %t, of their encodings %t", s, u, a == b, f == g)
		}
	})
}

func TestLongIdentitiesSeeEveryByteAndTheLength(t *testing.T) {
	for _, n := range []int{1, 255, 256, 257, 1000, 100_000} {
		base := make([]byte, n)
		for _, at := range []int{0, n / 2, n - 1} {
			t.Run(fmt.Sprintf("%d bytes, byte %d", n, at), func(t *testing.T) {
				other := make([]byte, n)
				other[at] = 1
				differ(t, base, other)
			})
		}
		t.Run(fmt.Sprintf("%d bytes, one more", n), func(t *testing.T) { differ(t, base, make([]byte, n+1)) })
	}
}

func differ(t *testing.T, a, b []byte) {
	t.Helper()
	if key.TextOf(string(a)) == key.TextOf(string(b)) {
		t.Error("texts are equal")
	}
	for name, encode := range map[string]func(*key.Encoder, []byte){
		"Bytes":   (*key.Encoder).Bytes,
		"String":  func(e *key.Encoder, b []byte) { e.String(string(b)) },
		"Numbers": func(e *key.Encoder, b []byte) { key.Numbers(e, b) },
		"Array":   func(e *key.Encoder, b []byte) { key.Array(e, b) },
		"Uint8": func(e *key.Encoder, b []byte) {
			for _, x := range b {
				e.Uint8(x)
			}
		},
	} {
		if fingerprintOf(func(e *key.Encoder) { encode(e, a) }) == fingerprintOf(func(e *key.Encoder) { encode(e, b) }) {
			t.Errorf("%s: fingerprints are equal", name)
		}
	}
}

func TestRunsAreFoldedAboveMaxExactOnly(t *testing.T) {
	for n := range 600 {
		b := make([]byte, n)
		want := 8 + n
		if n > key.MaxExact {
			want = 8 + 16
		}
		for name, encode := range map[string]func(*key.Encoder){
			"Bytes":   func(e *key.Encoder) { e.Bytes(b) },
			"String":  func(e *key.Encoder) { e.String(string(b)) },
			"Numbers": func(e *key.Encoder) { key.Numbers(e, b) },
			"elements": func(e *key.Encoder) {
				defer key.ByElements()()
				key.Numbers(e, b)
			},
		} {
			e := key.Borrow()
			encode(e)
			if got := len(key.Folded(e)); got != want {
				t.Errorf("%s of %d bytes: %d bytes in the buffer, want %d", name, n, got, want)
			}
			e.Release()
		}
	}
}

func TestExactFingerprintHoldsTheBytesThemselves(t *testing.T) {
	// Whether 256 bytes were compared or digested cannot be seen from outside but
	// through memory: an exact fingerprint aliases the buffer until it is cloned.
	for _, n := range []int{0, 1, key.MaxExact, key.MaxExact + 1} {
		e := key.Borrow()
		for range n {
			e.Uint8(1)
		}
		f := e.Fingerprint()
		kept, before := f.Clone(), f.Clone()
		clear(key.Folded(e))
		aliases := f != before
		if want := n > 0 && n <= key.MaxExact; aliases != want {
			t.Errorf("%d bytes: fingerprint aliases the buffer: %t, want %t", n, aliases, want)
		}
		if kept != before {
			t.Errorf("%d bytes: a clone changed with the buffer", n)
		}
		e.Release()
	}
}

func TestHashDependsOnEveryStep(t *testing.T) {
	a, b, long := key.TextOf("a"), key.TextOf("b"), key.TextOf(strings.Repeat("a", 300))
	empty := key.TextOf("")
	chains := map[string]key.Hash{
		"":           key.NewHash(),
		"0":          key.NewHash().Uint64(0),
		"0 0":        key.NewHash().Uint64(0).Uint64(0),
		"1":          key.NewHash().Uint64(1),
		"1 0":        key.NewHash().Uint64(1).Uint64(0),
		"0 1":        key.NewHash().Uint64(0).Uint64(1),
		"high bit":   key.NewHash().Uint64(1 << 63),
		"empty text": key.NewHash().Text(&empty),
		"text a":     key.NewHash().Text(&a),
		"text b":     key.NewHash().Text(&b),
		"text a, b":  key.NewHash().Text(&a).Text(&b),
		"text b, a":  key.NewHash().Text(&b).Text(&a),
		"long text":  key.NewHash().Text(&long),
		"true, true": key.NewHash().Bool(true).Bool(true),
	}
	seen := map[uint64]string{}
	for name, h := range chains {
		if other, ok := seen[h.Sum()]; ok {
			t.Errorf("chains %q and %q have one hash", name, other)
		}
		seen[h.Sum()] = name
	}
	if key.NewHash().Bool(true) != key.NewHash().Uint64(1) {
		t.Error("Bool(true) is not Uint64(1)")
	}
}

func TestHashSpreadsCountersOverSmallTables(t *testing.T) {
	for range 500 { // one secret in fifty was bad for counters once
		restore := key.AnotherSecret()
		spreadsCounters(t)
		restore()
	}
}

// spreadsCounters counts how counters, and fingerprints of them, spread over a table that takes
// the low bits of their hashes, and one that takes the high ones: both must be good.
func spreadsCounters(t *testing.T) {
	const n, buckets = 1 << 12, 1 << 8
	for _, shift := range []int{0, 20, 52} {
		var low, high [2][buckets]int
		for i := range uint64(n) {
			e := key.Borrow()
			e.Uint64(i << shift)
			f := e.Fingerprint()
			for kind, h := range []uint64{key.NewHash().Uint64(i << shift).Sum(), f.Hash()} {
				low[kind][h%buckets]++
				high[kind][h>>56]++
			}
			e.Release()
		}
		for kind, name := range []string{"numbers", "fingerprints"} {
			// 16 on average; 80 is sixteen standard deviations away.
			if l, h := slices.Max(low[kind][:]), slices.Max(high[kind][:]); l > 80 || h > 80 {
				t.Errorf("%s of counters shifted by %d: a bucket has %d by low bits, %d by high bits, want about %d", name, shift, l, h, n/buckets)
			}
		}
	}
}

func TestDigestsHave128Bits(t *testing.T) {
	// Half a digest would hit wrongly after a few billion calls, and no other test
	// would notice.
	long := strings.Repeat("x", 1000)
	e := key.Borrow()
	e.String(long)
	if d := key.Folded(e)[8:]; len(d) != 16 || bytes.Equal(d[:8], d[8:]) || bytes.Equal(d[:8], make([]byte, 8)) {
		t.Errorf("digest of a run is %x", d)
	}
	e.Release()
	text := key.TextOf(long)
	if hi, lo := key.Digest(text); hi == lo || hi == 0 || lo == 0 {
		t.Errorf("digest of a text is %x, %x", hi, lo)
	}
}
