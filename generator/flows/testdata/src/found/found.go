// Package found has flows of all shapes.
package found

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
)

// pipeline has a method that is a flow, and runners behind other names.
type pipeline struct {
	holder
	loop runtime.Loop
}

// holder has a runner in it, and its methods.
type holder struct{ *FetchRunner }

func assigned(p *pipeline, fetch *FetchRunner) {
	p.loop.Flow = p.flow
	_ = &app.App{Loop: &runtime.Loop{Flow: p.second}}
	_ = runtime.Once(context.Background(), p.third)
	_ = runtime.Once(context.Background(), (*pipeline).fourth(p))
	var l struct{ runtime.Loop }
	l.Flow = elsewhere
	flow := func(ctx context.Context) error {
		_, err := fetch.Run(context.Background(), "a") // want "fetch.Run is given context.Background()"
		return err
	}
	loops := []runtime.Loop{{Flow: flow}, {Flow: generic[int]}, {Flow: typed(last)}}
	_ = loops
	_ = runtime.Loop{Flow: func(ctx context.Context) error { return helper(ctx, p, 1) }}
}

type typed func(ctx context.Context) error

func (p *pipeline) flow(ctx context.Context) error {
	p.Run(ctx, "a")             // want "the error of p.Run is dropped"
	p.FetchRunner.Run(ctx, "a") // want "the error of p.FetchRunner.Run is dropped"
	p.holder.Run(ctx, "a")      // want "the error of p.holder.Run is dropped"
	return nil
}

func (p *pipeline) second(ctx context.Context) error {
	p.step(ctx)
	p.unrelated()
	return nil
}

func (p *pipeline) step(ctx context.Context) {
	p.Run(ctx, "a") // want "the error of p.Run is dropped"
	again(context.WithValue(ctx, "a", "b"), 3, p)
}

func again(ctx context.Context, n int, p *pipeline) {
	if n > 0 {
		again(ctx, n-1, p)
	}
	p.Run(ctx, "a") // want "the error of p.Run is dropped"
}

// unrelated is not given the context of the flow.
func (p *pipeline) unrelated() {
	p.Run(context.Background(), "a")
	time.Sleep(1)
}

func (p *pipeline) third(ctx context.Context) error {
	run := func(ctx context.Context, name string) { p.Run(ctx, name) } // want "the error of p.Run is dropped"
	run(ctx, "a")
	work := new(Fetch)
	_, err := work.Run(ctx, "a") // is the work's own code
	return err
}

func (p *pipeline) fourth() func(context.Context) error {
	if p == nil {
		return nil
	}
	return func(ctx context.Context) error {
		p.Run(ctx, "a") // want "the error of p.Run is dropped"
		return nil
	}
}

func generic[T any](ctx context.Context) error {
	var zero T
	return twice(ctx, zero)
}

func twice[T any](ctx context.Context, _ T) error {
	time.Sleep(1) // want "time.Sleep blocks the flow"
	return nil
}

func last(ctx context.Context) error {
	time.Sleep(1) // want "time.Sleep blocks the flow"
	return nil
}

func helper(ctx context.Context, p *pipeline, _ int) error {
	_, _ = p.Run(ctx, "a") // want "the error of p.Run is dropped"
	return nil
}

// looks has a field and functions that look like those of package runtime.
type looks struct {
	Flow func(ctx context.Context) error
}

func (looks) Run(ctx context.Context, name string) error { return nil }

func Once(ctx context.Context, flow func(ctx context.Context) error) error { return flow(ctx) }

func lookalikes(fetch *FetchRunner) {
	_ = looks{Flow: func(ctx context.Context) error {
		time.Sleep(1)
		fetch.Run(ctx, "a")
		return nil
	}}
	_ = Once(context.Background(), func(ctx context.Context) error {
		time.Sleep(1)
		return nil
	})
	_ = runtime.Once(context.Background(), func(ctx context.Context) error {
		looks{}.Run(ctx, "a")
		var runner interface {
			Run(context.Context, string) error
		}
		runner.Run(ctx, "a")
		return nil
	})
}
