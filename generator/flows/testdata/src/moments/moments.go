// Package moments has flows whose works get arguments that are new on every pass, and
// such that stay.
package moments

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand"
	randv2 "math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/composite"
	"github.com/workgen/workgen/testdata/golden/flows"
)

var (
	build = composite.NewBuildRunner(&composite.Build{})
	probe = flows.NewProbeRunner(&flows.Probe{})
	args  = flows.NewArgsRunner(&flows.Args{})
)

type clocks struct{ began time.Time }

func bad(began time.Time) {
	_ = runtime.Loop{Flow: func(ctx context.Context) error {
		if _, err := build.Run(ctx, composite.Config{}, nil, time.Now()); err != nil { // want "build.Run is given time.Now(), which is new on every pass, so the work executes on every pass; fix: pass what runtime.Now, Today or Cron returns: it changes only when it is due"
			return err
		}
		now := time.Now()
		late := now.Add(-time.Hour).UTC()
		base := composite.Base{Created: now}
		call := probe.Start(ctx, 8+now.Nanosecond()) // want "probe.Start is given time.Now()"
		if err := runtime.Await(ctx, call); err != nil {
			return err
		}
		if n, err := build.Start(ctx, composite.Config{}, nil, late).Wait(ctx); err != nil { // want "build.Start is given time.Now()"
			return fmt.Errorf("%d: %w", n, err)
		}
		id, err := uuid.NewRandom()
		if err != nil {
			return err
		}
		for _, call := range []*runtime.Call[int]{
			args.Start(ctx, uuid.NewString(), "", nil, nil),                             // want "args.Start is given uuid.NewString(), which is new on every pass, so the work executes on every pass; fix: draw it before the loop runs"
			args.Start(ctx, uuid.New().String(), "", nil, nil),                          // want "args.Start is given uuid.New()"
			args.Start(ctx, uuid.Must(uuid.NewV7()).String(), "", nil, nil),             // want "args.Start is given uuid.NewV7()"
			args.Start(ctx, "run "+id.String(), "", nil, nil),                           // want "args.Start is given uuid.NewRandom()"
			build.Start(ctx, composite.Config{}, nil, late),                             // want "build.Start is given time.Now()"
			build.Start(ctx, composite.Config{Base: base}, nil, began),                  // want "build.Start is given time.Now()"
			build.Start(ctx, composite.Config{}, &composite.Config{Base: base}, began),  // want "build.Start is given time.Now()"
			build.Start(ctx, composite.Config{}, nil, time.Now().Truncate(time.Second)), // want "build.Start is given time.Now()"
			probe.Start(ctx, int(time.Now().Unix())),                                    // want "probe.Start is given time.Now()"
			probe.Start(ctx, int(time.Since(began)/time.Second)),                        // want "probe.Start is given time.Since(began)"
			probe.Start(ctx, int(time.Now().Sub(began))),                                // want "probe.Start is given time.Now()"
			probe.Start(ctx, rand.Int()),                                                // want "probe.Start is given rand.Int(), which is new on every pass, so the work executes on every pass; fix: draw it before the loop runs, or in a work, whose result is kept"
			probe.Start(ctx, 7+randv2.N(100)),                                           // want "probe.Start is given randv2.N(100)"
			args.Start(ctx, now.Format(time.RFC3339), "", nil, nil),                     // want "args.Start is given time.Now()"
			args.Start(ctx, fmt.Sprintf("at %v", now), "", nil, nil),                    // want "args.Start is given time.Now()"
			args.Start(ctx, "", "", []int{1, int(now.UnixNano())}, nil),                 // want "args.Start is given time.Now()"
			args.Start(ctx, "", "", nil, nil, "a", "run-"+crand.Text()),                 // want "args.Start is given crand.Text()"
			args.Start(ctx, "", strconv.FormatInt(now.UnixMilli(), 10), nil, nil),       // want "args.Start is given time.Now()"
		} {
			if err := runtime.Await(ctx, call); err != nil {
				return err
			}
		}
		return nil
	}}
}

func good(began time.Time, c *clocks) {
	started := time.Now()
	random := rand.New(rand.NewSource(1))
	var first time.Time
	var kept *runtime.Call[int]
	_ = runtime.Loop{Flow: func(ctx context.Context) error {
		if first.IsZero() {
			first = time.Now()
			kept = probe.Start(ctx, int(time.Now().Unix()))
		}
		probe.Start(ctx, time.Now().Nanosecond())
		_ = probe.Start(ctx, time.Now().Nanosecond())
		if kept == nil {
			if err := runtime.Await(ctx, probe.Start(ctx, time.Now().Nanosecond())); err != nil {
				return err
			}
			func() {
				call := probe.Start(ctx, time.Now().Nanosecond())
				defer call.Stop()
			}()
			later(ctx)
		}
		if kept != nil {
			return runtime.Await(ctx, kept)
		}
		kept = probe.Start(ctx, time.Now().Nanosecond())
		now := time.Now()
		now = now.Truncate(24 * time.Hour)
		var tick time.Time
		tick = runtime.Now(ctx, time.Hour)
		clock := time.Now()
		adjust(&clock)
		seeded := rand.New(rand.NewSource(2))
		for _, call := range []*runtime.Call[int]{
			build.Start(ctx, composite.Config{}, nil, started),
			build.Start(ctx, composite.Config{}, nil, began),
			build.Start(ctx, composite.Config{}, nil, first),
			build.Start(ctx, composite.Config{}, nil, now),
			build.Start(ctx, composite.Config{}, nil, tick),
			build.Start(ctx, composite.Config{}, nil, clock),
			build.Start(ctx, composite.Config{}, nil, c.began),
			build.Start(ctx, composite.Config{}, nil, runtime.Today(ctx)),
			build.Start(ctx, composite.Config{}, nil, time.Now().Truncate(time.Hour)),
			build.Start(ctx, composite.Config{Cache: map[string]int{"a": time.Now().Second()}}, nil, began),
			args.Start(ctx, time.Now().Format(time.DateOnly), "", nil, nil),
			args.Start(ctx, fmt.Sprintf("%.10s", time.Now()), "", nil, nil),
			args.Start(ctx, fmt.Sprint(time.Now().Weekday()), "", nil, nil),
			args.Start(ctx, uuid.NewSHA1(uuid.NameSpaceURL, []byte("a")).String(), "", nil, nil),
			args.Start(ctx, uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8").String(), "", nil, nil),
			probe.Start(ctx, time.Now().YearDay()),
			probe.Start(ctx, int(time.Now().Unix()/86400)),
			probe.Start(ctx, int(time.Since(began)/time.Hour)),
			probe.Start(ctx, int(time.Since(began).Hours())),
			probe.Start(ctx, seeded.Int()),
			probe.Start(ctx, random.Int()),
		} {
			if err := runtime.Await(ctx, call); err != nil {
				return err
			}
		}
		return nil
	}}
	probe.Start(context.Background(), int(time.Now().Unix()))
}

func later(ctx context.Context) {
	call := probe.Start(ctx, time.Now().Nanosecond())
	defer call.Stop()
}

func adjust(t *time.Time) { *t = t.Truncate(time.Hour) }
