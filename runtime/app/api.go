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
