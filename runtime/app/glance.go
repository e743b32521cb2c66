package app

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// glance looks into the stores of the works, and into what runners remember, for what takes longer
// to find than a page may take: what failed, what runs elsewhere, and what is normal. A page waits
// for that a moment only, and then shows what was found last. All who watch share one look.
type glance struct {
	mu      sync.Mutex
	found   glimpse
	began   time.Time             // the latest look
	took    time.Duration         // it
	version int64                 // of what it saw
	looking chan struct{}         // closed at the end of the look under way; nil: there is none
	late    bool                  // somebody did not wait for that
	again   bool                  // the page is to be looked at again, for it changed since
	stores  map[string]*storeLook // by the names of the works; used by who looks only
	normal  map[string]normal     // likewise, by the identifier of the work
}

// lookOf returns what is known of a store.
func (g *glance) lookOf(of usedStore) *storeLook {
	works := strings.Join(of.works(), " ")
	if g.stores[works] == nil {
		if g.stores == nil || len(g.stores) > 100 { // as works come and go
			g.stores = map[string]*storeLook{}
		}
		g.stores[works] = &storeLook{}
	}
	return g.stores[works]
}

// glimpse is what a look has found.
type glimpse struct {
	running  []store.Record // in other processes, those that began first first
	failed   []failure      // the newest execution of each call that has failed, newest first
	partly   bool           // there may be more that failed
	older    int            // calls that failed with other code than that of now
	normal   map[string]normalView
	failures []storeFailure
	looked   bool
	full     time.Duration // that it took to look for all failures, which is not done often
}

// failure is a call of which the newest execution has failed.
type failure struct {
	failedView
	runner *runtime.Runner
}

// storeFailure is a store that did not answer a look.
type storeFailure struct {
	works []string // that use it
	since time.Time
	err   error
}

// Looks cost little: the next one comes when 20 times their length has passed, but at least so
// often when something has changed here, and else to see what others have changed.
const (
	glanceSoon     = 100 * time.Millisecond
	glanceEvery    = time.Second
	glancePatience = 50 * time.Millisecond // of a page
	glanceWithin   = 2 * time.Second       // for one question to a store
	glanceFull     = 10 * time.Second      // for all that failed there
)

// How much a look reads at most.
const (
	mostRunning    = 500
	mostFailed     = 2000
	mostRecent     = 2000
	mostRemembered = 1000
	normalOf       = 200
)

// now returns what was found last, and sees to it that it is not old. version says what there was
// to see; when that has changed and it is too soon to look, the page is rung for.
func (g *glance) now(s *site, all []*runtime.Runner, version int64) glimpse {
	g.mu.Lock()
	changed := version != g.version
	pause := max(20*g.took, glanceEvery)
	if changed {
		pause = max(20*g.took, glanceSoon)
	}
	wait := pause - time.Since(g.began)
	switch {
	case g.looking != nil, s.ctx.Err() != nil:
	case wait <= 0:
		g.looking, g.began, g.version, g.late = make(chan struct{}), time.Now(), version, false
		go g.look(s, all)
	case changed && !g.again:
		g.again = true
		time.AfterFunc(wait, func() {
			g.mu.Lock()
			g.again = false
			g.mu.Unlock()
			s.ring()
		})
	}
	looking := g.looking
	if looking != nil && g.found.looked && (g.took > glancePatience || time.Since(g.began) > glancePatience) {
		looking, g.late = nil, true // there is something to show
	}
	g.mu.Unlock()
	if looking != nil {
		patience := time.NewTimer(glancePatience)
		defer patience.Stop()
		select {
		case <-looking:
		case <-patience.C:
			g.mu.Lock()
			g.late = true
			g.mu.Unlock()
		}
	}
	return g.last()
}

// last returns what was found last.
func (g *glance) last() glimpse {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.found
}

