package app

import (
	"context"
	"fmt"
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

// passPlot is the latest passes as they are drawn: executions upwards, hits downwards.
type passPlot struct {
	Bars                      []passBar
	Width, Height, Left, Axis float64
	MostExecutions, MostHits  int64 // at the ends of the scale
	First, Last               uint64
	Label                     string
}

// passBar is one pass, with its values in words.
type passBar struct {
	X, Width         float64 // of what reacts to the pointer
	Executions, Hits bar     // of no height where there are none
	Text             string
}

const (
	passWidth  = 720
	passHeight = 150
	passLeft   = 48 // of the scale
	passAxis   = 75 // where both scales begin
	passReach  = 52 // of either scale
	passStep   = (passWidth - passLeft) / maxPasses
)

func plotPasses(passes []passView) passPlot {
	p := passPlot{Width: passWidth, Height: passHeight, Left: passLeft, Axis: passAxis, MostExecutions: 1, MostHits: 1}
	var executions, hits int64
	for _, pass := range passes {
		p.MostExecutions, p.MostHits = max(p.MostExecutions, pass.Executions), max(p.MostHits, pass.Hits)
		executions += pass.Executions
		hits += pass.Hits
	}
	for i, pass := range passes {
		x := float64(passLeft + 3 + i*passStep)
		b := passBar{X: x - 1.5, Width: passStep, Text: passText(pass)}
		b.Executions = bar{X: x, Width: passStep - 3, Height: reach(pass.Executions, p.MostExecutions)}
		b.Executions.Y = passAxis - 1 - b.Executions.Height
		b.Hits = bar{X: x, Y: passAxis + 1, Width: passStep - 3, Height: reach(pass.Hits, p.MostHits)}
		p.Bars = append(p.Bars, b)
	}
	if n := len(passes); n > 0 {
		p.First, p.Last = passes[0].Number, passes[n-1].Number
	}
	p.Label = fmt.Sprintf("latest %d passes: %d executions, %d hits", len(passes), executions, hits)
	return p
}

// reach is how far a number reaches on a scale. What is not 0 can be seen.
func reach(n, most int64) float64 {
	if n == 0 {
		return 0
	}
	return round(max(passReach*float64(n)/float64(most), 2))
}

// passText says what a pass did.
func passText(p passView) string {
	text := fmt.Sprintf("pass %s: %s executed, %s hits", count(p.Number), count(p.Executions), count(p.Hits))
	if p.Took > 0 {
		text += ", " + duration(p.Took)
	}
	return text
}
