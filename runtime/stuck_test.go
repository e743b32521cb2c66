package runtime

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
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
