package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// logPanic logs the panic of a body: callers get it as an error, but a bug may
// have no callers left.
func (r *runner) logPanic(p *PanicError) {
	if p != nil {
		r.log("work panicked", slog.String("value", fmt.Sprint(p.Value)), slog.String("stack", string(p.Stack)))
	}
}

// log writes an error. No lock may be held: a handler is user code.
func (r *runner) log(message string, attrs ...slog.Attr) {
	r.logAt(slog.LevelError, message, attrs...)
}

// logAt is log for any level.
func (r *runner) logAt(level slog.Level, message string, attrs ...slog.Attr) {
	l := r.logger
	if l == nil {
		l = slog.Default()
	}
	attrs = append([]slog.Attr{slog.String("work", r.name)}, attrs...)
	l.LogAttrs(context.Background(), level, message, attrs...)
}

// guard runs code of the user's that must not end the goroutine by a panic.
func (r *runner) guard(message string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			r.log(message, slog.String("value", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
		}
	}()
	f()
}
