package reach_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// registry is a module whose result depends on what is executed when the program
// starts, and in which order. LIST stands for the declarations.
const registry = `
-- a/a.go --
package a

import (
	"fmt"
	_ "example.com/m/p"
	_ "example.com/m/q"
	"example.com/m/reg"
)

//workgen:work
type W struct{}

func (W) Run() string { return reg.List() + list() }

var names []string

func list() string { return names[0] }

func note(s string) int { names = append(names, s); return len(names) }

var limit = 1
-- a/one.go --
package a

LIST
-- a/unreached.go --
package a

func unreached() {}
-- reg/reg.go --
package reg

var all string

func Add(name string, f func() int) int { all += name; return f() }

func List() string { return all }
-- p/p.go --
package p

import "example.com/m/reg"

var P = reg.Add("p", func() int { return 1 })

func Unreached() {}
-- q/q.go --
package q

import "example.com/m/reg"

var Q = reg.Add("q", func() int { return 1 })
`

// with is registry with declarations in a/one.go, and more files.
func with(list string, more ...string) string {
	return strings.Replace(registry, "LIST", list, 1) + strings.Join(more, "")
}

func TestTheOrderOfInitialisationCounts(t *testing.T) {
	const (
		inits     = "func init() { note(\"x\") }\n\nfunc init() { note(\"y\") }"
		variables = "var x = note(\"x\")\n\nvar y = note(\"y\")"
		blanks    = "var _ = note(\"x\")\n\nvar _ = note(\"y\")"
		hidden    = "var x = note(\"x\" + waits)\n\nvar y = note(\"y\")\n\nvar waits = string(rune(limit))"
		other     = "-- a/two.go --\npackage a\n\n"
	)
	for _, test := range []struct{ name, before, after string }{
		{"functions init", with(inits), with(strings.NewReplacer(`"x"`, `"y"`, `"y"`, `"x"`).Replace(inits))},
		{"functions init in files that are renamed",
			with("func init() { note(\"x\") }", other+"func init() { note(\"y\") }\n"),
			with("", other+"func init() { note(\"y\") }\n-- a/z.go --\npackage a\n\nfunc init() { note(\"x\") }\n")},
		{"variables", with(variables), with("var y = note(\"y\")\n\nvar x = note(\"x\")")},
		{"variables of one declaration", with("var x, y = note(\"x\"), note(\"y\")"), with("var y, x = note(\"y\"), note(\"x\")")},
		{"blank variables", with(blanks), with("var _ = note(\"y\")\n\nvar _ = note(\"x\")")},
		{"variables in files that are renamed",
			with("var x = note(\"x\")", other+"var y = note(\"y\")\n"),
			with("", other+"var y = note(\"y\")\n-- a/z.go --\npackage a\n\nvar x = note(\"x\")\n")},
		{"variables that wait for another", with(hidden), with("var waits = string(rune(limit))\n\nvar x = note(\"x\" + waits)\n\nvar y = note(\"y\")")},
		{"variables of another system",
			with("", "-- a/b_windows.go --\npackage a\n\nvar x = note(\"x\")\n\nvar y = note(\"y\")\n"),
			with("", "-- a/b_windows.go --\npackage a\n\nvar y = note(\"y\")\n\nvar x = note(\"x\")\n")},
		{"packages", with(""), strings.Replace(with(""), "package p\n", "package p\n\nimport _ \"example.com/m/q\"\n", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before, after := of(t, write(t, test.before)).Symbols(), of(t, write(t, test.after)).Symbols()
			if slices.Equal(before, after) {
				t.Errorf("the symbols are the same: %v", before)
			}
		})
	}
}

// common is declared beside initialisers.
const common = `
func Seen() (*int, []string, chan int) { return &limit, names, ch }

var ch chan int

var names []string

func note(s string) int { names = append(names, s); return len(names) }

var limit = 1
` + work

const work = `
//workgen:work
type W struct{}

func (W) Run() {}
`

