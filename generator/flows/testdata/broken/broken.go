// Package broken does not compile, as a package that is being written.
package broken

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/schedule"
	"github.com/workgen/workgen/testdata/golden/flows"
)

var probe = flows.NewProbeRunner(&flows.Probe{})

var loop = runtime.Loop{Flow: func(ctx context.Context) error {
	probe.Run()
	probe.Start()
	n := probe.Run(ctx, 1)
	var m = probe.Run(ctx, 1)
	n, m, k := probe.Run(ctx, 1)
	probe.Run(ctx, int(time.Now().Format()), time.Now().Truncate(), strconv.Itoa(), fmt.Sprintf())
	probe.Run(ctx, undefined(time.Now()), time.Time{}.Add(), int(), missing.X)
	runtime.Now()
	runtime.Cron()
	schedule.Parse()
	runtime.Await()
	time.Sleep()
	time.Sleep(1)
	<-time.After()
	<-nothing
	helper()
	helper(ctx, ctx, ctx)
	for range nothing {
	}
	select {
	case x := <-nothing:
	case undefined:
	}
	return
}}

var other = runtime.Loop{Flow: undefined, Heartbeat}

var third = runtime.Once()

func helper(ctx context.Context) { helper(ctx, 1) }
