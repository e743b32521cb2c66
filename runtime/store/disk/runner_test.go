//go:build unix

package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// The tests of this file do with runners what process_test.go does with the store.

func init() {
	children["runner"] = runnerChild
	children["runners"] = runnersChild
	children["loop"] = loopChild
	children["forgotten"] = forgottenChild
	children["remember"] = rememberChild
	children["stoprunner"] = stopRunnerChild
}

// calls is a work with one number as argument, as the generator would write it.
func calls(s store.Store, body func(n int) ([]byte, error), opts ...runtime.Option) *runtime.Calls[int, int, []byte] {
	return callsOf(s, &runtime.Code{Sum: "c1"}, body, opts...)
}

// callsOf is calls of other code.
func callsOf(s store.Store, code *runtime.Code, body func(n int) ([]byte, error), opts ...runtime.Option) *runtime.Calls[int, int, []byte] {
	spec := specOf(func(_ context.Context, n int) ([]byte, error) { return body(n) })
	spec.Code = code
	return runtime.NewCalls(spec, append(opts, runtime.WithStore(s))...)
}

func specOf(body func(ctx context.Context, n int) ([]byte, error)) runtime.Spec[int, int, []byte] {
	return runtime.Spec[int, int, []byte]{
		Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
		Execute:     body,
		CloneResult: bytes.Clone,
		Identify:    func(n int) (uint64, int, *key.Encoder) { return key.NewHash().Uint64(uint64(n)).Sum(), n, nil },
		Encode:      func(n *int, e *key.Encoder) { e.Int(*n) },
		Inputs:      []string{"n int"},
	}
}

func run(c *runtime.Calls[int, int, []byte], n int) ([]byte, error) {
	return c.Run(ctx, key.NewHash().Uint64(uint64(n)).Sum(), n, n)
}

// stopRunnerChild executes a call that ends with its context, or as soon as it goes on after
// it was stopped and ten seconds are over.
func stopRunnerChild(s *disk.Store, _ string, n int) {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	c := runtime.NewCalls(specOf(func(ctx context.Context, _ int) ([]byte, error) {
		say("began")
		<-goesOn
		select {
		case <-ctx.Done():
			say("ended by", errors.Is(context.Cause(ctx), runtime.ErrLeaseLost))
		case <-time.After(10 * time.Second):
			say("did not end")
		}
		return []byte("late"), nil
	}), runtime.WithStore(s))
	got, err := run(c, n)
	say("has", string(got), err)
}

// TestTheBodyOfAStoppedProcessEnds: its lease expired, and another process has executed the
// call: it takes that result.
func TestTheBodyOfAStoppedProcessEnds(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	c := start(t, "stoprunner", dir, 1)
	if line := c.line(t); line != "began" {
		t.Fatal(line)
	}
	_ = c.Process.Signal(syscall.SIGSTOP)
	if got, err := run(calls(s, func(int) ([]byte, error) { return []byte("in time"), nil }), 1); err != nil || string(got) != "in time" {
		t.Fatalf("%q, %v", got, err)
	}
	_ = c.Process.Signal(syscall.SIGCONT)
	for _, want := range []string{"ended by true", "has in time <nil>"} {
		if line := c.line(t); line != want {
			t.Errorf("the stopped process says %q, want %q", line, want)
		}
	}
	var got []store.Status
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Status)
	}
	if !slices.Equal(got, []store.Status{store.Succeeded, store.Lost}) {
		t.Errorf("the history has %v", got)
	}
}

// runnerChild is killChild with a runner.
func runnerChild(s *disk.Store, dir string, base int) {
	const distinct = 40
	c := calls(s, func(n int) ([]byte, error) {
		f, err := os.OpenFile(filepath.Join(dir, "witness", strconv.Itoa(n)), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			say("failed: call", n, "is executed twice at a time")
		}
		if _, err := os.Stat(filepath.Join(dir, "done", strconv.Itoa(n))); err == nil {
			say("failed: call", n, "is executed again")
		}
		time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
		return resultOf(n), nil
	}, runtime.MaxEntries(5), runtime.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				n := base + rand.IntN(distinct)
				data, err := run(c, n)
				if err != nil || !bytes.Equal(data, resultOf(n)) {
					say("failed: call", n, "has", len(data), "bytes,", err)
					return
				}
				if err := os.WriteFile(filepath.Join(dir, "done", strconv.Itoa(n)), nil, 0o600); err != nil {
					say("failed", err)
				}
				say("done", n)
			}
		})
	}
	wg.Wait()
}

