package app

import (
	"context"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
)

// passes counts what passes do: hits while the flow ran, and the executions that
// began from then until the next pass. Several loops, and callers outside of them, are not
// told apart.
type passes struct {
	mu     sync.Mutex
	latest []passCount // oldest first, at most maxPasses
	began  totals      // when the latest one began
}

// maxPasses is how many passes the page shows.
const maxPasses = 60

type passCount struct {
	number           uint64
	began            time.Time
	took             time.Duration // 0 while it runs
	executions, hits int64
}

type totals struct{ executions, hits int64 }

// total sums over runners.
func total(all []*runtime.Runner) (t totals) {
	for _, r := range all {
		s := r.Stats()
		t.executions += s.Executions
		t.hits += s.Hits
	}
	return t
}

// counting wraps a flow.
func (a *App) counting(flow func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		began := time.Now()
		before := total(a.site.discover())
		a.site.passes.begin(a.Loop.Status().Pass, began, before)
		defer func() { a.site.passes.end(time.Since(began), total(a.runners()).hits-before.hits) }()
		return flow(ctx)
	}
}

func (p *passes) begin(number uint64, began time.Time, now totals) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(now)
	if len(p.latest) == maxPasses {
		p.latest = append(p.latest[:0], p.latest[1:]...)
	}
	p.latest = append(p.latest, passCount{number: number, began: began.Round(0)})
	p.began = now
}

// settle counts the executions since the latest pass began.
func (p *passes) settle(now totals) {
	if n := len(p.latest); n > 0 {
		p.latest[n-1].executions = max(now.executions-p.began.executions, 0)
	}
}

func (p *passes) end(took time.Duration, hits int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := &p.latest[len(p.latest)-1]
	last.took, last.hits = max(took, 1), max(hits, 0)
}

// list returns the latest passes, oldest first.
func (p *passes) list(now totals) []passCount {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(now)
	return append([]passCount(nil), p.latest...)
}
