package generator_test

import (
	"context"
	"math"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/defects"
)

// These are mistakes that caches, memoisers and build tools have made, each
// serving somebody the result of another call or executing a call for ever.
// Package key has them for its encoding; here they are made with generated code.

// execution runs First and reports whether it was executed.
func execution(t *testing.T, r *defects.FirstRunner, in defects.Input, last string) bool {
	t.Helper()
	before := r.Stats().Executions
	if _, err := r.Run(context.Background(), in, last); err != nil {
		t.Fatal(err)
	}
	return r.Stats().Executions > before
}

func TestInputsThatOthersConfuseAreKeptApart(t *testing.T) {
	nan := math.NaN()
	type labels = map[string][]string
	for _, test := range []struct {
		name string
		a, b defects.Input
	}{
		{"lists joined by a separator: [a-b c] and [a b-c]",
			defects.Input{List: []string{"a-b", "c"}}, defects.Input{List: []string{"a", "b-c"}}},
		{"lists joined by nothing: [ab c] and [a bc]",
			defects.Input{List: []string{"ab", "c"}}, defects.Input{List: []string{"a", "bc"}}},
		{"a list that ends elsewhere: [a b] [] and [a] [b]",
			defects.Input{List: []string{"a", "b"}, Other: []string{}}, defects.Input{List: []string{"a"}, Other: []string{"b"}}},
		{"lists swapped", defects.Input{List: []string{"a"}}, defects.Input{Other: []string{"a"}}},
		{"the order of a list", defects.Input{List: []string{"a", "b"}}, defects.Input{List: []string{"b", "a"}}},
		{"repeated elements", defects.Input{List: []string{"a"}}, defects.Input{List: []string{"a", "a"}}},
		{"a nil list and an empty one", defects.Input{}, defects.Input{List: []string{}}},
		{"an empty list and one of an empty string", defects.Input{List: []string{}}, defects.Input{List: []string{""}}},
		{"a nil map and an empty one", defects.Input{}, defects.Input{Labels: labels{}}},
		{"a nil list and an empty one in a map", defects.Input{Labels: labels{"a": nil}}, defects.Input{Labels: labels{"a": {}}}},
		{"a key without a list and no key", defects.Input{Labels: labels{"a": nil}}, defects.Input{Labels: labels{}}},
		{"a nil pointer and one to nothing", defects.Input{}, defects.Input{Next: &defects.Input2{}}},
		{"values of NaN keys", defects.Input{Floats: map[float64]string{nan: "a"}}, defects.Input{Floats: map[float64]string{nan: "b"}}},
		{"the number of NaN keys", defects.Input{Floats: map[float64]string{nan: "a"}}, defects.Input{Floats: nans("a", "a")}},
		{"values swapped between keys",
			defects.Input{Labels: labels{"a": {"1"}, "b": {"2"}}}, defects.Input{Labels: labels{"a": {"2"}, "b": {"1"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := defects.NewFirstRunner(&defects.First{})
			if !execution(t, r, test.a, "") || !execution(t, r, test.b, "") {
				t.Error("one was answered with the result of the other")
			}
			if execution(t, r, test.a, "") || execution(t, r, test.b, "") {
				t.Error("a second call was executed")
			}
			if r.Key(test.a, "") == r.Key(test.b, "") {
				t.Error("one key for both")
			}
		})
	}
}

// nans is a map with a NaN key for each value.
func nans(values ...string) map[float64]string {
	m := map[float64]string{}
	for _, v := range values {
		m[math.NaN()] = v
	}
	return m
}

func TestInputsThatOthersTellApartHit(t *testing.T) {
	for _, test := range []struct {
		name string
		a, b defects.Input
	}{
		{"a NaN key is not equal to itself", defects.Input{Floats: nans("a")}, defects.Input{Floats: nans("a")}},
		{"NaN keys in another order", defects.Input{Floats: nans("a", "b", "c")}, defects.Input{Floats: nans("c", "a", "b")}},
		{"pointers to equal values", defects.Input{Next: &defects.Input2{N: 1}}, defects.Input{Next: &defects.Input2{N: 1}}},
		{"a list with more room", defects.Input{List: make([]string, 1, 9)}, defects.Input{List: make([]string, 1)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := defects.NewFirstRunner(&defects.First{})
			if !execution(t, r, test.a, "") || execution(t, r, test.b, "") {
				t.Error("the second was executed")
			}
			if r.Key(test.a, "") != r.Key(test.b, "") {
				t.Error("two keys")
			}
		})
	}
}

func TestAFieldAndAnArgumentDoNotRunTogether(t *testing.T) {
	a := defects.NewFirstRunner(&defects.First{Prefix: "a"}).Key(defects.Input{}, "b")
	b := defects.NewFirstRunner(&defects.First{Prefix: "b"}).Key(defects.Input{}, "a")
	if a == b {
		t.Error("one key for both")
	}
}

func TestWorksWithTheSameInputsHaveResultsOfTheirOwn(t *testing.T) {
	first := defects.NewFirstRunner(&defects.First{Prefix: "p"})
	second := defects.NewSecondRunner(&defects.Second{Prefix: "p"}, runtime.CacheCalls(true))
	in := defects.Input{List: []string{"x"}}
	if first.Key(in, "l") == second.Key(in, "l") {
		t.Error("one key for two works")
	}
	a, err := first.Run(t.Context(), in, "l")
	if err != nil || a != "pxl" {
		t.Error(a, err)
	}
	if b, err := second.Run(t.Context(), in, "l"); err != nil || b != "lxp" {
		t.Error(b, err)
	}
}

// A caller that changes what it passed, or what it was given, must not change
// what others get.
func TestWhatCallersChangeIsTheirOwn(t *testing.T) {
	r := defects.NewFirstRunner(&defects.First{})
	in := defects.Input{List: []string{"a"}}
	if got, _ := r.Run(t.Context(), in, ""); got != "a" {
		t.Fatal(got)
	}
	in.List[0] = "b"
	if got, _ := r.Run(t.Context(), in, ""); got != "b" {
		t.Errorf("got %q for [b]", got)
	}
	if got, _ := r.Run(t.Context(), defects.Input{List: []string{"a"}}, ""); got != "a" {
		t.Errorf("got %q for [a]", got)
	}
}
