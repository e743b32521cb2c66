package key

import (
	"errors"
	"testing"
)

// nested is an input that writes inputs of its own: a runner, say.
type nested struct{ parts []string }

func (n nested) EncodeKey(e *Encoder) {
	for _, p := range n.parts {
		e.String(p)
		e.Next()
	}
}

// TestSumsAreThoseOfTheInputsAlone: what writes the inputs one after the other tells of each.
func TestSumsAreThoseOfTheInputsAlone(t *testing.T) {
	var ring struct{ self *int }
	ring.self = new(int)
	inputs := []func(e *Encoder){
		func(e *Encoder) { e.String("a") },
		func(e *Encoder) {
			m := e.Map(2, false)
			for _, k := range []string{"x", "y"} {
				m.Key()
				e.String(k)
				m.Value()
				e.Next()
			}
			m.End()
		},
		func(e *Encoder) {
			f := e.Open()
			nested{[]string{"p", "q"}}.EncodeKey(e)
			e.Close(f)
		},
		func(e *Encoder) { // the same pointer as in the one after it
			if Enter(e, ring.self) {
				e.Leave()
			}
		},
		func(e *Encoder) {
			if Enter(e, ring.self) {
				e.Leave()
			}
		},
		func(e *Encoder) { Numbers(e, make([]float64, 100_000)) },
		func(e *Encoder) {},
	}
	scopes := make([]Scope, len(inputs))
	for i := range scopes {
		scopes[i] = Scope{Work: string(rune('a' + i)), Schema: "T"}
	}
	sums := func(n int, inputs ...func(e *Encoder)) []Key {
		return Sums(scopes[:n], func(e *Encoder) {
			for i, encode := range inputs {
				if i > 0 {
					e.Next()
				}
				encode(e)
			}
		})
	}
	got := sums(len(inputs), inputs...)
	for i, encode := range inputs {
		if got[i] != Sum(scopes[i], encode) {
			t.Errorf("input %d has another sum than alone", i)
		}
	}

	failing := func(e *Encoder) {
		e.Open()
		e.Fail(errors.New("no"))
	}
	if s := sums(3, inputs[0], failing, inputs[0]); s[0] != got[0] || !s[1].IsZero() || !s[2].IsZero() {
		t.Errorf("one fails: %v", s)
	}
	if s := sums(3, inputs[0]); s[0] != got[0] || !s[1].IsZero() || !s[2].IsZero() {
		t.Errorf("too few: %v", s)
	}
	if s := sums(1, inputs...); len(s) != 1 || s[0] != got[0] {
		t.Errorf("too many: %v", s)
	}
	if s := sums(0); len(s) != 0 {
		t.Errorf("none: %v", s)
	}
	if again := sums(1, inputs[0]); again[0] != got[0] {
		t.Error("what is left in an encoder counts")
	}
}
