package runtime

import (
	"fmt"
	"hash/maphash"
	"testing"
	"time"
)

func TestAMissSaysWhatBecameOfTheResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(time.Minute), MaxEntries(2))
		reasons := func(what string, evicted, expired, forgotten int64) {
			t.Helper()
			s := settled(t, f)
			want(t, what+": evicted", s.MissesEvicted, evicted)
			want(t, what+": expired", s.MissesExpired, expired)
			want(t, what+": forgotten", s.MissesForgotten, forgotten)
		}
		for _, arg := range []string{"a", "b", "c"} {
			f.Run(t.Context(), arg)
		}
		reasons("new", 0, 0, 0)
		f.Run(t.Context(), "a") // which evicts b
		reasons("evicted", 1, 0, 0)
		f.Forget("c")
		f.Run(t.Context(), "c")
		reasons("forgotten", 1, 0, 1)
		time.Sleep(2 * time.Minute)
		f.Run(t.Context(), "a")
		reasons("expired", 1, 1, 1)
		f.Run(t.Context(), "a")
		f.ForgetAll()
		f.Run(t.Context(), "a")
		f.Run(t.Context(), "d")
		reasons("all forgotten", 1, 1, 2)
	})
}

func TestARefreshedResultIsNoneThatWasMissed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(time.Minute), RefreshAfter(30*time.Second))
		f.Run(t.Context(), "a")
		time.Sleep(40 * time.Second)
		f.Run(t.Context(), "a") // is a hit, and refreshes
		settled(t, f)
		f.Forget("a")
		f.Run(t.Context(), "a")
		s := settled(t, f)
		want(t, "misses", s.Misses, 3)
		want(t, "refreshes", s.Refreshes, 1)
		want(t, "forgotten", s.MissesForgotten, 1)
		want(t, "others", s.MissesEvicted+s.MissesExpired, 0)
	})
}

func TestAnExpiredResultThatIsKeptInCaseOfErrorsWasMissed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, TTL(time.Minute), StaleIfError(time.Hour))
		f.Run(t.Context(), "a")
		time.Sleep(2 * time.Minute)
		f.Run(t.Context(), "a")
		want(t, "expired", settled(t, f).MissesExpired, 1)
	})
}

// TestGhosts: as many as are kept are remembered, but for few, and once only.
func TestGhosts(t *testing.T) {
	const most = 1000
	f := newFetch(echo, MaxEntries(most))
	for i := range 3 * most { // of which each is hit once
		f.Run(t.Context(), fmt.Sprint(i%(2*most)))
		f.Run(t.Context(), fmt.Sprint(i%(2*most)))
	}
	s := f.Stats()
	evicted := s.Misses - 2*most // some of the first are still kept
	if n := s.MissesEvicted; evicted < most/2 || n < evicted*9/10 || n > evicted {
		t.Errorf("of %d calls that were evicted, %d are remembered", evicted, n)
	}
	if n := len(f.calls.runner.ghosts.all); n > 4*most {
		t.Errorf("there is room for %d ghosts", n)
	}
}

func TestGhostsStayWhenTheirTableGrows(t *testing.T) {
	seed := maphash.MakeSeed()
	hashOf := func(i uint64) uint64 { return maphash.Comparable(seed, i) }
	var g ghosts
	want(t, "of none", g.take(0), Removal(0))
	const n = 500
	for i := range uint64(n) {
		g.add(hashOf(i), Removal(1+i%3), int(i))
	}
	found := 0
	for i := range uint64(n) {
		switch why := g.take(hashOf(i)); why {
		case Removal(1 + i%3):
			found++
		case 0:
		default:
			t.Errorf("ghost %d: %v", i, why)
		}
		want(t, "taken again", g.take(hashOf(i)), Removal(0))
	}
	if found < n*9/10 {
		t.Errorf("%d of %d", found, n)
	}
}
