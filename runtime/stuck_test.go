package runtime

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallsThatDoNotEndAreSaidInTheLogLessAndLessOften(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out bytes.Buffer
		f := newFetch(sleeperFor(2*time.Hour), Concurrency(1), WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		f.Start(t.Context(), "a")
		b := f.Start(t.Context(), "b")
		time.Sleep(90 * time.Minute)
		b.Stop()
		time.Sleep(2 * time.Hour)
		settled(t, f)
		for text, n := range map[string]int{
			"call=1 status=running waits_for=\"its body\"": 4, // 10, 20, 40, 80 minutes
			"call=2 status=pending waits_for=\"a slot\"":   7, // 1, 2, 4, 8, 16, 32, 64 minutes
		} {
			if got := strings.Count(out.String(), text); got != n {
				t.Errorf("%s is logged %d times, want %d:\n%s", text, got, n, &out)
			}
		}
	})
}

// sleeperFor is a sleeper that takes so long.
func sleeperFor(d time.Duration) func(context.Context, string) (string, error) {
	return func(ctx context.Context, arg string) (string, error) {
		select {
		case <-time.After(d):
			return "got " + arg, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// TestABodyThatWaitsForItself calls its own runner with a context of its own. The log says
// which call hangs, and Stop makes the key live again.
func TestABodyThatWaitsForItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type args struct {
			Day   string
			At    time.Time
			Token string `workgen:"secret"`
			List  []int
			in    int // not exported
		}
		var out journal
		var run func(ctx context.Context, day string) (string, error)
		hangs := true
		calls := NewCalls(Spec[string, args, string]{
			Name: "example.com/web.Self",
			Execute: func(_ context.Context, a args) (string, error) {
				if a.List[0]++; hangs {
					return run(context.Background(), a.Day)
				}
				return "got " + a.Day, nil
			},
		}, WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		run = func(ctx context.Context, day string) (string, error) {
			return calls.Run(ctx, hashOf(day), day, args{Day: day, At: time.Unix(0, 0).UTC(), Token: "hunter2", List: []int{0}, in: 1})
		}
		errs := make(chan error, 1)
		go func() {
			_, err := run(context.Background(), "a")
			errs <- err
		}()
		time.Sleep(11 * time.Minute)
		want := `msg="a call has not ended for long" work=example.com/web.Self call=1 status=running waits_for="its body" since=10m0s ` +
			`arguments="Day=\"a\" At=1970-01-01T00:00:00Z Token=(secret) List=…"`
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log says\n%s\nwant\n%s", &out, want)
		}
		if !Inspect(calls.Runner()).Stop(1) {
			t.Error("there is nothing to stop")
		}
		wantErr(t, <-errs, ErrStopped)
		synctest.Wait()
		if s := calls.Runner().Stats(); s.InFlight != 0 || s.Pending != 0 {
			t.Errorf("the body still runs: %+v", s)
		}
		hangs = false
		wantResult(t, "got a")(run(t.Context(), "a"))
	})
}
