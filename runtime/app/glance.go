package app

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
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
	failed   []failedView   // the newest execution of each call that has failed, newest first
	partly   bool           // there may be more that failed
	older    int            // calls that failed with other code than that of now
	normal   map[string]normalView
	failures []storeFailure
	looked   bool
	waited   time.Duration // while all failures were looked for, which is not done often
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
	glanceWithin   = 2 * time.Second       // for one question to a store, and for all that failed there
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
	slices.SortStableFunc(found.failed, func(a, b failedView) int { return b.Finished.Compare(a.Finished) })
	slices.SortStableFunc(found.running, func(a, b store.Record) int { return a.Started.Compare(b.Started) })
	found.normal = g.normals(s, all)
	g.mu.Lock()
	g.found, g.took = found, time.Since(began)-found.waited
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
	waited, err := known.update(ctx, of, first)
	f.waited += waited
	if err != nil {
		return err
	}
	f.partly = f.partly || known.partly || known.full.IsZero()
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
			f.failed = append(f.failed, failedView{
				Key: rec.Key.String(), Work: workRef{s.id(r), r.Name()}, Arguments: argViews(rec.Args), Status: rec.Status.String(),
				Error: withoutWork(short(rec.Error, maxMessage), r.Name()), Finished: local(rec.Ended()), Attempts: rec.Attempt, Again: local(rec.Retry),
			})
		}
	}
	return nil
}

// keep takes over what was found before in a store that does not answer.
func (f *glimpse) keep(before *glimpse, of usedStore) {
	for _, known := range before.failed {
		if of.runners[known.Work.Name] != nil {
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
			f.failed = append(f.failed, failedView{
				Key: address(id, d.Key, d.Number), Work: workRef{id, r.Name()}, Arguments: argViews(d.Args), Status: d.Status.String(),
				Error: withoutWork(message(d.Reason), r.Name()), Finished: local(d.Finished), Attempts: d.Attempts,
			})
		}
	}
}
