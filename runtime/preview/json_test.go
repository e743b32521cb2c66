package preview

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestJSONIsComplete(t *testing.T) {
	ring := &node{Name: "a"}
	ring.Next = ring
	twice := &node{Name: "b"}
	long := strings.Repeat("<ä>\n", 10_000)
	quoted, _ := json.Marshal(long)
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"nil":              {nil, "null"},
		"numbers":          {[]any{1, uint8(2), 2.5, 1i, float32(0.1), math.Inf(1), true}, `[1,2,2.5,"(0+1i)",0.1,"+Inf",true]`},
		"a long string":    {long, string(quoted)},
		"a long slice":     {make([]bool, 500), "[false" + strings.Repeat(",false", 499) + "]"},
		"nil and empty":    {[]any{[]int(nil), []int{}, map[string]int(nil), map[string]int{}, (*node)(nil), struct{}{}}, "[null,[],null,{},null,{}]"},
		"bytes":            {[]byte("hello"), `"aGVsbG8="`},
		"a map, sorted":    {map[string]int{"b": 2, "a": 1}, `{"a":1,"b":2}`},
		"other keys":       {map[login]int{{"ann", 1}: 1}, `{"{User: \"ann\", hidden: 1ns}":1}`},
		"a time":           {time.Date(2022, 5, 25, 0, 0, 0, 0, time.UTC), `"2022-05-25T00:00:00Z"`},
		"a duration":       {3 * time.Second, `"3s"`},
		"a struct":         {login{"ann", 1}, `{"User":"ann","hidden":"1ns"}`},
		"a ring":           {ring, `{"Name":"a","Next":"…"}`},
		"the same twice":   {[]*node{twice, twice}, `[{"Name":"b","Next":null},{"Name":"b","Next":null}]`},
		"fields, no input": {job{N: 1, Token: "hunter2"}, `{"base":{"At":"0001-01-01T00:00:00Z"},"N":1}`},
		"a secret": {struct {
			A     int
			Token string `workgen:"secret"`
		}{1, "hunter2"}, `{"A":1,"Token":"(secret)"}`},
		"a function": {strings.ToUpper, `"(func(string) string)"`},
	} {
		var out strings.Builder
		if err := JSON(&out, c.value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got, want any
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Errorf("%s: %v: %.100s", name, err, out.String())
			continue
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(name, err)
		}
		is, _ := json.Marshal(got)
		should, _ := json.Marshal(want)
		if string(is) != string(should) {
			t.Errorf("%s: got %.200s, want %.200s", name, is, should)
		}
	}
}

func TestJSONIsIndented(t *testing.T) {
	var out strings.Builder
	if err := JSON(&out, map[string]any{"<a>": []int{1, 2}, "b": node{Name: "x"}}); err != nil {
		t.Fatal(err)
	}
	const want = "{\n  \"<a>\": [\n    1,\n    2\n  ],\n  \"b\": {\n    \"Name\": \"x\",\n    \"Next\": null\n  }\n}\n"
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
}

var errFull = errors.New("full")

// bounded takes a number of bytes.
type bounded int

func (b *bounded) Write(p []byte) (int, error) {
	if *b -= bounded(len(p)); *b < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAWriterEndsJSON(t *testing.T) {
	// A graph that would be written for ever.
	type fork struct{ A, B *fork }
	deep := &fork{}
	for range 100 {
		deep = &fork{deep, deep}
	}
	room := bounded(100_000)
	if err := JSON(&room, deep); !errors.Is(err, errFull) {
		t.Error(err)
	}
	var list *node
	for range 1_000_000 {
		list = &node{Next: list}
	}
	var out strings.Builder
	if err := JSON(&out, list); err != nil || !strings.Contains(out.String(), `"…"`) {
		t.Errorf("a long list: %v", err)
	}
	room = 100
	if err := JSON(&room, bad{}); err == nil {
		t.Error("a panic of MarshalText is no error")
	}
}
