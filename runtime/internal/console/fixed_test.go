package console

import (
	"context"
	"log/slog"
)

// fixed is a handler for which all records are made at one time.
type fixed struct{ slog.Handler }

func (f fixed) Handle(ctx context.Context, r slog.Record) error {
	r.Time = at
	return f.Handler.Handle(ctx, r)
}

func (f fixed) WithAttrs(attrs []slog.Attr) slog.Handler { return fixed{f.Handler.WithAttrs(attrs)} }
func (f fixed) WithGroup(name string) slog.Handler       { return fixed{f.Handler.WithGroup(name)} }
