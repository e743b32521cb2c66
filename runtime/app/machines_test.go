package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/worker"
)

// aged is a queue whose calls wait for longer than they do. It cannot be compared.
type aged struct {
	queue.Queue
	_ [0]func()
}

func (q aged) Status(ctx context.Context) (queue.Status, error) {
	st, err := q.Queue.Status(ctx)
	for i := range st.Lengths {
		if !st.Lengths[i].Oldest.IsZero() {
			st.Lengths[i].Oldest = st.Lengths[i].Oldest.Add(-time.Minute)
		}
	}
	return st, err
}

func TestThePageShowsWorkersAndWhatWaitsForThem(t *testing.T) {
	s := memory.New(2 * time.Second)
	served := newWork("daily.Fetch", stuck, runtime.WithStore(s.Another()), runtime.WithWorkers(aged{Queue: s.Queue()}, "gpu"))
	waiting := newWork("daily.Train", echo, runtime.WithStore(s.Another()), runtime.WithWorkers(aged{Queue: s.Queue()}, ""))
	ctx, cancel := context.WithCancel(t.Context())
	serving := make(chan error)
	go func() {
		w := worker.Worker{Queue: s.Queue(), Pools: []string{"gpu"}, Slots: 4, Logger: quiet, Grace: -1}
		serving <- w.Serve(ctx, newWork("daily.Fetch", stuck, runtime.WithStore(s.Another())).Runner)
	}()
	defer func() {
		cancel()
		if err := <-serving; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	r := start(t, &App{Works: []*runtime.Runner{served.Runner, waiting.Runner}})
	served.Start(ctx, "a")
	waiting.Start(ctx, "b")

	var v nowView
	eventually(t, "it shows a busy worker and a call that waits", func() bool {
		v = get[nowView](t, r, "/api/v1/now")
		return len(v.Workers) == 1 && v.Workers[0].Busy == 1 && len(v.Queues) == 2 && len(v.Alerts) > 0
	})
	if w := v.Workers[0]; w.Slots != 4 || len(w.Works) != 1 || !strings.HasPrefix(w.Works[0], "example.com/daily.Fetch ") || w.Seen.IsZero() {
		t.Errorf("worker %+v", w)
	}
	if q := v.Queues[0]; q.Pool != "" || q.Queued != 1 || q.Served || q.Oldest.IsZero() {
		t.Errorf("queue %+v", q)
	}
	if q := v.Queues[1]; q.Pool != "gpu" || q.Taken != 1 || !q.Served {
		t.Errorf("queue %+v", q)
	}
	if a := v.Alerts[0]; a.Title != "calls wait for a worker, and none serves them" || !strings.HasPrefix(a.Text, "example.com/daily.Train ") || a.Since.IsZero() {
		t.Errorf("alert %+v", a)
	}
	wanted := map[string]string{"daily.Fetch": "an execution elsewhere", "daily.Train": "a worker"}
	eventually(t, "it says what waits for whom", func() bool {
		calls := get[nowView](t, r, "/api/v1/now").Waiting.Calls
		return len(calls) == 2 && !slices.ContainsFunc(calls, func(c waitingView) bool { return c.For != wanted[c.Work.ID] || c.Place == "" })
	})
	health := get[healthView](t, r, "/healthz")
	if len(health.Problems) != 1 || strings.Contains(health.Problems[0], "Train") {
		t.Errorf("health %+v", health)
	}
	_, page := r.do(t, "GET", "/view", "")
	for _, want := range []string{"1 of 4", "no worker serves them", "gpu", "a worker in pool default"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
