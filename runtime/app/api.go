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

func (h *handler) getCall(w http.ResponseWriter, r *http.Request) {
	v, err := h.site.call(r.Context(), r.PathValue("key"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	if h.readOnly {
		v.Actions = []string{}
	}
	h.json(w, http.StatusOK, v)
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

func (h *handler) postLoop(w http.ResponseWriter, r *http.Request) {
	var done doneView
	switch r.PathValue("action") {
	case "run":
		done = h.site.run()
	case "pause":
		done = h.site.pause()
	default:
		h.fail(w, r, http.StatusNotFound, "a loop has the actions run and pause")
		return
	}
	h.done(w, r, done, "view")
}

func (h *handler) postCall(w http.ResponseWriter, r *http.Request) {
	key, action := r.PathValue("key"), r.PathValue("action")
	switch action {
	case again, forget, stop:
	default:
		h.fail(w, r, http.StatusNotFound, "a call has the actions again, forget and stop")
		return
	}
	done, err := h.site.act(r.Context(), key, action)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.done(w, r, done, "view/calls/"+key)
}

// done answers after an action: a browser goes back to the page.
func (h *handler) done(w http.ResponseWriter, r *http.Request, done doneView, page string) {
	if isAPI(r) {
		h.json(w, http.StatusOK, done)
		return
	}
	h.see(w, r, page)
}
