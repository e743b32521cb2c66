package app

import (
	"net/http"
	"slices"

	"github.com/workgen/workgen/runtime"
)

// This file is the API, as openapi.json says, and the actions for both the API
// and the page.

func (h *handler) getStatus(w http.ResponseWriter, r *http.Request) {
	h.json(w, http.StatusOK, h.site.status())
}

func (h *handler) getWorks(w http.ResponseWriter, r *http.Request) {
	h.json(w, http.StatusOK, worksView{h.site.status().Works})
}

func (h *handler) getCalls(w http.ResponseWriter, r *http.Request) {
	v, err := h.callsOf(r)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.json(w, http.StatusOK, v)
}

// callsOf lists the calls that a request asks for.
func (h *handler) callsOf(r *http.Request) (callsView, error) {
	q, err := queryOf(r)
	if err != nil {
		return callsView{}, err
	}
	runner := h.site.runner(r.PathValue("work"))
	if runner == nil {
		return callsView{}, errNoCall{"there is no work " + short(r.PathValue("work"), 100)}
	}
	return h.site.calls(r.Context(), runner, q)
}

// health says whether the loop lives: 200 as long as it has not ended, and its flow does not
// block. What is wrong beside that is named, but not where: strangers may ask.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	l := h.site.app.Loop.Status()
	status := http.StatusOK
	if l.State == runtime.LoopStopping || l.State == runtime.LoopEnded || l.State == runtime.LoopBlocked {
		status = http.StatusServiceUnavailable
	}
	v := healthView{Loop: l.State.String()}
	for _, a := range h.site.alerts(h.site.discover()) {
		if !slices.Contains(v.Problems, a.Title) {
			v.Problems = append(v.Problems, a.Title)
		}
	}
	h.json(w, status, v)
}
