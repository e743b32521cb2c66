package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// This file lists executions: those that the stores of the works have, over restarts, and of
// what is in no store those that this process remembers. Each execution is one entry.

// executionsView is one page of executions, those that began last first.
type executionsView struct {
	Executions []listedView `json:"executions"`
	Next       string       `json:"next,omitempty"` // cursor of the page that follows
	// Partial says that the search stopped before it had seen all executions; Next goes on
	// with it.
	Partial bool `json:"partial,omitempty"`
	// Unread is why a store does not tell what it has; "" if all do.
	Unread string `json:"unread,omitempty"`
}

// listedView is one execution in a list.
type listedView struct {
	Call      string        `json:"call"` // its address
	Work      workRef       `json:"work"`
	Seq       uint64        `json:"seq,omitempty"` // of its record in the store
	Attempt   int           `json:"attempt"`
	Status    string        `json:"status"`
	Gone      string        `json:"gone,omitempty"` // what became of the result that is there no more
	Arguments []argView     `json:"arguments"`
	Started   time.Time     `json:"started"`
	Finished  time.Time     `json:"finished,omitzero"`
	Duration  float64       `json:"duration"` // of the execution alone, without waiting; so far while it runs
	Machine   string        `json:"machine"`
	Process   int           `json:"process"`
	Program   string        `json:"program"`
	Progress  *progressView `json:"progress,omitempty"`
	Size      *int64        `json:"size,omitempty"`
	Error     string        `json:"error,omitempty"`
	Retry     time.Time     `json:"retry,omitzero"` // when it is tried again
}

// Path is the address of the execution on the page of its call, "" for a call of a work that
// this app has not.
func (v *listedView) Path() string {
	switch {
	case v.Work.ID == "":
		return ""
	case v.Seq != 0:
		return "view/calls/" + v.Call + "#execution-" + strconv.FormatUint(v.Seq, 10)
	}
	return "view/calls/" + v.Call + "#attempt-" + strconv.Itoa(v.Attempt)
}

// ID tells the execution from the others of a page.
func (v *listedView) ID() string {
	if v.Seq != 0 {
		return v.Call + "-" + strconv.FormatUint(v.Seq, 10)
	}
	return v.Call + "-" + strconv.Itoa(v.Attempt)
}

// Running tells whether it has not ended.
func (v *listedView) Running() bool { return v.Finished.IsZero() }

// storeWithin is how long stores have to answer a list.
const storeWithin = 5 * time.Second

// executions lists up to n executions that a query finds, and where to go on after the first few
// of them. A store that does not answer is left out, and that is said.
func (s *site) executions(ctx context.Context, q *executionQuery, n, first int) ([]listedView, executionsView, error) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	m := merge{site: s, query: q, now: time.Now()}
	defer m.stop()
	if err := m.start(ctx); err != nil {
		return nil, executionsView{}, err
	}
	list := []listedView{}
	page := executionsView{}
	for len(list) < n {
		after := m.cursor() // all that was taken
		v, ok, partial := m.next()
		if partial && page.Next == "" {
			page.Next, page.Partial = m.cursor(), true
		}
		if !ok {
			break
		}
		if len(list) == first {
			page.Next = after
		}
		list = append(list, v)
	}
	if len(list) == n && n == first {
		if after := m.cursor(); m.more() {
			page.Next = after
		}
	}
	page.Executions, page.Unread = list[:min(first, len(list))], m.unread
	return list, page, nil
}

func (h *handler) viewExecutions(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, "executions", func(ctx context.Context) (string, any, error) {
		list, err := h.listOf(ctx, r, "")
		return "Executions", executionsPage{List: list}, err
	})
}

func (h *handler) getExecutions(w http.ResponseWriter, r *http.Request) {
	q, err := executionQueryOf(r, "")
	if err != nil {
		h.failed(w, r, err)
		return
	}
	_, page, err := h.site.executions(r.Context(), q, q.limit, q.limit)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.json(w, http.StatusOK, page)
}

// executionsPage is the view of all executions.
type executionsPage struct{ List listPage }

// listPage is a list of executions with its filters and its trend, of all works or of one.
type listPage struct {
	executionsView
	Root     string
	Back     string // where actions lead back to
	ReadOnly bool
	Query    *executionQuery
	Trend    trend
	Works    []workRef // to choose from; nil for the list of one work
	Fixed    bool      // the work is
}

// trended is how many executions a trend shows.
const trended = 200

// listOf makes the list that a request asks for. work is the identifier of the work that it is of,
// "" if it is of all.
func (h *handler) listOf(ctx context.Context, r *http.Request, work string) (listPage, error) {
	q, err := executionQueryOf(r, work)
	if err != nil {
		return listPage{}, err
	}
	p := listPage{Root: root(r), Back: strings.TrimPrefix(r.URL.Path, "/") + "?" + r.URL.RawQuery, ReadOnly: h.readOnly, Query: q, Fixed: work != ""}
	newest := *q
	newest.after = ""
	all, page, err := h.site.executions(ctx, &newest, max(trended, q.limit), q.limit)
	if err == nil && q.after != "" {
		_, page, err = h.site.executions(ctx, q, q.limit, q.limit)
	}
	if err != nil {
		return p, err
	}
	p.executionsView, p.Trend = page, trendOf(all[:min(len(all), trended)], formatOf(r).zone(), p.Root)
	if work == "" {
		for _, r := range h.site.discover() {
			p.Works = append(p.Works, workRef{h.site.id(r), r.Name()})
		}
	}
	return p, nil
}

// filtered returns the calls that the filter of a list finds, each once and most of them at most. left says
// that there may be more.
func (s *site) filtered(ctx context.Context, form url.Values, zone *time.Location, most int) (calls []string, left bool, err error) {
	form.Del("after")
	form.Set("limit", strconv.Itoa(maxLimit))
	q, err := parseQuery(form, "", zone)
	if err != nil {
		return nil, false, err
	}
	seen := map[string]bool{}
	for {
		_, page, err := s.executions(ctx, q, q.limit, q.limit)
		if err == nil && page.Unread != "" {
			err = errors.New("a store does not answer: " + page.Unread)
		}
		if err != nil {
			return nil, false, err
		}
		for _, e := range page.Executions {
			if e.Work.ID == "" || seen[e.Call] {
				continue
			}
			if len(calls) == most {
				return calls, true, nil
			}
			seen[e.Call] = true
			calls = append(calls, e.Call)
		}
		if q.after = page.Next; q.after == "" || page.Partial {
			return calls, page.Partial, nil
		}
	}
}

var errQuery = errors.New("the query is not one")

// queryError says what is wrong with a field of a query.
func queryError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errQuery, fmt.Sprintf(format, args...))
}
