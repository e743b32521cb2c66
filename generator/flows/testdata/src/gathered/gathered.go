// Package gathered has flows that wait for several calls.
package gathered

import (
	"context"
	"log"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/schedule"
	"github.com/workgen/workgen/testdata/golden/flows"
)

var (
	probe   = flows.NewProbeRunner(&flows.Probe{})
	nightly = schedule.MustParse("0 3 * * *")
)

func bad(outer context.Context) {
	_ = runtime.Loop{Flow: func(ctx context.Context) error {
		calls := []*runtime.Call[int]{probe.Start(ctx, 1)}
		all, _ := runtime.All(ctx, calls)   // want "the error of runtime.All is dropped"
		each, _ := runtime.Each(ctx, calls) // want "the error of runtime.Each is dropped"
		_, _ = all, each
		if _, err := runtime.All(outer, calls); err != nil { // want "runtime.All is given outer, which is not the context of the flow"
			return err
		}
		var g runtime.Group
		g.Go(func() error {
			time.Sleep(1)     // want "time.Sleep blocks the flow"
			probe.Run(ctx, 2) // want "the error of probe.Run is dropped"
			return nil
		})
		g.Wait()                                       // want "the error of g.Wait is dropped, but it says when the flow is suspended; fix: return it"
		runtime.Cron(outer, nightly)                   // want "runtime.Cron is given outer"
		runtime.Cron(ctx, "0 3 * * * * *")             // want `cron "0 3 * * * * *": has 7 fields`
		runtime.MissedTicks(outer, nightly)            // want "runtime.MissedTicks is given outer"
		runtime.MissedTicks[string](ctx, "0 25 * * *") // want `cron "0 25 * * *": hour "25"`
		return nil
	}}
}

func good() {
	_ = runtime.Loop{Flow: func(ctx context.Context) error {
		var g runtime.Group
		g.Go(func() error {
			_, err := probe.Run(ctx, runtime.Cron(ctx, nightly).Day())
			return err
		})
		if err := g.Wait(); err != nil && !runtime.Suspended(err) {
			log.Print(err)
		} else if err != nil {
			return err
		}
		outcomes, err := runtime.Each(ctx, []*runtime.Call[int]{probe.Start(ctx, 1)})
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			if o.Err != nil {
				log.Print(o.Err)
			}
		}
		return nil
	}}
}
