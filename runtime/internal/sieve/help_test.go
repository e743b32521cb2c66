package sieve

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// kept is a cache of so many pages.
type kept struct {
	list  List[*page]
	pages map[int]*page
	names map[*page]int
	size  int
	hits  int64
}

func cacheOf(size int) *kept {
	k := &kept{pages: map[int]*page{}, names: map[*page]int{}, size: size}
	k.list.Hits = func() int64 { return k.hits }
	return k
}

// request reports whether a page was there.
func (k *kept) request(name int) bool {
	if p := k.pages[name]; p != nil {
		p.marked = true
		k.hits++
		return true
	}
	if k.list.Len() == k.size {
		p := k.list.Victim()
		k.list.Remove(p)
		delete(k.pages, k.names[p])
		delete(k.names, p)
	}
	p := &page{}
	k.pages[name], k.names[p] = p, name
	k.list.Push(p)
	return false
}

// percent is how many of n requests are hits.
func (k *kept) percent(n int, name func(i int) int) int {
	before := k.hits
	for i := range n {
		k.request(name(i))
	}
	return int(100 * (k.hits - before) / int64(n))
}

func wantPercent(t *testing.T, what string, got, least int) {
	t.Helper()
	if got < least {
		t.Errorf("%s: %d %% of the requests are hits, want %d", what, got, least)
	}
}

func again(pages int) func(int) int { return func(i int) int { return i % pages } }
func never(i int) int               { return 1<<40 + i }

// threeTimes asks for each page three times, soon after each other, and never again.
func threeTimes(i int) int { return 1<<20 + i/3 - i%3*10 }

func TestAPageThatIsHitSoonOrNever(t *testing.T) {
	for size, least := range map[int]int{100: 40, 300: 55, 1000: 60, 20_000: 60} {
		wantPercent(t, "each page three times", cacheOf(size).percent(200*size, threeTimes), least)
	}
}

func TestAScanAgainAndAgain(t *testing.T) {
	for scan, least := range map[int]int{1100: 85, 1500: 60, 2000: 45, 3000: 25} {
		wantPercent(t, "a scan", cacheOf(1000).percent(100*scan, again(scan)), least)
	}
}

func TestWhatWasHitSurvivesAScan(t *testing.T) {
	k := cacheOf(1000)
	for range 50 {
		k.percent(3000, again(900))
		k.percent(5000, never)
	}
	wantPercent(t, "after a scan", k.percent(900, again(900)), 50)
}

// The list does not stay what was good for the requests before.
func TestOtherRequests(t *testing.T) {
	k := cacheOf(1000)
	for range 3 {
		wantPercent(t, "a scan", k.percent(200_000, again(2000)), 35)
		wantPercent(t, "each page three times", k.percent(200_000, threeTimes), 40)
		wantPercent(t, "what fits", k.percent(200_000, again(900)), 80)
	}
}

// Whatever is decided, the list has what was pushed and not removed, in that order.
func TestTheListStaysWhole(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		var l List[*page]
		var hits int64
		l.Hits = func() int64 { return hits }
		var all []*page
		for range 20_000 {
			switch n := random.IntN(10); {
			case n < 5 || len(all) == 0:
				p := &page{marked: random.IntN(3) == 0}
				l.Push(p)
				all = append(all, p)
			case n < 9:
				v := l.Victim()
				at := slices.Index(all, v)
				if at < 0 {
					t.Fatal("the victim is not in the list")
				}
				l.Remove(v)
				all = slices.Delete(all, at, at+1)
			default:
				at := random.IntN(len(all))
				l.Remove(all[at])
				all = slices.Delete(all, at, at+1)
			}
			hits += random.Int64N(2 + int64(seed))
			if random.IntN(50) == 0 && !slices.Equal(slices.Collect(l.All()), all) {
				t.Fatal("the list is not what is in it")
			}
		}
		want(t, "len", l.Len(), len(all))
	}
}