// forgottenChild executes a call until a file is there, and then makes it again.
func forgottenChild(s *disk.Store, dir string, _ int) {
	c := calls(s, func(n int) ([]byte, error) {
		say("executing")
		for {
			if _, err := os.Stat(filepath.Join(dir, "go")); err == nil {
				return []byte("old"), nil
			}
			time.Sleep(time.Millisecond)
		}
	})
	for range 2 {
		data, err := run(c, 1)
		say(string(data), err, c.Runner().Stats().Executions)
	}
}

func TestWhatAnotherProcessForgetsWhileItExecutesDoesNotCount(t *testing.T) {
	dir := t.TempDir()
	a := start(t, "forgotten", dir, 0)
	if got := a.line(t); got != "executing" {
		t.Fatal(got)
	}
	s := open(t, filepath.Join(dir, "store"), disk.Options{Lease: 10 * time.Second})
	b := calls(s, func(int) ([]byte, error) { return []byte("new"), nil })
	forget := func() bool { return b.Forget(1) }
	if !forget() {
		t.Error("Forget did not reach the execution of the other process")
	}
	for range 2 {
		if data, err := run(b, 1); string(data) != "new" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// Its own caller gets what the store has, which is the newer.
	for range 2 {
		if got := a.line(t); got != "new <nil> 1" {
			t.Errorf("the other process: %s", got)
		}
	}
	if data, err := run(b, 1); string(data) != "new" || err != nil || b.Runner().Stats().Executions != 1 {
		t.Errorf("%q, %v, %+v", data, err, b.Runner().Stats())
	}
}

// rememberChild keeps a result in memory, and makes the call again until it has to
// execute it anew.
func rememberChild(s *disk.Store, _ string, _ int) {
	c := calls(s, func(int) ([]byte, error) { return []byte("x"), nil })
	for last := int64(0); ; time.Sleep(time.Millisecond) {
		if _, err := run(c, 1); err != nil {
			say("failed", err)
		}
		if now := c.Runner().Stats().Executions; now != last {
			say("executed", now)
			last = now
		}
	}
}

func TestWhatAnotherProcessForgetsIsDroppedFromMemory(t *testing.T) {
	dir := t.TempDir()
	a := start(t, "remember", dir, 0)
	want := func(line string) {
		t.Helper()
		if got := a.line(t); got != line {
			t.Fatalf("the other process: %s, want %s", got, line)
		}
	}
	want("executed 1")
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	b := calls(s, func(int) ([]byte, error) { return []byte("x"), nil })
	if !b.Forget(1) {
		t.Error("nothing to forget")
	}
	want("executed 2")
	b.Runner().ForgetAll()
	want("executed 3")
}

func TestKilledRunnersLoseNothing(t *testing.T) {
	dir, completed := killMany(t, "runner")
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	c := calls(s, func(n int) ([]byte, error) {
		t.Errorf("call %d, which was completed, is executed", n)
		return nil, nil
	})
	for n := range completed {
		if data, err := run(c, n); err != nil || !bytes.Equal(data, resultOf(n)) {
			t.Errorf("call %d, which was completed, has %d bytes, %v", n, len(data), err)
		}
	}
	stats := c.Runner().Stats()
	if stats.StoreErrors > 0 || int(stats.Stored) != len(completed) {
		t.Errorf("%+v", stats)
	}
}

// runnersChild is shareChild with a runner.
func runnersChild(s *disk.Store, _ string, _ int) {
	c := calls(s, func(n int) ([]byte, error) {
		say("executed", n)
		return resultOf(n)[:100], nil
	}, runtime.Concurrency(8))
	var wg sync.WaitGroup
	for _, n := range rand.Perm(shared) {
		wg.Go(func() {
			if data, err := run(c, n); err != nil || !bytes.Equal(data, resultOf(n)[:100]) {
				say("failed: call", n, err)
			}
		})
	}
	wg.Wait()
	if n := c.Runner().Stats().StoreErrors; n > 0 {
		say("failed:", n, "errors of the store")
	}
}

func TestRunnersOfFourProcessesExecuteEachCallOnce(t *testing.T) {
	executeOnce(t, "runners")
}

// BenchmarkStoredCall is a call whose result is in the store, and not in memory.
func BenchmarkStoredCall(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{})
	body := func(n int) ([]byte, error) { return resultOf(0), nil }
	const distinct = 1000
	first := calls(s, body)
	for n := range distinct {
		if _, err := run(first, n); err != nil {
			b.Fatal(err)
		}
	}
	c := calls(s, body, runtime.MaxEntries(1))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if _, err := run(c, n%distinct); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if stats := c.Runner().Stats(); stats.Executions > 0 {
		b.Errorf("%d executions", stats.Executions)
	}
}

