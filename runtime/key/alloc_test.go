//go:build !race

// The race detector makes sync.Pool drop encoders at random, so that memory
// cannot be counted under it.

package key_test

import (
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

func wantAllocs(t *testing.T, name string, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(50, f); got != want {
		t.Errorf("%s: %v allocations, want %v", name, got, want)
	}
}

func TestCloningATimeInAKnownPlaceAllocatesNothing(t *testing.T) {
	at := key.TimeOf(time.Unix(1, 0).In(time.FixedZone("somewhere", 1)))
	again = at.Clone()
	wantAllocs(t, "clone of a time in a known place", 0, func() { again = at.Clone() })
}

func TestNamingACallAllocatesNothingWhenWarm(t *testing.T) {
	for _, s := range append(shapes(), shape{"framed 1 MiB", 0, framedMiB()}, shape{"stack", 0, fromTheStack}) {
		wantAllocs(t, "fingerprint of "+s.name, 0, func() {
			e := key.Borrow()
			s.encode(e)
			f := e.Fingerprint()
			sink += f.Hash()
			e.Release()
		})
		wantAllocs(t, "key of "+s.name, 0, func() {
			k := key.Sum(vectorScope, s.encode)
			sink += uint64(k[0])
		})
	}
}

// framedMiB encodes 1 MiB that has to be built in the buffer, in both modes.
func framedMiB() func(e *key.Encoder) {
	return func(e *key.Encoder) {
		f := e.Open()
		for i := range uint64(1 << 17) {
			e.Uint64(i)
		}
		e.Close(f)
	}
}

// fromTheStack encodes memory of its own frame, which must not escape.
func fromTheStack(e *key.Encoder) {
	var (
		short [4]float64
		long  [100]float64
		bytes [300]byte
	)
	key.Array(e, short[:])
	key.Array(e, long[:])
	key.Numbers(e, long[:])
	e.Bytes(bytes[:])
	e.String(string(bytes[:20]))
}

func TestIdentitiesAllocateNothing(t *testing.T) {
	long := string(make([]byte, 1<<20))
	wantAllocs(t, "short text", 0, func() {
		x := key.TextOf("05/25/22")
		sink += key.NewHash().Text(&x).Uint64(1).Bool(true).Sum()
	})
	wantAllocs(t, "long text", 0, func() {
		x := key.TextOf(long)
		sink += key.NewHash().Text(&x).Sum()
	})
	for _, at := range times(t) {
		wantAllocs(t, "time "+at.String(), 0, func() {
			x := key.TimeOf(at)
			sink += key.NewHash().Time(&x).Sum()
		})
	}
}

func TestCloneAllocatesWhatItOwns(t *testing.T) {
	e := key.Borrow()
	defer e.Release()
	e.String("05/25/22")
	exact := e.Fingerprint()
	wantAllocs(t, "clone of an exact fingerprint", 1, func() { kept = exact.Clone() })
	for range 100 {
		e.String("05/25/22")
	}
	digested := e.Fingerprint()
	wantAllocs(t, "clone of a digested fingerprint", 0, func() { kept = digested.Clone() })
}

var kept key.Fingerprint

func TestEnteringAllocatesNothingWhenWarm(t *testing.T) {
	tree, list := twigs(1000), chain(1000)
	nested := &node{Nodes: make([]node, 3), Files: map[string]node{"a": {Nodes: make([]node, 2)}}}
	nested.Next = nested
	text := []byte("some text")
	for name, encode := range map[string]encoding{
		"tree":      func(e *key.Encoder) { encodeTwig(e, tree) },
		"chain":     func(e *key.Encoder) { encodeTwig(e, list) },
		"node":      func(e *key.Encoder) { encodeNode(e, nested) },
		"text":      func(e *key.Encoder) { e.Appended(append(e.Spare(), text...), nil) },
		"location":  func(e *key.Encoder) { e.Location(time.UTC) },
		"interface": func(e *key.Encoder) { e.Type("T"); e.Nil() },
	} {
		wantAllocs(t, "fingerprint of "+name, 0, func() {
			e := key.Borrow()
			encode(e)
			f := e.Fingerprint()
			sink += f.Hash()
			e.Release()
		})
		wantAllocs(t, "key of "+name, 0, func() {
			k := key.Sum(vectorScope, encode)
			sink += uint64(k[0])
		})
	}
}
