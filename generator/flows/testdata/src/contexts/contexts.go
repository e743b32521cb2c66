// Package contexts has flows that call works with the flow's context, and with others.
package contexts

import (
	"context"
	"net/http"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/flows"
)

var (
	probe    = flows.NewProbeRunner(&flows.Probe{})
	limit    runtime.Var[int]
	always   = context.Background()
	Replaced = context.Background()
)

type server struct{ ctx context.Context }

func bad(outer context.Context) {
	parent, stop := signal.NotifyContext(context.Background())
	defer stop()
	loop := runtime.Loop{Flow: func(ctx context.Context) error {
		if _, err := probe.Run(context.Background(), 1); err != nil { // want "probe.Run is given context.Background(): the call blocks the flow instead of suspending it; fix: pass the context that the flow is given: ctx"
			return err
		}
		if _, err := probe.Run(context.TODO(), 1); err != nil { // want "probe.Run is given context.TODO(): the call"
			return err
		}
		if _, err := probe.Run(outer, 1); err != nil { // want "probe.Run is given outer, which is not the context of the flow: the call blocks"
			return err
		}
		if _, err := probe.Run(parent, 1); err != nil { // want "probe.Run is given parent, which is not the context of the flow: the call blocks"
			return err
		}
		if _, err := probe.Run(always, 1); err != nil { // want "probe.Run is given always, which"
			return err
		}
		short, cancel := context.WithTimeout(outer, time.Second)
		defer cancel()
		call := probe.Start(short, 1)    // want "probe.Start is given short, which is not the context of the flow: the loop does not know of the call; fix: pass the context that the flow is given: ctx"
		runtime.Today(context.TODO())    // want "runtime.Today is given context.TODO(): the flow does not run again when the value changes"
		runtime.Now(outer, time.Hour)    // want "runtime.Now is given outer"
		runtime.Cron(outer, "0 3 * * *") // want "runtime.Cron is given outer"
		limit.Get(context.Background())  // want "limit.Get is given context.Background()"
		_ = func() error {
			g := new(errgroup.Group)
			g.Go(func() error { return runtime.Await(parent, call) }) // want "runtime.Await is given parent"
			return g.Wait()
		}()
		return runtime.Await(outer, call) // want "runtime.Await is given outer"
	}}
	_ = loop.Run(outer)
}

// Without a name there is none to tell.
var unnamed = runtime.Loop{Flow: func(context.Context) error {
	_, err := probe.Run(context.Background(), 1) // want "probe.Run is given context.Background(): the call blocks the flow instead of suspending it; fix: pass the context that the flow is given"
	return err
}}

func good(outer context.Context, s *server, r *http.Request) {
	var kept context.Context
	loop := runtime.Loop{Flow: func(ctx context.Context) error {
		kept = ctx
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		ctx = context.WithValue(context.WithoutCancel(ctx), "a", "b")
		for _, c := range []context.Context{ctx, kept, traced(ctx), with(outer, ctx), s.ctx, r.Context(), Replaced} {
			if _, err := probe.Run(c, 1); err != nil {
				return err
			}
		}
		if _, err := probe.Run(kept, 1); err != nil {
			return err
		}
		if _, err := probe.Run(traced(ctx), 1); err != nil {
			return err
		}
		if _, err := probe.Run(with(outer, ctx), 1); err != nil {
			return err
		}
		if _, err := probe.Run(s.ctx, 1); err != nil {
			return err
		}
		if _, err := probe.Run(r.Context(), 1); err != nil {
			return err
		}
		if _, err := probe.Run(Replaced, 1); err != nil {
			return err
		}
		chosen := ctx
		if s == nil {
			chosen = context.Background()
		}
		if _, err := probe.Run(chosen, 1); err != nil {
			return err
		}
		go probe.Run(outer, 2) // is not waited for
		time.AfterFunc(time.Hour, func() { probe.Run(context.Background(), 3) })
		req, err := http.NewRequestWithContext(outer, "GET", "/", nil)
		_ = req
		return err
	}}
	_ = loop.Run(outer)
	_, _ = probe.Run(outer, 1)
}

func traced(ctx context.Context) context.Context { return ctx }

func with(a, b context.Context) context.Context { return b }
