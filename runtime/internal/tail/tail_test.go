package tail

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/workgen/workgen/runtime/internal/redact"
)

func TestTheLastLinesAreKept(t *testing.T) {
	var none *Lines
	if got := none.String(); got != "" {
		t.Errorf("of nil there is %q", got)
	}
	var lines Lines
	l := lines.Logger(slog.New(slog.DiscardHandler)).With("file", "a b").WithGroup("g")
	l.Debug("not kept")
	l.Warn("read", "n", 1)
	want := regexp.MustCompile(`^time=\S+ level=WARN msg=read file="a b" g\.n=1\n$`)
	if got := lines.String(); !want.MatchString(got) {
		t.Errorf("kept is %q", got)
	}
	for n := range 2 * MostLines {
		l.Info("two\nlines", "n", n)
	}
	got := strings.Split(lines.String(), "\n")
	if len(got) != MostLines+1 || !strings.HasSuffix(got[0], "g.n=20") || !strings.HasSuffix(got[MostLines-1], "g.n=39") {
		t.Errorf("kept are %d: %q", len(got), got)
	}
}

func TestWhatTheLoggerTakesIsKept(t *testing.T) {
	for level, kept := range map[slog.Level]int{slog.LevelDebug: 4, slog.LevelError: 3} {
		var lines Lines
		var out bytes.Buffer
		l := lines.Logger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
		l.Debug("a")
		l.Info("b")
		l.Warn("c")
		l.Error("d")
		if n := strings.Count(lines.String(), "\n"); n != kept {
			t.Errorf("of level %v %d lines are kept, want %d", level, n, kept)
		}
		if level == slog.LevelError && strings.Count(out.String(), "\n") != 1 {
			t.Errorf("the logger has got %q", &out)
		}
	}
}

func TestLinesAreBounded(t *testing.T) {
	var lines Lines
	l := lines.Logger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	for _, size := range []int{10, 3000, MostBytes / 3, MostBytes - 60, MostBytes, 2 * MostBytes} {
		l.Info(strings.Repeat("ä", size/2))
		got := lines.String()
		if len(got) > MostBytes || !utf8.ValidString(got) || !strings.HasSuffix(got, "\n") {
			t.Errorf("after %d bytes there are %d, and they end in %q", size, len(got), got[len(got)-10:])
		}
		if size < MostBytes-60 && !strings.HasSuffix(got, "ä\n") || size >= MostBytes && !strings.HasSuffix(got, "…\n") {
			t.Errorf("after %d bytes they end in %q", size, got[len(got)-10:])
		}
	}
	l.Info("last")
	if got := lines.String(); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "msg=last\n") {
		t.Errorf("kept is %q", got)
	}
}

func TestLinesHaveNoSecrets(t *testing.T) {
	const secret = `s3cr3t "of all"`
	redact.Add([]string{secret})
	var lines Lines
	l := lines.Logger(slog.New(slog.DiscardHandler)).With("with", secret)
	l.Info("it is "+secret, "error", fmt.Errorf("bad %q", secret))
	l.Info(strings.Repeat("x", MostBytes-60) + secret) // would be cut in the middle of it
	if got := lines.String(); strings.Contains(got, "s3cr3t") || !strings.Contains(got, redact.Mark) {
		t.Errorf("kept is %q", got)
	}
	lines = Lines{}
	l.Info("it is "+secret, "error", fmt.Errorf("bad %q", secret))
	if got := lines.String(); strings.Count(got, redact.Mark) != 3 {
		t.Errorf("kept is %q", got)
	}
}
