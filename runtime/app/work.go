package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
)

// This file shows one work: how often and how long it executes, what is kept of it, and its options.

// workDetailView is a work with what takes longer to find out.
type workDetailView struct {
	workView
	Since    time.Time     `json:"since"` // when counting began: this process made the work's runner
	Measures measuresView  `json:"measures"`
	Kept     *keptView     `json:"kept,omitempty"` // in the store; nil without one
	Options  []settingView `json:"options"`
}

// measuresView is what the newest executions tell, over restarts.
type measuresView struct {
	Of        int         `json:"of"` // how many were looked at
	Hour      periodView  `json:"hour"`
	Day       periodView  `json:"day"`
	Durations *spreadView `json:"durations,omitempty"` // nil: none has ended
}

// periodView counts executions of a while.
type periodView struct {
	Executions int  `json:"executions"`
	Errors     int  `json:"errors"`
	AtLeast    bool `json:"atLeast"` // there may be more: not all were looked at
}

// spreadView says how long executions took that ended by themselves.
type spreadView struct {
	Of  int     `json:"of"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
}

// keptView counts results in a store.
type keptView struct {
	Results int64 `json:"results"`
	Bytes   int64 `json:"bytes"`
	AtLeast bool  `json:"atLeast"`
}

// settingView is an option for people.
type settingView struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

const (
	measured   = 1000            // executions that are looked at
	mostKept   = 2000            // results
	measureAge = 5 * time.Second // for which what was measured is good enough
)

// measures is what was measured of a work, and when.
type measures struct {
	at time.Time
	measuresView
	kept *keptView
}

// workDetail returns all about a work.
func (s *site) workDetail(ctx context.Context, r *runtime.Runner) (workDetailView, error) {
	now := time.Now()
	m, err := s.measure(ctx, r, now)
	if err != nil {
		return workDetailView{}, err
	}
	return workDetailView{
		workView: s.workView(r), Since: runtime.Inspect(r).Made(),
		Measures: m.measuresView, Kept: m.kept, Options: s.settingViews(r),
	}, nil
}

// measure looks at the newest executions of a work, unless somebody just did.
func (s *site) measure(ctx context.Context, r *runtime.Runner, now time.Time) (measures, error) {
	id := s.id(r)
	if m, ok := s.measures.Get(id); ok && now.Sub(m.at) < measureAge && !now.Before(m.at) {
		return m, nil
	}
	list, page, err := s.executions(ctx, &executionQuery{Work: id}, measured, measured)
	if err != nil {
		return measures{}, err
	}
	m := measures{at: now, measuresView: measuresOf(list, page.Next != "", now)}
	if from := runtime.Inspect(r).Store(); from != nil && page.Unread == "" {
		m.kept = kept(ctx, from, r.Name())
	}
	s.measures.Put(id, m)
	return m, nil
}

// measuresOf measures executions, the newest first. more says that there are older ones.
func measuresOf(list []listedView, more bool, now time.Time) measuresView {
	m := measuresView{Of: len(list)}
	for _, p := range []struct {
		period *periodView
		since  time.Time
	}{{&m.Hour, now.Add(-time.Hour)}, {&m.Day, now.Add(-24 * time.Hour)}} {
		p.period.AtLeast = more
		for i := range list {
			if list[i].Started.Before(p.since) {
				p.period.AtLeast = false
				break
			}
			p.period.Executions++
			if isFailure(list[i].Status) {
				p.period.Errors++
			}
		}
	}
	var durations []float64
	for i := range list {
		if v := &list[i]; !v.Running() && v.Status != "stopped" && v.Status != "lost" {
			durations = append(durations, v.Duration)
		}
	}
	if n := len(durations); n > 0 {
		slices.Sort(durations)
		m.Durations = &spreadView{Of: n, P50: percentile(durations, .5), P95: percentile(durations, .95), Max: durations[n-1]}
	}
	return m
}

// isFailure tells whether an execution of a status has failed.
func isFailure(status string) bool {
	return status == "failed" || status == "given up" || status == "lost"
}

// kept counts what a store has of a work; nil if the store does not answer.
func kept(ctx context.Context, from store.Store, work string) *keptView {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	v := &keptView{}
	for rec, err := range from.History(ctx, store.Filter{Work: work, Status: []store.Status{store.Succeeded}, Limit: mostKept + 1}) {
		if err != nil {
			return nil
		}
		if v.Results == mostKept {
			v.AtLeast = true
			break
		}
		v.Results++
		v.Bytes += rec.Size
	}
	return v
}

// settingViews are the options of a runner that matter to who watches it.
func (s *site) settingViews(r *runtime.Runner) []settingView {
	i := runtime.Inspect(r)
	c := i.Settings()
	list := []settingView{}
	add := func(name, value string) { list = append(list, settingView{name, value}) }
	switch from := i.Store(); {
	case from != nil:
		add("store", s.storeName(from))
	default:
		add("store", "none: results are gone with the process")
	}
	if c.TTL > 0 {
		add("ttl", c.TTL.String())
	}
	switch {
	case c.Concurrency > 0:
		add("concurrency", strconv.Itoa(c.Concurrency))
	case c.Pool == nil:
		add("concurrency", "no bound")
	}
	if c.Pool != nil {
		add("pool", "shared with other works")
	}
	if c.Retry.Attempts > 1 {
		add("attempts", fmt.Sprintf("%d at most", c.Retry.Attempts))
	}
	if c.Timeout > 0 {
		add("timeout", c.Timeout.String())
	}
	if c.RefreshAfter > 0 {
		add("refreshed after", c.RefreshAfter.String())
	}
	if c.StaleIfError > 0 {
		add("stale if error", "for "+c.StaleIfError.String())
	}
	if c.MaxEntries > 0 {
		add("kept in memory", fmt.Sprintf("%d at most", c.MaxEntries))
	}
	if c.MaxBytes > 0 {
		add("memory for them", size(c.MaxBytes)+" at most")
	}
	if i.Queue() != nil {
		add("executed by", "workers of pool "+cmp.Or(i.WorkerPool(), "default"))
	}
	return list
}

// workPage is the view of a work.
type workPage struct {
	Work    workDetailView
	Callers callersView
	List    listPage
}

func (h *handler) viewWork(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, "work", func(ctx context.Context) (string, any, error) {
		runner, err := h.runnerOf(r)
		if err != nil {
			return "", nil, err
		}
		v, err := h.site.workDetail(ctx, runner)
		if err != nil {
			return "", nil, err
		}
		list, err := h.listOf(ctx, r, v.ID)
		return v.ID, workPage{Work: v, Callers: h.site.callers(runner), List: list}, err
	})
}

func (h *handler) getWork(w http.ResponseWriter, r *http.Request) {
	runner, err := h.runnerOf(r)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	v, err := h.site.workDetail(r.Context(), runner)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.json(w, http.StatusOK, v)
}

// runnerOf returns the runner that an address names.
func (h *handler) runnerOf(r *http.Request) (*runtime.Runner, error) {
	h.site.discover()
	runner := h.site.runner(r.PathValue("work"))
	if runner == nil {
		return nil, errNoCall{"there is no work " + short(r.PathValue("work"), 100)}
	}
	return runner, nil
}
