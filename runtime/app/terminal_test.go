package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/console"
)

func TestElsewhereThereIsALinePerEvent(t *testing.T) {
	p := run(t, "panics", "-no-page")
	want(t, "status", p.status(t), 1)
	text := p.stderr.String()
	if strings.ContainsAny(text, "\x1b\r") {
		t.Errorf("it has what only a terminal obeys: %q", text)
	}
	for _, part := range []string{
		"INFO: Your app has started.\n", " WARN  a call has failed: work example.com/main.Work panicked: index out of range\\x1b  work=", "    stack:\n        goroutine ", "\n            /",
		"ERROR: work example.com/main.Work panicked",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}

func TestWithJSONEveryLineIsJSON(t *testing.T) {
	p := run(t, "panics", "-addr 127.0.0.1:0 -json")
	want(t, "status", p.status(t), 1)
	var said []string
	for line := range strings.Lines(p.stderr.String()) {
		var record struct{ Level, Msg, Stack string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		message, _, _ := strings.Cut(record.Msg, ":")
		said = append(said, record.Level+" "+message)
		if message == "a call has failed" && strings.Count(record.Stack, "\n") < 3 {
			t.Errorf("there is no stack in %q", line)
		}
	}
	text := strings.Join(said, "\n")
	for _, part := range []string{"INFO Your app has started. View it in your browser", "WARN a call has failed", "ERROR work example.com/main.Work panicked"} {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}

func TestALoggerOfTheProgramStays(t *testing.T) {
	for _, flags := range []string{"-no-page", "-no-page -json"} {
		p := run(t, "has a logger", flags)
		p.line(t, "executing")
		if !p.out.Scan() || !strings.HasSuffix(p.out.Text(), `level=INFO msg=executes`) {
			t.Errorf("got %q", p.out.Text())
		}
		p.Process.Signal(syscall.SIGTERM)
		want(t, "status", p.status(t), 0)
		if text := p.stderr.String(); !strings.HasPrefix(text, "INFO: Your app has started.\n") {
			t.Errorf("got %q", text)
		}
	}
}

// TestLogsGoBackToWhereTheyWent when an app has ended in a program that goes on.
func TestLogsGoBackToWhereTheyWent(t *testing.T) {
	var out output
	before := slog.Default()
	said := false
	a := &App{NoPage: true, Stderr: &out, Loop: &runtime.Loop{Flow: func(context.Context) error {
		slog.Info("by slog")
		log.Print("by log")
		said = true
		return runtime.Stop
	}}}
	want(t, "status", a.Main(), 0)
	if text := out.String(); !said || !strings.Contains(text, " INFO  by slog\n") || !strings.Contains(text, " INFO  by log\n") {
		t.Errorf("got %q", text)
	}
	if slog.Default() != before || log.Writer() != os.Stderr || log.Flags() != log.LstdFlags {
		t.Error("logs go elsewhere now")
	}
	log.SetPrefix("mine: ")
	defer log.SetPrefix("")
	a = &App{NoPage: true, Stderr: &out, Loop: &runtime.Loop{Flow: func(context.Context) error {
		if slog.Default() != before || log.Writer() != os.Stderr {
			t.Error("what the program has set is changed")
		}
		return runtime.Stop
	}}}
	want(t, "status", a.Main(), 0)
}

// logsTo returns a logger that writes messages and attributes.
func logsTo(out *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestTicksRetriesAndPausesAreSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		slow := newWork("told.Slow", func(context.Context, string) (string, error) {
			time.Sleep(10 * time.Second)
			return "", nil
		})
		fails := newWork("told.Fails", func(context.Context, string) (string, error) {
			return "", errors.New("the source answers 503")
		}, runtime.Retry(runtime.RetryPolicy{Attempts: 7, Initial: 14 * time.Second, Max: 14 * time.Second, Jitter: -1}))
		a := &App{Logger: logsTo(&out), Works: []*runtime.Runner{slow.Runner, fails.Runner}}
		a.Loop = &runtime.Loop{Logger: quiet, KeepGoing: true, Flow: func(ctx context.Context) error {
			tick := runtime.Cron(ctx, "CRON_TZ=UTC @hourly")
			runtime.Cron(ctx, "CRON_TZ=UTC @yearly", runtime.SkipFirst()) // nothing was done for that
			runtime.Cron(ctx, "CRON_TZ=UTC 0 * * * *", runtime.Named("hourly report"))
			_, err := slow.Run(ctx, tick.Format(time.TimeOnly))
			return err
		}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.Loop.Run(ctx) }()
		call := fails.Start(t.Context(), "a")
		n := &narrator{app: a, ticks: map[ticking]runtime.TickStatus{}, retries: map[string]int64{}, said: map[string]retry{}}
		for range 2 * 3600 {
			time.Sleep(time.Second)
			n.look(time.Now())
		}
		a.Loop.Pause()
		n.look(time.Now())
		n.look(time.Now())
		a.Loop.Resume()
		n.look(time.Now())
		cancel()
		<-ended
		call.Stop()
		var lines []string
		for line := range strings.Lines(out.String()) {
			lines = append(lines, strings.TrimSpace(line))
		}
		want := []string{
			`level=WARN msg="an attempt has failed and is repeated" work=example.com/told.Fails call=1 attempt=1 error="the source answers 503" again=`,
			`level=INFO msg="a tick is done" name="hourly report" schedule="CRON_TZ=UTC 0 * * * *" tick=2000-01-01T00:00:00.000Z next=2000-01-01T01:00:00.000Z`,
			`level=WARN msg="an attempt has failed and is repeated" work=example.com/told.Fails call=1 attempt=6 error="the source answers 503" again=`,
			`level=INFO msg="a tick is done" name="hourly report" schedule="CRON_TZ=UTC 0 * * * *" tick=2000-01-01T01:00:00.000Z next=2000-01-01T02:00:00.000Z`,
			`level=INFO msg="the flow is paused"`,
			`level=INFO msg="the flow goes on"`,
		}
		for i, line := range lines {
			if at := strings.Index(line, "again="); at >= 0 {
				lines[i] = line[:at+len("again=")]
			}
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestTheLiveLineSaysWhatGoesOnAndHowFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := newWork("live.Day", func(ctx context.Context, day string) (string, error) {
			if day == "bad" {
				return "", errors.New("no data")
			}
			time.Sleep(2 * time.Second)
			runtime.Progress(ctx, 40, 100, "reading")
			<-ctx.Done()
			return "", ctx.Err()
		}, runtime.Concurrency(1))
		free := newWork("live.Free", stuck)
		a := &App{Works: []*runtime.Runner{day.Runner, free.Runner}}
		a.Loop = &runtime.Loop{Logger: quiet, Flow: func(ctx context.Context) error {
			runtime.Cron(ctx, "CRON_TZ=UTC @hourly", runtime.Named("hourly report"))
			return nil
		}}
		text := func() string {
			synctest.Wait()
			var b strings.Builder
			for _, p := range a.live(time.Now()) {
				b.WriteString(p.Text)
			}
			return b.String()
		}
		want(t, "before", text(), "not started")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.Loop.Run(ctx) }()
		next := time.Now().Truncate(time.Hour).Add(time.Hour).Local().Format(time.TimeOnly)
		want(t, "idle", text(), "waiting · next hourly report "+next+", in 1 h 0 min")
		day.Run(ctx, "bad")
		calls := []*runtime.Call[string]{day.Start(ctx, "a"), day.Start(ctx, "b")}
		time.Sleep(61 * time.Second)
		calls = append(calls, free.Start(ctx, "c"))
		time.Sleep(time.Second)
		want(t, "busy", text(), "2 running · 1 waiting · 1 failed · live.Day 40/100 reading 1 min 2 s · live.Free 1 s · next hourly report "+next+", in 58 min 58 s")
		for _, c := range calls {
			c.Stop()
		}
		a.Loop.Pause()
		want(t, "paused", text(), "paused · 1 failed · next hourly report "+next+", in 58 min 58 s")
		cancel()
		<-ended
	})
}

// TestTheLiveLineIsForTerminals: everywhere else it would be thousands of lines.
func TestTheLiveLineIsForTerminals(t *testing.T) {
	if console.New(&output{}).IsTerminal() || console.New(os.Stdin).IsTerminal() && os.Getenv("TERM") == "dumb" {
		t.Error("it is shown where there is none")
	}
}
