// Command stopped has a flow that ends.
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
	loop := runtime.Loop{Flow: func(ctx context.Context) error {
		if _, err := probe.Run(ctx, time.Now().YearDay()); err != nil {
			return err
		}
		return runtime.Stop
	}}
	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