// look looks at everything.
func (g *glance) look(s *site, all []*runtime.Runner) {
	began := time.Now()
	before := g.last()
	found := glimpse{looked: true}
	for _, of := range storesOf(all) {
		err := found.lookInto(s.ctx, s, of, g.lookOf(of))
		if err == nil {
			continue
		}
		found.keep(&before, of)
		if s.ctx.Err() != nil {
			continue
		}
		f := storeFailure{of.works(), time.Now(), err}
		for _, known := range before.failures {
			if slices.Equal(known.works, f.works) {
				f.since = known.since
			}
		}
		found.failures = append(found.failures, f)
	}
	for _, r := range all {
		found.recall(s, r)
	}
	slices.SortStableFunc(found.failed, func(a, b failure) int { return b.Finished.Compare(a.Finished) })
	slices.SortStableFunc(found.running, func(a, b store.Record) int { return a.Started.Compare(b.Started) })
	found.normal = g.normals(s, all)
	g.mu.Lock()
	g.found, g.took = found, max(time.Since(began)-found.full, 0)
	late := g.late
	close(g.looking)
	g.looking = nil
	g.mu.Unlock()
	if late {
		s.ring()
	}
}

// usedStore is a store, and the works that use it, by their names.
type usedStore struct {
	store.Store
	runners map[string]*runtime.Runner
}

