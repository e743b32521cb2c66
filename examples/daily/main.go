// Command daily is the program that works and loops were made for: each day,
// download and process the day's data, then train a model on it. The flow is
// run from the top again and again, and each work once per day.
//
//	go run ./examples/daily -days 3
//
// It is an application: it says where its page is, on which the works can be watched,
// and ends cleanly when interrupted. Results are kept in a store on disk: run it once
// more, and nothing executes. Where that store is, go run ./cmd/workgen store path
// daily says.
//
// So that it can be watched, a day lasts 300 milliseconds here (flag -day).
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Dataset is what a day's download comes to.
type Dataset struct {
	Day  string
	Rows []int
}

// DataProcessor downloads and cleans one day's data.
//
//workgen:work
type DataProcessor struct {
	Source string `workgen:"key"`
}

// Run returns the rows of a day, written as 05/25/22.
func (p *DataProcessor) Run(ctx context.Context, day string) (Dataset, error) {
	fmt.Printf("  processing %s of %s\n", day, p.Source)
	if err := busy(ctx); err != nil {
		return Dataset{}, err
	}
	data := Dataset{Day: day}
	for i, c := range day {
		data.Rows = append(data.Rows, i*int(c))
	}
	return data, nil
}

// Trainer trains a model.
//
//workgen:work
type Trainer struct{}

// Run returns the model's score on the data.
func (Trainer) Run(ctx context.Context, data Dataset) (float64, error) {
	fmt.Printf("  training on %d rows of %s\n", len(data.Rows), data.Day)
	if err := busy(ctx); err != nil {
		return 0, err
	}
	return score(data.Rows), nil
}

// score is how well a model does that was trained on the rows.
func score(rows []int) float64 {
	sum := 0
	for _, row := range rows {
		sum += row
	}
	return 1 - 1/float64(sum)
}

// busy takes as long as a step does.
func busy(ctx context.Context) error {
	select {
	case <-time.After(20 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func main() {
	a := &app.App{StoreName: "daily"}
	days := flag.Int("days", 0, "how many days to run; 0 is no end")
	length := flag.Duration("day", 300*time.Millisecond, "how long a day lasts")
	if err := a.Flags(flag.CommandLine); err != nil {
		log.Fatal(err)
	}
	flag.Parse()
	os.Exit(run(a, *days, *length))
}

// run is the program: a flow over two works, and the application that runs it. It
// returns the exit status.
func run(a *app.App, days int, length time.Duration) int {
	results, err := a.OpenStore()
	if err != nil {
		log.Print(err)
		return 1
	}
	process := NewDataProcessorRunner(&DataProcessor{Source: "s3://sales"}, runtime.WithStore(results))
	train := NewTrainerRunner(&Trainer{}, runtime.WithStore(results))
	var today runtime.Var[string] // in a real program: runtime.Today(ctx).Format("01/02/06")
	defer turn(&today, length)()
	latest, scores := "", 0
	a.Loop = &runtime.Loop{Heartbeat: length / 4, Flow: func(ctx context.Context) error {
		day := today.Get(ctx)
		fmt.Println(day)
		data, err := process.Run(ctx, day)
		if err != nil {
			return err
		}
		score, err := train.Run(ctx, data)
		if err != nil {
			return err
		}
		if day != latest {
			latest, scores = day, scores+1
			fmt.Printf("  the model scores %.4f\n", score)
		}
		if scores == days {
			return runtime.Stop
		}
		return nil
	}}
	status := a.Main()
	for _, runner := range []*runtime.Runner{process.Runner, train.Runner} {
		stats := runner.Stats()
		fmt.Printf("%s: executed %d times, skipped %d times\n", runner.Name(), stats.Executions, stats.Hits+stats.Stored)
	}
	return status
}

// turn lets days pass, each of the given length, until the returned function is
// called.
func turn(today *runtime.Var[string], length time.Duration) (stop func()) {
	day := time.Date(2022, time.May, 25, 0, 0, 0, 0, time.UTC)
	today.Set(day.Format("01/02/06"))
	ticker := time.NewTicker(length)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				day = day.AddDate(0, 0, 1)
				today.Set(day.Format("01/02/06"))
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}
