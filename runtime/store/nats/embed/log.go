package embed

import (
	"fmt"
	"log/slog"
	"os"
)

// logger hands the server's log on. What it says of its ordinary work is at the level Debug.
type logger struct{ *slog.Logger }

func (l *logger) Noticef(format string, v ...any) { l.Debug(fmt.Sprintf(format, v...)) }
func (l *logger) Warnf(format string, v ...any)   { l.Warn(fmt.Sprintf(format, v...)) }
func (l *logger) Errorf(format string, v ...any)  { l.Error(fmt.Sprintf(format, v...)) }
func (l *logger) Debugf(string, ...any)           {}
func (l *logger) Tracef(string, ...any)           {}

// Fatalf ends the process, as the server wants it: it calls this where it cannot go on.
func (l *logger) Fatalf(format string, v ...any) {
	l.Error(fmt.Sprintf(format, v...))
	os.Exit(1)
}
