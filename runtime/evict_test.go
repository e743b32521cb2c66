package runtime

import (
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// model is the cache written for clarity: what is kept, oldest first, and
// SIEVE as its paper words it.
type model struct {
	max  int
	kept []*modelEntry // oldest first
	hand int           // index into kept
}

type modelEntry struct {
	arg     string
	visited bool
}

// run reports whether the call executes, and what it evicts.
func (m *model) run(arg string) (executes bool, evicted string) {
	if i := m.index(arg); i >= 0 {
		m.kept[i].visited = true
		return false, ""
	}
	if len(m.kept) >= m.max {
		for m.kept[m.at()].visited {
			m.kept[m.at()].visited = false
			m.hand = m.at() + 1
		}
		evicted = m.kept[m.at()].arg
		m.forget(evicted)
	}
	m.kept = append(m.kept, &modelEntry{arg: arg})
	return true, evicted
}

// at is where the hand is: past the newest it begins again at the oldest.
func (m *model) at() int {
	if m.hand >= len(m.kept) {
		m.hand = 0
	}
	return m.hand
}

func (m *model) forget(arg string) bool {
	i := m.index(arg)
	if i < 0 {
		return false
	}
	m.kept = slices.Delete(m.kept, i, i+1)
	if i < m.hand {
		m.hand--
	}
	m.hand = m.at() // before another is added: a hand past the newest wraps at once
	return true
}

func (m *model) index(arg string) int {
	return slices.IndexFunc(m.kept, func(e *modelEntry) bool { return e.arg == arg })
}

func TestCallsExecuteAndAreEvictedAsTheModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{max: rapid.IntRange(1, 12).Draw(t, "max entries")}
		executed := false
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			executed = true
			return echo(ctx, arg)
		}, MaxEntries(m.max), History(1000))
		evicted := map[uint64]bool{} // numbers of calls, as far as the test knows of it
		newVictim := func() string {
			for call := range Inspect(f.Runner).Calls(0) {
				if call.Removed == Evicted && !evicted[call.Number] {
					evicted[call.Number] = true
					return fmt.Sprint(call.Number)
				}
			}
			return ""
		}
		numbers := map[string]string{} // of the calls that executed, by argument
		arg := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "n")) })
		t.Repeat(map[string]func(*rapid.T){
			"run": func(t *rapid.T) {
				a := arg.Draw(t, "argument")
				executed = false
				got, err := f.Run(context.Background(), a)
				if err != nil || got != "got "+a {
					t.Fatalf("got %q and error %v", got, err)
				}
				wantExecuted, victim := m.run(a)
				if got := newVictim(); executed != wantExecuted || got != numbers[victim] {
					t.Fatalf("executed %v, evicted call %q; the model: %v, %q", executed, got, wantExecuted, numbers[victim])
				}
				if executed {
					numbers[a] = fmt.Sprint(f.Stats().Misses)
				}
			},
			"forget": func(t *rapid.T) {
				a := arg.Draw(t, "argument")
				if got, want := f.Forget(a), m.forget(a); got != want {
					t.Fatalf("forgotten %v; the model: %v", got, want)
				}
			},
			"look up": func(t *rapid.T) {
				a := arg.Draw(t, "argument")
				if _, got := f.Lookup(a); got != (m.index(a) >= 0) {
					t.Fatalf("found %v; the model: %v", got, !got)
				}
			},
			"forget all": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "once in ten") == 0 {
					f.ForgetAll()
					m.kept, m.hand = nil, 0
				}
			},
			"": func(t *rapid.T) { f.check(t) },
		})
	})
}

func TestSieveKeepsWhatIsHitWhileNewCallsPassThrough(t *testing.T) {
	f := newFetch(echo, MaxEntries(100))
	for i := range 50 {
		f.Run(t.Context(), fmt.Sprint("hot", i))
	}
	for i := range 10_000 {
		f.Run(t.Context(), fmt.Sprint("once", i))
		f.Run(t.Context(), fmt.Sprint("hot", i%50))
	}
	f.check(t)
	s := f.Stats()
	want(t, "entries", s.Entries, 100)
	want(t, "evictions", s.Evictions, s.Misses-100)
	want(t, "hits on hot calls", s.Hits, 10_000)
}

func TestMemoryStaysFlatOverManyDistinctCalls(t *testing.T) {
	f := newFetch(echo, MaxEntries(1000), TTL(1<<60))
	n := 0
	heap := func(calls int) uint64 {
		for range calls {
			n++
			f.Run(t.Context(), fmt.Sprint(n))
		}
		goruntime.GC()
		goruntime.GC()
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const calls = 20_000 // twice; a million took the same memory
	before := heap(calls)
	after := heap(calls)
	f.check(t)
	// A thousand entries take about 200 KiB; a leak of the smallest object per
	// call would be more than this allows.
	if limit := before + 256<<10; after > limit {
		t.Errorf("heap grew from %d to %d bytes over %d calls", before, after, calls)
	}
}

func TestAForgottenHandleDoesNotKeepOtherCallsAlive(t *testing.T) {
	f := newFetch(echo, TTL(1<<60))
	var handles []*Call[string]
	var gone atomic.Int32
	for i := range 10_000 {
		call := f.Start(t.Context(), fmt.Sprint(i))
		<-call.Done()
		if i%100 == 0 {
			handles = append(handles, call)
			continue
		}
		goruntime.AddCleanup(call, func(struct{}) { gone.Add(1) }, struct{}{})
	}
	f.ForgetAll()
	// Each handle holds on to its chain in the table, a few entries, no more.
	for i := 0; gone.Load() < 9_000; i++ {
		if i == 100 {
			t.Fatalf("%d handles keep %d calls alive", len(handles), 9_900-gone.Load())
		}
		goruntime.GC()
		goruntime.Gosched()
	}
	goruntime.KeepAlive(handles)
}
