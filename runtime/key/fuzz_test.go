package key_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

// FuzzMapOrder takes its input for the entries of a map, split into pairs, and
// wants the reference whatever order they come in.
func FuzzMapOrder(f *testing.F) {
	f.Add("", uint64(0))
	f.Add("a,1,b,2,c,3", uint64(1))
	f.Add("a,1,a,1,a,2,,", uint64(2)) // keys that are equal, as only NaN ones are
	f.Add(strings.Join(colliding(40), ","), uint64(3))
	f.Add(strings.Repeat("x,", 600), uint64(4))
	ty := &typ{kind: "map", key: stringType, elem: stringType}
	f.Fuzz(func(t *testing.T, text string, order uint64) {
		es := entries{}
		parts := strings.Split(text, ",")
		for i := 0; i+1 < len(parts); i += 2 {
			es = append(es, pair{parts[i], parts[i+1]})
		}
		r := rand.New(rand.NewPCG(order, 0))
		shuffle := func(e *key.Encoder) { encode(e, ty, es, r) }
		if got, want := key.Canonical(shuffle), reference(nil, ty, es); !bytes.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
		if first, second := fingerprintOf(shuffle), fingerprintOf(shuffle); first != second {
			t.Error("two orders have two fingerprints")
		}
	})
}

// FuzzSum takes its input for a program of method calls, and wants the SHA-256
// of the bytes that the same calls leave in one piece.
func FuzzSum(f *testing.F) {
	f.Add([]byte("sssss"), uint16(5))
	f.Add([]byte("(s(b)n)"), uint16(300))
	f.Add([]byte("{s:(i){b:n}}"), uint16(20_000))
	f.Add([]byte("bbbbbbbb(bbb)sss"), uint16(65_535))
	f.Fuzz(func(t *testing.T, program []byte, size uint16) {
		if len(program) > 1000 {
			t.Skip("a longer program says nothing new and takes long")
		}
		run := func(e *key.Encoder) { interpret(e, program, int(size)) }
		b := binary.LittleEndian.AppendUint64(nil, key.Version)
		for range 3 {
			b = binary.LittleEndian.AppendUint64(b, 0)
		}
		want := key.Key(sha256.Sum256(append(b, oneShot(run)...)))
		if got := key.Sum(key.Scope{}, run); got != want {
			t.Errorf("key is %s, want %s", got, want)
		}
	})
}

// oneShot returns the canonical bytes without any streaming: all inside a frame,
// whose length is then cut off.
func oneShot(encode func(*key.Encoder)) []byte {
	return key.Canonical(func(e *key.Encoder) {
		f := e.Open()
		encode(e)
		e.Close(f)
	})[8:]
}

// interpret runs a program of one-letter instructions; those that make no sense
// where they stand are left out. Runs have the given size.
func interpret(e *key.Encoder, program []byte, size int) {
	run := make([]byte, size)
	var frames []key.Frame
	for i, op := range program {
		switch op {
		case 'i':
			e.Int(i)
		case 's':
			e.String(string(run))
		case 'b':
			e.Bytes(run)
		case 'n':
			key.Numbers(e, run)
		case '{', '(':
			frames = append(frames, e.Open())
		case '}', ')':
			if last := len(frames) - 1; last >= 0 {
				e.Close(frames[last])
				frames = frames[:last]
			}
		case ':':
			encodeLabels(e, map[string]int{string(run): i, "x": i, "y": i})
		}
	}
	for i := len(frames) - 1; i >= 0; i-- {
		e.Close(frames[i])
	}
}

// FuzzStrings holds two lists of strings against each other.
func FuzzStrings(f *testing.F) {
	f.Add("a-b,c", "a,b-c")
	f.Add("", ",")
	f.Add(strings.Repeat("x", 256), strings.Repeat("x", 257))
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := strs(strings.Split(a, ",")), strs(strings.Split(b, ","))
		if (fingerprintOf(x) == fingerprintOf(y)) != (a == b) {
			t.Errorf("fingerprints equal: %t", a != b)
		}
		if bytes.Equal(key.Canonical(x), key.Canonical(y)) != (a == b) {
			t.Errorf("encodings equal: %t", a != b)
		}
		if (key.TextOf(a) == key.TextOf(b)) != (a == b) {
			t.Errorf("texts equal: %t", a != b)
		}
	})
}

// FuzzParse wants Parse to take what String writes and nothing else.
func FuzzParse(f *testing.F) {
	f.Add(key.Key{1, 2, 3}.String())
	f.Add(strings.Repeat("AB", 32))
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := key.Parse(s); err == nil && k.String() != s {
			t.Errorf("%q is read as %s", s, k)
		}
	})
}
