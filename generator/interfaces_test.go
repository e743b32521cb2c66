package generator_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/interfaces"
	"github.com/workgen/workgen/testdata/golden/interfaces/shape"
)

// know tells the tests which types an interface can hold.
func know[I any](values ...I) {
	for _, v := range values {
		t := reflect.TypeFor[I]()
		implementers[t] = append(implementers[t], reflect.TypeOf(v))
	}
}

func init() {
	know[shape.Shape](shape.Circle{}, &shape.Circle{}, &shape.Polygon{}, shape.Group{}, &shape.Group{}, shape.Unit{}, &shape.Unit{}, interfaces.Labeled{}, &interfaces.Labeled{})
	know[interfaces.Expr](interfaces.Num(0), new(interfaces.Num), interfaces.Add{}, &interfaces.Add{}, &interfaces.Neg{})
	know[error](&interfaces.Problem{})
	know[fmt.Stringer](interfaces.Level(0), new(interfaces.Level))
	know[any](0, "")
	know[interfaces.JSON](false, 0.0, "")
}

func TestEveryChangeInAnInterfaceCounts(t *testing.T) {
	ctx := context.Background()
	draw := interfaces.NewDrawRunner(&interfaces.Draw{})
	everyChangeCounts(t, draw.Stats, func(a interfaces.DrawArgs) error {
		_, err := draw.Run(ctx, a.S, a.All, a.By, a.Count, a.P)
		return err
	})
	eval := interfaces.NewEvalRunner(&interfaces.Eval{})
	everyChangeCounts(t, eval.Stats, func(a interfaces.EvalArgs) error {
		_, err := eval.Run(ctx, a.E, a.Anonymous)
		return err
	})
	decode := interfaces.NewDecodeRunner(&interfaces.Decode{})
	everyChangeCounts(t, decode.Stats, func(a interfaces.DecodeArgs) error {
		_, _, err := decode.Run(ctx, a.V, a.R)
		return err
	})
}

// TestDynamicTypesDiffer: nil, a nil pointer, a value, a pointer to one, and
// values of other types that write the same bytes are all different.
func TestDynamicTypesDiffer(t *testing.T) {
	differ := func(name string, encodings ...key.Encodable) {
		t.Helper()
		seen := map[identity]int{}
		for i, e := range encodings {
			id := identityOf(e)
			if err := id.fingerprint.Err(); err != nil {
				t.Errorf("%s: value %d: %v", name, i, err)
			}
			if j, ok := seen[id]; ok {
				t.Errorf("%s: values %d and %d have one key", name, i, j)
			}
			seen[id] = i
		}
	}
	var shapes, inputs, values []key.Encodable
	for _, s := range []shape.Shape{nil, shape.Unit{}, &shape.Unit{}, (*shape.Unit)(nil), (*shape.Circle)(nil), shape.Circle{}, &shape.Circle{}, shape.Circle{R: 1}, shape.Group{}, interfaces.Labeled{}, interfaces.Labeled{Shape: shape.Unit{}}} {
		shapes = append(shapes, &interfaces.DrawArgs{S: s})
	}
	differ("shapes", shapes...)
	for _, in := range []interfaces.Input{interfaces.Upper{Text: "a"}, &interfaces.Upper{Text: "a"}, &interfaces.Lower{Text: "a"}, interfaces.Both{Upper: interfaces.Upper{Text: "a"}}, interfaces.Both{Upper: interfaces.Upper{Text: "a"}, More: 1}} {
		inputs = append(inputs, &interfaces.ReadArgs{In: in})
	}
	differ("types that encode themselves", inputs...)
	same := []key.Encodable{&interfaces.ReadArgs{In: interfaces.Upper{Text: "a", Note: "x"}}, &interfaces.ReadArgs{In: interfaces.Upper{Text: "a", Note: "y"}}}
	if identityOf(same[0]) != identityOf(same[1]) {
		t.Error("a type that encodes itself is not asked")
	}
	for _, v := range []interfaces.JSON{nil, "", 0.0, false, []any(nil), []any{}, []any{nil}, map[string]any(nil), map[string]any{}, map[string]any{"a": []any{1.0}}, []any{"a", map[string]any{"b": nil}}} {
		values = append(values, &interfaces.DecodeArgs{V: v})
	}
	differ("values of a list", values...)
}

