package generator_test

import (
	"strings"
	"testing"
)

// Works that hold runners as inputs, in all the ways that fields can.
const holding = `
-- inner/inner.go --
package inner

import (
	"os"

	"github.com/workgen/workgen/runtime/key"
)

//workgen:work version=1
type Scale struct {
	Factor int ` + "`workgen:\"key\"`" + `
}

func (s *Scale) Run(n int) int { return n * s.Factor }

//workgen:work
type Load struct {
	Path key.File ` + "`workgen:\"key\"`" + `
}

func (l *Load) Run() (string, error) {
	b, err := os.ReadFile(string(l.Path))
	return string(b), err
}
-- outer/outer.go --
package outer

import (
	"context"

	"example.com/m/inner"
)

//workgen:work version=1
type Outer struct {
	Scale *inner.ScaleRunner ` + "`workgen:\"key\"`" + `
}

func (o *Outer) Run(ctx context.Context, n int) (int, error) {
	if o.Scale == nil {
		return n, nil
	}
	return o.Scale.Run(ctx, n)
}

// Nested holds a work that holds one.
//
//workgen:work version=1
type Nested struct {
	Outer *OuterRunner ` + "`workgen:\"key\"`" + `
}

func (o *Nested) Run(ctx context.Context, n int) (int, error) { return o.Outer.Run(ctx, n) }

type Set struct {
	All []*inner.ScaleRunner
	By  map[string]*inner.ScaleRunner
	One struct{ R **inner.ScaleRunner }
	*inner.ScaleRunner
}

//workgen:work version=1
type Many struct {
	Set Set ` + "`workgen:\"key\"`" + `
	Any Runs ` + "`workgen:\"key\"`" + `
	inner.LoadRunner ` + "`workgen:\"key\"`" + `
}

//workgen:oneof *inner.ScaleRunner *OuterRunner
type Runs interface {
	Run(ctx context.Context, n int) (int, error)
}

func (m *Many) Run() int { return len(m.Set.All) }

// Self may hold its own runner.
//
//workgen:work version=1
type Self struct {
	Again *SelfRunner ` + "`workgen:\"key\"`" + `
	N     int         ` + "`workgen:\"key\"`" + `
}

func (s *Self) Run() int { return s.N }

//workgen:work version=1
type Reads struct {
	Load *inner.LoadRunner ` + "`workgen:\"key\"`" + `
}

func (r *Reads) Run(ctx context.Context) (string, error) { return r.Load.Run(ctx) }

//workgen:work memory
type Gives struct {
	Scale *inner.ScaleRunner ` + "`workgen:\"key\"`" + `
}

func (g *Gives) Run() map[string]*inner.ScaleRunner { return map[string]*inner.ScaleRunner{"x": g.Scale} }
-- main.go --
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/m/inner"
	"example.com/m/outer"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
)

var ctx = context.Background()

func scale(factor int, opts ...runtime.Option) *inner.ScaleRunner {
	return inner.NewScaleRunner(&inner.Scale{Factor: factor}, opts...)
}

func outerKey(s *inner.ScaleRunner) key.Key {
	return outer.NewOuterRunner(&outer.Outer{Scale: s}).Key(1)
}

// distinct fails for keys that are equal, and says which.
func distinct(keys map[string]key.Key) {
	seen := map[key.Key]string{}
	for name, k := range keys {
		if other, ok := seen[k]; ok || k.IsZero() {
			fmt.Println(name, "and", other, "have one key")
		}
		seen[k] = name
	}
}

func main() {
	many := func(edit func(m *outer.Many)) key.Key {
		one := scale(1)
		m := &outer.Many{Set: outer.Set{All: []*inner.ScaleRunner{scale(2)}, By: map[string]*inner.ScaleRunner{"x": scale(3)}, ScaleRunner: scale(4)}, Any: scale(5)}
		m.Set.One.R = &one
		edit(m)
		return outer.NewManyRunner(m).Key()
	}
	nested := func(factor int) key.Key {
		o := outer.NewOuterRunner(&outer.Outer{Scale: scale(factor)})
		return outer.NewNestedRunner(&outer.Nested{Outer: o}).Key(1)
	}
	nine := scale(9)
	distinct(map[string]key.Key{
		"nil": outerKey(nil), "zero": outerKey(&inner.ScaleRunner{}),
		"1": outerKey(scale(1)), "2": outerKey(scale(2)),
		"name": outerKey(scale(1, runtime.Name("other"))), "uncached": outerKey(scale(1, runtime.CacheCalls(false))),
		"ttl": outerKey(scale(1, runtime.TTL(time.Hour))), "timeout": outerKey(scale(1, runtime.Timeout(time.Hour))),
		"errors": outerKey(scale(1, runtime.CacheErrors(time.Hour))), "attempts": outerKey(scale(1, runtime.Retry(runtime.RetryPolicy{Attempts: 2}))),
		"nested 1": nested(1), "nested 2": nested(2),
		"many": many(func(m *outer.Many) {}),
		"many, slice": many(func(m *outer.Many) { m.Set.All[0] = nine }),
		"many, longer slice": many(func(m *outer.Many) { m.Set.All = append(m.Set.All, nil) }),
		"many, map": many(func(m *outer.Many) { m.Set.By["x"] = nine }),
		"many, pointer": many(func(m *outer.Many) { m.Set.One.R = &nine }),
		"many, embedded": many(func(m *outer.Many) { m.Set.ScaleRunner = nine }),
		"many, interface": many(func(m *outer.Many) { m.Any = nine }),
		"many, other type": many(func(m *outer.Many) { m.Any = outer.NewOuterRunner(&outer.Outer{Scale: scale(5)}) }),
		"many, value": many(func(m *outer.Many) { m.LoadRunner = *inner.NewLoadRunner(&inner.Load{Path: "go.mod"}) }),
	})
	if outerKey(scale(1)) != outerKey(scale(1, runtime.MaxEntries(7), runtime.Concurrency(3))) || nested(1) != nested(1) {
		fmt.Println("equal runners have different keys")
	}

	// In memory, too, and a change of a field that is seen through the runner.
	inner1 := &inner.Scale{Factor: 1}
	o := outer.NewOuterRunner(&outer.Outer{Scale: inner.NewScaleRunner(inner1)})
	n := outer.NewNestedRunner(&outer.Nested{Outer: o})
	for _, factor := range []int{1, 2, 1, 3} {
		inner1.Factor = factor
		if got, err := n.Run(ctx, 10); got != 10*factor || err != nil {
			fmt.Println("nested", got, err)
		}
	}
	if s := n.Stats(); s.Executions != 3 || s.Hits != 1 {
		fmt.Println("nested executed", s.Executions)
	}

	// A runner that holds itself.
	self := &outer.Self{N: 1}
	self.Again = outer.NewSelfRunner(self)
	if self.Again.Key().IsZero() || self.Again.Key() == outer.NewSelfRunner(&outer.Self{N: 1}).Key() {
		fmt.Println("the key of a runner that holds itself is that of one that does not")
	}
	if got, err := self.Again.Run(ctx); got != 1 || err != nil {
		fmt.Println("self", got, err)
	}

	// A file of the inner work.
	path := os.Args[1]
	reads := outer.NewReadsRunner(&outer.Reads{Load: inner.NewLoadRunner(&inner.Load{Path: key.File(path)})})
	for _, content := range []string{"a", "b", "a"} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			fmt.Println(err)
		}
		if got, err := reads.Run(ctx); got != content || err != nil {
			fmt.Println("reads", got, err)
		}
	}

	// Shared, never copied.
	s := scale(3)
	gives := outer.NewGivesRunner(&outer.Gives{Scale: s})
	for range 2 {
		got, err := gives.Run(ctx)
		if err != nil || got["x"] != s {
			fmt.Println("a runner was copied", err)
		}
		delete(got, "x")
	}

	if allocs := allocations(func() { o.Run(ctx, 10) }); allocs > 0 {
		fmt.Println(allocs, "allocations in a hit")
	}
	shown := preview.Text(&outer.Set{All: []*inner.ScaleRunner{s, nil}}, 300)
	if want := "{All: [example.com/m/inner.Scale{Factor: 3}, nil], By: nil, One: {R: nil}, ScaleRunner: nil}"; shown != want {
		fmt.Println("shown as", shown)
	}
	fmt.Println(strings.Join([]string{outerKey(scale(1)).String(), nested(1).String(), outerKey(nil).String()}, " "))
}

func allocations(f func()) float64 { return testing.AllocsPerRun(100, f) }
`

