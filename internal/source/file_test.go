package source_test

import (
	"fmt"
	"go/format"
	"strings"
	"testing"

	"github.com/workgen/workgen/internal/source"
)

// sums maps the names in a file to what their declarations hash to.
func sums(t *testing.T, src string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, d := range source.Parse([]byte(src)).Decls {
		if !strings.HasPrefix(src[d.Offset:], d.Name[strings.LastIndexByte(d.Name, '.')+1:]) || strings.Count(src[:d.Offset], "\n")+1 != d.Line {
			t.Errorf("%s is not at %d, line %d", d.Name, d.Offset, d.Line)
		}
		out[d.Name] += fmt.Sprintf("%x ", d.Sum[:4])
	}
	return out
}

const file = `//go:build linux

// Package a is one.
package a

import (
	"fmt"
	str "strings"
	. "math"
	"example.com/m/v2"
	"github.com/x/go-color"
	"gopkg.in/yaml.v3"
)

//go:embed a.txt b.txt

// data is embedded.
var data string

//go:linkname now time.now
func now() (int64, int32)

type T[K comparable, V any] struct {
	Name string // the name
	M map[K]V
}

func (t *T[K, V]) Method(a, b int) (n int, err error) {
	for i := 0; i < a; i++ {
		if x := str.ToUpper(t.Name); x != "" { fmt.Println(x); continue }
	}
	return Abs(a), func() error { return nil }()
}

func (T[K, V]) Value() {}

func (t *plain) Other() { m.Do(color.Red, yaml.Unmarshal) }

type plain struct{ fmt.Stringer }

type (
	A = int
	B func(int) string
)

const (
	first = iota + 1
	second
	_
	fourth, other = "x", iota
	sixth, seventh
)

var x, y = f(1, 2), []int{1, 2}

var p, q = g()

var (
	table map[string]int
	fn = func(a, b int) int { return a }
)

func init() { fmt.Println(1) }

func init() { fmt.Println(2) }
`

func TestNames(t *testing.T) {
	f := source.Parse([]byte(file))
	var names []string
	for _, d := range f.Decls {
		name := d.Name
		if d.Initialised {
			name += "="
		}
		names = append(names, name)
	}
	const want = "data now T T.Method T.Value plain.Other plain A B first second _ fourth other sixth seventh x= y= p= q= table fn= init init"
	if got := strings.Join(names, " "); got != want || f.Package != "a" || f.Constraint != "//go:build linux" {
		t.Errorf("got %s of package %q, %q", got, f.Package, f.Constraint)
	}
	sums(t, file)
}

func TestFormattingAndCommentsDoNotCount(t *testing.T) {
	want := sums(t, file)
	formatted, err := format.Source([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]string{
		"gofmt":      string(formatted),
		"comments":   strings.ReplaceAll(file, "return ", "/* so */ return "),
		"lines":      strings.NewReplacer("{ return nil }", "{\n\treturn nil\n}", "(a, b int) (n", "(\n\ta,\n\tb int,\n) (n", "{1, 2}", "{\n1,\n2,\n}", "f(1, 2)", "f(1,\n2,\n)").Replace(file),
		"semicolons": strings.NewReplacer("fmt.Println(1)", "fmt.Println(1);", "\tM map[K]V\n", "\tM map[K]V;\n").Replace(file),
		"CRLF":       strings.ReplaceAll(file, "\n", "\r\n"),
		"aliases":    strings.NewReplacer(`"fmt"`, `f "fmt"`, "fmt.", "f.", `str "strings"`, `"strings"`, "str.", "strings.").Replace(file),
		"docs":       strings.ReplaceAll(file, "// data is embedded.", ""),
	} {
		got := sums(t, src)
		for n := range want {
			if got[n] != want[n] {
				t.Errorf("%s: %s differs", name, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d names, want %d", name, len(got), len(want))
		}
	}
}

func TestWhatCountsForWhichDeclarations(t *testing.T) {
	before := sums(t, file)
	for _, test := range []struct{ old, with, changes string }{
		{"a.txt b.txt", "a.txt", "data"},
		{"now time.now", "now runtime.now", "now"},
		{"i < a", "i <= a", "T.Method"},
		{"(a, b int) (n", "(b, a int) (n", "T.Method"},
		{`str "strings"`, `str "example.com/strings"`, "T.Method"},
		{"example.com/m/v2", "example.com/m/v3", "plain.Other"},
		{"github.com/x/go-color", "github.com/y/go-color", "plain.Other"},
		{"M map[K]V", "M map[V]K", "T"},
		{"{ fmt.Stringer }", "{ fmt.Stringer; int }", "plain"},
		{"A = int", "A int", "A"},
		{"B func(int) string", "B func(int) int", "B"},
		{"iota + 1", "iota + 2", "first second _"},
		{"\t_\n", "\t_\n\t_\n", "_ other seventh"},
		{`"x", iota`, `"y", iota`, "fourth sixth"},
		{"f(1, 2)", "f(2, 1)", "x"},
		{"{1, 2}", "{1, 3}", "y"},
		{"= g()", "= h()", "p q"},
		{"p, q =", "q, p =", "p q"},
		{"return a }", "return b }", "fn"},
		{"Println(2)", "Println(3)", "init"},
		{"map[string]int", "map[string]int64", "table"},
		{"for i := 0; i < a; i++ {", "for i := 0; i < a; {", "T.Method"},
	} {
		if !strings.Contains(file, test.old) {
			t.Errorf("no %q", test.old)
		}
		after := sums(t, strings.Replace(file, test.old, test.with, 1))
		var changed []string
		for _, d := range source.Parse([]byte(file)).Decls {
			if before[d.Name] != after[d.Name] && (len(changed) == 0 || changed[len(changed)-1] != d.Name) {
				changed = append(changed, d.Name)
			}
		}
		if got := strings.Join(changed, " "); got != test.changes {
			t.Errorf("%q → %q changes %s, want %s", test.old, test.with, got, test.changes)
		}
	}
	for _, all := range []struct{ old, with string }{
		{"go:build linux", "go:build windows"}, {`. "math"`, `. "example.com/math"`},
	} {
		after := sums(t, strings.Replace(file, all.old, all.with, 1))
		for name, sum := range before {
			if after[name] == sum {
				t.Errorf("%q → %q does not change %s", all.old, all.with, name)
			}
		}
	}
}

// An import whose package has another name than its path says counts for all of the file.
func TestStrangeImports(t *testing.T) {
	const src = "package a\n\nimport \"example.com/m/odd\"\n\nfunc f() { even.Do() }\n"
	if a, b := sums(t, src), sums(t, strings.Replace(src, "m/odd", "n/odd", 1)); a["f"] == b["f"] {
		t.Error("the import does not count")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file))
	for i := range len(file) / 40 {
		f.Add([]byte(file[i*40:]))
		f.Add([]byte(file[:i*40]))
	}
	f.Fuzz(func(t *testing.T, src []byte) { source.Parse(src) })
}
