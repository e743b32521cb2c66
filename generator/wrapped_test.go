package generator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator/load"
)

// Works over what is generated for other works: their arguments, their results,
// their runners. Nothing of it is declared before the first generation.
const wrapped = `
-- one/one.go --
package one

import (
	"context"

	"example.com/m/two"
)

// Inner is what others are about.
//
//workgen:work
type Inner struct{}

func (Inner) Run(ctx context.Context, n int, tags ...string) (sum int, seen []string, err error) {
	return n, tags, nil
}

//workgen:work
type Value struct{}

func (Value) Run(a InnerArgs) int { return a.N }

//workgen:work
type Pointer struct{}

func (Pointer) Run(a *InnerArgs) int { return a.N }

//workgen:work
type Slice struct{}

func (Slice) Run(a []InnerArgs) int { return a[0].N }

//workgen:work
type Array struct{}

func (Array) Run(a [2]InnerArgs) int { return a[1].N }

//workgen:work
type Map struct{}

func (Map) Run(a map[string]InnerArgs) int { return a["x"].N }

//workgen:work
type Plain struct{}

func (Plain) Run(n int) int { return n }

//workgen:work
type MapKey struct{}

func (MapKey) Run(a map[PlainArgs]int) (n int) {
	for k := range a {
		n += k.N
	}
	return n
}

type Embedding struct {
	InnerArgs
	Other int
}

//workgen:work
type Embedded struct{}

func (Embedded) Run(e Embedding) int { return e.N + e.Other }

type Deep struct{ Layers []map[string]*Layer }

type Layer struct{ A, B InnerArgs }

//workgen:work
type Nested struct{}

func (Nested) Run(d Deep) int { return d.Layers[0]["x"].B.N }

//workgen:work
type Base struct {
	Base InnerArgs ` + "`workgen:\"key\"`" + `
}

func (b *Base) Run() int { return b.Base.N }

//workgen:work
type Copied struct{}

func (Copied) Run() InnerArgs { return InnerArgs{Tags: []string{"kept"}} }

//workgen:work
type CopiedResult struct{}

func (CopiedResult) Run() *InnerResult { return &InnerResult{Seen: []string{"kept"}} }

//workgen:work
type OverResult struct{}

func (OverResult) Run(r InnerResult) int { return r.Sum + len(r.Seen) }

// Two works over each other's arguments, and one over its own.
//
//workgen:work
type A struct{}

func (A) Run(n int, b *BArgs) int { return n + b.N }

//workgen:work
type B struct{}

func (B) Run(n int, a []AArgs) int { return n + len(a) }

//workgen:work
type Self struct{}

func (Self) Run(n int, again *SelfArgs) int {
	if again == nil || again.Again == again {
		return n
	}
	return n + again.N
}

//workgen:work
type Across struct{}

func (Across) Run(a two.TwiceArgs, r two.TwiceResult) int { return a.N + a.By.Seconds[0] + r.R1 }
-- two/two.go --
package two

import ctx "context"

type Alias = ctx.Context

type Fails = error

type By struct{ Seconds []int }

//workgen:work
type Twice struct{}

func (*Twice) Run(_ Alias, n int, by By) (int, By, Fails) { return 2 * n, by, nil }
-- main.go --
package main

import (
	"context"
	"fmt"
	"reflect"

	"example.com/m/one"
	"example.com/m/two"
)

// results runs calls twice and fails unless each gives its own result, is executed
// once, and the number of executions is that of the calls.
func results(name string, executions func() int64, want []int, call ...func() (int, error)) {
	for range 2 {
		for i, c := range call {
			if got, err := c(); err != nil || got != want[i] {
				fmt.Println(name, "call", i, "gives", got, err, "and not", want[i])
			}
		}
	}
	if n := executions(); n != int64(len(call)) {
		fmt.Println(name, n, "executions of", len(call), "calls")
	}
}

func main() {
	ctx := context.Background()
	value := one.NewValueRunner(&one.Value{})
	pointer := one.NewPointerRunner(&one.Pointer{})
	slice := one.NewSliceRunner(&one.Slice{})
	array := one.NewArrayRunner(&one.Array{})
	byName := one.NewMapRunner(&one.Map{})
	mapKey := one.NewMapKeyRunner(&one.MapKey{})
	embedded := one.NewEmbeddedRunner(&one.Embedded{})
	nested := one.NewNestedRunner(&one.Nested{})
	across := one.NewAcrossRunner(&one.Across{})
	overResult := one.NewOverResultRunner(&one.OverResult{})
	in := func(n int) one.InnerArgs { return one.InnerArgs{N: n, Tags: []string{"t"}} }
	var calls [10][]func() (int, error)
	want := []int{1, 2, 3}
	for _, n := range want {
		for i, c := range []func() (int, error){
			func() (int, error) { return value.Run(ctx, in(n)) },
			func() (int, error) { a := in(n); return pointer.Run(ctx, &a) },
			func() (int, error) { return slice.Run(ctx, []one.InnerArgs{in(n)}) },
			func() (int, error) { return array.Run(ctx, [2]one.InnerArgs{{}, in(n)}) },
			func() (int, error) { return byName.Run(ctx, map[string]one.InnerArgs{"x": in(n)}) },
			func() (int, error) { return mapKey.Run(ctx, map[one.PlainArgs]int{{N: n}: 1}) },
			func() (int, error) { return embedded.Run(ctx, one.Embedding{InnerArgs: in(n)}) },
			func() (int, error) {
				return nested.Run(ctx, one.Deep{Layers: []map[string]*one.Layer{{"x": {B: in(n)}}}})
			},
			func() (int, error) {
				return across.Run(ctx, two.TwiceArgs{By: two.By{Seconds: []int{n}}}, two.TwiceResult{})
			},
			func() (int, error) { return overResult.Run(ctx, one.InnerResult{Sum: n}) },
		} {
			calls[i] = append(calls[i], c)
		}
	}
	for i, r := range []interface{ Executions() int64 }{
		stats(value.Stats().Executions, func() int64 { return value.Stats().Executions }),
		stats(0, func() int64 { return pointer.Stats().Executions }),
		stats(0, func() int64 { return slice.Stats().Executions }),
		stats(0, func() int64 { return array.Stats().Executions }),
		stats(0, func() int64 { return byName.Stats().Executions }),
		stats(0, func() int64 { return mapKey.Stats().Executions }),
		stats(0, func() int64 { return embedded.Stats().Executions }),
		stats(0, func() int64 { return nested.Stats().Executions }),
		stats(0, func() int64 { return across.Stats().Executions }),
		stats(0, func() int64 { return overResult.Stats().Executions }),
	} {
		results(fmt.Sprint("case ", i), r.Executions, want, calls[i]...)
	}

	base := &one.Base{}
	baseRunner := one.NewBaseRunner(base)
	for n := range 3 {
		base.Base.N = n
		if got, err := baseRunner.Run(ctx); got != n || err != nil {
			fmt.Println("keyed field", got, err)
		}
	}

	copied, result := one.NewCopiedRunner(&one.Copied{}), one.NewCopiedResultRunner(&one.CopiedResult{})
	for range 2 {
		a, err := copied.Run(ctx)
		if err != nil || !reflect.DeepEqual(a.Tags, []string{"kept"}) {
			fmt.Println("a caller wrote to the cache", a, err)
		}
		a.Tags[0] = "written"
		r, err := result.Run(ctx)
		if err != nil || !reflect.DeepEqual(r.Seen, []string{"kept"}) {
			fmt.Println("a caller wrote to the cache", r, err)
		}
		r.Seen[0], r.Sum = "written", 3
	}

	a, b, self := one.NewARunner(&one.A{}), one.NewBRunner(&one.B{}), one.NewSelfRunner(&one.Self{})
	for n := range 3 {
		if got, err := a.Run(ctx, 1, &one.BArgs{N: n}); got != 1+n || err != nil {
			fmt.Println("a", got, err)
		}
		if got, err := b.Run(ctx, 1, make([]one.AArgs, n)); got != 1+n || err != nil {
			fmt.Println("b", got, err)
		}
		if got, err := self.Run(ctx, 1, &one.SelfArgs{N: n}); got != 1+n || err != nil {
			fmt.Println("self", got, err)
		}
	}
	cycle := &one.SelfArgs{N: 7}
	cycle.Again = cycle
	if got, err := self.Run(ctx, 4, cycle); got != 4 || err != nil {
		fmt.Println("a cycle", got, err)
	}
	if self.Key(4, cycle) == self.Key(4, &one.SelfArgs{N: 7}) {
		fmt.Println("a cycle has the key of its beginning")
	}
	fmt.Println("done")
}

type counter func() int64

func (c counter) Executions() int64 { return c() }

func stats(_ int64, f func() int64) counter { return f }
`

