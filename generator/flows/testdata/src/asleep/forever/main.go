// Command forever has flows that never run again.
package main

import (
	"context"
	"log"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/flows"
)

func main() {
	probe := flows.NewProbeRunner(&flows.Probe{})
	loop := runtime.Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
		_, err := probe.Run(ctx, time.Now().YearDay()) // want "probe.Run is given time.Now(), but nothing runs the flow again when the time has come; fix: pass what runtime.Now, Today or Cron returns, which run the flow again when it is due"
		return err
	}}

	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// others has a loop that is set later, and what ends by itself.
func others(probe *flows.ProbeRunner, args *flows.ArgsRunner) {
	var loop runtime.Loop
	loop.Flow = func(ctx context.Context) error {
		for _, call := range []*runtime.Call[int]{
			args.Start(ctx, time.Now().Format(time.DateOnly), "", nil, nil), // want "args.Start is given time.Now(), but nothing runs the flow again"
			probe.Start(ctx, int(time.Now().Unix()/86400)),                  // want "probe.Start is given time.Now(), but nothing"
			probe.Start(ctx, int(time.Until(time.Time{}).Hours())),          // want "probe.Start is given time.Until(time.Time{}), but nothing"
			probe.Start(ctx, time.Now().Nanosecond()),                       // want "probe.Start is given time.Now(), which is new on every pass"
			args.Start(ctx, time.Now().Location().String(), "", nil, nil),
		} {
			if err := runtime.Await(ctx, call); err != nil {
				return err
			}
		}
		return nil
	}
	_ = runtime.Once(context.Background(), func(ctx context.Context) error {
		_, err := probe.Run(ctx, time.Now().YearDay())
		return err
	})
}
