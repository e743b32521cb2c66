// Command woken has a flow that somebody runs again.
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
		_, err := probe.Run(ctx, time.Now().YearDay())
		return err
	}}
	time.AfterFunc(time.Hour, loop.Wake)
	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
