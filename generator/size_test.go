package generator_test

import (
	"math/big"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/heapsize"
	"github.com/workgen/workgen/testdata/golden/interfaces"
	"github.com/workgen/workgen/testdata/golden/known"
	"github.com/workgen/workgen/testdata/golden/recursive"
	"github.com/workgen/workgen/testdata/golden/sizes"
)

// sizeOf is what the sizer of a runner says of a result.
func sizeOf[R any](runner any, result R) int {
	spec := reflect.ValueOf(runner).Elem().FieldByName("calls").Elem().FieldByName("spec")
	return (*(*func(R) int)(spec.FieldByName("Size").Addr().UnsafePointer()))(result)
}

// same fails unless a size is as expected.
func same(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d bytes, want %d", what, got, want)
	}
}

// TestSizesOfWhatCannotBeWalked counts what is known, and the rest as nothing.
func TestSizesOfWhatCannotBeWalked(t *testing.T) {
	runner := sizes.NewHoldsRunner(new(sizes.Holds))
	same(t, "nothing", sizeOf(runner, sizes.HoldsResult{}), 0)
	long := strings.Repeat("x", 5000)
	holder := &sizes.Holder{
		Name: "text", Rows: [][]int32{make([]int32, 100), nil}, Any: long, Done: func() { println(long) }, Zone: time.FixedZone(long, 1),
		Locked: &sizes.Locked{Text: long}, Pattern: regexp.MustCompile(long),
	}
	want := heapsize.Pointer(holder) + heapsize.String("text") + heapsize.Slice(holder.Rows) + heapsize.Slice(holder.Rows[0]) +
		heapsize.Pointer(holder.Locked) + heapsize.Pointer(holder.Pattern) + heapsize.Slice(make([]sizes.Locked, 2))
	same(t, "shared", sizeOf(runner, sizes.HoldsResult{Holder: holder, Locked: make([]sizes.Locked, 2)}), want)
}

// TestSizesOfCycles counts what is in a cycle once: also where a method copies it, and what
// interfaces hold.
func TestSizesOfCycles(t *testing.T) {
	ring := &sizes.Ring{Text: "text"}
	ring.Next = &sizes.Ring{Next: ring}
	same(t, "ring", sizeOf(sizes.NewRingsRunner(new(sizes.Rings)), ring), 2*heapsize.Pointer(ring)+heapsize.String("text"))

	list := recursive.List{nil, nil, nil}
	list[0], list[1] = list, list
	same(t, "list", sizeOf(recursive.NewSameRunner(new(recursive.Same)), list), heapsize.Slice(list))

	var sum interfaces.Expr = interfaces.Num(1e3)
	want := heapsize.Box(interfaces.Num(1e3))
	for range 50 { // as a tree it would not end
		add := interfaces.Add{L: sum, R: sum}
		want += heapsize.Box(add)
		sum = add
	}
	same(t, "boxes", sizeOf(interfaces.NewEvalRunner(new(interfaces.Eval)), sum), want)
}

// TestSizesOfKnownTypes asks types whose fields cannot be read.
func TestSizesOfKnownTypes(t *testing.T) {
	n := new(big.Int).Lsh(big.NewInt(1), 10_000)
	real := new(big.Float).SetPrec(10_000).SetInt(new(big.Int).Sub(n, big.NewInt(1)))
	runner := known.NewNumbersRunner(new(known.Numbers))
	same(t, "integer", sizeOf(runner, known.NumbersResult{R1: *n}), heapsize.Slice(n.Bits()))
	same(t, "rational", sizeOf(runner, known.NumbersResult{R3: big.NewRat(3, 2)}), heapsize.Pointer(new(big.Rat))+2*heapsize.Bytes(8))
	same(t, "real", sizeOf(runner, known.NumbersResult{R4: real}), heapsize.PointerTo(real, func(big.Float) int { return heapsize.Bytes(157 * 8) }))
	user := url.UserPassword("somebody", strings.Repeat("x", 100))
	same(t, "user", sizeOf(known.NewPlacesRunner(new(known.Places)), known.PlacesResult{R1: known.Where{User: user}}),
		heapsize.Pointer(user)+heapsize.Bytes(8)+heapsize.Bytes(100))
}

// TestSizesOfKeys counts the memory of a key that is kept.
func TestSizesOfKeys(t *testing.T) {
	runner := sizes.NewRingsRunner(new(sizes.Rings))
	calls := reflect.ValueOf(runner).Elem().FieldByName("calls").Elem()
	spec := calls.FieldByName("spec")
	identify, size := spec.FieldByName("Identify"), spec.FieldByName("SizeKey")
	for text, want := range map[string]int{"": 0, "long text": 16, strings.Repeat("x", 200): 208, strings.Repeat("x", 300): 0} {
		args := reflect.ValueOf(sizes.RingsArgs{Text: text})
		id := hidden(identify, args)[1]
		same(t, "key", int(hidden(size, id)[0].Int()), want)
	}
}

// hidden calls a function in a field that is not exported.
func hidden(f reflect.Value, in reflect.Value) []reflect.Value {
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem().Call([]reflect.Value{in})
}
