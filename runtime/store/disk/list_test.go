package disk

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// TestPagesMakeOneList: of works that have many of the records, and few of them.
func TestPagesMakeOneList(t *testing.T) {
	defer func(n int) { pageSize = n }(pageSize)
	s := opened(t, t.TempDir(), Options{Relaxed: true})
	random := rand.New(rand.NewPCG(1, 2))
	for n := range byte(120) {
		work := "often"
		if random.IntN(5) == 0 {
			work = "seldom" + strconv.Itoa(random.IntN(2))
		}
		if err := fail(s, store.Record{Ref: store.Ref{Work: work, Key: numbered(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(f store.Filter) (seqs []uint64) {
		for r, err := range s.History(ctx, f) {
			if err != nil {
				t.Fatal(err)
			}
			if !f.Match(&r) {
				t.Errorf("filter %+v lets %+v through", f, r)
			}
			seqs = append(seqs, r.Seq)
		}
		return seqs
	}
	for _, f := range []store.Filter{
		{}, {Work: "often"}, {Work: "seldom0"}, {Work: "often", Limit: 50}, {Work: "often", Prefix: "4"}, {Work: "seldom1", Limit: 7},
		{Work: "often", Before: 60}, {Limit: 14}, {Work: "never"},
	} {
		pageSize = 1000
		want := list(f)
		for _, pageSize = range []int{1, 7, 10} {
			if got := list(f); !slices.Equal(got, want) {
				t.Errorf("filter %+v in pages of %d: %v, want %v", f, pageSize, got, want)
			}
		}
	}
}
