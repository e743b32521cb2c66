// Command etl parses the files of a folder and reports on them every night: each
// file is parsed when it has changed, a bad one does not stop the others, and each
// night is reported once.
//
//	go run ./examples/etl                           # files of its own, last night's report
//	go run ./examples/etl -store etl FOLDER         # every night, also after a restart
//	go run ./examples/etl -night 2026-11-27 FOLDER  # the report of that night only
//
// It says where its page is, on which the progress of each file can be watched, reports
// on the night before, and waits for three o'clock in Berlin. README.md shows what
// executes again after which change.
package main

import (
	"cmp"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/schedule"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// nightly is when reports are made. The zone is a part of it: the same night on every machine.
var nightly = schedule.MustParse("CRON_TZ=Europe/Berlin 0 3 * * *")

// pipeline makes reports on the files of a folder.
type pipeline struct {
	folder string
	list   *ListRunner
	parse  *ParseRunner
	report *ReportRunner
}

// newPipeline returns the pipeline of a folder. The options are those of what may be kept
// longer than the process.
func newPipeline(folder string, out io.Writer, pace time.Duration, opts ...runtime.Option) *pipeline {
	return &pipeline{
		folder: folder,
		list:   NewListRunner(&List{}),
		parse:  NewParseRunner(&Parse{Out: out, Pace: pace}, opts...),
		report: NewReportRunner(&Report{Out: out}, opts...),
	}
}

// loop returns what makes a report every night. The ticks that are done are those of the folder.
func (p *pipeline) loop() *runtime.Loop {
	return &runtime.Loop{Name: p.folder, KeepGoing: true, Flow: func(ctx context.Context) error {
		return p.run(ctx, runtime.Cron(ctx, nightly).Format(time.DateOnly))
	}}
}

// run is the flow: it parses the files, four at a time, and makes the report of a night.
func (p *pipeline) run(ctx context.Context, night string) error {
	files, err := p.list.Run(ctx, p.folder, night)
	if err != nil {
		return err
	}
	calls := make([]*runtime.Call[[]Sale], len(files))
	for i, file := range files {
		calls[i] = p.parse.Start(ctx, key.File(file))
	}
	parsed, err := runtime.Each(ctx, calls)
	if err != nil {
		return err
	}
	tables := make([]Table, len(files))
	for i, f := range parsed {
		tables[i] = Table{Name: filepath.Base(files[i]), Sales: f.Result}
		if f.Err != nil {
			tables[i].Problem = f.Err.Error()
		}
	}
	return p.report.Run(ctx, night, tables)
}

func main() {
	night := flag.String("night", "", "report on this `day` only, such as 2026-11-27, and end")
	pace := flag.Duration("pace", 100*time.Millisecond, "how long a line takes to parse")
	app.Main(func(a *app.App) error {
		folder := cmp.Or(flag.Arg(0), filepath.Join(os.TempDir(), "etl"))
		if err := makeSamples(folder); err != nil {
			return err
		}
		var opts []runtime.Option
		if a.StoreName != "" {
			results, err := a.OpenStore()
			if err != nil {
				return err
			}
			opts = append(opts, runtime.WithStore(results))
		}
		p := newPipeline(folder, os.Stdout, *pace, opts...)
		a.Loop = p.loop()
		if *night != "" {
			a.NoPage = true
			a.Loop = &runtime.Loop{Flow: func(ctx context.Context) error {
				return cmp.Or(p.run(ctx, *night), runtime.Stop)
			}}
		}
		return nil
	})
}
