package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/preview"
)

// Handler returns a handler that writes a line for each record from level Info on: the time,
// the level, the message with the attribute "error", and the others. Values of several lines,
// such as stacks, come below it, indented.
func (c *Console) Handler() slog.Handler { return &handler{console: c} }

type handler struct {
	console *Console
	group   string // before the names of attributes
	attrs   []attr
}

// attr is an attribute as it is written.
type attr struct{ name, value string }

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = slices.Clip(h.attrs)
	for _, a := range attrs {
		with.attrs = h.add(with.attrs, h.group, a)
	}
	return &with
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	with := *h
	with.group += name + "."
	return &with
}

// Handle implements slog.Handler.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	attrs := slices.Clip(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = h.add(attrs, h.group, a)
		return true
	})
	_, err := io.WriteString(h.console, h.text(r, attrs))
	return err
}

// text is a record in one line, and in more if it has values that need it.
func (h *handler) text(r slog.Record, attrs []attr) string {
	c := h.console
	var line, below strings.Builder
	if !r.Time.IsZero() {
		line.WriteString(c.styled(Quiet, h.moment(r.Time)) + " ")
	}
	line.WriteString(c.styled(styleOf(r.Level), fmt.Sprintf("%-5s", r.Level)) + " " + first(&below, r.Message))
	for _, a := range attrs {
		if a.name == "error" {
			line.WriteString(": " + c.styled(styleOf(r.Level), first(&below, a.value)))
		}
	}
	for _, a := range attrs {
		switch {
		case a.name == "error":
		case strings.Contains(a.value, "\n"):
			below.WriteString("    " + c.styled(Quiet, preview.Line(a.name)+":") + "\n")
			indent(&below, "        ", a.value)
		default:
			line.WriteString("  " + c.styled(Quiet, preview.Line(a.name)+"=") + quoted(a.value))
		}
	}
	return line.String() + "\n" + below.String()
}

// moment is when a record was made: at a terminal the time of the day.
func (h *handler) moment(t time.Time) string {
	if h.console.IsTerminal() {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.RFC3339)
}

func styleOf(level slog.Level) Style {
	switch {
	case level >= slog.LevelError:
		return Bad
	case level >= slog.LevelWarn:
		return Warns
	}
	return Plain
}

// first returns the first line of a text, and writes the others below.
func first(below *strings.Builder, text string) string {
	line, rest, more := strings.Cut(strings.TrimRight(text, "\n"), "\n")
	if more {
		indent(below, "    ", rest)
	}
	return preview.Line(line)
}

// indent writes a text so that none of its lines looks like one of ours.
func indent(below *strings.Builder, by, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		inner := strings.TrimLeft(line, "\t")
		below.WriteString(by + strings.Repeat("    ", len(line)-len(inner)) + preview.Line(inner) + "\n")
	}
}

// quoted returns a value such that one sees where it ends.
func quoted(value string) string {
	switch plain := preview.Line(value) == value; {
	case plain && value != "" && !strings.ContainsAny(value, " \"=`"):
		return value
	case plain && strings.Contains(value, `"`) && !strings.Contains(value, "`"):
		return "`" + value + "`"
	}
	return preview.Line(strconv.Quote(value))
}

// add adds an attribute, or what is in a group.
func (h *handler) add(attrs []attr, group string, a slog.Attr) []attr {
	v := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return attrs
	case v.Kind() != slog.KindGroup:
		return append(attrs, attr{group + a.Key, h.value(v)})
	}
	if a.Key != "" {
		group += a.Key + "."
	}
	for _, inner := range v.Group() {
		attrs = h.add(attrs, group, inner)
	}
	return attrs
}

func (h *handler) value(v slog.Value) string {
	switch v.Kind() {
	case slog.KindTime:
		return v.Time().Format(time.RFC3339)
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return preview.Error(err)
		}
	}
	return v.String()
}

// JSONHandler returns a handler that writes a line of JSON for each record from level Info on.
func (c *Console) JSONHandler() slog.Handler { return slog.NewJSONHandler(jsonLines{c}, nil) }

type jsonLines struct{ c *Console }

// Write implements io.Writer.
func (j jsonLines) Write(line []byte) (int, error) {
	if _, err := j.c.Write(JSON(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}