func TestRunnersAsInputsCountWithAllThatDecidesTheirResults(t *testing.T) {
	p := newProgram(t, strings.Replace(holding, "\"strings\"\n", "\"strings\"\n\t\"testing\"\n", 1))
	p.generate()
	keys := func() []string {
		t.Helper()
		out := strings.Fields(p.run(t.TempDir() + "/file"))
		if len(out) != 3 || len(out[0]) != 64 {
			t.Fatal(strings.Join(out, " "))
		}
		return out
	}
	first, again := keys(), keys()
	for i := range first {
		if first[i] != again[i] {
			t.Errorf("key %d of another process differs", i)
		}
	}
	// The works that hold it have versions of their own, so that nothing but the
	// runner can change their keys.
	content := strings.Replace(holding, "//workgen:work version=1\ntype Scale", "//workgen:work version=2\ntype Scale", 1)
	_, content, _ = strings.Cut(content, "-- inner/inner.go --\n")
	content, _, _ = strings.Cut(content, "-- outer/outer.go --\n")
	p.write("inner/inner.go", content)
	p.generate()
	raised := keys()
	if raised[0] == first[0] || raised[1] == first[1] {
		t.Error("another version of the work whose runner is held gives the same key")
	}
	if raised[2] != first[2] {
		t.Error("a key changes with the version of a work whose runner is not held")
	}
	// Without a version it is the code that counts.
	p.write("inner/inner.go", strings.Replace(content, "//workgen:work version=2", "//workgen:work", 1))
	p.generate()
	coded := keys()
	p.write("inner/inner.go", strings.Replace(strings.Replace(content, "//workgen:work version=2", "//workgen:work", 1), "n * s.Factor", "s.Factor * n", 1))
	p.generate()
	if edited := keys(); edited[0] == coded[0] || edited[1] == coded[1] || edited[2] != coded[2] {
		t.Error("other code of the work whose runner is held gives the same key, or changes one that does not hold it")
	}
}
