package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/schedule"
)

// This file is the first view: what goes on now, of all works.

// linesShown is how many lines of a list the first view has, and worksShown those of the works.
const (
	linesShown = 20
	worksShown = 100
)

// nowView is what goes on now. Of each list there are the first.
type nowView struct {
	App     appView      `json:"app"`
	Loop    loopView     `json:"loop"`
	Alerts  []alertView  `json:"alerts"`
	Running runningList  `json:"running"`
	Waiting waitingList  `json:"waiting"`
	Failed  failedList   `json:"failed"`
	Next    nextList     `json:"next"`
	Works   worksList    `json:"works"`
	Workers []workerView `json:"workers"`
	Queues  []queueView  `json:"queues"`
}

type runningList struct {
	All   int           `json:"all"` // how many there are
	Calls []runningView `json:"calls"`
}

// runningView is a call of which a body runs, here or elsewhere.
type runningView struct {
	Key       string        `json:"key"`
	Work      workRef       `json:"work"`
	Arguments []argView     `json:"arguments"`
	Began     time.Time     `json:"began"`
	Attempt   int           `json:"attempt"`
	Progress  *progressView `json:"progress,omitempty"`
	Normal    *normalView   `json:"normal,omitempty"`  // for its work; nil: it has not succeeded yet
	Slow      bool          `json:"slow"`              // it takes longer than is normal
	Place     string        `json:"place,omitempty"`   // where it runs; "": in this process
	Waits     string        `json:"waits,omitempty"`   // for what its body waits; "": for nothing
	Stopping  time.Time     `json:"stopping,omitzero"` // since when it runs on although its context has ended
}

type waitingList struct {
	All   int           `json:"all"`
	For   []waitCount   `json:"for"` // how many wait for what, most first
	Calls []waitingView `json:"calls"`
}

type waitCount struct {
	For   string `json:"for"`
	Calls int    `json:"calls"`
}

// waitingView is a call that is to execute.
type waitingView struct {
	Key       string    `json:"key"`
	Work      workRef   `json:"work"`
	Arguments []argView `json:"arguments"`
	Requested time.Time `json:"requested"`
	For       string    `json:"for"`                // in words
	Place     string    `json:"place,omitempty"`    // who executes it elsewhere, or the pool of workers
	Until     time.Time `json:"until,omitzero"`     // when its next attempt is due
	Attempts  int       `json:"attempts,omitempty"` // that have failed
	Error     string    `json:"error,omitempty"`    // of the latest of those
}

type failedList struct {
	Looked bool         `json:"looked"` // the stores have been looked into: otherwise nobody knows yet
	All    int          `json:"all"`    // calls, of those that were looked at
	Partly bool         `json:"partly"` // there may be more
	Older  int          `json:"older"`  // calls that have failed with other code than that of now
	Groups []failedView `json:"groups"`
	Others int          `json:"others"` // groups that are not shown
}

// failedView is calls that failed alike, and have not executed again since. The newest of them
// stands for all.
type failedView struct {
	Key       string    `json:"key"`
	Work      workRef   `json:"work"`
	Arguments []argView `json:"arguments"`
	Status    string    `json:"status"` // failed, given up, lost
	Error     string    `json:"error"`
	Finished  time.Time `json:"finished"`
	Attempts  int       `json:"attempts"`
	Again     time.Time `json:"again,omitzero"` // when the first of them is to be tried again
	Calls     int       `json:"calls"`
	Query     string    `json:"query"` // of the view of executions, for all that are alike
	Alike     string    `json:"-"`     // what their errors have in common, as a text to search for; "": nothing
}

type nextList struct {
	All   int        `json:"all"`
	Ticks []nextView `json:"ticks"`
}

// nextView is something that is due.
type nextView struct {
	At       time.Time   `json:"at"`
	Kind     string      `json:"kind"`               // schedule, retry, pass
	Name     string      `json:"name,omitempty"`     // of the schedule: see runtime.Named
	Schedule string      `json:"schedule,omitempty"` // as in the flow
	Then     []time.Time `json:"then,omitempty"`     // the ticks after that
	Tick     time.Time   `json:"tick,omitzero"`      // that the flow is at
	Done     bool        `json:"done,omitempty"`     // the flow is done with it
	Missed   int         `json:"missed,omitempty"`
	Key      string      `json:"key,omitempty"` // of the call that is tried again
	Work     workRef     `json:"work,omitzero"`
	Attempts int         `json:"attempts,omitempty"`
}

type worksList struct {
	All   int        `json:"all"`
	Works []workLine `json:"works"`
}

// workLine is a work in the list of all.
type workLine struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Status     string      `json:"status"` // of the latest call, or paused
	Running    int         `json:"running"`
	Waiting    int         `json:"waiting"`
	Hits       int64       `json:"hits"`
	Executions int64       `json:"executions"`
	Errors     int64       `json:"errors"`
	Normal     *normalView `json:"normal,omitempty"`
	Latest     time.Time   `json:"latest,omitzero"` // when something of it last began or ended
}

