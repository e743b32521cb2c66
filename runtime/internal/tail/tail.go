// Package tail keeps the last lines of a log.
package tail

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
)

// Bounds of what is kept.
const (
	MostLines = 20
	MostBytes = 8 << 10
)

// Lines are the last lines that were written, without secrets. The zero Lines are none. All
// methods may be called concurrently.
type Lines struct {
	mu    sync.Mutex
	lines []string
	bytes int // of all of them
}

// Logger returns a logger that writes to l, and the same line to t, as text: also where l
// takes nothing, from level Info on.
func (t *Lines) Logger(l *slog.Logger) *slog.Logger {
	o := slog.HandlerOptions{Level: slog.LevelInfo}
	if l.Enabled(context.Background(), slog.LevelDebug) {
		o.Level = slog.LevelDebug
	}
	return slog.New(slog.NewMultiHandler(l.Handler(), slog.NewTextHandler(t, &o)))
}

// Write adds a line, which p is with its line break.
func (t *Lines) Write(p []byte) (int, error) {
	const more = "…\n"
	line := redact.Text(string(p)) // before a secret is cut
	if len(line) > MostBytes {
		line = preview.Cut(line, MostBytes-len(more)) + "\n"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	t.bytes += len(line)
	for len(t.lines) > MostLines || t.bytes > MostBytes {
		t.bytes -= len(t.lines[0])
		t.lines[0] = ""
		t.lines = t.lines[1:]
	}
	return len(p), nil
}

// String returns the lines, each with its line break. Of nil there are none.
func (t *Lines) String() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "")
}
