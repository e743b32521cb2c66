package generator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is asserted of a value of type any counts only if such a value can come from
// elsewhere than code that Run executes.
func TestWhatIsAssertedCountsIfItCanComeFromElsewhere(t *testing.T) {
	p := newProgram(t, `
-- keeps/go.mod --
module example.com/keeps

go 1.26
-- keeps/keeps.go --
package keeps

var told = map[string]any{}

func Tell(name string, value any) { told[name] = value }

func Parse(text string) (any, error) { return told[text], nil }
-- plain/go.mod --
module example.com/plain

go 1.26
-- plain/plain.go --
package plain

import "errors"

type Text struct{ words []string }

func Parse(text string) (Text, error) { return Text{}, errors.New(text) }

func (t Text) Value() any { return t.words }
-- above/go.mod --
module example.com/above

go 1.26

require example.com/keeps v0.0.0
-- above/above.go --
package above

import "example.com/keeps"

func Parse(text string) (any, error) { return keeps.Parse(text) }
`)
	p.requires("keeps", "plain", "above")
	type test struct{ name, imports, field, statement, other string }
	none := []test{
		{"decoded", "encoding/json", "", "json.Unmarshal([]byte(text), &v)", ""},
		{"made", "", "", "v = made{}", "type made struct{}\n\nfunc (made) Next() int { return 1 }"},
		{"an error of the standard library", "", "", "_, v = os.Open(text)", ""},
		{"the end of a context", "", "", "v = ctx.Err()", ""},
		{"a time", "time", "", "v, _ = time.Parse(time.DateOnly, text)", ""},
		{"a local map", "sync", "", "var m sync.Map\n\tm.Store(text, 1)\n\tv, _ = m.Load(text)", ""},
		{"a variable that nobody writes to", "", "", "v = fixed[0]", "var fixed = []any{1}"},
		{"a written number", "", "", "v = number", "var number int\n\nfunc Set(n int) { number = n }"},
		{"a field of plain values", "time", "At *time.Time `workgen:\"-\"`", "v = w.At", ""},
		{"a plain library", "example.com/plain", "", "t, err := plain.Parse(text)\n\tv = t.Value()\n\tif v == nil {\n\t\tv = err\n\t}", ""},
	}
	all := []test{
		{"the context's values", "", "", "v = ctx.Value(1)", ""},
		{"the context's cause", "", "", "v = context.Cause(ctx)", ""},
		{"the context", "", "", "if i, ok := ctx.(Iter); ok {\n\t\tn = i.Next()\n\t}", ""},
		{"a field", "", "Any any `workgen:\"-\"`", "v = w.Any", ""},
		{"an error in a field", "", "Err error `workgen:\"-\"`", "v = w.Err", ""},
		{"a list in a field", "container/list", "List *list.List `workgen:\"-\"`", "v = w.List.Front().Value", ""},
		{"what a function in a field returns", "", "Func func() any `workgen:\"-\"`", "v = w.Func()", ""},
		{"a written variable", "", "", "v = variable", "var variable any\n\nfunc Set(a any) { variable = a }"},
		{"a shared map", "sync", "", "v, _ = variable.Load(text)", "var variable sync.Map\n\nfunc Set(a any) { variable.Store(\"\", a) }"},
		{"an interface of no methods", "", "Value Value `workgen:\"-\"`", "if i, ok := w.Value.(Iter); ok {\n\t\tn = i.Next()\n\t}", "type Value any"},
		{"a database", "database/sql", "", "db, _ := sql.Open(\"a\", text)\n\tdb.QueryRow(text).Scan(&v)", ""},
		{"what is called back", "expvar", "", "expvar.Do(func(kv expvar.KeyValue) { v = kv.Value })", ""},
		{"a method that is called back", "database/sql", "", "var s scanner\n\tdb, _ := sql.Open(\"a\", text)\n\tdb.Ping()\n\ts.String()\n\tv = s.v", "type scanner struct{ v any }\n\nfunc (s *scanner) Scan(v any) error { s.v = v; return nil }\n\nfunc (s *scanner) String() string { return \"\" }"},
		{"a variable of another package", "crypto/rand", "", "v = rand.Reader", ""},
		{"a library that keeps", "example.com/keeps", "", "v, _ = keeps.Parse(text)", ""},
		{"a library above it", "example.com/above", "", "v, _ = above.Parse(text)", ""},
		{"a Var", "github.com/workgen/workgen/runtime", "Var *runtime.Var[any] `workgen:\"-\"`", "v = w.Var.Get(ctx)", ""},
	}
	var want []string
	for i, test := range slices.Concat(none, all) {
		imports := "\t\"context\"\n\t\"os\"\n"
		if test.imports != "" {
			imports += fmt.Sprintf("\t%q\n", test.imports)
		}
		file := fmt.Sprintf("p%d/p.go", i)
		text := fmt.Sprintf(`package p%d

import (
%s)

//workgen:work
type W%d struct{ %s }

func (w *W%d) Run(ctx context.Context, text string) (n int) {
	var v any
	%s
	if i, ok := v.(Iter); ok {
		n += i.Next()
	}
	return n
}

type Iter interface{ Next() int }

%s

func New() any { return environment{} }

type environment struct{}

`, i, imports, i, test.field, i, test.statement, test.other)
		text += "func (environment) Next() int { return len(os.Getenv(\"A\")) }\n"
		p.write(file, strings.ReplaceAll(text, "Next", fmt.Sprint("Next", i))) // not to implement that of another package
		if i >= len(none) {
			want = append(want, test.name)
		}
	}
	var got []string
	for _, w := range warnings(t, p) {
		var i int
		fmt.Sscanf(w, "p%d/", &i)
		if strings.Contains(w, "os.Getenv") {
			got = append(got, slices.Concat(none, all)[i].name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