func TestInitialisersWithEffectsCount(t *testing.T) {
	tests := []struct {
		declarations string
		counts       bool
	}{
		{`var x = note("x")`, true},
		{`var x, y = 1, note("x")`, true},
		{`var _, y = note("x"), 1`, true},
		{`var x = func() int { return note("x") }()`, true},
		{`var f = note; var x = f("x")`, true},
		{`var x = T{}.add(); type T struct{}; func (T) add() int { return note("x") }`, true},
		{`var x = fmt.Sprint(T{}); type T struct{}; func (T) String() string { note("x"); return "" }`, true},
		{`var x = fmt.Sprint(C); type T int; const C T = 1; func (T) String() string { note("x"); return "" }`, true},
		{`var x = call(T{}); type T struct{}; func (T) Call() int { return note("x") }; func call(c interface{ Call() int }) int { return c.Call() }`, true},
		{`var x = set(&limit); func set(p *int) int { *p = 2; return 1 }`, true},
		{`var x = set(); func set() int { limit++; return 1 }`, true},
		{`var x = append(names[:0], "x")`, true},
		{`var x = os.Setenv("A", "b")`, true},
		{`var x = <-ch; func init() { ch = make(chan int, 1) }`, true},
		{`var x = errors.New("x")`, false},
		{`var x = fmt.Sprint(limit)`, false},
		{`var x = twice(limit); func twice(n int) int { n *= 2; return n }`, false},
		{`var x = new(T).String(); type T struct{ n int }; func (t *T) String() string { t.n = 2; return "" }`, false},
		{`var x = func() int { return note("x") }`, false},
		{`var x = NewWRunner(&W{})`, false},
		{`var x = []string(names)`, false},
		{`var x = len(names)`, false},
		{`var x = fmt.Sprint(names)`, true},
		{`var x = fmt.Sprint(names[0])`, false},
		{`var x = more("x"); var others []string; func more(s string) int { others = append(others, s); return 1 }`, false},
		{`var c = make(chan int); var x = <-c`, false},
	}
	archive, imports, calls := "", "", ""
	for i, test := range tests {
		list := strings.ReplaceAll(test.declarations, "; ", "\n\n")
		for _, path := range []string{"fmt", "os", "errors"} {
			if strings.Contains(list, path+".") {
				list = "import \"" + path + "\"\n\n" + list
			}
		}
		archive += fmt.Sprintf("-- c%d/a.go --\npackage c\n\n%s\n-- c%[1]d/b.go --\npackage c\n%[3]s", i, list, common)
		imports += fmt.Sprintf("import c%d \"example.com/m/c%[1]d\"\n", i)
		calls += fmt.Sprintf("\tc%d.Seen()\n", i)
	}
	got := strings.Split(names(of(t, write(t, archive+"-- a/a.go --\npackage a\n\n"+imports+strings.Replace(work, "{}\n\nfunc (W) Run() {}", "{}\n\nfunc (W) Run() {\n"+calls+"}", 1)))), "\n")
	for i, test := range tests {
		counts := slices.ContainsFunc([]string{"x", "y", "_"}, func(s string) bool { return slices.Contains(got, fmt.Sprintf("c%d.%s", i, s)) })
		if counts != test.counts {
			t.Errorf("%s: counts %t, want %t", test.declarations, counts, test.counts)
		}
	}
}

func TestTheOrderOfOthersDoesNotCount(t *testing.T) {
	for _, test := range []struct{ name, before, after string }{
		{"pure variables", with("var x = string(rune(limit))\n\nvar y = string(rune(limit))"), with("var y = string(rune(limit))\n\nvar x = string(rune(limit))")},
		{"an initialiser, moved to another file", with("var x = note(\"x\")"), with("", "-- a/two.go --\npackage a\n\nvar x = note(\"x\")\n")},
		{"a function between two functions init", with("func init() { note(\"x\") }\n\nfunc init() { note(\"y\") }"),
			with("func init() { note(\"x\") }\n\nfunc between() {}\n\nfunc init() { note(\"y\") }")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before, after := of(t, write(t, test.before)).Symbols(), of(t, write(t, test.after)).Symbols()
			if !slices.Equal(before, after) {
				t.Errorf("the symbols differ:\n%v\n%v", before, after)
			}
		})
	}
}
