package generator_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/testdata/golden/declared"
)

// Types that are declared as time.Time and others.
func TestDeclaredTypes(t *testing.T) {
	ctx := t.Context()
	keeps := declared.NewKeepsRunner(&declared.Keeps{})
	t.Run("every change counts", func(t *testing.T) {
		everyChangeCounts(t, keeps.Stats, func(a declared.KeepsArgs) error {
			_, _, _, err := keeps.Run(ctx, a.S, a.At, a.Far)
			return err
		})
		work := &declared.Keeps{}
		r := declared.NewKeepsRunner(work)
		before := r.Key(declared.Sheet{}, declared.Stamp{}, nil)
		work.Since = fill[declared.Stamp]()
		if r.Key(declared.Sheet{}, declared.Stamp{}, nil) == before {
			t.Error("a keyed field does not count")
		}
	})
	t.Run("copies share no memory", func(t *testing.T) {
		k := fill[declared.KeepsArgs]()
		run := func() []any {
			s, at, far, err := keeps.Run(ctx, k.S, k.At, k.Far)
			if err != nil {
				t.Fatal(err)
			}
			return []any{s, at, far}
		}
		first, second := run(), run()
		if diff := cmp.Diff(first, second, unexported); diff != "" {
			t.Errorf("copies differ:\n%s", diff)
		}
		if diff := cmp.Diff(first, []any{k.S, k.At, k.Far}, unexported); diff != "" {
			t.Errorf("a copy is not what was copied:\n%s", diff)
		}
		if at := shared(first, second); at != "" {
			t.Error("two results share memory at", at)
		}
		if at := shared([]any{k}, second); at != "" {
			t.Error("a result shares memory with the argument at", at)
		}
	})
	t.Run("results come back equal", func(t *testing.T) {
		dir := t.TempDir()
		open := func() runtime.Option {
			s, err := disk.Open("declared", disk.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return runtime.WithStore(s)
		}
		k := fill[declared.KeepsArgs]()
		for i := range 2 {
			keeps := declared.NewKeepsRunner(&declared.Keeps{}, open())
			s, at, far, err := keeps.Run(ctx, k.S, k.At, k.Far)
			if err != nil {
				t.Fatal(err)
			}
			got, want := []any{s, at, far}, []any{k.S, k.At, k.Far}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("run %d: %s", i, cmp.Diff(want, got, unexported))
			}
			if n := keeps.Stats().Executions; n != int64(1-i) {
				t.Errorf("run %d: %d executions", i, n)
			}
		}
	})
}

// TestGuardsNoticeOtherDeclarations of types that are declared as others.
func TestGuardsNoticeOtherDeclarations(t *testing.T) {
	const outer = `package outer

import "time"

type Stamp time.Time
`
	p := newProgram(t, `
-- p.go --
package main

import "example.com/m/outer"

//workgen:work
type W struct{}

func (W) Run() outer.Stamp { return outer.Stamp{} }

func main() {}
-- outer/outer.go --
`+outer)
	p.generate()
	p.run()
	for _, change := range []struct{ from, to string }{
		{"type Stamp time.Time", "type Stamp struct { At time.Time; Log []string }"},
		{"type Stamp time.Time", "type Stamp struct { time.Time }"},
	} {
		p.write("outer/outer.go", strings.Replace(outer, change.from, change.to, 1))
		if out := p.builds(); !strings.Contains(out, "workgen_gen.go") {
			t.Errorf("%s: the compiler says %q", change.to, out)
		}
	}
}
