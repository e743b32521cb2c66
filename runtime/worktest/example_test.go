package worktest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/worktest"
	"github.com/workgen/workgen/runtime/worktest/internal/pipeline"
)

// The body of Fetch takes an hour and needs a server. The test has another one.
func ExampleBody() {
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, worktest.Body(
		func(ctx context.Context, day string) ([]int, error) {
			if day == "2026-05-03" {
				return nil, errors.New("closed on Sundays")
			}
			return []int{1, 2, 3}, nil
		}))

	ctx := context.Background()
	fmt.Println(fetch.Run(ctx, "2026-05-02"))
	fmt.Println(fetch.Run(ctx, "2026-05-03"))
	// Output:
	// [1 2 3] <nil>
	// [] closed on Sundays
}

// Two days have results without an execution of the body. Any other one is a mistake.
func ExampleCall() {
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{},
		worktest.Call("2026-05-02").Returns([]int{1, 2, 3}),
		worktest.Call("2026-05-03").Fails(errors.New("closed on Sundays")),
		worktest.OnlyPresets())

	ctx := context.Background()
	fmt.Println(fetch.Run(ctx, "2026-05-02"))
	fmt.Println(fetch.Run(ctx, "2026-05-03"))
	fmt.Println(fetch.Run(ctx, "2026-05-04"))
	// Output:
	// [1 2 3] <nil>
	// [] closed on Sundays
	// [] worktest: pipeline.Fetch("2026-05-04") has no preset result: add worktest.Call(…).Returns(…)
}

// A flow runs until it gets through, and the test looks at what was executed, in which order, and
// with which arguments. The second time nothing executes.
func ExampleRecorder() {
	var rec worktest.Recorder
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, rec.Option(), worktest.Body(
		func(day string) []int { return []int{1, 2} }))
	report := pipeline.NewReportRunner(&pipeline.Report{}, rec.Option())

	flow := func(ctx context.Context) error {
		sales, err := fetch.Run(ctx, "2026-05-02")
		if err != nil {
			return err
		}
		_, err = report.Run(ctx, "2026-05-02", sales)
		return err
	}
	for range 2 {
		if err := runtime.Once(context.Background(), flow); err != nil {
			fmt.Println(err)
		}
	}
	for _, x := range rec.Executions() {
		fmt.Println(x)
	}
	fmt.Println(rec.Executions()[1].Args[1].([]int)[0])
	// Output:
	// pipeline.Fetch("2026-05-02") = [1, 2]
	// pipeline.Report("2026-05-02", [1, 2]) = "2026-05-02: 2 sales, 3 in all"
	// 1
}

// What a fan-out executes begins in any order, so its calls are sorted before they are compared.
func ExampleRecorder_Calls() {
	var rec worktest.Recorder
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, rec.Option(), worktest.Body(
		func(day string) []int { return nil }))

	err := runtime.Once(context.Background(), func(ctx context.Context) error {
		a, b := fetch.Start(ctx, "2026-05-01"), fetch.Start(ctx, "2026-05-02")
		return runtime.Await(ctx, a, b)
	})
	calls := rec.Calls()
	slices.Sort(calls)
	fmt.Println(calls, err)
	// Output:
	// [pipeline.Fetch("2026-05-01") pipeline.Fetch("2026-05-02")] <nil>
}

// The clock is set to a minute before three, and the loop runs for two hours. The bodies are the
// real ones, and take no time here.
func ExampleSleepUntil() {
	inBubble(func(t *testing.T) {
		worktest.SleepUntil(t, time.Date(2026, time.May, 2, 2, 59, 0, 0, time.UTC))
		var rec worktest.Recorder
		p := &pipeline.Pipeline{
			Fetch:  pipeline.NewFetchRunner(&pipeline.Fetch{}, rec.Option()),
			Report: pipeline.NewReportRunner(&pipeline.Report{}, rec.Option()),
		}
		if err := worktest.Run(t, &runtime.Loop{Flow: p.Flow}, 2*time.Hour); err != nil {
			t.Error(err)
		}
		fmt.Print(&rec)
	})
	// Output:
	// 2026-05-02T03:00:00Z 1h0m0s pipeline.Fetch("2026-05-01") = [10, 0]
	// 2026-05-02T04:00:00Z 0s pipeline.Report("2026-05-01", [10, 0]) = "2026-05-01: 2 sales, 10 in all"
}

