package key_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

// node leads to others in all three ways.
type node struct {
	Name  string
	Next  *node
	Nodes []node
	Files map[string]node
}

// encodeNode is what generated code looks like.
func encodeNode(e *key.Encoder, v *node) {
	e.String(v.Name)
	if key.Enter(e, v.Next) {
		encodeNode(e, v.Next)
		e.Leave()
	}
	if key.EnterSlice(e, v.Nodes) {
		for i := range v.Nodes {
			encodeNode(e, &v.Nodes[i])
		}
		e.Leave()
	}
	if m, ok := key.EnterMap(e, v.Files); ok {
		var x node // outside of the loop, or it would be allocated for each entry
		for k, file := range v.Files {
			m.Key()
			e.String(k)
			m.Value()
			x = file
			encodeNode(e, &x)
		}
		m.End()
		e.Leave()
	}
}

func nodeEncoding(v *node) encoding { return func(e *key.Encoder) { encodeNode(e, v) } }

func TestCyclesEnd(t *testing.T) {
	self := &node{Name: "a"}
	self.Next = self
	again := &node{Name: "a"}
	again.Next = again
	two := &node{Name: "a", Next: &node{Name: "a"}}
	two.Next.Next = two
	slice := &node{Nodes: make([]node, 2)}
	slice.Nodes[1].Nodes = slice.Nodes
	other := &node{Nodes: make([]node, 2)}
	other.Nodes[0].Nodes = other.Nodes
	mapped := &node{Files: map[string]node{"a": {}, "b": {}}}
	mapped.Files["c"] = node{Files: mapped.Files}

	f := map[string]key.Fingerprint{}
	for name, v := range map[string]*node{
		"self": self, "two": two, "slice": slice, "other": other, "mapped": mapped, "again": again,
		"end": {Name: "a"}, "one": {Name: "a", Next: &node{Name: "a"}},
	} {
		f[name] = fingerprintOf(nodeEncoding(v))
		if f[name].Err() != nil || f[name] != fingerprintOf(nodeEncoding(v)) {
			t.Errorf("%s: no fingerprint of its own: %v", name, f[name].Err())
		}
	}
	if f["self"] != f["again"] {
		t.Error("equal cycles at two places differ")
	}
	delete(f, "again")
	seen := map[key.Fingerprint]string{}
	for name, x := range f {
		if seen[x] != "" {
			t.Errorf("%s and %s have one fingerprint", name, seen[x])
		}
		seen[x] = name
	}
}

func TestFailedFingerprintsEqualNoOther(t *testing.T) {
	boom := errors.New("boom")
	fail := func(e *key.Encoder) { e.String("a"); e.Fail(boom); e.Fail(errors.New("later")) }
	f, g := fingerprintOf(fail), fingerprintOf(fail)
	if f == g {
		t.Error("two failed fingerprints are equal")
	}
	if f != f.Clone() || f.Clone().Err() != boom || g.Err() != boom {
		t.Errorf("errors %v and %v, want %v", f.Clone().Err(), g.Err(), boom)
	}
	if k := key.Sum(key.Scope{}, fail); !k.IsZero() {
		t.Errorf("key %s, want none", k)
	}
	whole := func(e *key.Encoder) { e.String("a") }
	if f := fingerprintOf(whole); f.Err() != nil || f != fingerprintOf(whole) {
		t.Error("an encoder that had failed is not as new")
	}
}

func TestAppendedIsAString(t *testing.T) {
	for _, n := range []int{0, 1, 63, 300, 100_000} {
		text := strings.Repeat("x", n)
		want := fingerprintOf(func(e *key.Encoder) { e.String(text) })
		for name, encode := range map[string]encoding{
			"spare": func(e *key.Encoder) { e.Appended(append(e.Spare(), text...), nil) },
			"own":   func(e *key.Encoder) { e.Appended([]byte(text), nil) },
		} {
			if fingerprintOf(encode) != want {
				t.Errorf("%s of %d bytes is not what String writes", name, n)
			}
		}
	}
}

func TestAddressesOfDifferentTypesAreDifferentThings(t *testing.T) {
	type inner struct{ x int }
	type outer struct {
		inner
		again *inner
	}
	v := &outer{inner: inner{1}}
	v.again = &v.inner // has the address of v
	f := fingerprintOf(func(e *key.Encoder) {
		if key.Enter(e, v) {
			if key.Enter(e, v.again) {
				e.Leave()
			} else {
				t.Error("taken for its first field")
			}
			e.Leave()
		}
	})
	if f.Err() != nil {
		t.Error(f.Err())
	}
}

func TestSlicesOfOnePlaceAndOtherLengthsAreDifferentThings(t *testing.T) {
	e := key.Borrow()
	defer e.Release()
	s := make([]int8, 10_000) // so many that they meet in the table
	for n := len(s); n > 0; n-- {
		if !key.EnterSlice(e, s[:n]) {
			t.Fatalf("length %d is taken for another", n)
		}
	}
	if key.EnterSlice(e, s[:2:2]) {
		t.Error("the capacity counts")
	}
	if key.EnterSlice(e, s[:0]) || key.EnterSlice(e, []int8(nil)) {
		t.Error("an empty slice was entered")
	}
	for range s {
		e.Leave()
	}
}

