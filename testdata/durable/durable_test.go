package durable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/disk"
)

// A keeper makes n calls, each with a number and a result of 100 bytes. It tells how
// many were executed, and how long all of them took.
type keeper interface {
	calls(tb testing.TB, n int) (executed int, took time.Duration)
}

// kinds make keepers in an empty directory. The second keeper of a directory has
// nothing in memory.
var kinds = []struct {
	name   string
	keeper func(tb testing.TB, dir string) keeper
}{
	{"workgen", func(tb testing.TB, dir string) keeper { return newStored(tb, dir, disk.Options{}) }},
	{"workgen-relaxed", func(tb testing.TB, dir string) keeper { return newStored(tb, dir, disk.Options{Relaxed: true}) }},
	{"dbos", func(tb testing.TB, dir string) keeper { return newSteps(tb, dir) }},
	{"file", func(tb testing.TB, dir string) keeper { return files{dir} }},
}

func TestWhatIsKeptIsFound(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, want := range []int{20, 0} {
				if executed, _ := kind.keeper(t, dir).calls(t, 20); executed != want {
					t.Errorf("%d calls were executed, want %d", executed, want)
				}
			}
		})
	}
}

// many is how many calls are measured together: beginning to look for them takes some
// longer than to find one.
const many = 2000

// BenchmarkComplete is a call that executes in no time, and is kept when it returns.
func BenchmarkComplete(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			var total time.Duration
			for b.Loop() {
				_, took := kind.keeper(b, b.TempDir()).calls(b, many)
				total += took
			}
			perCall(b, total)
		})
	}
}

// BenchmarkFind is a call that somebody has kept who had other memory.
func BenchmarkFind(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			dir := b.TempDir()
			kind.keeper(b, dir).calls(b, many)
			var total time.Duration
			for b.Loop() {
				executed, took := kind.keeper(b, dir).calls(b, many)
				if executed > 0 {
					b.Fatalf("%d calls were executed", executed)
				}
				total += took
			}
			perCall(b, total)
		})
	}
}

func perCall(b *testing.B, total time.Duration) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(total.Nanoseconds())/1000/float64(b.N*many), "µs/call")
}

// stored is a runner with the store on disk.
type stored struct{ *KeepRunner }

func newStored(tb testing.TB, dir string, o disk.Options) keeper {
	o.Dir = dir
	s, err := disk.Open("", o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return stored{NewKeepRunner(&Keep{}, runtime.WithStore(s))}
}

func (s stored) calls(tb testing.TB, n int) (int, time.Duration) {
	began := time.Now()
	for i := range n {
		if got, err := s.Run(tb.Context(), i); err != nil || len(got) != 100 {
			tb.Fatal(got, err)
		}
	}
	return int(s.Stats().Executions), time.Since(began)
}

// steps are the steps of a workflow.
type steps struct {
	dbos.Context
	name     string
	executed int
	took     time.Duration
}

func newSteps(tb testing.TB, dir string) keeper {
	ctx, err := dbos.NewContext(context.Background(), dbos.Config{
		AppName: "durable", DatabaseURL: "sqlite:" + filepath.Join(dir, "dbos.db"), ApplicationVersion: "1",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		tb.Fatal(err)
	}
	s := &steps{Context: ctx}
	dbos.RegisterWorkflow(ctx, s.workflow, dbos.WithWorkflowName("steps"))
	if err := dbos.Launch(ctx); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { dbos.Shutdown(ctx, time.Second) })
	return s
}

func (s *steps) workflow(ctx dbos.Context, n int) (string, error) {
	began := time.Now()
	for i := range n {
		got, err := dbos.RunAsStep(ctx, func(context.Context) (string, error) {
			s.executed++
			return resultOf(i), nil
		})
		if err != nil || len(got) != 100 {
			return "", fmt.Errorf("%q, %w", got, err)
		}
	}
	s.took = time.Since(began)
	return "done", nil
}

// calls runs the workflow, or one that has been run from the end of its last step on,
// which takes it through all those before.
func (s *steps) calls(tb testing.TB, n int) (int, time.Duration) {
	const id = "first"
	handle, err := dbos.RetrieveWorkflow[string](s, id)
	if err == nil {
		handle, err = dbos.ForkWorkflow[string](s, dbos.ForkWorkflowInput{OriginalWorkflowID: id, StartStep: uint(n)})
	} else {
		handle, err = dbos.RunWorkflow(s, s.workflow, n, dbos.WithWorkflowID(id))
	}
	if err == nil {
		_, err = handle.GetResult()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return s.executed, s.took
}

// files has one file per result, which is written and synced under another name, as
// is its directory, once it has its own.
type files struct{ dir string }

func (f files) calls(tb testing.TB, n int) (executed int, _ time.Duration) {
	began := time.Now()
	for i := range n {
		path := filepath.Join(f.dir, fmt.Sprintf("%064x", i))
		got, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			executed++
			err = f.write(path, resultOf(i))
		} else if len(got) != 100 {
			tb.Fatal(got)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return executed, time.Since(began)
}

func (f files) write(path, result string) error {
	temp, err := os.CreateTemp(f.dir, "temp")
	if err != nil {
		return err
	}
	_, err = temp.WriteString(result)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(f.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