// A loop runs while the test looks at it, and is stopped.
func ExampleStart() {
	inBubble(func(t *testing.T) {
		worktest.SleepUntil(t, time.Date(2026, time.May, 2, 2, 59, 0, 0, time.UTC))
		p := &pipeline.Pipeline{
			Fetch:  pipeline.NewFetchRunner(&pipeline.Fetch{}),
			Report: pipeline.NewReportRunner(&pipeline.Report{}),
		}
		loop := &runtime.Loop{Flow: p.Flow}
		stop := worktest.Start(t, loop)
		for range 3 {
			time.Sleep(time.Minute - time.Second)
			synctest.Wait()
			status := loop.Status()
			fmt.Println(time.Now().UTC().Format(time.TimeOnly), status.State, status.Unfinished, "unfinished")
			time.Sleep(time.Second)
		}
		fmt.Println(stop())
	})
	// Output:
	// 02:59:59 waiting 0 unfinished
	// 03:00:59 waiting 1 unfinished
	// 03:01:59 waiting 1 unfinished
	// <nil>
}

// A server fails twice, and the work is retried after a minute.
func ExampleBody_retry() {
	inBubble(func(t *testing.T) {
		var rec worktest.Recorder
		failures := 2
		fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, rec.Option(),
			runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: time.Minute, Jitter: -1}),
			worktest.Body(func(day string) ([]int, error) {
				if failures--; failures >= 0 {
					return nil, errors.New("no such host")
				}
				return []int{1, 2, 3}, nil
			}))
		fmt.Println(fetch.Run(t.Context(), "2026-05-02"))
		fmt.Print(&rec)
	})
	// Output:
	// [1 2 3] <nil>
	// 2000-01-01T00:00:00Z 0s pipeline.Fetch("2026-05-02"): no such host
	// 2000-01-01T00:01:00Z 0s pipeline.Fetch("2026-05-02"), attempt 2: no such host
	// 2000-01-01T00:02:00Z 0s pipeline.Fetch("2026-05-02"), attempt 3 = [1, 2, 3]
}

// A pass begins with what it can, and tells whether the flow got through.
func ExamplePass() {
	var rec worktest.Recorder
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, rec.Option(), worktest.Call("2026-05-02").Returns([]int{1}))
	report := pipeline.NewReportRunner(&pipeline.Report{}, rec.Option())
	flow := func(ctx context.Context) error {
		sales, err := fetch.Run(ctx, "2026-05-02")
		if err != nil {
			return err
		}
		_, err = report.Run(ctx, "2026-05-02", sales)
		return err
	}
	inBubble(func(t *testing.T) {
		for range 3 {
			rec.Reset()
			through, err := worktest.Pass(t, flow)
			fmt.Println(through, err, rec.Calls())
		}
	})
	// Output:
	// false <nil> [pipeline.Fetch("2026-05-02")]
	// false <nil> [pipeline.Report("2026-05-02", [1])]
	// true <nil> []
}