func TestWhatWasEnteredIsFoundAtAnyDepth(t *testing.T) {
	all := make([]int, 1000)
	e := new(key.Encoder) // which has to grow
	for depth := range all {
		if !key.Enter(e, &all[depth]) {
			t.Fatalf("number %d was entered before", depth)
		}
		for i := range depth + 1 {
			at := len(key.Folded(e))
			if key.Enter(e, &all[i]) {
				t.Fatalf("number %d of %d is not found", i, depth)
			}
			if got := binary.LittleEndian.Uint64(key.Folded(e)[at+1:]); got != uint64(depth-i+1) {
				t.Fatalf("number %d of %d is at distance %d", i, depth, got)
			}
		}
	}
	for range all {
		e.Leave()
	}
}

func TestADistanceDependsOnTheWayOnly(t *testing.T) {
	// Visit numbers would differ with the order of the map.
	a := &node{Name: "a"}
	a.Files = map[string]node{}
	for _, k := range []string{"x", "y", "z", "u", "v", "w"} {
		a.Files[k] = node{Name: k, Next: a}
	}
	want := fingerprintOf(nodeEncoding(a))
	for range 50 {
		if fingerprintOf(nodeEncoding(a)) != want {
			t.Fatal("the order of a map counts")
		}
	}
}

// Were each node compared with all before it, this would take minutes.
func TestALongChainIsEncodedInOneGo(t *testing.T) {
	const n = 300_000
	v := chain(n)
	f := fingerprintOf(func(e *key.Encoder) { encodeTwig(e, v) })
	if f.Err() != nil {
		t.Errorf("%d nodes: %v", n, f.Err())
	}
	last := v
	for last.Left != nil {
		last = last.Left
	}
	last.Left = v
	g := fingerprintOf(func(e *key.Encoder) { encodeTwig(e, v) })
	if g == f || g.Err() != nil {
		t.Errorf("the cycle is not seen: error %v", g.Err())
	}
}

func TestALargeTreeIsNoSharedValue(t *testing.T) {
	n := 10_000_000
	if testing.Short() {
		n = 3_000_000
	}
	parts := make([]int8, n)
	var err error
	fingerprintOf(func(e *key.Encoder) {
		for i := range parts {
			if key.Enter(e, &parts[i]) {
				e.Leave()
			}
		}
		err = e.Err()
	})
	if err != nil {
		t.Errorf("%d different things: %v", n, err)
	}
}

// ladder has n rungs, each of which leads to the next in two ways.
func ladder(n int) *twig {
	v := &twig{}
	for range n {
		v = &twig{Left: v, Right: v}
	}
	return v
}

// Without a bound, 2^100 ways would never end.
func TestSharedPartsAreWrittenOutUpToABound(t *testing.T) {
	whole := fingerprintOf(func(e *key.Encoder) { encodeTwig(e, ladder(18)) })
	if whole.Err() != nil {
		t.Errorf("2^18 ways: %v", whole.Err())
	}
	for _, n := range []int{22, 100, 10_000} {
		v := ladder(n)
		f := fingerprintOf(func(e *key.Encoder) { encodeTwig(e, v) })
		if f.Err() == nil || !strings.Contains(f.Err().Error(), "shares") {
			t.Errorf("2^%d ways: error is %v", n, f.Err())
		}
		if k := key.Sum(key.Scope{}, func(e *key.Encoder) { encodeTwig(e, v) }); !k.IsZero() {
			t.Errorf("2^%d ways: has a key", n)
		}
	}
}

func TestReleaseKeepsNothingAlive(t *testing.T) {
	for name, encode := range map[string]encoding{
		"whole": func(e *key.Encoder) { encodeTwig(e, twigs(100)) },
		"not left after failing": func(e *key.Encoder) {
			key.Enter(e, &node{})
			key.EnterSlice(e, make([]node, 1))
			e.Fail(errors.New("boom"))
		},
	} {
		e := new(key.Encoder)
		encode(e)
		e.Fingerprint()
		e.Release()
		if key.Refers(e) {
			t.Errorf("%s: a released encoder refers to what it was inside of", name)
		}
		if e.Err() != nil || e.Fingerprint().Err() != nil {
			t.Errorf("%s: a released encoder is not as new", name)
		}
	}
}

func TestMisuseOfEnterPanics(t *testing.T) {
	for name, misuse := range map[string]func(){
		"Leave without Enter": func() { new(key.Encoder).Leave() },
		"Fingerprint inside": func() {
			e := new(key.Encoder)
			key.Enter(e, &node{})
			e.Fingerprint()
		},
		"Sum inside": func() { key.Sum(key.Scope{}, func(e *key.Encoder) { key.Enter(e, &node{}) }) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "Leave") && !strings.Contains(text, "entered") {
					t.Errorf("panic is %q", text)
				}
			}()
			misuse()
			t.Error("no panic")
		})
	}
}
