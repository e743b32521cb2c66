package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	goruntime "runtime"
	"time"

	"github.com/workgen/workgen/runtime"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Planner finds the shortest way between two places of a map, which takes a processor some
// milliseconds.
//
//workgen:work
type Planner struct {
	Map Map `workgen:"key"`
}

// Way is what a Planner finds.
type Way struct {
	Cost  int     `json:"cost"`
	Steps []Place `json:"steps"`
}

// ErrNoPlace is what Run returns for a place that is not on the map.
var ErrNoPlace = errors.New("there is no such place")

// Run returns the way of least cost.
func (p *Planner) Run(ctx context.Context, from, to Place) (Way, error) {
	for _, place := range []Place{from, to} {
		if !p.Map.Has(place) {
			return Way{}, fmt.Errorf("%w: %v", ErrNoPlace, place)
		}
	}
	return p.Map.shortest(ctx, from, to)
}

// options are those of a service whose clients are strangers: nobody waits for what was asked for
// lately, and nobody can take all of the memory or of the processors.
func options() []runtime.Option {
	return []runtime.Option{
		runtime.TTL(time.Minute), runtime.RefreshAfter(50 * time.Second), runtime.StaleIfError(time.Hour), runtime.Jitter(0.1),
		runtime.CacheErrorsFunc(func(err error) runtime.ErrorLifetime {
			if errors.Is(err, ErrNoPlace) {
				return runtime.ErrorLifetime{For: time.Minute}
			}
			return runtime.ErrorLifetime{}
		}),
		runtime.MaxBytes(64 << 20), runtime.Concurrency(goruntime.GOMAXPROCS(0)), runtime.MaxPending(1000),
		runtime.Timeout(10 * time.Second),
	}
}

// handler answers GET /way?from=3,4&to=70,80.
func handler(planner *PlannerRunner) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /way", func(w http.ResponseWriter, r *http.Request) {
		from, errFrom := parsePlace(r.FormValue("from"))
		to, errTo := parsePlace(r.FormValue("to"))
		if err := errors.Join(errFrom, errTo); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		way, err := planner.Run(r.Context(), from, to)
		switch {
		case errors.Is(err, ErrNoPlace):
			http.Error(w, err.Error(), http.StatusNotFound)
		case errors.Is(err, runtime.ErrBusy):
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests are waiting", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(way)
		}
	})
	return mux
}