// A week of a nightly flow, with each of the stores. The program runs for two hours each night. On
// Wednesday it is restarted in the middle of the night, and on Saturday the server fails once.
func Example_nightly() {
	executions := map[string]string{}
	for name, openFor := range map[string]func(t *testing.T) func() (store.Store, error){
		"memory": func(*testing.T) func() (store.Store, error) {
			s := memory.New(0)
			return func() (store.Store, error) { return s.Another(), nil }
		},
		"disk": func(t *testing.T) func() (store.Store, error) {
			dir := t.TempDir()
			return func() (store.Store, error) { return disk.Open("", disk.Options{Dir: dir}) }
		},
	} {
		inBubble(func(t *testing.T) { executions[name] = week(t, openFor(t)) })
	}
	fmt.Print(executions["memory"])
	fmt.Println("the same with a store on disk:", executions["disk"] == executions["memory"])
	// Output:
	// 2026-05-04T03:00:00Z 1h0m0s pipeline.Fetch("2026-05-03") = [1, 2, 3]
	// 2026-05-04T04:00:00Z 0s pipeline.Report("2026-05-03", [1, 2, 3]) = "2026-05-03: 3 sales, 6 in all"
	// 2026-05-05T03:00:00Z 1h0m0s pipeline.Fetch("2026-05-04") = [1, 2, 3]
	// 2026-05-05T04:00:00Z 0s pipeline.Report("2026-05-04", [1, 2, 3]) = "2026-05-04: 3 sales, 6 in all"
	// 2026-05-06T03:00:00Z 30m1s pipeline.Fetch("2026-05-05"): work github.com/workgen/workgen/runtime/worktest/internal/pipeline.Fetch: call was stopped: every caller has left
	// 2026-05-06T03:30:01Z 1h0m0s pipeline.Fetch("2026-05-05") = [1, 2, 3]
	// 2026-05-06T04:30:01Z 0s pipeline.Report("2026-05-05", [1, 2, 3]) = "2026-05-05: 3 sales, 6 in all"
	// 2026-05-07T03:00:00Z 1h0m0s pipeline.Fetch("2026-05-06") = [1, 2, 3]
	// 2026-05-07T04:00:00Z 0s pipeline.Report("2026-05-06", [1, 2, 3]) = "2026-05-06: 3 sales, 6 in all"
	// 2026-05-08T03:00:00Z 1h0m0s pipeline.Fetch("2026-05-07") = [1, 2, 3]
	// 2026-05-08T04:00:00Z 0s pipeline.Report("2026-05-07", [1, 2, 3]) = "2026-05-07: 3 sales, 6 in all"
	// 2026-05-09T03:00:00Z 0s pipeline.Fetch("2026-05-08"): no such host
	// 2026-05-09T03:01:00Z 1h0m0s pipeline.Fetch("2026-05-08"), attempt 2 = [1, 2, 3]
	// 2026-05-09T04:01:00Z 0s pipeline.Report("2026-05-08", [1, 2, 3]) = "2026-05-08: 3 sales, 6 in all"
	// 2026-05-10T03:00:00Z 1h0m0s pipeline.Fetch("2026-05-09") = [1, 2, 3]
	// 2026-05-10T04:00:00Z 0s pipeline.Report("2026-05-09", [1, 2, 3]) = "2026-05-09: 3 sales, 6 in all"
	// the same with a store on disk: true
}

// week returns what executes in a week, from Monday on.
func week(t *testing.T, open func() (store.Store, error)) string {
	fails := true
	fetch := worktest.Body(func(ctx context.Context, day string) ([]int, error) {
		if day == "2026-05-08" && fails {
			fails = false
			return nil, errors.New("no such host")
		}
		select {
		case <-time.After(time.Hour):
			return []int{1, 2, 3}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	retry := runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: time.Minute, Jitter: -1})
	var rec worktest.Recorder
	program := func(d time.Duration) { // starts, runs for d, and ends
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p := &pipeline.Pipeline{
			Fetch:  pipeline.NewFetchRunner(&pipeline.Fetch{}, fetch, rec.Option(), retry, runtime.WithStore(s)),
			Report: pipeline.NewReportRunner(&pipeline.Report{}, rec.Option(), runtime.WithStore(s)),
		}
		loop := &runtime.Loop{Name: "nightly", Flow: p.Flow, Store: s, KeepGoing: true, Grace: time.Second}
		if err := worktest.Run(t, loop, d); err != nil {
			t.Error(err)
		}
	}
	start := time.Date(2026, time.May, 4, 2, 30, 0, 0, time.UTC)
	for night := range 7 {
		worktest.SleepUntil(t, start.AddDate(0, 0, night))
		if night == 2 {
			program(time.Hour)
		}
		program(2 * time.Hour)
	}
	return rec.String()
}
