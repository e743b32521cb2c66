// Command heartbeat has a flow that looks at the clock.
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
	loop := runtime.Loop{Heartbeat: time.Minute, Flow: func(ctx context.Context) error {
		_, err := probe.Run(ctx, time.Now().YearDay())
		return err
	}}
	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
