package app

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
)

// This file finds what is normal for a work: how long its executions take.

// normalView is how long executions of a work take that succeed, in seconds: half of them take P50
// at most, and 95 in a hundred P95.
type normalView struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Of  int     `json:"of"` // how many there were to tell it from
}

// isBeyond tells whether an execution that began at a time takes longer than is normal.
func (n *normalView) isBeyond(began, now time.Time) bool {
	const enough = 5
	return n != nil && n.Of >= enough && seconds(now.Sub(began)) > n.P95
}

// normal is what is normal for a work, and what is known of how old that is.
type normal struct {
	view      normalView
	successes int64
	at        time.Time
}

// What is normal does not change fast.
const (
	normalEvery = time.Minute     // it is looked for anew
	normalSoon  = 5 * time.Second // if something has succeeded here
	normalsIn   = 300 * time.Millisecond
)

// normals returns what is normal for each work, by its identifier. What is known is kept, and a
// look does not take long: what is left is for the next one.
func (g *glance) normals(s *site, all []*runtime.Runner) map[string]normalView {
	began := time.Now()
	if g.normal == nil {
		g.normal = map[string]normal{}
	}
	due := slices.Clone(all)
	age := func(r *runtime.Runner) time.Time { return g.normal[s.id(r)].at }
	slices.SortStableFunc(due, func(a, b *runtime.Runner) int { return age(a).Compare(age(b)) })
	for _, r := range due {
		id, successes := s.id(r), r.Stats().Successes
		known, ok := g.normal[id]
		old := time.Since(known.at)
		if ok && old < normalEvery && (successes == known.successes || old < normalSoon) {
			continue
		}
		if time.Since(began) > normalsIn {
			break
		}
		g.normal[id] = normal{normalOfWork(s.ctx, r), successes, time.Now()}
	}
	views := map[string]normalView{}
	for _, r := range all {
		if n := g.normal[s.id(r)]; n.view.Of > 0 {
			views[s.id(r)] = n.view
		}
	}
	return views
}

// normalOfWork looks at the newest executions of a work that succeeded, in the store or in memory.
func normalOfWork(ctx context.Context, r *runtime.Runner) normalView {
	i := runtime.Inspect(r)
	var took []float64
	if st := i.Store(); st != nil {
		ctx, cancel := context.WithTimeout(ctx, glanceWithin)
		defer cancel()
		f := store.Filter{Work: r.Name(), Status: succeeded, Limit: normalOf}
		for rec, err := range st.History(ctx, f) {
			if err != nil {
				break
			}
			took = append(took, between(rec.Started, rec.Finished, rec.Finished))
		}
		return normalFrom(took)
	}
	n := 0
	for d := range i.Calls(0) {
		if n++; n > mostRemembered || len(took) == normalOf {
			break
		}
		if d.Status == runtime.Succeeded && d.Took > 0 {
			took = append(took, seconds(d.Took))
		}
	}
	return normalFrom(took)
}

// succeeded are the statuses of executions that have, whether their result is still there or not.
var succeeded = slices.DeleteFunc(store.Statuses(), func(s store.Status) bool { return s != store.Succeeded && !s.Gone() })

func normalFrom(took []float64) (n normalView) {
	slices.Sort(took)
	if n.Of = len(took); n.Of > 0 {
		n.P50, n.P95 = percentile(took, .5), percentile(took, .95)
	}
	return n
}

// percentile returns what the given part of sorted values is at most.
func percentile(sorted []float64, part float64) float64 {
	return sorted[max(int(math.Ceil(part*float64(len(sorted))))-1, 0)]
}
