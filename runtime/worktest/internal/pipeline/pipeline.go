// Package pipeline is what the tests and examples of package worktest test: a flow that reports
// each night on the day before.
package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Fetch fetches the sales of a day, which takes an hour.
//
//workgen:work
type Fetch struct {
	Server string `workgen:"key"`
}

// Run returns what was sold.
func (f *Fetch) Run(ctx context.Context, day string) ([]int, error) {
	select {
	case <-time.After(time.Hour):
		return []int{len(day), len(f.Server)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Report adds sales up.
//
//workgen:work
type Report struct{}

// Run returns the report of a day.
func (Report) Run(day string, sales []int) (string, error) {
	sum := 0
	for _, n := range sales {
		sum += n
	}
	return fmt.Sprintf("%s: %d sales, %d in all", day, len(sales), sum), nil
}

// Split cuts a text in two.
//
//workgen:work
type Split struct{}

// Run returns the parts of a text around the first of some separators.
func (Split) Run(text string, limit int64, separators ...rune) (before, after string) {
	for i, r := range text {
		for _, s := range separators {
			if r == s && int64(i) < limit {
				return text[:i], text[i+len(string(r)):]
			}
		}
	}
	return text, ""
}

// Audit is a work that has a runner as an input.
//
//workgen:work
type Audit struct {
	Fetch *FetchRunner `workgen:"key"`
}

// Run returns how many sales there were.
func (a *Audit) Run(ctx context.Context, day string) (int, error) {
	sales, err := a.Fetch.Run(ctx, day)
	return len(sales), err
}

// Upload uploads a file.
//
//workgen:work secret=token
type Upload struct{}

// Run returns the address of the file.
func (Upload) Run(token string, file key.File) (string, error) {
	return "", fmt.Errorf("upload %s: there is no server", file)
}

// Pipeline is the program under test.
type Pipeline struct {
	Fetch  *FetchRunner
	Report *ReportRunner
}

// Flow reports at three in the morning on the day before.
func (p *Pipeline) Flow(ctx context.Context) error {
	tick := runtime.Cron(ctx, "CRON_TZ=UTC 0 3 * * *", runtime.SkipFirst())
	yesterday := tick.AddDate(0, 0, -1).Format(time.DateOnly)
	sales, err := p.Fetch.Run(ctx, yesterday)
	if err != nil {
		return err
	}
	_, err = p.Report.Run(ctx, yesterday, sales)
	return err
}
