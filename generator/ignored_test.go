package generator_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/testdata/golden/ignored"
	"github.com/workgen/workgen/testdata/golden/ignored/options"
)

// token is behind every field that is no input, and must not get anywhere.
const token = "hunter2-hunter2"

// calls are made while what they must not read is written to.
const calls = 50

// written is a value whose fields that are no input lead to what write changes. The
// fields themselves stay as they are: a copy of the struct reads them.
func written(n int) (d ignored.Data, write func(i int)) {
	state := &ignored.State{Count: map[string]int{}, Secret: token}
	cache, stats := map[string]int{token: 1}, map[string]int{token: 1}
	item := ignored.Item{N: n, Cache: cache, State: state}
	tree := &ignored.Tree{State: state}
	tree.Parent, tree.Kids = tree, []*ignored.Tree{{Parent: tree, State: state}}
	d = ignored.Data{
		Base:  ignored.Base{Kind: "k", Seen: cache},
		State: state, Token: token, Any: state,
		List: []ignored.Item{item}, ByName: map[string]*ignored.Item{"a": &item}, Both: [2]ignored.Item{item, item},
		Deep:  map[string][]map[int]*ignored.Item{"a": {{1: &item}}},
		Label: &ignored.Label{Name: "l", State: state}, Tree: tree, Shape: &ignored.Square{Side: n, State: state},
		Opts: options.Options{Level: n, Stats: stats},
	}
	return d, func(i int) {
		ignored.Mu.Lock()
		defer ignored.Mu.Unlock()
		name := fmt.Sprint(i % 1000)
		state.Count[name], cache[name], stats[name] = i, i, i
		state.Secret = token + name
	}
}

// meanwhile calls write again and again until stop has returned.
func meanwhile(write func(i int)) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				write(i)
				time.Sleep(10 * time.Microsecond)
			}
		}
	}()
	return func() { close(done); <-ended }
}

// watched has a runner describe its calls, as the page does.
func watched(t *testing.T, r *runtime.Runner) {
	t.Cleanup(runtime.Inspect(r).Notify(make(chan struct{}, 1)))
}

func TestArgumentsMayHoldWhatIsWrittenTo(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s, err := disk.Open("ignored", disk.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	base, writeBase := written(0)
	d, write := written(1)
	defer meanwhile(writeBase)()
	defer meanwhile(write)()
	for _, opts := range [][]runtime.Option{{runtime.WithStore(s)}, nil} {
		r := ignored.NewCountRunner(&ignored.Count{Base: &base}, opts...)
		watched(t, r.Runner)
		for n := range calls {
			mine := d
			mine.Opts.Level = n
			for range 2 {
				if got, err := r.Run(ctx, mine, &mine); got != 3 || err != nil {
					t.Fatal(got, err)
				}
			}
			if _, ok := r.Lookup(mine, &mine); !ok {
				t.Fatal("the call is not found")
			}
			detail, _ := runtime.Inspect(r.Runner).Call(uint64(n + 1))
			if text := fmt.Sprint(detail.Args); strings.Contains(text, token) || !strings.Contains(text, "Token: -") {
				t.Fatalf("the arguments are shown as %s", text)
			}
		}
		if got := r.Stats().Executions; got != calls {
			t.Errorf("%d executions, want %d", got, calls)
		}
	}
	for rec, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(rec.Args); strings.Contains(text, token) || !strings.Contains(text, "State: -") {
			t.Fatalf("the store has %s", text)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(token)) {
			t.Errorf("%s has what a field that is no input leads to", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestResultsMayHoldWhatIsWrittenTo(t *testing.T) {
	r := ignored.NewMakeRunner(&ignored.Make{})
	watched(t, r.Runner)
	d, write := written(1)
	defer meanwhile(write)()
	for range calls {
		got, more, err := r.Run(t.Context(), d, map[string]ignored.Data{"a": d})
		if err != nil {
			t.Fatal(err)
		}
		if got.State != d.State || got.List[0].State != d.State || more["a"].Shape.(*ignored.Square).State != d.State {
			t.Fatal("a field that is no input is not the one that was returned")
		}
		got.List[0].N, got.ByName["a"].N, more["a"].Tree.Kids[0] = 7, 7, nil // copies all
		value, ok := runtime.Inspect(r.Runner).Result(1)
		if text := preview.Lines(value, 10_000); !ok || strings.Contains(text, token) || !strings.Contains(text, "State: -") || strings.Contains(text, "N: 7") {
			t.Fatalf("the result is shown as %s", text)
		}
	}
	if got := r.Stats().Executions; got != 1 {
		t.Errorf("%d executions, want 1", got)
	}
}

func TestMethodsThatCouldReadWhatIsNoInputAreNotCalled(t *testing.T) {
	r := ignored.NewTakeRunner(&ignored.Take{})
	watched(t, r.Runner)
	got, err := r.Run(context.Background(), &ignored.Cloned{N: 1, State: &ignored.State{Secret: token}})
	if got != 1 || err != nil {
		t.Error(got, err)
	}
	detail, _ := runtime.Inspect(r.Runner).Call(1)
	if text := fmt.Sprint(detail.Args); !strings.Contains(text, "State: -") {
		t.Errorf("the argument is shown as %s", text)
	}
}
