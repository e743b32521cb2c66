package redact

import (
	"context"
	"fmt"
	"log/slog"
)

// Logger returns a logger that writes to l what has no secrets in it.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(handler{l.Handler()}) }

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if !Any() {
		return h.Handler.Handle(ctx, r)
	}
	out := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(attr(a))
		return true
	})
	return h.Handler.Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(redacted(attrs))}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

func redacted(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = attr(a)
	}
	return out
}

// attr returns a without secrets. What is neither text nor number becomes text where it
// has some.
func attr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Text(a.Value.String()))
	case slog.KindGroup:
		a.Value = slog.GroupValue(redacted(a.Value.Group())...)
	case slog.KindAny:
		text := fmt.Sprintf("%+v", a.Value.Any()) // which survives panics of methods
		if err, ok := a.Value.Any().(error); ok {
			text = fmt.Sprint(err)
		}
		if clean := Text(text); clean != text {
			a.Value = slog.StringValue(clean)
		}
	}
	return a
}
