package deadline

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

type task struct {
	at    time.Duration
	place int32
}

func (t *task) Place() *int32 { return &t.place }

func TestTheFirstIsInFront(t *testing.T) {
	var q Queue[*task]
	var all []*task
	for range 1000 {
		switch n := rand.IntN(3); {
		case n > 0 || len(all) == 0:
			e := &task{at: time.Duration(rand.IntN(100))}
			q.Add(e, e.at)
			all = append(all, e)
		default:
			i := rand.IntN(len(all))
			q.Remove(all[i])
			if all[i].place != 0 {
				t.Fatal("what was removed has a place")
			}
			q.Remove(all[i]) // does nothing
			all = slices.Delete(all, i, i+1)
		}
		if q.Len() != len(all) {
			t.Fatalf("%d are there, want %d", q.Len(), len(all))
		}
		if len(all) == 0 {
			continue
		}
		least := slices.MinFunc(all, func(a, b *task) int { return int(a.at - b.at) }).at
		if at, e := q.First(); at != least || e.at != at {
			t.Fatalf("the first is at %d, that of %d, want %d", at, e.at, least)
		}
	}
}