// TestInterfacesInCycles ends.
func TestInterfacesInCycles(t *testing.T) {
	list := []any{1.0, nil}
	list[1] = list
	table := map[string]any{}
	table["self"] = map[string]any{"list": list, "up": table}
	group := &shape.Group{Name: "g"}
	group.Parts = []shape.Shape{group, shape.Group{Parts: []shape.Shape{group}}}
	neg := &interfaces.Neg{}
	neg.X = interfaces.Add{L: neg, R: interfaces.Num(1)}
	for i, args := range []key.Encodable{
		&interfaces.DecodeArgs{V: list}, &interfaces.DecodeArgs{V: table}, &interfaces.DrawArgs{S: group}, &interfaces.EvalArgs{E: neg},
	} {
		if id := identityOf(args); id.fingerprint.Err() != nil || id != identityOf(args) {
			t.Errorf("%d: %v", i, id.fingerprint.Err())
		}
	}
	draw := interfaces.NewDrawRunner(&interfaces.Draw{})
	for range 2 {
		if _, err := draw.Run(t.Context(), group, nil, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := draw.Stats(); got.Executions != 1 || group.Parts[0] != shape.Shape(group) {
		t.Errorf("%d executions; the work changed what its caller has: %v", got.Executions, group.Parts[0] == nil)
	}
	decode := interfaces.NewDecodeRunner(&interfaces.Decode{})
	for range 3 {
		got, _, err := decode.Run(t.Context(), list, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := got.([]any)
		if inner := l[1].([]any); &inner[0] != &l[0] || &l[0] == &list[0] {
			t.Fatal("the result is not a copy of the same shape")
		}
		l[1] = "spoilt"
	}
}

// TestUnknownTypesAmongInputs: such calls are executed, each time.
func TestUnknownTypesAmongInputs(t *testing.T) {
	ctx := t.Context()
	type local struct{ shape.Shape }
	draw := interfaces.NewDrawRunner(&interfaces.Draw{})
	for range 3 {
		got, err := draw.Run(ctx, local{shape.Unit{}}, nil, nil, nil, nil)
		if err != nil || got != 0 {
			t.Fatal(got, err)
		}
	}
	if got := draw.Stats(); got.Executions != 3 || got.Unkeyed != 3 {
		t.Errorf("%d executions, %d of them unkeyed; want 3", got.Executions, got.Unkeyed)
	}
	args := &interfaces.DrawArgs{S: local{}}
	unknown := (*runtime.UnknownTypeError)(nil)
	if err := identityOf(args).fingerprint.Err(); !errors.As(err, &unknown) || unknown.Interface != "github.com/workgen/workgen/testdata/golden/interfaces/shape.Shape" {
		t.Errorf("the error is %v", err)
	}
	if !draw.Key(local{}, nil, nil, nil, nil).IsZero() {
		t.Error("a call that cannot be keyed has a key")
	}
}

// TestUnknownTypesInResults: nobody gets such a result, since everybody would get
// the same memory.
func TestUnknownTypesInResults(t *testing.T) {
	ctx := t.Context()
	decode := interfaces.NewDecodeRunner(&interfaces.Decode{})
	for range 2 {
		v, _, err := decode.Run(ctx, "unknown", nil)
		unknown := (*runtime.UnknownTypeError)(nil)
		if v != nil || !errors.As(err, &unknown) {
			t.Fatalf("got %v, %v", v, err)
		}
		const want = "work github.com/workgen/workgen/testdata/golden/interfaces.Decode: result: " +
			"a value in the interface github.com/workgen/workgen/testdata/golden/interfaces.JSON has a type that is not known: " +
			"list it in //workgen:oneof of the interface or field, and run go generate"
		if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Error(diff)
		}
		if v, _, err := decode.Run(ctx, "both", nil); v != nil || err == nil || err.Error() != "both" {
			t.Errorf("the work's own error became %v, with %v", err, v)
		}
	}
	if got := decode.Stats().Executions; got != 4 {
		t.Errorf("%d executions, want 4: nothing is kept", got)
	}
}

func TestResultsInInterfacesAreCopies(t *testing.T) {
	ctx := t.Context()
	level := interfaces.Level(3)
	record := &interfaces.Record{
		Values: map[string][]any{"a": {1, "x", []byte{1}, []any{[]byte{2}}}},
		Err:    &interfaces.Problem{Code: 1}, Prints: &level, Two: [2]any{[]int{1}, 2},
		ByKey: map[any]int{interfaces.Level(1): 1, [2]int{1, 2}: 2},
	}
	record.Values["a"] = append(record.Values["a"], record)
	decode := interfaces.NewDecodeRunner(&interfaces.Decode{})
	for range 3 {
		_, r, err := decode.Run(ctx, map[string]any{"k": []any{"v"}}, record)
		if err != nil {
			t.Fatal(err)
		}
		list := r.Values["a"]
		if list[0] != 1 || list[1] != "x" || list[2].([]byte)[0] != 1 || list[3].([]any)[0].([]byte)[0] != 2 || r.Err.(*interfaces.Problem).Code != 1 ||
			*r.Prints.(*interfaces.Level) != 3 || r.Two[0].([]int)[0] != 1 || r.ByKey[[2]int{1, 2}] != 2 {
			t.Fatalf("got %v", r)
		}
		if inner := list[4].(*interfaces.Record); inner == record || inner.Values["a"][4] != inner {
			t.Fatal("the record inside of the record is not copied in its shape")
		}
		list[2].([]byte)[0], list[3].([]any)[0].([]byte)[0] = 9, 9
		r.Err.(*interfaces.Problem).Code, *r.Prints.(*interfaces.Level) = 9, 9
		list[4].(*interfaces.Record).Values = nil
		clear(r.ByKey)
	}
	if got := decode.Stats().Executions; got != 1 {
		t.Errorf("%d executions, want 1", got)
	}
}

func TestKeyedFieldsCanBeInterfaces(t *testing.T) {
	work := &interfaces.Draw{}
	draw := interfaces.NewDrawRunner(work)
	for _, extra := range []any{nil, 1, shape.Unit{}, 1, nil} {
		work.Extra = extra
		draw.Run(t.Context(), nil, nil, nil, nil, nil)
	}
	if got := draw.Stats().Executions; got != 3 {
		t.Errorf("%d executions, want 3", got)
	}
}

func TestInterfacesAreEncodedWithoutAllocating(t *testing.T) {
	args := interfaces.DrawArgs{S: &shape.Group{Parts: []shape.Shape{shape.Circle{R: 1}, &shape.Polygon{Sides: []float64{1}}, interfaces.Labeled{Shape: shape.Unit{}}}}}
	encode := func() {
		e := key.Borrow()
		args.EncodeKey(e)
		e.Fingerprint()
		e.Release()
	}
	encode()
	if n := testing.AllocsPerRun(100, encode); n > 0 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}

// TestBoxedValuesThatShareTooMuch: 2^60 parts, 60 in memory, and not one pointer.
func TestBoxedValuesThatShareTooMuch(t *testing.T) {
	v := interfaces.Expr(interfaces.Num(1))
	for range 60 {
		v = interfaces.Add{L: v, R: v}
	}
	eval := interfaces.NewEvalRunner(&interfaces.Eval{})
	out, err := eval.Run(t.Context(), v, nil)
	if err != nil {
		t.Fatal(err)
	}
	if add, ok := out.(interfaces.Add); !ok || add.R != interfaces.Expr(interfaces.Num(1)) {
		t.Errorf("got a %T", out)
	}
	if got := eval.Stats(); got.Unkeyed != 1 || got.Executions != 1 {
		t.Errorf("%d executions, %d unkeyed", got.Executions, got.Unkeyed)
	}
}
