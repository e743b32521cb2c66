package tier_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/store/tier"
)

// work is a runner with a store, and how often its body has run.
type work struct {
	*runtime.Calls[int, int, string]
	executed int
}

func workOf(s store.Store, result string, opts ...runtime.Option) *work {
	w := &work{}
	w.Calls = runtime.NewCalls(runtime.Spec[int, int, string]{
		Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
		Execute:  func(context.Context, int) (string, error) { w.executed++; return result, nil },
		Identify: func(n int) (uint64, int, *key.Encoder) { return hash(n), n, nil },
		Encode:   func(n *int, e *key.Encoder) { e.Int(*n) },
		Inputs:   []string{"n int"},
	}, append(opts, runtime.WithStore(s), runtime.WithLogger(slog.New(slog.DiscardHandler)))...)
	return w
}

func hash(n int) uint64 { return key.NewHash().Uint64(uint64(n)).Sum() }

func (w *work) want(t *testing.T, n int, want string, executed int) {
	t.Helper()
	got, err := w.Run(ctx, hash(n), n, n)
	if err != nil || got != want || w.executed != executed {
		t.Errorf("call %d returns %q, %v, want %q; %d executions, want %d", n, got, err, want, w.executed, executed)
	}
}

// TestTheModesOfTheCache are what they are without a tier.
func TestTheModesOfTheCache(t *testing.T) {
	for name, o := range map[string]tier.Options{"written": {}, "read only": {ReadOnly: true}} {
		t.Run(name, func(t *testing.T) {
			local, shared := t.TempDir(), t.TempDir()
			open := func() *tier.Store {
				return tier.New(
					openDisk(t, disk.Options{Dir: local, Relaxed: true}),
					openDisk(t, disk.Options{Dir: shared, Relaxed: true, ReadOnly: o.ReadOnly}), o)
			}
			image := openDisk(t, disk.Options{Dir: shared, Relaxed: true})
			workOf(image, "image").want(t, 1, "image", 1)
			workOf(image, "image").want(t, 2, "image", 1)
			openDisk(t, disk.Options{Dir: local}).Close()
			for _, c := range []struct {
				mode     string
				n        int
				want     string // "": a MissError
				executed bool
			}{
				{"read", 1, "image", false},
				{"read", 3, "read", true},
				{"read", 3, "read again", true}, // it was not kept
				{"only", 1, "image", false},
				{"only", 3, "", false},
				{"off", 1, "off", true},
				{"", 1, "image", false},
				{"only", 1, "image", false}, // from the local store
				{"refresh", 1, "refreshed", true},
				{"refresh", 2, "refreshed too", true}, // of which there is no copy
				{"", 1, "refreshed", false},
				{"", 2, "refreshed too", false},
				{"", 3, "here", true},
				{"only", 3, "here", false},
			} {
				t.Run(c.mode, func(t *testing.T) {
					t.Setenv("WORKGEN_CACHE", c.mode)
					s := open()
					defer s.Close()
					result := c.want
					if !c.executed {
						result = "executed"
					}
					w := workOf(s, result)
					if c.want == "" {
						var miss *runtime.MissError
						if _, err := w.Run(ctx, hash(c.n), c.n, c.n); !errors.As(err, &miss) {
							t.Errorf("error %v", err)
						}
						return
					}
					executions := 0
					if c.executed {
						executions = 1
					}
					w.want(t, c.n, c.want, executions)
				})
			}
		})
	}
}

// TestForgetting makes the next call execute, here and on other machines, and reaches results
// that only one of the stores has.
func TestForgetting(t *testing.T) {
	for _, o := range []tier.Options{{}, {ReadOnly: true}} {
		all, shared := machines(t, 2, o)
		workOf(shared.Another(), "shared").want(t, 1, "shared", 1)
		workOf(all[0].open[0](), "local").want(t, 2, "local", 1)
		w, other := workOf(all[0], "new"), workOf(all[1], "new elsewhere")
		w.want(t, 1, "shared", 0)
		w.want(t, 2, "local", 0)
		other.want(t, 1, "shared", 0)
		w.Runner().ForgetAll()
		w.want(t, 1, "new", 1)
		w.want(t, 2, "new", 2)
		later := workOf(all[0], "later")
		later.want(t, 1, "new", 0)
		if !later.Forget(1) {
			t.Error("there was nothing to forget")
		}
		later.want(t, 1, "later", 1)
		if o.ReadOnly {
			other.want(t, 1, "shared", 0) // that is another machine
		} else {
			other.want(t, 1, "later", 0)
		}
	}
}

// TestARunnerWithoutTheSharedStore has hits, and the rest is as the runner says.
func TestARunnerWithoutTheSharedStore(t *testing.T) {
	for what, policy := range map[string]runtime.StoreFailure{"execute": runtime.ExecuteOnStoreFailure, "fail": runtime.DefaultStoreFailure} {
		t.Run(what, func(t *testing.T) {
			shared := memory.New(0)
			m := machineOf(t, tier.Options{}, inMemory(t, 0), func() store.Store { return shared.Another() })
			workOf(m, "x").want(t, 1, "x", 1)
			m.off()
			m.shared.Inject(storetest.All, storetest.Refuse)
			s := tier.New(m.open[0](), ofMany{m.shared.Wrap(shared.Another())}, tier.Options{})
			defer s.Close()
			w := workOf(s, "y", runtime.StoreTimeout(10*time.Millisecond), runtime.OnStoreFailure(policy))
			w.want(t, 1, "x", 0)
			_, err := w.Run(ctx, hash(2), 2, 2)
			var silent *runtime.StoreError
			if errors.As(err, &silent) != (what == "fail") {
				t.Errorf("error %v", err)
			}
		})
	}
}