func (h *handler) viewNow(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, "now", func(context.Context) (string, any, error) {
		return "", h.site.now(r.URL.Query().Get("works") == "all"), nil
	})
}

func (h *handler) getNow(w http.ResponseWriter, r *http.Request) {
	h.json(w, http.StatusOK, h.site.now(r.URL.Query().Get("works") == "all"))
}

func (h *handler) getMachines(w http.ResponseWriter, r *http.Request) {
	var v machinesView
	v.Workers, v.Queues = h.site.machinesView(h.site.discover())
	h.json(w, http.StatusOK, v)
}

// now looks at everything. allWorks says whether all works are listed, however many there are.
func (s *site) now(allWorks bool) nowView {
	all := s.discover()
	l := looker{site: s, now: time.Now(), all: all, stats: make([]runtime.Stats, len(all))}
	version := int64(0)
	for i, r := range all {
		l.stats[i] = r.Stats()
		version += changes(l.stats[i])
	}
	l.found = s.glance.now(s, all, version)
	v := nowView{App: s.appView(), Loop: s.loopView(all), Alerts: s.alerts(all)}
	v.Running = l.running()
	var retries []nextView
	v.Waiting, retries = l.waiting()
	v.Failed = l.failed()
	v.Next = l.next(retries)
	v.Works = l.works(allWorks)
	v.Workers, v.Queues = s.machinesView(all)
	return v
}

// changes counts what has changed of a work, but for hits.
func changes(s runtime.Stats) int64 {
	return s.Misses + s.Executions + s.Successes + s.Errors + s.Stops + s.Retries
}

// looker makes one view.
type looker struct {
	*site
	now   time.Time
	all   []*runtime.Runner
	stats []runtime.Stats
	found glimpse
}

func (l *looker) ref(r *runtime.Runner) workRef { return workRef{l.id(r), r.Name()} }

func (l *looker) normal(id string) *normalView {
	if n, ok := l.found.normal[id]; ok {
		return &n
	}
	return nil
}

// inBody says what a body waits for, "" for nothing.
func (l *looker) inBody(w runtime.Wait) string {
	switch w.For {
	case runtime.WaitNothing:
		return ""
	case runtime.WaitCall:
		if r := l.named(w.Work); r != nil {
			return l.id(r)
		}
		return w.Work
	}
	return w.For.String()
}

// running lists the bodies that run: those that work before those that wait for others, and those
// first that began first.
func (l *looker) running() (v runningList) {
	here := map[string]bool{}
	add := func(c runningView) {
		c.Normal = l.normal(c.Work.ID)
		c.Slow = c.Normal.isBeyond(c.Began, l.now)
		v.Calls = append(v.Calls, c)
	}
	for i, r := range l.all {
		if l.stats[i].InFlight == 0 {
			continue
		}
		calls, all := runtime.Inspect(r).Executing(linesShown)
		v.All += all
		for _, d := range calls {
			c := runningView{
				Key: address(l.id(r), d.Key, d.Number), Work: l.ref(r), Arguments: argViews(d.Args), Began: local(d.Began),
				Attempt: d.Attempts, Progress: progressViewOf(d.Progress), Waits: l.inBody(d.Waits), Stopping: local(d.Stopping),
			}
			here[c.Key] = true
			add(c)
		}
	}
	for i := range l.found.running {
		rec := &l.found.running[i]
		if r := l.named(rec.Work); r != nil && !here[rec.Key.String()] {
			v.All++
			add(runningView{
				Key: rec.Key.String(), Work: l.ref(r), Arguments: argViews(rec.Args), Began: local(rec.Started), Attempt: rec.Attempt,
				Progress: progressViewOf(runtime.CallProgress(rec.Progress)), Place: rec.Origin.String(),
			})
		}
	}
	works := func(c runningView) int { return min(len(c.Waits), 1) }
	slices.SortStableFunc(v.Calls, func(a, b runningView) int {
		return cmp.Or(cmp.Compare(works(a), works(b)), a.Began.Compare(b.Began))
	})
	v.Calls = first(v.Calls, linesShown)
	return v
}

// first returns the first of a list, and never nil.
func first[T any](list []T, most int) []T {
	if list == nil {
		return []T{}
	}
	return list[:min(most, len(list))]
}

// named returns the work with a name, nil if there is none.
func (l *looker) named(name string) *runtime.Runner {
	for _, r := range l.all {
		if r.Name() == name {
			return r
		}
	}
	return nil
}

