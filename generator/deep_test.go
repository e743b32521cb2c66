package generator_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
)

// deepTypes declare a type that is n levels deep, by the way in which it nests. In
// all but the literals, each level has more than one way to the next: a walk that
// takes all of them never ends.
var deepTypes = map[string]func(n int) (decls, typ string){
	"layers":  func(n int) (string, string) { return layers(n, "struct { N int }", "struct { V *_; W []_ }") },
	"refused": func(n int) (string, string) { return layers(n, "struct { N chan int }", "struct { V *_; W []_ }") },
	"generic": func(n int) (string, string) {
		return layers(n, "[]int", "struct { Pair[_, []_] }", "type Pair[A, B any] struct { A A; B B }")
	},
	"maps":     func(n int) (string, string) { return layers(n, "int", "map[string]struct { V, W _ }") },
	"literals": func(n int) (string, string) { return "", strings.Repeat("[]", n) + "int" },
}

// layers declares D0 as bottom, and each of n types above it as made of the one
// below, in which _ stands for it.
func layers(n int, bottom, layer string, more ...string) (decls, typ string) {
	var b strings.Builder
	fmt.Fprintln(&b, strings.Join(more, "\n"))
	fmt.Fprintf(&b, "type D0 %s\n", bottom)
	for i := range n {
		fmt.Fprintf(&b, "type D%d %s\n", i+1, strings.ReplaceAll(layer, "_", fmt.Sprint("D", i)))
	}
	return b.String(), fmt.Sprint("D", n)
}

// TestDeepTypesEnd: 400 levels of types take less than a second, or for ever.
func TestDeepTypesEnd(t *testing.T) {
	for name, deep := range deepTypes {
		t.Run(name, func(t *testing.T) {
			dir := module(t, map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n", "m.go": oneWork(deep(400))})
			if result := generate(t, dir); result.Diagnostics.Empty() != (name != "refused") {
				t.Fatal(report(t, result, dir))
			}
		})
	}
}

// TestShortestPath: of all the ways to what is wrong the shortest is told, and one
// for each field that has to be changed.
func TestShortestPath(t *testing.T) {
	dir := module(t, map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n", "m.go": `package m

type (
	F struct { B B; X X; Y []X }
	B struct { C C }
	C struct { X *X; Other chan string }
	X struct { E E }
	E map[string]chan int
)

//workgen:work
type W struct{}

func (W) Run(v F) error { return nil }
`})
	got := report(t, generate(t, dir), dir)
	const want = `./m.go:14:14: work W: cannot key parameter v: a channel has no value
	v             F             ./m.go:14:14
	v.B           B             ./m.go:4:13
	v.B.C         C             ./m.go:5:13
	v.B.C.Other   chan string   ./m.go:6:19
	fix: give C a method EncodeKey(*key.Encoder), or tag Other !workgen:"-"! if it is no input
./m.go:14:14: work W: cannot key parameter v: a channel has no value
	v         F          ./m.go:14:14
	v.X       X          ./m.go:4:18
	v.X.E     E          ./m.go:7:13
	v.X.E[]   chan int   ./m.go:7:13
	fix: give X a method EncodeKey(*key.Encoder), or tag E !workgen:"-"! if it is no input
`
	if !strings.HasSuffix(strings.ReplaceAll(got, "`", "!"), want) { // a warning of go.mod comes first
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// oneWork is a package with a work that takes and returns a type.
func oneWork(decls, typ string) string {
	return "package m\n\n" + decls + "\n//workgen:work\ntype W struct{}\n\nfunc (W) Run(v " + typ + ") (" + typ + ", error) { return v, nil }\n"
}

// module writes a module of files into a folder of its own.
func module(tb testing.TB, files map[string]string) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// generate generates all of a module, without writing.
func generate(tb testing.TB, dir string) *generator.Result {
	tb.Helper()
	result, err := generator.Generate(tb.Context(), generator.Config{
		Dir: dir, Patterns: []string{"./..."}, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return result
}

// report is what the command prints of the problems.
func report(tb testing.TB, result *generator.Result, dir string) string {
	tb.Helper()
	var b bytes.Buffer
	if err := result.Diagnostics.Write(&b, dir); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
