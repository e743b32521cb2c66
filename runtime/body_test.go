package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestABodyKnowsItsAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var attempts []int
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			attempts = append(attempts, Attempt(context.WithValue(ctx, t, 1)))
			if len(attempts) < 3 {
				return "", errFlaky
			}
			return arg, nil
		}, Retry(RetryPolicy{Attempts: 3}))
		wantResult(t, "a")(f.Run(t.Context(), "a"))
		settled(t, f)
		want(t, "attempts", fmt.Sprint(attempts), "[1 2 3]")
		want(t, "outside", Attempt(t.Context()), 0)
	})
}

func TestALoggerNamesTheCall(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	f := newFetch(func(ctx context.Context, arg string) (string, error) {
		Logger(ctx).Info("fetching", "page", arg)
		return arg, nil
	}, WithLogger(logger))
	wantResult(t, "a")(f.Run(t.Context(), "a"))
	if line := "msg=fetching work=example.com/web.Fetch call=1 attempt=1 page=a"; !strings.Contains(out.String(), line) {
		t.Errorf("logged %s, want %s", &out, line)
	}
	want(t, "outside", Logger(t.Context()), slog.Default())
}

func TestProgressShowsAndIsToldTenTimesASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			for i := range int64(1000) {
				Progress(ctx, i, 1000, "step")
				time.Sleep(time.Millisecond)
			}
			return arg, nil
		})
		changed, told := make(chan struct{}, 1), 0
		defer Inspect(f.Runner).Notify(changed)()
		call := f.Start(t.Context(), "a")
		time.Sleep(500*time.Millisecond + time.Microsecond)
		want(t, "progress", call.Status().Progress, CallProgress{500, 1000, "step"})
		for !call.Status().ended() {
			<-changed
			told++
		}
		settled(t, f)
		if told < 4 || told > 8 {
			t.Errorf("told %d times in half a second", told)
		}
		want(t, "progress at the end", f.Status().Progress, CallProgress{999, 1000, "step"})
		Progress(t.Context(), 1, 2, "outside") // does nothing
	})
}

func TestPermanentErrorsAreNotRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		executed := 0
		f := newFetch(func(context.Context, string) (string, error) {
			executed++
			return "", fmt.Errorf("page: %w", Permanent(errFlaky))
		}, Retry(RetryPolicy{Attempts: 5, If: func(error) bool { return true }}))
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, errFlaky)
		want(t, "text", err.Error(), "page: "+errFlaky.Error())
		settled(t, f)
		want(t, "executions", executed, 1)
		want(t, "nil", Permanent(nil), nil)

		l := Loop{Flow: func(ctx context.Context) error { _, err := f.Run(ctx, "b"); return err }, KeepGoing: true, Logger: quiet()}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		wantErr(t, l.Run(ctx), context.DeadlineExceeded)
		want(t, "executions", executed, 2)
	})
}

func TestRetryAfterWaitsAtLeastSoLong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var at []time.Time
		f := newFetch(func(_ context.Context, arg string) (string, error) {
			at = append(at, time.Now())
			if len(at) == 1 {
				return "", fmt.Errorf("busy: %w", RetryAfter(errors.New("503"), time.Minute))
			}
			return arg, nil
		}, Retry(RetryPolicy{Attempts: 2, Jitter: -1}))
		wantResult(t, "a")(f.Run(t.Context(), "a"))
		settled(t, f)
		want(t, "waited", at[1].Sub(at[0]), time.Minute)
		want(t, "nil", RetryAfter(nil, time.Minute), nil)
	})
}

func TestMaxPendingRefusesWhatIsTooMuch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper, MaxPending(2))
		wantResult(t, "got hit")(f.Run(t.Context(), "hit"))
		f.Start(t.Context(), "a")
		call := f.Start(t.Context(), "b")
		synctest.Wait()
		_, err := f.Run(t.Context(), "c")
		wantErr(t, err, ErrBusy)
		_, err = f.Start(t.Context(), "c").Wait(t.Context())
		wantErr(t, err, ErrBusy)
		wantResult(t, "got hit")(f.Run(t.Context(), "hit"))
		wantResult(t, "got a")(f.Run(t.Context(), "a")) // joins
		wantResult(t, "got b")(call.Wait(t.Context()))
		wantResult(t, "got c")(f.Run(t.Context(), "c"))
		want(t, "refused", settled(t, f).Refused, 2)
	})
}
