package generator_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/recursive"
)

func TestEveryChangeOfARecursiveArgumentCounts(t *testing.T) {
	ctx := context.Background()
	walk := recursive.NewWalkRunner(&recursive.Walk{})
	everyChangeCounts(t, walk.Stats, func(a recursive.WalkArgs) error {
		_, err := walk.Run(ctx, a.Root)
		return err
	})
	all := recursive.NewEverythingRunner(&recursive.Everything{})
	everyChangeCounts(t, all.Stats, func(a recursive.EverythingArgs) error {
		_, err := all.Run(ctx, a.Dir, a.ByValue, a.List, a.Trie, a.P, a.Arrays, a.Forest, a.Ints, a.Pairs, a.Rose, a.Cfg)
		return err
	})
}

// TestCyclesHaveKeys encodes and copies values that contain themselves in every
// way a type allows.
func TestCyclesHaveKeys(t *testing.T) {
	node := &recursive.Node{Name: "n"}
	node.Left = &recursive.Node{Name: "l", Right: node}
	list := recursive.List{nil, nil}
	list[1] = list
	trie := recursive.Trie{1: nil}
	trie[2] = trie
	var pointer recursive.Pointer = new(recursive.Pointer)
	*pointer = pointer
	arrays := &recursive.Arrays{}
	arrays[1] = arrays
	forest := recursive.Forest{}
	forest["a"] = []recursive.Forest{nil, forest}
	ints := &recursive.Linked[int]{Value: 1}
	ints.Next = ints
	rose := recursive.Rose{Petals: make([]recursive.Rose, 1)}
	rose.Petals[0].Petals = rose.Petals
	rose.Thorns = map[string]*recursive.Rose{"x": &rose.Petals[0]}
	dir := &recursive.Dir{Dirs: map[string]recursive.Dir{}}
	dir.Dirs["."] = *dir
	dir.Files = []*recursive.File{{In: dir}, nil}

	args := func() recursive.EverythingArgs {
		return recursive.EverythingArgs{
			Dir: dir, ByValue: *dir.Files[0], List: list, Trie: trie, P: pointer, Arrays: arrays,
			Forest: forest, Ints: ints, Rose: rose, Cfg: recursive.Config{Tree: node},
		}
	}
	a := args()
	first := identityOf(&a)
	if first.fingerprint.Err() != nil {
		t.Fatal(first.fingerprint.Err())
	}
	run := recursive.NewEverythingRunner(&recursive.Everything{})
	for range 2 {
		// Run writes to its arguments, which are copies.
		if _, err := run.Run(t.Context(), a.Dir, a.ByValue, a.List, a.Trie, a.P, a.Arrays, a.Forest, a.Ints, a.Pairs, a.Rose, a.Cfg); err != nil {
			t.Fatal(err)
		}
		a = args()
		if identityOf(&a) != first {
			t.Fatal("the work could change what its caller has")
		}
	}
	if got := run.Stats().Executions; got != 1 {
		t.Errorf("%d executions, want 1", got)
	}
	node.Left.Right = nil
	if identityOf(&a) == first {
		t.Error("a cycle has the key of what does not go round")
	}
}

// TestCyclesOfOtherLengthsDiffer: what a cycle looks like from inside is part of
// the value.
func TestCyclesOfOtherLengthsDiffer(t *testing.T) {
	ring := func(n int) *recursive.Node {
		first := &recursive.Node{}
		last := first
		for range n - 1 {
			last.Left = &recursive.Node{}
			last = last.Left
		}
		last.Left = first
		return first
	}
	seen := map[identity]int{}
	for n := 1; n < 20; n++ {
		args, again := recursive.WalkArgs{Root: ring(n)}, recursive.WalkArgs{Root: ring(n)}
		id := identityOf(&args)
		if other, ok := seen[id]; ok {
			t.Errorf("rings of %d and %d nodes have one key", n, other)
		}
		seen[id] = n
		if identityOf(&again) != id {
			t.Errorf("two rings of %d nodes have two keys", n)
		}
	}
}

func TestCopiesOfRecursiveResultsKeepTheirShape(t *testing.T) {
	ctx := t.Context()
	grow := recursive.NewGrowRunner(&recursive.Grow{})
	var before *recursive.Dir
	for range 3 {
		d, cfg, err := grow.Run(ctx, "x")
		if err != nil {
			t.Fatal(err)
		}
		if d == before {
			t.Fatal("two callers got one value")
		}
		before = d
		f := d.Files[0]
		if d.Name != "x" || f.In != d || f.Links[0] != f || d.Files[1] != f {
			t.Fatal("the copy has another shape than what was returned")
		}
		n := cfg.Tree
		if n.Name != "x" || n.Left != n || cfg.Groups["a"][0] != n || cfg.Groups["a"][1] != n {
			t.Fatal("the copy shares less than what was returned")
		}
		d.Name, f.Size, n.Name, d.Parent = "spoilt", 9, "spoilt", nil
		d.Files[1], cfg.Groups["a"][0] = nil, nil
	}
	same := recursive.NewSameRunner(&recursive.Same{})
	in := recursive.List{{}, nil, {{}}}
	for range 3 {
		out, _ := same.Run(ctx, in)
		if diff := cmp.Diff(recursive.List{{}, nil, {{}}}, out); diff != "" {
			t.Fatal(diff)
		}
		out[2][0] = out
	}
}

// TestSharedPartsAreCopiedOnce copies a value that has 2^40 parts when written
// out, and 40 in memory.
func TestSharedPartsAreCopiedOnce(t *testing.T) {
	list := recursive.List{}
	for range 40 {
		list = recursive.List{list, list}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		out, err := recursive.NewSameRunner(&recursive.Same{}).Run(context.Background(), list)
		if err != nil {
			t.Error(err)
			return
		}
		for i := range 40 {
			if &out[0] == &list[0] || reflect.ValueOf(out[0]).Pointer() != reflect.ValueOf(out[1]).Pointer() {
				t.Errorf("level %d is not copied, or its parts are not shared", i)
			}
			out, list = out[0], list[0]
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("copying does not end")
	}
}

func TestFieldsThatAreNoInputsInRecursiveTypes(t *testing.T) {
	a := recursive.EverythingArgs{Dir: &recursive.Dir{Name: "a"}}
	first := identityOf(&a)
	a.Dir.Parent = &recursive.Dir{Name: "b"}
	if identityOf(&a) != first {
		t.Error("a field that is no input changes the key")
	}
}

// TestATreeIsEncodedWithoutAllocating is about hits.
func TestATreeIsEncodedWithoutAllocating(t *testing.T) {
	args := recursive.WalkArgs{Root: tree(9)}
	encode := func() {
		e := key.Borrow()
		args.EncodeKey(e)
		e.Fingerprint()
		e.Release()
	}
	encode()
	if n := testing.AllocsPerRun(100, encode); n > 0 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}

// tree is a full binary tree of depth levels.
func tree(depth int) *recursive.Node {
	if depth == 0 {
		return nil
	}
	return &recursive.Node{Name: "node", Weights: []float64{1, 2}, Left: tree(depth - 1), Right: tree(depth - 1)}
}

func BenchmarkTreeOf1023(b *testing.B) {
	r := recursive.NewWalkRunner(&recursive.Walk{})
	root := tree(10)
	r.Run(b.Context(), root)
	b.ReportAllocs()
	for b.Loop() {
		r.Run(b.Context(), root)
	}
}