// BenchmarkCompletedCall is a call that executes in no time, and whose result is on
// the disk when it returns: alone, and beside 63 others.
func BenchmarkCompletedCall(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		b.Run(strconv.Itoa(goroutines), func(b *testing.B) {
			s := open(b, b.TempDir(), disk.Options{})
			c := calls(s, func(int) ([]byte, error) { return resultOf(0), nil })
			next := make(chan int)
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for n := range next {
						if _, err := run(c, n); err != nil {
							b.Error(err)
						}
					}
				})
			}
			n := 0
			for b.Loop() {
				n++
				next <- n
			}
			close(next)
			wg.Wait()
		})
	}
}

// steps is how many calls the flow of loopChild makes, one after the other.
const steps = 60

// loopChild runs a loop until its flow is through.
func loopChild(s *disk.Store, _ string, _ int) {
	c := calls(s, func(n int) ([]byte, error) {
		say("begins", n)
		time.Sleep(time.Millisecond)
		return resultOf(n), nil
	})
	loop := runtime.Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
		for n := range steps {
			data, err := c.Run(ctx, key.NewHash().Uint64(uint64(n)).Sum(), n, n)
			if err != nil {
				return err
			}
			if !bytes.Equal(data, resultOf(n)) {
				say("failed: step", n, "has", len(data), "bytes")
			}
			say("passes", n)
		}
		return runtime.Stop
	}}
	if err := loop.Run(ctx); err != nil {
		say("failed:", err)
	}
	say("through")
}

// TestAKilledLoopGoesOnWhereItWas kills the process of a loop again and again: a
// step that the flow has passed over is not executed any more.
func TestAKilledLoopGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	passed, kills := map[string]bool{}, 0
	for through := false; !through; kills++ {
		if kills == 500 {
			t.Fatal("the loop does not get through")
		}
		c := start(t, "loop", dir, 0)
		first := true
		for line := range c.lines {
			if first { // its start may take longer than its life
				first = false
				time.AfterFunc(time.Duration(20+rand.IntN(60))*slowdown*time.Millisecond, func() { _ = c.Process.Kill() })
			}
			word, step, _ := strings.Cut(line, " ")
			switch {
			case word == "through":
				through = true
			case word == "passes":
				passed[step] = true
			case word == "begins" && !passed[step]:
			default:
				t.Error(line)
			}
		}
	}
	if len(passed) != steps {
		t.Errorf("passed over %d steps, want %d", len(passed), steps)
	}
	t.Logf("through after %d kills", kills-1)
}

// TestNoSecretIsInTheFiles reads all that a call leaves behind which fails with an error that
// quotes its token.
func TestNoSecretIsInTheFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true})
	c := runtime.NewCalls(runtime.Spec[string, string, []byte]{
		Name: "example.com/web.Login", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
		Execute: func(_ context.Context, token string) ([]byte, error) {
			return nil, fmt.Errorf("Get %q: 401", "https://example.com/?token="+url.QueryEscape(token))
		},
		Identify: func(token string) (uint64, string, *key.Encoder) { return 1, token, nil },
		Encode:   func(token *string, e *key.Encoder) { e.String(*token) },
		Inputs:   []string{"token string"}, Secret: []string{"token"},
	}, runtime.WithStore(s))
	const token = "xyzzy plugh"
	if _, err := c.Run(ctx, 1, token, token); err == nil || !strings.Contains(err.Error(), "xyzzy") {
		t.Errorf("the caller gets %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all := []byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all = append(all, data...)
		return err
	})
	if err != nil || bytes.Contains(all, []byte("xyzzy")) || !bytes.Contains(all, []byte(`token=(secret)": 401`)) {
		t.Errorf("the token is in the files, or the error is not: %v", err)
	}
}