// waiting lists the calls that are to execute, those first that were requested first, and of
// them those that are to be tried again.
func (l *looker) waiting() (v waitingList, retries []nextView) {
	counts := map[string]int{}
	for i, r := range l.all {
		if l.stats[i].Pending == 0 {
			continue
		}
		inspection := runtime.Inspect(r)
		calls, waiting := inspection.Pending(linesShown)
		for what, n := range waiting {
			counts[what.String()] += n
			v.All += n
		}
		for _, d := range calls {
			c := waitingView{
				Key: address(l.id(r), d.Key, d.Number), Work: l.ref(r), Arguments: argViews(d.Args), Requested: local(d.Requested),
				For: d.Waits.For.String(), Until: local(d.Waits.Until), Attempts: d.Attempts, Error: withoutWork(message(d.Reason), r.Name()),
			}
			switch d.Waits.For {
			case runtime.WaitExecution:
				c.Place = d.Holder.String()
			case runtime.WaitWorker:
				c.Place = cmp.Or(inspection.WorkerPool(), "default")
			case runtime.WaitRetry:
				retries = append(retries, nextView{At: c.Until, Kind: "retry", Key: c.Key, Work: c.Work, Attempts: c.Attempts})
			}
			v.Calls = append(v.Calls, c)
		}
	}
	v.For = []waitCount{}
	for what, n := range counts {
		v.For = append(v.For, waitCount{what, n})
	}
	slices.SortFunc(v.For, func(a, b waitCount) int { return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.For, b.For)) })
	slices.SortStableFunc(v.Calls, func(a, b waitingView) int { return a.Requested.Compare(b.Requested) })
	v.Calls = first(v.Calls, linesShown)
	return v, retries
}

// failed lists what has failed and was not tried again since, the newest first.
func (l *looker) failed() (v failedList) {
	groups := group(l.found.failed)
	v.Looked, v.All, v.Partly, v.Older = l.found.looked, len(l.found.failed), l.found.partly || len(l.found.failures) > 0, l.found.older
	v.Groups = first(groups, linesShown)
	v.Others = len(groups) - len(v.Groups)
	for i := range v.Groups {
		f := &v.Groups[i]
		query := url.Values{"status": {f.Status}, "work": {f.Work.ID}}
		if f.Alike = commonOf(f.Error); f.Alike != "" {
			query.Set("q", f.Alike)
		}
		f.Query = query.Encode()
		if !f.Again.After(l.now) {
			f.Again = time.Time{}
		}
	}
	return v
}

// next lists what is due: ticks, further attempts, and passes of the flow for another reason.
func (l *looker) next(list []nextView) (v nextList) {
	status := l.app.Loop.Status()
	due := status.Due
	for _, t := range status.Ticks {
		if t.Next.Equal(due) {
			due = time.Time{}
		}
		n := nextView{At: local(t.Next), Kind: "schedule", Name: t.Name, Schedule: t.Schedule, Tick: local(t.Tick), Done: t.Done, Missed: t.Missed}
		if s, err := schedule.Parse(t.Schedule); err == nil && !t.Next.IsZero() {
			for _, tick := range s.NextN(t.Next, 2) {
				n.Then = append(n.Then, local(tick))
			}
		}
		list = append(list, n)
	}
	if due.After(l.now) {
		list = append(list, nextView{At: local(due), Kind: "pass"})
	}
	for _, f := range l.found.failed {
		if f.Again.After(l.now) {
			list = append(list, nextView{At: f.Again, Kind: "retry", Key: f.Key, Work: f.Work, Attempts: f.Attempts})
		}
	}
	slices.SortStableFunc(list, func(a, b nextView) int { return a.At.Compare(b.At) })
	v.All, v.Ticks = len(list), first(list, linesShown)
	return v
}

// works lists the works, those first of which something happened last.
func (l *looker) works(all bool) (v worksList) {
	v.All = len(l.all)
	for i, r := range l.all {
		s := l.stats[i]
		w := workLine{
			ID: l.id(r), Name: r.Name(), Running: s.InFlight, Waiting: s.Pending, Hits: s.Hits, Executions: s.Executions, Errors: s.Errors,
		}
		latest := r.Status()
		w.Status, w.Normal = latest.Status.String(), l.normal(w.ID)
		for _, t := range []time.Time{latest.Requested, latest.Began, latest.Finished} {
			if t.After(w.Latest) {
				w.Latest = local(t)
			}
		}
		if s.Paused {
			w.Status = "paused"
		}
		v.Works = append(v.Works, w)
	}
	slices.SortStableFunc(v.Works, func(a, b workLine) int { return b.Latest.Compare(a.Latest) })
	if all {
		v.Works = first(v.Works, len(v.Works))
	} else {
		v.Works = first(v.Works, worksShown)
	}
	return v
}

// More is how many works are not listed.
func (v worksList) More() int { return v.All - len(v.Works) }

// withoutWork is the text of an error without the name of the work that it begins with.
func withoutWork(text, work string) string {
	for _, end := range []string{": ", " "} {
		if rest, ok := strings.CutPrefix(text, "work "+work+end); ok {
			return rest
		}
	}
	return text
}

// Line is an argument on a line: type names without the path of their package.
func (v argView) Line() string {
	if v.Secret {
		return "(secret)"
	}
	text := v.Text
	if name, _, _ := strings.Cut(text, "{"); !strings.HasPrefix(text, `"`) {
		text = text[strings.LastIndexByte(name, '/')+1:]
	}
	return preview.Cut(text, maxErrLine)
}
