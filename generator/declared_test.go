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

// Types that are declared as time.Time and others, and structs of another package that
// embed one whose name is not exported.
func TestDeclaredAndEmbeddingTypes(t *testing.T) {
	ctx := t.Context()
	keeps := declared.NewKeepsRunner(&declared.Keeps{})
	reads := declared.NewReadsRunner(&declared.Reads{})
	point := declared.NewPointRunner(&declared.Point{})
	t.Run("every change counts", func(t *testing.T) {
		everyChangeCounts(t, keeps.Stats, func(a declared.KeepsArgs) error {
			_, _, _, err := keeps.Run(ctx, a.S, a.At, a.Far)
			return err
		})
		everyChangeCounts(t, reads.Stats, func(a declared.ReadsArgs) error {
			_, _, _, _, err := reads.Run(ctx, a.D, a.List, a.By, a.Mine)
			return err
		})
		everyChangeCounts(t, point.Stats, func(a declared.PointArgs) error {
			_, err := point.Run(ctx, a.P)
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
		k, r := fill[declared.KeepsArgs](), fill[declared.ReadsArgs]()
		run := func() []any {
			s, at, far, err := keeps.Run(ctx, k.S, k.At, k.Far)
			if err != nil {
				t.Fatal(err)
			}
			d, list, by, mine, err := reads.Run(ctx, r.D, r.List, r.By, r.Mine)
			if err != nil {
				t.Fatal(err)
			}
			return []any{s, at, far, d, list, by, mine}
		}
		first, second := run(), run()
		if diff := cmp.Diff(first, second, unexported); diff != "" {
			t.Errorf("copies differ:\n%s", diff)
		}
		if diff := cmp.Diff(first, []any{k.S, k.At, k.Far, r.D, r.List, r.By, r.Mine}, unexported); diff != "" {
			t.Errorf("a copy is not what was copied:\n%s", diff)
		}
		if at := shared(first, second); at != "" {
			t.Error("two results share memory at", at)
		}
		if at := shared([]any{k, r}, second); at != "" {
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
		k, r := fill[declared.KeepsArgs](), fill[declared.ReadsArgs]()
		for i := range 2 {
			keeps := declared.NewKeepsRunner(&declared.Keeps{}, open())
			reads := declared.NewReadsRunner(&declared.Reads{}, open())
			s, at, far, err := keeps.Run(ctx, k.S, k.At, k.Far)
			if err != nil {
				t.Fatal(err)
			}
			d, list, by, mine, err := reads.Run(ctx, r.D, r.List, r.By, r.Mine)
			if err != nil {
				t.Fatal(err)
			}
			got, want := []any{s, at, far, d, list, by, mine}, []any{k.S, k.At, k.Far, r.D, r.List, r.By, r.Mine}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("run %d: %s", i, cmp.Diff(want, got, unexported))
			}
			if n := keeps.Stats().Executions + reads.Stats().Executions; n != int64(2-2*i) {
				t.Errorf("run %d: %d executions", i, n)
			}
		}
	})
}

// TestEmbeddedFieldsThatCannotBeReadAreRefused by the name of what hides them.
func TestEmbeddedFieldsThatCannotBeReadAreRefused(t *testing.T) {
	for name, hidden := range map[string]string{
		"Two": "point", "Shadowed": "point", "Covered": "covered", "Pointing": "base", "Half": "half", "Texted": "point",
	} {
		p := newProgram(t, `
-- p.go --
package p

import "github.com/workgen/workgen/testdata/golden/declared/outer"

//workgen:work
type W struct{}

func (W) Run(v outer.`+name+`) int { return 1 }
`)
		_, said := p.generated()
		if want := "outer." + name + " has the unexported field " + hidden + ", which this package cannot read"; !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", name, said, want)
		}
	}
}

// TestGuardsNoticeOtherDeclarations of types that are declared as others or embed
// structs whose names are not exported.
func TestGuardsNoticeOtherDeclarations(t *testing.T) {
	const outer = `package outer

import "time"

type Stamp time.Time

type Doc struct {
	base
	Title string
}

type base struct{ ID string }
`
	p := newProgram(t, `
-- p.go --
package main

import "example.com/m/outer"

//workgen:work
type W struct{}

func (W) Run(d outer.Doc) (outer.Stamp, outer.Doc) { return outer.Stamp{}, d }

func main() {}
-- outer/outer.go --
`+outer)
	p.generate()
	p.run()
	for _, change := range []struct{ from, to string }{
		{"type Stamp time.Time", "type Stamp struct { At time.Time; Log []string }"},
		{"type Stamp time.Time", "type Stamp struct { time.Time }"},
		{"base struct{ ID string }", "base struct{ ID string; N int }"},
		{"base struct{ ID string }", "base struct{ ID []byte }"},
		{"base struct{ ID string }", "base struct{ Name string }"},
		{"Title string", "Title string; N int"},
		{"	base\n", "	*base\n"},
	} {
		p.write("outer/outer.go", strings.Replace(outer, change.from, change.to, 1))
		if out := p.builds(); !strings.Contains(out, "workgen_gen.go") {
			t.Errorf("%s: the compiler says %q", change.to, out)
		}
	}
}
