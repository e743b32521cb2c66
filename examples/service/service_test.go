package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/worktest"
)

// get asks the service, and returns the status and the body of its answer.
func get(t *testing.T, h http.Handler, url string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// TestHandler has the body of the work replaced: how ways are found is tested below.
func TestHandler(t *testing.T) {
	var rec worktest.Recorder
	body := func(_ context.Context, from, to Place) (Way, error) {
		if to.X > 99 {
			return Way{}, fmt.Errorf("%w: %v", ErrNoPlace, to)
		}
		return Way{Cost: 7, Steps: []Place{from, to}}, nil
	}
	h := handler(NewPlannerRunner(&Planner{}, append(options(), rec.Option(), worktest.Body(body))...))
	for _, c := range []struct {
		url    string
		status int
		body   string
	}{
		{"/way?from=1,2&to=3,4", 200, `{"cost":7,"steps":[{"x":1,"y":2},{"x":3,"y":4}]}`},
		{"/way?from=1,2&to=3,4", 200, `{"cost":7,"steps":[{"x":1,"y":2},{"x":3,"y":4}]}`},
		{"/way?from=1,2&to=100,4", 404, "there is no such place: 100,4"},
		{"/way?from=1,2&to=100,4", 404, "there is no such place: 100,4"},
		{"/way?from=1&to=3,4x", 400, "\"1\" is no place: write one as 3,4\n\"3,4x\" is no place: write one as 3,4"},
	} {
		if status, body := get(t, h, c.url); status != c.status || !strings.HasSuffix(body, c.body) {
			t.Errorf("%s: %d %q, want %d %q", c.url, status, body, c.status, c.body)
		}
	}
	if calls := rec.Calls(); len(calls) != 2 {
		t.Errorf("executed %q, want each once, also the one that failed", calls)
	}
}

func TestABusyServiceSaysSo(t *testing.T) {
	ends := make(chan struct{})
	defer close(ends)
	planner := NewPlannerRunner(&Planner{}, runtime.MaxPending(1), worktest.Body(func(context.Context, Place, Place) (Way, error) {
		<-ends
		return Way{}, nil
	}))
	planner.Start(t.Context(), Place{}, Place{1, 1})
	if status, _ := get(t, handler(planner), "/way?from=1,2&to=3,4"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

// TestPlanner compares the work with what is too slow to be used.
func TestPlanner(t *testing.T) {
	const side = 12
	p := &Planner{Map: Map{Side: side, Seed: 5}}
	costs := map[Place]int{{}: 0}
	for range side * side { // Bellman and Ford
		for x := range side {
			for y := range side {
				for _, d := range []Place{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
					from, to := Place{x, y}, Place{x + d.X, y + d.Y}
					cost, reached := costs[from]
					if known, ok := costs[to]; reached && p.Map.Has(to) && (!ok || cost+p.Map.cost(to) < known) {
						costs[to] = cost + p.Map.cost(to)
					}
				}
			}
		}
	}
	for to, cost := range costs {
		way, err := p.Run(t.Context(), Place{}, to)
		if err != nil || way.Cost != cost {
			t.Errorf("to %v: %d, %v, want %d", to, way.Cost, err, cost)
			continue
		}
		sum := 0
		for i, step := range way.Steps[1:] {
			if before := way.Steps[i]; max(step.X-before.X, before.X-step.X)+max(step.Y-before.Y, before.Y-step.Y) != 1 {
				t.Errorf("to %v: from %v to %v is no step", to, before, step)
			}
			sum += p.Map.cost(step)
		}
		if sum != cost || way.Steps[0] != (Place{}) || way.Steps[len(way.Steps)-1] != to {
			t.Errorf("to %v: the steps %v cost %d, want %d", to, way.Steps, sum, cost)
		}
	}
	if _, err := p.Run(t.Context(), Place{}, Place{side, 0}); err == nil {
		t.Error("a place that is not there is found")
	}
}

// TestRun runs the program as a user does, for a moment, and reads its metrics.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, settings{addr: "localhost:0", clients: 4, span: time.Second, cache: true, serve: true}, in)
		in.Close()
	}()
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "are kept") {
		n, err := out.Read(buf)
		if text.Write(buf[:n]); err != nil {
			t.Fatalf("%v: %s", err, &text)
		}
	}
	_, url, _ := strings.Cut(text.String(), "and ")
	url, _, _ = strings.Cut(url, "\n")
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(metrics), `workgen_hits_total{`) || !strings.Contains(string(metrics), `workgen_miss_reason="new"`) {
		t.Errorf("%v: metrics\n%s", err, metrics)
	}
	if !strings.Contains(text.String(), " 0 failed;") || !strings.Contains(text.String(), "of processors were saved") {
		t.Errorf("it says\n%s", &text)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
