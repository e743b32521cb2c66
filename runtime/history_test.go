package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// executions lists what a store has, the newest first.
func executions(t *testing.T, s store.Store) (list []store.Record) {
	t.Helper()
	for r, err := range s.History(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// wantLines compares what was kept of a log with messages.
func wantLines(t *testing.T, what, log string, messages ...string) {
	t.Helper()
	lines := strings.SplitAfter(log, "\n")
	if len(lines) != len(messages)+1 {
		t.Errorf("%s: %d lines, want %d:\n%s", what, len(lines)-1, len(messages), log)
		return
	}
	for i, m := range messages {
		if !strings.HasPrefix(lines[i], "time=") || !strings.HasSuffix(lines[i], " msg="+m+"\n") {
			t.Errorf("%s, line %d: %q, want %q", what, i, lines[i], m)
		}
	}
}

func TestRecordsTellWhatTheBodyHasLogged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		var log journal
		running := func() store.Record { return executions(t, s)[0] }
		f := storing(s, func(ctx context.Context, arg string) (string, error) {
			l, silent := Logger(ctx), Attempt(ctx) == 3
			if silent {
				return "", Permanent(errFlaky)
			}
			l.Debug("no")
			l.Info("begins", "n", Attempt(ctx))
			time.Sleep(40 * time.Second) // and the lease is renewed
			wantLines(t, "while it runs", running().Log, fmt.Sprint("begins n=", Attempt(ctx)))
			Logger(ctx).Warn("fails")
			go func() {
				time.Sleep(2 * time.Hour)
				l.Info("late")
				Logger(ctx).Info("late")
				Progress(ctx, 1, 1, "late")
			}()
			return "", errFlaky
		}, Retry(RetryPolicy{Attempts: 3, Initial: time.Hour, Max: time.Hour}), WithLogger(log.logger()))
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, errFlaky)
		settled(t, f)
		list := executions(t, s)
		want(t, "the last one's", list[0].Log, "")
		time.Sleep(4 * time.Hour)
		if n := strings.Count(log.String(), `"work":"example.com/web.Fetch","call":1,"attempt":2`); n != 4 {
			t.Errorf("the log has %d lines of the second attempt: %s", n, &log)
		}
	})
}

func TestRecordsTellWhatAStoppedBodyHasLogged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		f := storing(s, func(ctx context.Context, _ string) (string, error) {
			Logger(ctx).Info("begins")
			Progress(ctx, 1, 2, "half")
			<-ctx.Done()
			Logger(ctx).Info("late")
			return "", ctx.Err()
		})
		call := f.Start(t.Context(), "a")
		time.Sleep(time.Second)
		call.Stop()
		settled(t, f)
		r := executions(t, s)[0]
		want(t, "status", r.Status, store.Stopped)
		want(t, "progress", r.Progress, store.Progress{Done: 1, Total: 2, Note: "half"})
		wantLines(t, "stopped", r.Log, "begins")
	})
}

func TestWhatIsLoggedWithoutAStoreIsKeptNowhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, _ string) (string, error) {
			Logger(ctx).Info("begins")
			if executionOf(ctx).call.progress != nil {
				t.Error("lines are kept")
			}
			return "", nil
		}, WithLogger(slog.New(slog.DiscardHandler)))
		f.Run(t.Context(), "a")
	})
}

func TestFailuresThatAreKeptHoldNoLines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := storing(memory.New(0), func(ctx context.Context, _ string) (string, error) {
			Logger(ctx).Info("begins")
			Progress(ctx, 1, 2, "half")
			return "", errFlaky
		}, CacheErrors(time.Hour))
		call := f.Start(t.Context(), "a")
		_, err := call.Wait(t.Context())
		wantErr(t, err, errFlaky)
		want(t, "progress", call.Status().Progress, CallProgress{1, 2, "half"})
		if call.node.call.Load().progress.lines != nil {
			t.Error("the lines are held")
		}
	})
}

func TestRecordsTellWhereABodyPanicked(t *testing.T) {
	for name, test := range map[string]struct {
		body        func(context.Context, string) (string, error)
		least, most int
	}{
		"a panic": {mustNotRun, 100, maxStack},
		"that of another, with a long stack": {func(context.Context, string) (string, error) {
			return "", fmt.Errorf("so: %w", &PanicError{Work: "w", Value: 1, Stack: []byte(strings.Repeat("runtime.mustNotRun\n", 3000))})
		}, maxStack - 3, maxStack + 3},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := memory.New(0)
				f := storing(s, test.body)
				_, err := f.Run(t.Context(), "a")
				var p *PanicError
				want(t, "panicked", errors.As(err, &p), true)
				settled(t, f)
				r := executions(t, s)[0]
				if n := len(r.Stack); n > test.most || n < test.least || !strings.Contains(r.Stack, "runtime.mustNotRun") {
					t.Errorf("%d bytes of stack: %s", n, r.Stack)
				}
			})
		})
	}
}
