// Command scheduled has a flow that runs every day.
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
		runtime.Cron(ctx, "0 3 * * *")
		_, err := probe.Run(ctx, time.Now().YearDay())
		return err
	}}
	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
