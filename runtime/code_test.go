package runtime

import (
	"context"
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

// codeKeys returns the keys of a call of a work of some code, and of one of a work that
// holds it.
func codeKeys(code *Code) (own, holder key.Key) {
	c := NewCalls(Spec[int, int, int]{
		Name: "example.com/m.W", Schema: "s", Code: code,
		Execute: func(context.Context, int) (int, error) { return 0, nil },
		Encode:  func(n *int, e *key.Encoder) { e.Int(*n) },
	})
	return c.Key(1), key.Sum(key.Scope{}, c.EncodeRunner)
}

func TestTheBuildCountsUnlessAVersionStandsForIt(t *testing.T) {
	for _, test := range []struct {
		name   string
		code   *Code
		counts bool
	}{
		{"code", &Code{Sum: "c1"}, true},
		{"a version", &Code{Version: "1"}, false},
		{"nothing", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			own, holder := codeKeys(test.code)
			t.Setenv("GODEBUG", "gctrace=0")
			if again, holds := codeKeys(test.code); again != own || holds != holder {
				t.Error("a setting counts that changes no result")
			}
			t.Setenv("GODEBUG", "urlstrictcolons=0")
			if again, holds := codeKeys(test.code); (again != own) != test.counts || (holds != holder) != test.counts {
				t.Errorf("counts: %t, where it is held: %t; want %t", again != own, holds != holder, test.counts)
			}
		})
	}
}
