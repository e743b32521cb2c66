package key_test

import (
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

// expr holds others by value.
type expr interface{ expr() }

type (
	leaf int
	sum  struct{ left, right expr }
)

func (leaf) expr() {}
func (sum) expr()  {}

func encodeExpr(e *key.Encoder, v expr) {
	if !key.Boxed(e, v) {
		return
	}
	switch v := v.(type) {
	case nil:
		e.Nil()
	case leaf:
		e.Type("leaf")
		e.Int(int(v))
	case sum:
		e.Type("sum")
		encodeExpr(e, v.left)
		encodeExpr(e, v.right)
	}
}

func TestBoxedValuesThatShareTooMuchFail(t *testing.T) {
	shared := expr(leaf(1000))
	for range 60 {
		shared = sum{shared, shared}
	}
	if f := fingerprintOf(func(e *key.Encoder) { encodeExpr(e, shared) }); f.Err() == nil {
		t.Error("2^60 parts have been written")
	}
	var tree func(depth int) expr
	tree = func(depth int) expr {
		if depth == 0 {
			return leaf(1000)
		}
		return sum{tree(depth - 1), tree(depth - 1)}
	}
	large := tree(20)
	if f := fingerprintOf(func(e *key.Encoder) { encodeExpr(e, large) }); f.Err() != nil {
		t.Errorf("a tree of two million parts that are all different: %v", f.Err())
	}
}
