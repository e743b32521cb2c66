package worktest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/worktest"
	"github.com/workgen/workgen/runtime/worktest/internal/pipeline"
)

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// panics returns what f panics with, "" if it does not.
func panics(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}

func TestABodyMayLeaveContextAndErrorOut(t *testing.T) {
	for name, fn := range map[string]any{
		"all":        func(context.Context, string) ([]int, error) { return []int{1}, nil },
		"no error":   func(context.Context, string) []int { return []int{1} },
		"no context": func(string) ([]int, error) { return []int{1}, nil },
		"neither":    func(string) []int { return []int{1} },
	} {
		t.Run(name, func(t *testing.T) {
			fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, worktest.Body(fn))
			got, err := fetch.Run(t.Context(), "2026-05-02")
			want(t, "error", err, nil)
			want(t, "result", got, []int{1})
		})
	}
}

func TestABodyWithManyParametersAndResults(t *testing.T) {
	split := pipeline.NewSplitRunner(&pipeline.Split{}, worktest.Body(
		func(ctx context.Context, text string, limit int64, separators ...rune) (string, string, error) {
			return text, string(separators), nil
		}))
	before, after, err := split.Run(t.Context(), "text", 3, 'a', 'b')
	want(t, "error", err, nil)
	want(t, "results", []string{before, after}, []string{"text", "ab"})
}