func TestWorksOverWhatIsGeneratedForOthers(t *testing.T) {
	p := newProgram(t, wrapped)
	p.generate()
	if got := p.run(); got != "done" {
		t.Error(got)
	}
	generated := func() map[string]string {
		files, said := p.generated()
		if said != "" {
			t.Fatal(said)
		}
		out := map[string]string{}
		for _, f := range files {
			out[f.Path] = string(f.Content)
		}
		return out
	}
	first := map[string]string{}
	for _, pkg := range []string{"one", "two"} {
		for _, name := range []string{load.GeneratedFile, load.CodeFile} {
			path := filepath.Join(p.dir, pkg, name)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			first[path] = string(content)
		}
	}
	if diff := cmp.Diff(first, generated()); diff != "" {
		t.Error("the second generation differs", diff)
	}
	name := "one/" + load.GeneratedFile
	current := first[filepath.Join(p.dir, filepath.FromSlash(name))]
	for what, content := range map[string]string{
		"stale":      strings.Replace(current, "Base InnerArgs", "Base int", 1),
		"broken":     load.Header + "\n\npackage one\n\nfunc {",
		"conflicted": "<<<<<<< HEAD\n" + current + "=======\n" + current + ">>>>>>> other\n",
	} {
		p.write(name, content)
		if diff := cmp.Diff(first, generated()); diff != "" {
			t.Error("generation over a", what, "file differs", diff)
		}
	}
}
