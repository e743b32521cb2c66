package scan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/generator/scan"
)

func TestFieldsHaveTheModeOfTheirTag(t *testing.T) {
	w := work(t, `package x

import "sync"

//workgen:work
type X struct {
	Source string `+"`json:\"s\" workgen:\"key\"`"+`
	a, b   int    `+"`workgen:\"-\"`"+`
	n      int    `+"`json:\"n\"`"+`
	sync.Mutex
	_ int
}

func (X) Run() {}
`)
	got := map[string]scan.Mode{}
	for _, f := range w.Fields {
		got[f.Name] = f.Mode
	}
	want := map[string]scan.Mode{"Source": scan.Keyed, "a": scan.Ignored, "b": scan.Ignored, "n": scan.State, "Mutex": scan.State, "_": scan.State}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTagMode(t *testing.T) {
	for _, test := range []struct {
		tag  string
		mode scan.Mode
		err  string
	}{
		{``, scan.State, ""},
		{`json:"workgen:x" db:"a\"workgen"`, scan.State, ""},
		{`workgen:"key"`, scan.Keyed, ""},
		{`workgen:"secret"`, scan.Keyed, ""},
		{`json:"a" workgen:"-"`, scan.Ignored, ""},
		{`workgen:"Key"`, scan.State, `unknown tag workgen:"Key"`},
		{`workgen`, scan.State, `malformed struct tag "workgen"`},
		{`workgen:-`, scan.State, `malformed struct tag "workgen:-"`},
		{`json:"a",workgen:"-"`, scan.State, `malformed struct tag "json:\"a\",workgen:\"-\""`},
		{`workgen:"-`, scan.State, `malformed struct tag "workgen:\"-"`},
	} {
		mode, err := scan.TagMode(test.tag)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if mode != test.mode || message != test.err {
			t.Errorf("TagMode(%s) = %v, %q; want %v, %q", test.tag, mode, message, test.mode, test.err)
		}
	}
}

func TestFaultyTagsAreReported(t *testing.T) {
	testProblems(t, []problem{
		{"in any struct", `package x

//workgen:work
type X struct {
	a int ` + "`workgen:\"kye\"`" + `
	b int ` + "`workgen:key`" + `
	c int ` + "`workgen:\"\"`" + `
}

func (X) Run(o Options) {}

type Options struct {
	Done chan int ` + "`json:\"d\" workgen:\"ignore\"`" + `
}
`, `
./x.go:5:8: unknown tag workgen:"kye"
	fix: write ` + "`workgen:\"key\"` for an input, `workgen:\"-\"`" + ` for a field that is no input
./x.go:6:8: malformed struct tag "workgen:key"
	fix: write ` + "`workgen:\"key\"` for an input, `workgen:\"-\"`" + ` for a field that is no input, with quotes as here and a space between it and other tags
./x.go:7:8: unknown tag workgen:""
	fix: write ` + "`workgen:\"key\"` for an input, `workgen:\"-\"`" + ` for a field that is no input
./x.go:13:16: unknown tag workgen:"ignore"
	fix: write ` + "`workgen:\"key\"` for an input, `workgen:\"-\"`" + ` for a field that is no input
`},
	})
}

// readBodies are bodies of Run, each with the untagged fields it reads as the
// diagnostics name them: "n" at line and column, "*" for all.
var readBodies = []struct{ name, body, want string }{
	{"nothing", `return`, ""},
	{"tagged fields", `_ = x.key + x.ignored`, ""},
	{"a plain assignment", `x.n = 1`, ""},
	{"an assignment among others", `_, x.n = 1, 2`, ""},
	{"an increment", `x.n++; x.n--`, ""},
	{"an operation and assignment", `x.n += 2`, ""},
	{"an assignment by range", `for x.n = range 3 { }`, ""},
	{"an assignment with parentheses", `(x.n) = 1; ((*x).n) = 2; (&*x).n = 3`, ""},
	{"a comparison with nil", `if x == nil || nil != x { return }`, ""},
	{"a whole assignment", `*x = X{}`, ""},
	{"a field of another value", `var y X; _ = y.n`, ""},
	{"a shadowed receiver", `{ x := X{}; _ = x.n }`, ""},
	{"an expression", `_ = x.n`, "n"},
	{"an argument", `println(x.n)`, "n"},
	{"the right of an assignment", `x.n = x.m`, "m"},
	{"the right of an operation and assignment", `x.n += x.m`, "m"},
	{"its address", `_ = &x.n`, "n"},
	{"its address with parentheses", `_ = &(x.n)`, "n"},
	{"through a dereference", `_ = (*x).n`, "n"},
	{"a method of the field", `x.mu.Lock()`, "mu"},
	{"a deferred method of the field", `defer x.mu.Unlock()`, "mu"},
	{"a promoted method", `x.Lock()`, "Embedded"},
	{"a promoted field", `_ = x.inner`, "Embedded"},
	{"an embedded field", `_ = x.Embedded`, "Embedded"},
	{"a method value of the field", `f := x.mu.Lock; _ = f`, "mu"},
	{"a call of a function field", `x.fn()`, "fn"},
	{"an assignment to an element", `x.m2["a"] = 1`, "m2"},
	{"an assignment to a part", `x.in.inner = 1`, "in"},
	{"a condition, a range, an index", `if x.n > 0 { return }; for range x.m2 { }; _ = "abc"[x.m]`, "n m2 m"},
	{"a closure", `func() { _ = x.n }()`, "n"},
	{"a goroutine", `go func() { x.n = x.m }()`, "m"},
	{"one field many times", `_ = x.n; _ = x.n; _ = x.m`, "n m"},
	{"a key of a composite literal is no field read", `_ = X{n: 1}`, ""},
	{"the receiver as an argument", `use(x)`, "*"},
	{"the receiver copied", `y := *x; _ = y`, "*"},
	{"the receiver stored", `keep = x`, "*"},
	{"the receiver returned from a closure", `_ = func() *X { return x }`, "*"},
	{"the receiver in a method expression", `(*X).writes(x)`, "*"},
	{"a method that only writes", `x.writes()`, ""},
	{"a method that reads", `x.reads()`, "reads:n"},
	{"a method that calls one that reads", `x.calls()`, "reads:n"},
	{"a method called in parentheses", `(x.reads)()`, "reads:n"},
	{"a method value", `f := x.reads; f()`, "reads:n"},
	{"a method that uses the receiver", `x.leaks()`, "leaks:*"},
	{"a method without a receiver's name", `x.unnamed()`, ""},
	{"recursion", `x.Run(); x.n = 1`, ""},
	{"mutual recursion", `x.again()`, "again:m"},
	{"reads before and after a call", `_ = x.m; x.writes(); _ = x.n`, "m n"},
}

func TestReadingAnUntaggedFieldIsAnError(t *testing.T) {
	const source = `package x

import "sync"

type Embedded struct {
	sync.Mutex
	inner int
}

//workgen:work
type X struct {
	key     int ` + "`workgen:\"key\"`" + `
	ignored int ` + "`workgen:\"-\"`" + `
	n, m    int
	mu      sync.Mutex
	m2      map[string]int
	fn      func()
	in      Embedded
	Embedded
}

var keep any

func use(any) {}

func (x *X) writes()  { x.n = 1 }
func (x *X) reads()   { _ = x.n }
func (x *X) calls()   { x.reads() }
func (x *X) leaks()   { use(x) }
func (*X) unnamed()   {}
func (x *X) again()   { x.Run(); _ = x.m; x.again() }

func (x *X) Run() { BODY }
`
	var sources []string
	for _, test := range readBodies {
		sources = append(sources, strings.ReplaceAll(source, "BODY", test.body))
	}
	results := scanAll(t, sources)
	for i, test := range readBodies {
		t.Run(test.name, func(t *testing.T) {
			p, got := results[i].Package, results[i].problems
			if len(p.Errors) > 0 {
				t.Fatal(p.Errors)
			}
			if found := summary(got); found != test.want {
				t.Errorf("reads %q, want %q:\n%s", found, test.want, got)
			}
		})
	}
}

// summary lists the fields reported, in the form of readBodies.
func summary(report string) string {
	var out []string
	for line := range strings.Lines(report) {
		_, message, ok := strings.Cut(line, ": work X: ")
		if !ok {
			continue
		}
		s := ""
		if rest, ok := strings.CutPrefix(message, "method "); ok {
			s, _, _ = strings.Cut(rest, ",")
			s += ":"
		}
		if _, rest, ok := strings.Cut(message, "reads field "); ok {
			name, _, _ := strings.Cut(rest, ",")
			s += name
		} else {
			s += "*"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// The wrappers are missing while Run is scanned, so much around a read may not
// type-check.
func TestReadsAreFoundInCodeThatDoesNotCompileYet(t *testing.T) {
	_, got := scanned(t, `package x

//workgen:work
type X struct{ a, b, c, d, e, f, g, h, i int }

func (x *X) Run() {
	NewRunner(x.a, func() { _ = x.b })
	_ = Missing{A: x.c}
	var y Missing = x.d
	y.Run(x.e)
	switch y.(type) {
	case int:
		_ = x.f
	}
	for range y.All(x.g) {
		x.help()
	}
	_ = x.gone
}

func (x *X) help() { x.i, _ = NewRunner(x.h) }
`)
	const want = "a b c d e f g help:h"
	if found := summary(got); found != want {
		t.Errorf("reads %q, want %q:\n%s", found, want, got)
	}
}

func TestAReadIsReportedAtTheReadWithBothFixes(t *testing.T) {
	testProblems(t, []problem{
		{"in Run and in a helper", `package x

import "net/http"

//workgen:work
type Fetch struct {
	Client *http.Client
	Source string
}

func (f *Fetch) Run(day string) error {
	_, err := f.Client.Get(f.url(day))
	return err
}

func (f *Fetch) url(day string) string { return f.Source + day }
`, `
./x.go:12:14: work Fetch: Run reads field Client, which has no workgen tag
	Client   *http.Client   ./x.go:7:2
	fix: tag Client ` + "`workgen:\"key\"` if it is an input, `workgen:\"-\"`" + ` if it is not
./x.go:16:51: work Fetch: method url, which Run calls, reads field Source, which has no workgen tag
	Source   string   ./x.go:8:2
	fix: tag Source ` + "`workgen:\"key\"` if it is an input, `workgen:\"-\"`" + ` if it is not
`},
		{"the whole receiver", `package x

//workgen:work
type X struct {
	a int
	b string ` + "`workgen:\"-\"`" + `
	c []byte
	_ int
}

func (x X) Run() any { return x }
`, `
./x.go:11:31: work X: Run uses its receiver as a value, which may read every untagged field
	a   int      ./x.go:5:2
	c   []byte   ./x.go:7:2
	fix: tag each of a, c ` + "`workgen:\"key\"` if it is an input, `workgen:\"-\"`" + ` if it is not
`},
		{"in code that does not compile yet", `package x

//workgen:work
type X struct {
	fetch *FetchRunner
	n     int
}

func (x *X) Run() { x.fetch.Run(x.n) }
`, `
./x.go:9:23: work X: Run reads field fetch, which has no workgen tag
	fetch   *FetchRunner   ./x.go:5:2
	fix: tag fetch ` + "`workgen:\"key\"` if it is an input, `workgen:\"-\"`" + ` if it is not
./x.go:9:35: work X: Run reads field n, which has no workgen tag
	n   int   ./x.go:6:2
	fix: tag n ` + "`workgen:\"key\"` if it is an input, `workgen:\"-\"`" + ` if it is not
`},
		{"a body in assembly", `
-- x.go --
package x

//workgen:work
type X struct{ n int }

func (x *X) Run()
-- x.s --
`, `
./x.go:6:13: work X: Run has no body in Go, so it may read every untagged field
	n   int   ./x.go:4:16
	fix: tag n ` + "`workgen:\"key\"` if it is an input, `workgen:\"-\"`" + ` if it is not
`},
	})
}
