package runtime

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

func TestAHitAllocatesNothing(t *testing.T) {
	f := newFetch(echo, TTL(1<<60), Timeout(1<<60), Concurrency(1))
	ctx := context.Background()
	f.Run(ctx, "a")
	for name, hit := range map[string]func(){
		"Run":    func() { f.Run(ctx, "a") },
		"Start":  func() { f.Start(ctx, "a") },
		"Result": func() { f.Start(ctx, "a").Result() },
		"Wait":   func() { f.Start(ctx, "a").Wait(ctx) },
		"Done":   func() { <-f.Start(ctx, "a").Done() },
		"Lookup": func() { f.Lookup("a") },
	} {
		if n := testing.AllocsPerRun(1000, hit); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	want(t, "executions", f.Stats().Executions, 1)
}

func TestRunFindsWhatHitMissed(t *testing.T) {
	// As it happens when the call finishes between the two, or the table grows.
	f := newFetch(echo)
	f.Run(t.Context(), "a")
	wantResult(t, "got a")(f.calls.Run(t.Context(), hashOf("a"), "a", "a"))
	s := f.Stats()
	want(t, "hits", s.Hits, 1)
	want(t, "executions", s.Executions, 1)
}

func TestKeysWithEqualHashesAreToldApart(t *testing.T) {
	calls := NewCalls(Spec[string, string, string]{
		Name: "w", Execute: echo,
		Identify: func(arg string) (uint64, string, *key.Encoder) { return 7, arg, nil },
	}, MaxEntries(500))
	f := fetchOf(calls)
	for range 2 {
		for i := range 1000 {
			arg := fmt.Sprint(i)
			wantResult(t, "got "+arg)(f.calls.Run(t.Context(), 7, arg, arg))
			want(t, "value", *f.calls.Hit(7, &arg), "got "+arg)
		}
	}
	for i := range 1000 {
		arg := fmt.Sprint(i)
		want(t, "forgotten", f.Forget(arg), i >= 500)
	}
	f.check(t)
}

func TestAKeyThatIsNotEqualToItselfIsNeverHitAndStaysBounded(t *testing.T) {
	nan := 0.0
	nan /= nan
	calls := NewCalls(Spec[float64, float64, float64]{
		Name:    "w",
		Execute: func(ctx context.Context, args float64) (float64, error) { return args, nil },
	}, MaxEntries(10))
	for range 100 {
		if calls.Hit(7, &nan) != nil {
			t.Error("NaN was hit")
		}
		calls.Run(t.Context(), 7, nan, nan)
	}
	want(t, "entries", calls.Runner().Stats().Entries, 10)
	want(t, "in the table", calls.table.len, 10)
}

func TestEveryResultIsThatOfItsArgumentsInAnEvictionStorm(t *testing.T) {
	f := newFetch(echo, MaxEntries(16))
	var made atomic.Int64
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			n := uint64(g)
			for i := range 5000 {
				n = n*6364136223846793005 + 1442695040888963407
				arg := fmt.Sprint(n >> 59) // 32 of them
				switch {
				case i%100 == 0:
					f.Forget(arg)
				case i%1000 == 1:
					f.ForgetAll()
				case i%3 == 0:
					made.Add(1)
					wantResult(t, "got "+arg)(f.Start(t.Context(), arg).Wait(t.Context()))
				case i%3 == 1:
					if got, ok := f.Lookup(arg); ok && got != "got "+arg {
						t.Errorf("looked up %q: got %q", arg, got)
					}
				default:
					made.Add(1)
					wantResult(t, "got "+arg)(f.Run(t.Context(), arg))
				}
			}
		})
	}
	all.Wait()
	f.check(t)
	s := f.Stats()
	want(t, "hits + misses + joined", s.Hits+s.Misses+s.Joined, made.Load())
	want(t, "executions", s.Executions, s.Misses)
	if s.Hits == 0 || s.Evictions == 0 {
		t.Errorf("no storm: %+v", s)
	}
}

func TestReadersGoOnWhileTheTableGrows(t *testing.T) {
	f := newFetch(echo)
	const known = 100
	for i := range known {
		f.Run(t.Context(), fmt.Sprint(i))
	}
	var stop atomic.Bool
	var hits, falseMisses atomic.Int64
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for i := 0; !stop.Load(); i++ {
				arg := fmt.Sprint(i % known)
				if v := f.calls.Hit(hashOf(arg), &arg); v != nil {
					hits.Add(1)
					want(t, "hit", *v, "got "+arg)
					continue
				}
				falseMisses.Add(1)
				wantResult(t, "got "+arg)(f.Start(t.Context(), arg).Result()) // must find it
			}
		})
	}
	for i := range 4_000 {
		f.Run(t.Context(), fmt.Sprint("new", i))
	}
	stop.Store(true)
	readers.Wait()
	f.check(t)
	s := f.Stats()
	want(t, "executions", s.Executions, known+4_000)
	t.Logf("%d hits, %d false misses, %d buckets", hits.Load(), falseMisses.Load(), len(*f.calls.table.buckets.Load()))
}

func TestEveryChainLeadsToEverOlderEntries(t *testing.T) {
	// The rule that lets readers come to an end; see table.
	var tab table[int, int]
	tab.reset()
	ages := map[*entry[int, int]]int{}
	var entries []*entry[int, int]
	check := func(what string) {
		for i := range entries {
			e := entries[i]
			if next := e.next.Load(); next != nil && ages[next] >= ages[e] {
				t.Fatalf("%s: entry %d leads to entry %d", what, ages[e], ages[next])
			}
		}
	}
	for i := range 300 {
		e := &entry[int, int]{key: i}
		e.call.node.hash = uint64(i) * 0x9E3779B97F4A7C15 >> 40
		ages[e] = i
		entries = append(entries, e)
		tab.insert(e)
		check("insert")
		if i%3 == 2 {
			want(t, "removed", tab.unlink(&entries[i/3].call.node), true)
			want(t, "removed again", tab.unlink(&entries[i/3].call.node), false)
			check("remove") // the removed entries included
		}
	}
	want(t, "length", tab.len, 200)
	for i, e := range entries {
		found := tab.find(e.call.node.hash, &e.key)
		want(t, fmt.Sprint("entry ", i, " found"), found == e, i >= 100)
	}
}

func TestTheTableGrowsInSmallSteps(t *testing.T) {
	var tab table[int, int]
	tab.reset()
	hash := func(k int) uint64 { return uint64(k) * 0x9E3779B97F4A7C15 >> 20 }
	grew := 0
	for k := range 5_000 {
		before, half := len(*tab.buckets.Load()), tab.old.Load()
		e := &entry[int, int]{key: k}
		e.call.node.hash = hash(k)
		tab.insert(e)
		if len(*tab.buckets.Load()) > before {
			grew++
			want(t, "chains were left to be moved when the table grew again", half == nil, true)
		}
		if old := tab.old.Load(); old != nil {
			left := 0
			for i := range *old {
				if (*old)[i].Load() != nil {
					left++
				}
			}
			if half == nil && left < len(*old)/4 && len(*old) > 64 {
				t.Fatalf("%d of %d chains are left after the first insertion", left, len(*old))
			}
		}
		if k%97 == 0 || k < 100 {
			for known := range k + 1 {
				if tab.find(hash(known), &known) == nil {
					t.Fatalf("entry %d is not found after %d were inserted", known, k+1)
				}
			}
		}
	}
	if grew < 8 {
		t.Errorf("grew %d times", grew)
	}
}
