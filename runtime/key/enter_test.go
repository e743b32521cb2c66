package key_test

import (
	"errors"
	"strings"
	"testing"
	"time"

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
		for k, x := range v.Files {
			m.Key()
			e.String(k)
			m.Value()
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

func TestLocationsDifferByNameAndRules(t *testing.T) {
	of := func(l *time.Location) key.Fingerprint {
		return fingerprintOf(func(e *key.Encoder) { e.Location(l) })
	}
	if of(time.FixedZone("X", 1)) != of(time.FixedZone("X", 1)) {
		t.Error("one location, two fingerprints")
	}
	seen := map[key.Fingerprint]int{}
	for i, l := range []*time.Location{nil, time.UTC, time.FixedZone("X", 1), time.FixedZone("X", 2), time.FixedZone("Y", 1)} {
		if j, ok := seen[of(l)]; ok {
			t.Errorf("locations %d and %d have one fingerprint", i, j)
		}
		seen[of(l)] = i
	}
}
