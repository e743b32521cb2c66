// Package crons has cron expressions, of which some are wrong.
package crons

import (
	"context"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/schedule"
)

const nightly = "0 25 * * *"

func crons(ctx context.Context, expression string) {
	runtime.Cron(ctx, "* * *")                        // want `cron "* * *": has 3 fields`
	runtime.Cron(ctx, nightly)                        // want `cron "0 25 * * *": hour "25"`
	runtime.Cron(ctx, "0 3 * * "+"MOO")               // want `cron "0 3 * * MOO": day of week "MOO"`
	schedule.Parse("@every 5m")                       // want `cron "@every 5m": @every is not a time of day`
	schedule.Parse("CRON_TZ=Europe/Bärlin 0 3 * * *") // want `cron "CRON_TZ=Europe/Bärlin 0 3 * * *": no time zone`

	runtime.Cron(ctx, "0 3 31 4,6 *") // want `cron "0 3 31 4,6 *"`
	runtime.Cron(ctx, "0 3 30 2 *")   // want `cron "0 3 30 2 *"`
	schedule.MustParse("0 0 0 * *")   // want `cron "0 0 0 * *": day of month "0"`
	parsed := schedule.MustParse("0 0 29 2 *")
	runtime.Cron(ctx, parsed.String())

	runtime.Cron(ctx, "0 3 * * *")
	runtime.Cron(ctx, "CRON_TZ=Europe/Berlin 30 8 * * 1-5")
	runtime.Cron(ctx, expression)
	schedule.Parse("@daily")
	parse("* * *")
}

func parse(string) {}