// What does not fit is said where the runner is made, and with what would fit.
func TestMisuse(t *testing.T) {
	const fetchRun = "func(context.Context, string) ([]int, error)"
	fetch := func(o runtime.Option) func() {
		return func() { pipeline.NewFetchRunner(&pipeline.Fetch{}, o) }
	}
	split := func(o runtime.Option) func() {
		return func() { pipeline.NewSplitRunner(&pipeline.Split{}, o) }
	}
	for name, c := range map[string]struct {
		f    func()
		want string
	}{
		"no function":  {func() { worktest.Body(3) }, "worktest: Body(int): give it a function, such as "},
		"nil":          {func() { worktest.Body(nil) }, "worktest: Body(<nil>): give it a function, such as "},
		"nil function": {func() { worktest.Body((func())(nil)) }, "worktest: Body(func()): the function is nil"},
		"nil error":    {func() { worktest.Call("a").Fails(nil) }, "worktest: Fails(nil): use Returns for calls that succeed"},
		"another parameter": {
			fetch(worktest.Body(func(int) []int { return nil })),
			"worktest: the body does not fit work github.com/workgen/workgen/runtime/worktest/internal/pipeline.Fetch: it is func(int) []int, but should be " + fetchRun,
		},
		"another result":    {fetch(worktest.Body(func(string) string { return "" })), "it is func(string) string, but should be " + fetchRun},
		"too many":          {fetch(worktest.Body(func(a, b string) []int { return nil })), "it is func(string, string) []int, but should be " + fetchRun},
		"of another runner": {split(worktest.Body(func(string) []int { return nil })), "but should be func(context.Context, string, int64, ...int32) (string, string, error)"},
		"not variadic": {
			split(worktest.Body(func(string, int64, []rune) (string, string) { return "", "" })),
			"it is func(string, int64, []int32) (string, string), but should be func(context.Context, string, int64, ...int32) (string, string, error)",
		},
		"type of an argument": {
			fetch(worktest.Call(1).Returns([]int{})),
			"worktest: Call(1) does not fit work github.com/workgen/workgen/runtime/worktest/internal/pipeline.Fetch: argument 1 is 1 (int), and has to be string; its Run is " + fetchRun,
		},
		"number of arguments": {fetch(worktest.Call("a", "b").Returns([]int{})), `Call("a", "b") does not fit work`},
		"no arguments":        {split(worktest.Call().Returns("", "")), "there have to be 3 arguments, not 0"},
		"a negative unsigned": {fetch(worktest.Call(nil).Returns([]int{})), "argument 1 is nil (<nil>), and has to be string"},
		"a fraction":          {split(worktest.Call("a", 1.5).Returns("", "")), "argument 2 is 1.5 (float64), and has to be int64"},
		"type of a result": {
			fetch(worktest.Call("a").Returns("b")),
			`worktest: the preset of pipeline.Fetch("a") does not fit: result 1 is "b" (string), and has to be []int; its Run is ` + fetchRun,
		},
		"an error as a result": {fetch(worktest.Call("a").Returns([]int{}, nil)), "there has to be 1 result, not 2: leave the error out, or use Fails for one"},
		"a context":            {fetch(worktest.Call(t.Context(), "a").Returns([]int{})), "there has to be 1 argument, not 2: leave the context out"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := panics(c.f); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPresetsAreFoundByTheirArguments(t *testing.T) {
	real := worktest.Body(func(string, int64, ...rune) (string, string) { return "body", "" })
	split := pipeline.NewSplitRunner(&pipeline.Split{},
		worktest.Call("a", 1).Returns("none", ""),
		worktest.Call("a", 1, 'x').Returns("first", ""),
		worktest.Call("a", int64(1), 'x', 'y').Fails(errors.New("two")),
		worktest.Call("a", 1, 'x').Returns("last wins", ""),
		real, // given last, and presets win nevertheless
	)
	run := func(text string, limit int64, separators ...rune) string {
		before, _, err := split.Run(t.Context(), text, limit, separators...)
		return fmt.Sprint(before, err)
	}
	want(t, "none", run("a", 1), "none<nil>")
	want(t, "one", run("a", 1, 'x'), "last wins<nil>")
	want(t, "two", run("a", 1, 'x', 'y'), "two")
	want(t, "another", run("b", 1, 'x'), "body<nil>")
}

// The content of a file is what tells calls apart, and a preset names the file.
func TestPresetsOfFilesHoldWhenTheyChange(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sales.csv")
	upload := pipeline.NewUploadRunner(&pipeline.Upload{}, worktest.OnlyPresets(), worktest.Call("token", name).Returns("address"))
	for _, content := range []string{"1", "2"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := upload.Run(t.Context(), "token", key.File(name))
		want(t, "error", err, nil)
		want(t, "result", got, "address")
	}
	text := panics(func() { pipeline.NewUploadRunner(&pipeline.Upload{}, worktest.Call("token", t.TempDir()).Returns("")) })
	if !strings.Contains(text, "cannot have a preset result, for it equals no other call") {
		t.Errorf("a preset of what is no file: %q", text)
	}
}

func TestSecretArgumentsDoNotShow(t *testing.T) {
	var rec worktest.Recorder
	upload := pipeline.NewUploadRunner(&pipeline.Upload{}, rec.Option(), worktest.OnlyPresets())
	_, err := upload.Run(t.Context(), "my token", key.File("none.csv"))
	text := rec.String() + fmt.Sprint(err, rec.Calls(), panics(func() {
		pipeline.NewUploadRunner(&pipeline.Upload{}, worktest.Call("my token", "none.csv").Returns(1))
	}))
	if strings.Contains(text, "my token") || !strings.Contains(text, "none.csv") {
		t.Errorf("got %s", text)
	}
	want(t, "argument, as a value", rec.Executions()[0].Args[0], any("my token"))
}

// What a caller does to a result must not change the preset.
func TestPresetResultsAreCopied(t *testing.T) {
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, runtime.CacheCalls(false), worktest.Call("a").Returns([]int{1}))
	for range 2 {
		got, err := fetch.Run(t.Context(), "a")
		want(t, "error", err, nil)
		want(t, "result", got, []int{1})
		got[0] = 2
	}
}

// A store that outlives the test never has what replaced a body under the key of the work.
func TestResultsOfTestsHaveKeysOfTheirOwn(t *testing.T) {
	s := memory.New(0)
	var rec worktest.Recorder
	body, preset := worktest.Body(func(string) []int { return []int{1} }), worktest.Call("a").Returns([]int{2})
	fetch := func(opts ...runtime.Option) *pipeline.FetchRunner {
		return pipeline.NewFetchRunner(&pipeline.Fetch{}, append(opts, rec.Option(), runtime.WithStore(s))...)
	}
	seen := map[key.Key]string{}
	for name, r := range map[string]*pipeline.FetchRunner{
		"real": pipeline.NewFetchRunner(&pipeline.Fetch{}), "body": fetch(body), "preset": fetch(preset), "both": fetch(body, preset),
		"another body": fetch(worktest.Body(func(string) []int { return []int{1} })), "only presets": fetch(worktest.OnlyPresets()),
	} {
		if other := seen[r.Key("a")]; other != "" {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[r.Key("a")] = name
		audit := pipeline.NewAuditRunner(&pipeline.Audit{Fetch: r})
		if other := seen[audit.Key("a")]; other != "" {
			t.Errorf("works that have %s and %s as inputs have one key", name, other)
		}
		seen[audit.Key("a")] = "audit of " + name
	}
	want(t, "key of a runner that is recorded", fetch().Key("a"), pipeline.NewFetchRunner(&pipeline.Fetch{}).Key("a"))

	for range 2 { // runners with the same option find the results of each other
		got, err := fetch(body).Run(t.Context(), "a")
		want(t, "error", err, nil)
		want(t, "result", got, []int{1})
	}
	want(t, "executions", rec.Calls(), []string{`pipeline.Fetch("a")`})
	got, _ := fetch(preset).Run(t.Context(), "a")
	want(t, "result of the preset", got, []int{2})
}

func TestExecutionsCanBeCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rec worktest.Recorder
		failed := errors.New("no such host")
		fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, rec.Option(), runtime.Timeout(time.Minute), worktest.Body(
			func(ctx context.Context, day string) ([]int, error) {
				switch day {
				case "fails":
					return nil, failed
				case "panics":
					panic(failed)
				case "exits":
					goruntime.Goexit()
				case "slow":
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return []int{len(day)}, nil
			}))
		began := time.Now().Round(0)
		for _, day := range []string{"good", "fails", "panics", "slow", "exits"} {
			fetch.Run(t.Context(), day)
		}
		ended := began.Add(time.Minute)
		synctest.Wait() // for the body that has timed out to return
		list := rec.Executions()
		if timeout := new(runtime.TimeoutError); !errors.As(list[3].Err, &timeout) {
			t.Errorf("got %v, want a timeout", list[3].Err)
		}
		of := func(day string, x worktest.Execution) worktest.Execution {
			x.Work, x.Call = "github.com/workgen/workgen/runtime/worktest/internal/pipeline.Fetch", fmt.Sprintf("pipeline.Fetch(%q)", day)
			x.Attempt, x.Args = 1, []any{day}
			if x.Began.IsZero() {
				x.Began = began
			}
			if x.Ended.IsZero() {
				x.Ended = began
			}
			return x
		}
		want(t, "executions", list, []worktest.Execution{
			of("good", worktest.Execution{Results: []any{[]int{4}}}),
			of("fails", worktest.Execution{Err: failed}),
			of("panics", worktest.Execution{Err: failed}),
			of("slow", worktest.Execution{Err: context.DeadlineExceeded, Ended: ended}),
			of("exits", worktest.Execution{Err: runtime.ErrGoexit, Began: ended, Ended: ended}),
		})

		rec.Reset()
		call := fetch.Start(t.Context(), "slow")
		synctest.Wait()
		want(t, "a body that runs", rec.Executions()[0].String(), `pipeline.Fetch("slow") runs`)
		call.Stop()
		synctest.Wait()
		if x := rec.Executions()[0]; !errors.Is(x.Err, runtime.ErrStopped) {
			t.Errorf("a stopped call has %v", x.Err)
		}
		rec.Reset()
		_, err := fetch.Run(t.Context(), "panics")
		var panicked *runtime.PanicError
		if !errors.As(err, &panicked) || !strings.Contains(string(panicked.Stack), "worktest_test.go") {
			t.Errorf("the stack of a panic does not show the body: %v", err)
		}
	})
}

