package hitratios

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/maypok86/otter/v2"

	"github.com/workgen/workgen/runtime"
)

const requests = 300_000

// mixed is a trace of two parts that go well with different ways of evicting. Otter notices sooner which
// one it is.
const mixed = "scans of two thousand, and zipf 1.1 of other pages, in turn"

// trace calls request for the numbers of pages, one after the other.
type trace func(request func(page uint64))

var traces = map[string]trace{
	"zipf 1.01 of a million": zipf(1.01, 1_000_000),
	"zipf 1.2 of a million":  zipf(1.2, 1_000_000),

	// Now and then somebody reads twenty thousand pages in order that nobody else wants.
	"zipf 1.1 with scans": func(request func(page uint64)) {
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, 999_999)
		next := uint64(1 << 40)
		for i := range requests {
			if i/20_000%5 == 4 {
				next++
				request(next)
			} else {
				request(z.Uint64())
			}
		}
	},
	// An LRU has evicted each page before it comes again.
	"a scan of sixty thousand, again and again": scan(60_000),
	"a scan of two thousand, again and again":   scan(2000),

	mixed: func(request func(page uint64)) {
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, 999_999)
		for i := range uint64(requests) {
			if i/30_000%2 == 0 {
				request(1<<40 + i%2000)
			} else {
				request(z.Uint64())
			}
		}
	},
	"zipf 1.1 of pages that are others each time": func(request func(page uint64)) {
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, 999_999)
		for i := range uint64(requests) {
			request(i/30_000<<40 + z.Uint64())
		}
	},
	"each page three times, and never again": func(request func(page uint64)) {
		for i := range uint64(requests) {
			request(i/3 - i%3*10)
		}
	},
	"a scan that is never seen again": func(request func(page uint64)) {
		for i := range uint64(requests) {
			request(i)
		}
	},
}

func scan(pages uint64) trace {
	return func(request func(page uint64)) {
		for i := range uint64(requests) {
			request(i % pages)
		}
	}
}

func zipf(s float64, pages uint64) trace {
	return func(request func(page uint64)) {
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), s, 1, pages-1)
		for range requests {
			request(z.Uint64())
		}
	}
}

// synchronous has otter evict before it goes on, as workgen does.
func synchronous(f func()) { f() }

// ofOtter is the share of hits in percent.
func ofOtter(t *testing.T, trace trace, o *otter.Options[uint64, []byte]) float64 {
	o.Executor = synchronous
	cache := otter.Must(o)
	load := otter.LoaderFunc[uint64, []byte](func(ctx context.Context, page uint64) ([]byte, error) { return Page{}.Run(ctx, page) })
	hits := 0
	trace(func(page uint64) {
		if _, ok := cache.GetIfPresent(page); ok {
			hits++
		} else if _, err := cache.Get(t.Context(), page, load); err != nil {
			t.Fatal(err)
		}
	})
	return 100 * float64(hits) / requests
}

func ofWorkgen(t *testing.T, trace trace, opts ...runtime.Option) float64 {
	r := NewPageRunner(&Page{}, opts...)
	trace(func(page uint64) {
		if _, err := r.Run(t.Context(), page); err != nil {
			t.Fatal(err)
		}
	})
	return 100 * float64(r.Stats().Hits) / requests
}

// TestHitRatios: at most three points less than otter's, but for one trace.
func TestHitRatios(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of requests")
	}
	for name, trace := range traces {
		for size, of := range map[string]struct {
			otter   *otter.Options[uint64, []byte]
			workgen []runtime.Option
		}{
			"1,000 entries":  {&otter.Options[uint64, []byte]{MaximumSize: 1000}, []runtime.Option{runtime.MaxEntries(1000)}},
			"50,000 entries": {&otter.Options[uint64, []byte]{MaximumSize: 50_000}, []runtime.Option{runtime.MaxEntries(50_000)}},
			"1 MB":           inBytes(1_000_000),
			"20 MB":          inBytes(20_000_000),
		} {
			t.Run(name+"/"+size, func(t *testing.T) {
				ours, theirs := ofWorkgen(t, trace, of.workgen...), ofOtter(t, trace, of.otter)
				t.Logf("hits: workgen %.1f %%, otter %.1f %%", ours, theirs)
				most := 3.
				if name == mixed {
					most = 10
				}
				if ours < theirs-most {
					t.Errorf("%.1f points less than otter, want at most %.0f", theirs-ours, most)
				}
			})
		}
	}
}

// inBytes bounds the pages alone, so that both count the same.
func inBytes(n int64) (of struct {
	otter   *otter.Options[uint64, []byte]
	workgen []runtime.Option
}) {
	of.otter = &otter.Options[uint64, []byte]{
		MaximumWeight: uint64(n), Weigher: func(_ uint64, page []byte) uint32 { return uint32(len(page)) },
	}
	of.workgen = []runtime.Option{
		runtime.MaxEntries(1 << 30), runtime.MaxBytes(n), runtime.Weigh(func(page []byte) int64 { return int64(len(page)) }),
	}
	return of
}
