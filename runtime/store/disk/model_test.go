package disk_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
)

// TestItAnswersAsTheSimplestStoreDoes: whatever is done with it, in whatever order, and
// whichever records are asked for.
func TestItAnswersAsTheSimplestStoreDoes(t *testing.T) {
	const calls, steps, questions, minutes = 12, 400, 300, 1000
	first := time.Now().Add(-minutes * time.Minute).Truncate(time.Microsecond).UTC()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	defer disk.SetPageSize([]int{1, 7, 4000}[random.IntN(3)])()
	stores := [2]store.Store{open(t, t.TempDir(), disk.Options{Relaxed: true, Manual: true}), memory.New(0)}
	var leases [2][calls]store.Lease
	var begun [calls]store.Record // what they were begun with
	texts := []string{"", "no such bucket", "Größe\x00 \xff", strings.Repeat("long ", 2000), "İstanbul K ſ"}
	for range steps {
		n, how, do := random.IntN(calls), 1+store.Status(random.IntN(12)), random.IntN(8)
		r := recordOf(n)
		r.Work, r.Nonce, r.Attempt = []string{"w", "v", ""}[n%3], random.Uint64()%3, random.IntN(3)
		r.Error, r.Args = texts[random.IntN(len(texts))], append(r.Args, store.Arg{Text: texts[random.IntN(len(texts))]})
		if random.IntN(4) == 0 {
			r.Expires = time.Now().Add(time.Duration(random.IntN(3)-1) * time.Hour).Truncate(time.Microsecond).UTC()
		}
		r.Started = first.Add(time.Duration(random.IntN(minutes)) * time.Minute)
		ended := begun[n]
		ended.Status, ended.Error, ended.Stack, ended.Log, ended.Finished = how, r.Error, r.Error, r.Error, first
		ended.Retry, ended.Expires = r.Started, r.Expires
		var errs [2]error
		var found [2][1]store.Found
		for i, s := range stores {
			switch l := leases[i][n]; do {
			case 0, 1, 2:
				if l, errs[i] = s.Begin(ctx, r); errs[i] == nil {
					leases[i][n] = l
				}
			case 3, 4:
				errs[i] = s.End(ctx, l, ended, store.Bytes("x"))
			case 5:
				_, errs[i] = s.Renew(ctx, l, ended)
			case 6:
				_, errs[i] = s.Delete(ctx, r.Ref)
			case 7:
				if errs[i] = s.Lookup(ctx, []store.Ref{r.Ref}, found[i][:]); found[i][0].Result() != nil && how == store.Deleted {
					errs[i] = s.Discard(ctx, found[i][0].Result(), store.Unreadable, "why")
				}
			}
		}
		if do < 3 && errs[1] == nil && leases[1][n].Token != begun[n].Seq {
			begun[n] = r
			begun[n].Seq = leases[1][n].Token
		}
		if (errs[0] == nil) != (errs[1] == nil) || errs[0] == store.ErrLost != (errs[1] == store.ErrLost) {
			t.Fatalf("step %d on call %d: %v, and %v", do, n, errs[0], errs[1])
		}
		if diff := cmp.Diff(found[1], found[0], sameRecords, cmpopts.IgnoreFields(store.Entry{}, "Token"), cmpopts.IgnoreUnexported(store.Entry{}), cmpopts.IgnoreFields(store.HeldError{}, "Expires", "Origin")); diff != "" {
			t.Fatalf("looked up (-memory +disk):\n%s", diff)
		}
	}
	lists := func(f store.Filter, before int) (lists [2][]store.Record) {
		for i, s := range stores {
			f := f
			if before > 0 {
				for r := range s.History(ctx, store.Filter{Limit: before}) {
					f.Before = r.Seq
				}
			}
			for r, err := range s.History(ctx, f) {
				if err != nil {
					t.Fatal(err)
				}
				lists[i] = append(lists[i], r)
			}
		}
		return lists
	}
	for range questions {
		f := store.Filter{
			Work: []string{"", "", "w", "v", "u"}[random.IntN(5)], Newest: random.IntN(3) == 0, Limit: max(0, random.IntN(12)-6),
			Text: []string{"", "", "", "BUCKET", "größe", "\x00", "\xff", "ng l", "istanbul", "k", "S", "daily"}[random.IntN(12)],
		}
		if random.IntN(2) == 0 {
			for range random.IntN(5) {
				f.Status = append(f.Status, store.Status(random.IntN(12)))
			}
		}
		if random.IntN(3) == 0 {
			f.Prefix = keyOf(random.IntN(calls)).String()[:random.IntN(65)]
		}
		if random.IntN(3) == 0 {
			f.Since = first.Add(time.Duration(random.IntN(minutes)) * time.Minute)
		}
		if random.IntN(3) == 0 {
			f.Until = first.Add(time.Duration(random.IntN(minutes)) * time.Minute)
		}
		before := 0
		if random.IntN(3) == 0 {
			before = 1 + random.IntN(30)
		}
		got := lists(f, before)
		if diff := cmp.Diff(got[1], got[0], sameRecords, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%+v before %d (-memory +disk):\n%s", f, before, diff)
		}
	}
}

var sameRecords = cmpopts.IgnoreFields(store.Record{}, "Seq", "Nonce", "Used", "Hits", "Gone", "Finished")
