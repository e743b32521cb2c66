package generator_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unique"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/worker"
	"github.com/workgen/workgen/testdata/golden/files"
	"github.com/workgen/workgen/testdata/golden/interfaces"
	"github.com/workgen/workgen/testdata/golden/known"
	"github.com/workgen/workgen/testdata/golden/options"
	"github.com/workgen/workgen/testdata/golden/plain"
)

// elsewhere returns options for a runner whose calls workers execute, and a function that has
// a worker serve a runner made with the others.
func elsewhere(t *testing.T) (caller, served []runtime.Option, serve func(*runtime.Runner)) {
	t.Helper()
	s := memory.New(0)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var group sync.WaitGroup
	t.Cleanup(func() { cancel(); group.Wait() })
	quiet := runtime.WithLogger(slog.New(slog.DiscardHandler))
	here, there := s.Another(), s.Another()
	return []runtime.Option{quiet, runtime.WithStore(here), runtime.WithWorkers(here.Queue(), "")},
		[]runtime.Option{quiet, runtime.WithStore(there)},
		func(r *runtime.Runner) {
			w := worker.Worker{Queue: there.Queue(), Logger: slog.New(slog.DiscardHandler)}
			group.Go(func() { _ = w.Serve(ctx, r) })
		}
}

// executedThere checks that a worker has executed the one call of a runner.
func executedThere(t *testing.T, caller, served *runtime.Runner, err error, got, want any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b unique.Handle[string]) bool { return a == b }),
		cmp.Comparer(func(a, b unique.Handle[[2]int]) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if here, there := caller.Stats().Executions, served.Stats().Executions; here != 0 || there != 1 {
		t.Errorf("%d executions here, %d there", here, there)
	}
}

func TestWorkersExecuteGeneratedWorks(t *testing.T) {
	t.Run("interfaces", func(t *testing.T) {
		opts, there, serve := elsewhere(t)
		r, w := interfaces.NewEvalRunner(&interfaces.Eval{}, opts...), interfaces.NewEvalRunner(&interfaces.Eval{}, there...)
		serve(w.Runner)
		sum := interfaces.Add{L: interfaces.Num(1), R: &interfaces.Neg{X: interfaces.Num(2)}}
		got, err := r.Run(t.Context(), sum, new(interfaces.Num))
		executedThere(t, r.Runner, w.Runner, err, got, interfaces.Expr(interfaces.Add{L: sum, R: interfaces.Num(1)}))
	})
	t.Run("encodes itself", func(t *testing.T) {
		opts, there, serve := elsewhere(t)
		r, w := interfaces.NewReadRunner(&interfaces.Read{}, opts...), interfaces.NewReadRunner(&interfaces.Read{}, there...)
		serve(w.Runner)
		got, err := r.Run(t.Context(), &interfaces.Lower{Text: "a"}, interfaces.Both{Upper: interfaces.Upper{Text: "b"}}, nil)
		executedThere(t, r.Runner, w.Runner, err, got, "a")
	})
	t.Run("known types", func(t *testing.T) {
		opts, there, serve := elsewhere(t)
		r, w := known.NewRowsRunner(&known.Rows{}, opts...), known.NewRowsRunner(&known.Rows{}, there...)
		serve(w.Runner)
		rows := []known.Row{{
			At:   sql.NullTime{Time: time.Date(2026, 11, 29, 1, 2, 3, 4, time.FixedZone("X", 3600)), Valid: true},
			Tags: sql.Null[[]string]{V: []string{}}, Raw: []byte("{}"), Kind: unique.Make("a"), Pair: unique.Make([2]int{1, 2}),
		}}
		got, err := r.Run(t.Context(), rows)
		executedThere(t, r.Runner, w.Runner, err, got, rows)
	})
	t.Run("fields of the work", func(t *testing.T) {
		opts, there, serve := elsewhere(t)
		named := func(prefix string, opts ...runtime.Option) *plain.NamedRunner {
			return plain.NewNamedRunner(&plain.Named{Prefix: prefix}, opts...)
		}
		r, w := named("a", opts...), named("a", there...)
		serve(named("b", there...).Runner) // not its route
		serve(w.Runner)
		got, err := r.Run(t.Context(), 1, "text", 2, 'r', 'b', time.Second, time.May)
		want, _ := named("a").Run(t.Context(), 1, "text", 2, 'r', 'b', time.Second, time.May)
		executedThere(t, r.Runner, w.Runner, err, got, want)
	})
	t.Run("paths", func(t *testing.T) {
		opts, there, serve := elsewhere(t)
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
			t.Fatal(err)
		}
		work := &files.Locate{Root: key.Dir(filepath.Dir(path))}
		r, w := files.NewLocateRunner(work, opts...), files.NewLocateRunner(work, there...)
		serve(w.Runner)
		got, err := r.Run(t.Context(), key.File(path))
		executedThere(t, r.Runner, w.Runner, err, got, files.Part{Of: key.File(path), From: 3})

		// What is new in the directory that a field of the work names makes new calls, which the
		// worker takes as it did the first one.
		if err := os.WriteFile(path, []byte("abcd"), 0o666); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if got, err := r.Run(ctx, key.File(path)); err != nil || got.From != 4 || w.Stats().Executions != 2 {
			t.Errorf("%v, %v, %d executions", got, err, w.Stats().Executions)
		}
	})
}

func TestConstructorsSayWhyNoWorkerExecutesAWork(t *testing.T) {
	opts, there, _ := elsewhere(t)
	for want, construct := range map[string]func(opts ...runtime.Option) *runtime.Runner{
		"path: a key.File may name something else on another machine: write //workgen:work portable if": func(opts ...runtime.Option) *runtime.Runner {
			return files.NewLoadRunner(&files.Load{}, opts...).Runner
		},
		"h.Seen: a field tagged `workgen:\"-\"` would not come back: change the argument": func(opts ...runtime.Option) *runtime.Runner {
			return files.NewDoubleRunner(&files.Double{}, opts...).Runner
		},
		"l: a uintptr is an address and has no value: change the argument": func(opts ...runtime.Option) *runtime.Runner {
			return plain.NewBasicsRunner(&plain.Basics{}, opts...).Runner
		},
		"it is marked memory: remove that from its directive": func(opts ...runtime.Option) *runtime.Runner {
			return options.NewMemoryRunner(&options.Memory{}, opts...).Runner
		},
		"its calls are not cached: remove cache=false from its directive": func(opts ...runtime.Option) *runtime.Runner {
			return options.NewUncachedRunner(&options.Uncached{}, opts...).Runner
		},
	} {
		construct(there...) // is no problem
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, " cannot be executed by workers") || !strings.Contains(got, want) {
					t.Errorf("panics with %s, want %s", got, want)
				}
			}()
			construct(opts...)
		}()
	}
}