// A body may write to its arguments, and what was recorded stays.
func TestRecordedArgumentsAreCopied(t *testing.T) {
	var rec worktest.Recorder
	report := pipeline.NewReportRunner(&pipeline.Report{}, rec.Option(), worktest.Body(func(day string, sales []int) string {
		sales[0] = 100
		return ""
	}))
	_, err := report.Run(t.Context(), "a", []int{1})
	want(t, "error", err, nil)
	want(t, "arguments", rec.Executions()[0].Args, []any{"a", []int{1}})
}

// A runner may be a variable of its package. Until its call is due takes as long in a bubble as
// elsewhere.
func TestARunnerMadeOutsideOfABubble(t *testing.T) {
	failures := 1
	fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, runtime.WithStore(memory.New(0)),
		runtime.Retry(runtime.RetryPolicy{Attempts: 2, Initial: time.Minute, Jitter: -1}),
		worktest.Body(func(string) ([]int, error) {
			if failures--; failures >= 0 {
				return nil, errors.New("no such host")
			}
			return []int{1}, nil
		}))
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := fetch.Run(t.Context(), "a")
		want(t, "error", err, nil)
		want(t, "time", time.Since(began), time.Minute)
	})
}

func TestALoopEndsWithoutGoroutinesLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := disk.Open("", disk.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, runtime.WithStore(s))
		flow := func(ctx context.Context) error {
			_, err := fetch.Run(ctx, "a")
			return err
		}
		began := time.Now()
		want(t, "error of Run", worktest.Run(t, &runtime.Loop{Flow: flow, Grace: time.Second}, time.Minute), nil)
		want(t, "time", time.Since(began), time.Minute+time.Second)
		failed := errors.New("failed")
		want(t, "error of a flow", worktest.Run(t, &runtime.Loop{Flow: func(context.Context) error { return failed }}, time.Minute), failed)
		want(t, "error that looks like the end", worktest.Run(t, &runtime.Loop{Flow: func(context.Context) error {
			return context.DeadlineExceeded
		}}, time.Minute), context.DeadlineExceeded)
		worktest.Start(t, &runtime.Loop{Flow: flow}) // the end of the test stops it
		stop := worktest.Start(t, &runtime.Loop{Flow: func(context.Context) error { return failed }})
		synctest.Wait()
		want(t, "error of Start", stop(), failed)
		want(t, "error of Start, again", stop(), failed)
	})
}

func TestPassTellsOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetch := pipeline.NewFetchRunner(&pipeline.Fetch{}, worktest.Call("a").Fails(errors.New("no such host")))
		through, err := worktest.Pass(t, func(ctx context.Context) error {
			fetch.Run(ctx, "a") // workgen:ignore
			return nil
		})
		var dropped *runtime.DroppedError
		if through || !errors.As(err, &dropped) {
			t.Errorf("a pass that drops a suspension comes to %v, %v", through, err)
		}
		failed := errors.New("failed")
		through, err = worktest.Pass(t, func(context.Context) error { return failed })
		want(t, "error", err, failed)
		want(t, "through", through, false)
		through, err = worktest.Pass(t, func(context.Context) error { return runtime.Stop })
		want(t, "error of a flow that stops", err, nil)
		want(t, "through", through, true)
		began := time.Now()
		through, err = worktest.Pass(t, func(ctx context.Context) error { // it rests until the next tick
			runtime.Cron(ctx, "0 3 * * *", runtime.SkipFirst())
			_, err := fetch.Run(ctx, "a")
			return err
		})
		want(t, "error of a flow that rests", err, nil)
		want(t, "through", through, false)
		want(t, "time", time.Since(began), 0)
	})
}

// fatal is a test that notes what it fails with.
type fatal struct {
	testing.TB
	text string
}

func (f *fatal) Helper()           {}
func (f *fatal) Fatal(args ...any) { f.text = fmt.Sprint(args...); panic(f) }
func (f *fatal) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic(f)
}

func TestTheClockIsSetInABubbleOnly(t *testing.T) {
	f := &fatal{TB: t}
	panics(func() { worktest.SleepUntil(f, time.Now().Add(time.Hour)) })
	if !strings.Contains(f.text, "inside of synctest.Test") {
		t.Errorf("outside of a bubble: %q", f.text)
	}
	synctest.Test(t, func(t *testing.T) {
		at := time.Date(2026, time.May, 2, 0, 0, 0, 0, time.UTC)
		worktest.SleepUntil(t, at)
		want(t, "time", time.Now().UTC().Round(0), at)
		worktest.SleepUntil(t, at) // it is that
		f := &fatal{TB: t}
		panics(func() { worktest.SleepUntil(f, at.Add(-1)) })
		if !strings.Contains(f.text, "already") {
			t.Errorf("a time that is over: %q", f.text)
		}
	})
}

// TestProgramsDoNotLinkIt keeps package testing out of programs.
func TestProgramsDoNotLinkIt(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "github.com/workgen/workgen/runtime/app").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if dep == "testing" || strings.HasSuffix(dep, "/worktest") {
			t.Errorf("programs link %s", dep)
		}
	}
}