func (u *usedStore) works() (names []string) {
	for name := range u.runners {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// storesOf returns the stores of works. One that cannot be compared may be there several times.
func storesOf(all []*runtime.Runner) (stores []usedStore) {
	for _, r := range all {
		st := runtime.Inspect(r).Store()
		if st == nil {
			continue
		}
		i := slices.IndexFunc(stores, func(o usedStore) bool { return reflect.TypeOf(st).Comparable() && o.Store == st })
		if i < 0 {
			i = len(stores)
			stores = append(stores, usedStore{st, map[string]*runtime.Runner{}})
		}
		stores[i].runners[r.Name()] = r
	}
	return stores
}

// lookInto finds what runs and what failed, of the works that use a store.
func (f *glimpse) lookInto(ctx context.Context, s *site, of usedStore, known *storeLook) error {
	full := known.full
	defer func() {
		if !known.full.Equal(full) {
			f.full += known.took
		}
	}()
	first := time.Now() // of what runs
	running := store.Filter{Status: []store.Status{store.Running}, Limit: mostRunning}
	quick, cancel := context.WithTimeout(ctx, glanceWithin)
	defer cancel()
	for rec, err := range of.History(quick, running) {
		if err != nil {
			return err
		}
		if rec.Started.Before(first) {
			first = rec.Started
		}
		if of.runners[rec.Work] != nil && !isOurs(rec.Origin) {
			f.running = append(f.running, rec)
		}
	}
	if err := known.update(ctx, of, first); err != nil {
		return err
	}
	f.partly = f.partly || known.partly
	pending := map[string]map[key.Key]bool{} // by work
	for i := range known.failed {
		rec := &known.failed[i]
		r := of.runners[rec.Work]
		if r == nil {
			continue
		}
		inspection := runtime.Inspect(r)
		if !inspection.Current(rec) {
			f.older++
			continue
		}
		if pending[rec.Work] == nil {
			pending[rec.Work] = inspection.PendingKeys()
		}
		if !pending[rec.Work][rec.Key] {
			f.failed = append(f.failed, failure{failedView{
				Key: rec.Key.String(), Work: workRef{s.id(r), r.Name()}, Arguments: argViews(rec.Args), Status: rec.Status.String(),
				Error: withoutWork(short(rec.Error, maxMessage), r.Name()), Finished: local(rec.Ended()), Attempts: rec.Attempt, Again: local(rec.Retry),
			}, r})
		}
	}
	return nil
}

// storeLook is what is known of the failures in one store. To find them all takes long where many
// have been superseded, so between two times it is looked only at what began since.
type storeLook struct {
	failed []store.Record // the newest execution of a call, those that began last first
	partly bool           // there may be more
	seen   time.Time      // what began before, and did not run then, is as it was
	full   time.Time      // when all were looked for
	took   time.Duration  // that
}

// clocksDiffer is by how much the clock of a store may differ from that of this machine.
const clocksDiffer = 2 * time.Minute

// update finds what has failed. first is when the first of what runs has begun.
func (k *storeLook) update(ctx context.Context, of usedStore, first time.Time) error {
	began := time.Now()
	next := first
	if limit := began.Add(-clocksDiffer); next.After(limit) {
		next = limit
	}
	if !k.full.IsZero() && began.Sub(k.full) < 20*k.took {
		ctx, cancel := context.WithTimeout(ctx, glanceWithin)
		defer cancel()
		done, err := k.recent(ctx, of)
		if done {
			k.seen = next
		}
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, glanceFull)
	defer cancel()
	failed, partly := []store.Record{}, false
	f := store.Filter{Status: []store.Status{store.Failed, store.GivenUp, store.Lost}, Newest: true, Limit: mostFailed}
	for rec, err := range of.History(ctx, f) {
		if err != nil && ctx.Err() == nil {
			return err
		} else if err != nil { // it takes too long
			partly = true
			break
		}
		failed = append(failed, rec)
	}
	k.failed, k.partly = failed, partly || len(failed) == mostFailed
	k.seen, k.full, k.took = next, began, time.Since(began)
	return nil
}

// recent brings the failures up to date by what began since they were. It reports false, and changes
// nothing, if that is too much.
func (k *storeLook) recent(ctx context.Context, of usedStore) (done bool, err error) {
	newer := map[key.Key]bool{}
	var failed []store.Record
	n := 0
	for rec, err := range of.History(ctx, store.Filter{Since: k.seen, Limit: mostRecent}) {
		if err != nil {
			return false, err
		}
		if n++; !newer[rec.Key] && (rec.Status.Failure() || rec.Status == store.Lost) {
			failed = append(failed, rec)
		}
		newer[rec.Key] = true
	}
	for _, rec := range k.failed {
		if !newer[rec.Key] {
			failed = append(failed, rec)
		}
	}
	if n == mostRecent || len(failed) > mostFailed {
		return false, nil
	}
	k.failed = failed
	return true, nil
}

// keep takes over what was found before in a store that does not answer.
func (f *glimpse) keep(before *glimpse, of usedStore) {
	for _, known := range before.failed {
		if of.runners[known.runner.Name()] == known.runner {
			f.failed = append(f.failed, known)
		}
	}
	for _, rec := range before.running {
		if of.runners[rec.Work] != nil {
			f.running = append(f.running, rec)
		}
	}
}

// recall finds what failed of the calls that no store has.
func (f *glimpse) recall(s *site, r *runtime.Runner) {
	if r.Stats().Errors == 0 {
		return
	}
	i, n := runtime.Inspect(r), 0
	seen := map[uint64]bool{} // calls, of which a newer execution was seen
	for d := range i.Calls(0) {
		if n++; n > mostRemembered {
			f.partly = true
			return
		}
		if seen[d.Equal] || i.Store() != nil && !d.Key.IsZero() {
			continue
		}
		seen[d.Equal] = true
		if d.Status == runtime.Failed {
			id := s.id(r)
			f.failed = append(f.failed, failure{failedView{
				Key: address(id, d.Key, d.Number), Work: workRef{id, r.Name()}, Arguments: argViews(d.Args), Status: d.Status.String(),
				Error: withoutWork(message(d.Reason), r.Name()), Finished: local(d.Finished), Attempts: d.Attempts,
			}, r})
		}
	}
}

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

// shapeOf is what errors have in common that differ in what they tell of: digits and what is quoted.
func shapeOf(text string) string {
	var shape []rune
	quoted := false
	for _, c := range errLine(text) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
			continue
		case c >= '0' && c <= '9':
			c = '0'
		}
		if c != '0' || len(shape) == 0 || shape[len(shape)-1] != '0' {
			shape = append(shape, c)
		}
	}
	return preview.Cut(string(shape), 80)
}

// group puts failures together of which there are many alike: of one work, with one status, and
// errors that differ in digits and quotations only. The newest of each group stands for it.
func group(failed []failure) (groups []failedView) {
	type kind struct{ work, status, shape string }
	at := map[kind]int{}
	for _, f := range failed {
		k := kind{f.Work.ID, f.Status, shapeOf(f.Error)}
		i, known := at[k]
		if !known {
			i = len(groups)
			at[k] = i
			groups = append(groups, f.failedView)
		}
		groups[i].Calls++
		groups[i].Again = earliest(groups[i].Again, f.Again)
	}
	return groups
}

// earliest returns the earlier of two times, of which zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
