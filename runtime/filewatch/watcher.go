package filewatch

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Watcher tells loops of changes of files; it is a runtime.FileWatcher. The zero Watcher works.
// It holds resources of the system only while something is watched, so there is nothing to
// close. It must not be copied after its first use. Several loops may share one.
type Watcher struct {
	// Poll has all files looked at every Interval, for file systems that do not tell of changes.
	Poll bool

	// Interval is how often files are looked at that the system does not watch. Zero is five
	// seconds.
	Interval time.Duration

	// Logger is told, once, of each reason why files are not watched but looked at. Nil is
	// slog.Default().
	Logger *slog.Logger

	mu      sync.Mutex // guards the session, too
	session *session   // nil: nothing is watched
	said    map[string]bool
}

// Watch calls changed, in a goroutine of its own, after what is at path has changed: a file, or
// if tree a directory with everything in it. See runtime.FileWatcher. A relative path is
// relative to the working directory of the moment. changed is called without locks, so it
// may call stop. stop does not wait for changed.
func (w *Watcher) Watch(path string, tree bool, changed func()) (stop func()) {
	x := &watch{path: absolute(path), tree: tree, changed: changed}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.session == nil {
		w.session = newSession(w)
	}
	s := w.session
	s.watches[x] = struct{}{}
	s.establish(x)
	s.rearm()
	return func() { s.stop(x) }
}

// absolute makes a path absolute as the system does: without changing what "link/.." means.
func absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	here, err := os.Getwd()
	if err != nil {
		return path // it is told apart from nothing, and polling sees it
	}
	return here + string(filepath.Separator) + path
}

func (w *Watcher) interval() time.Duration {
	if w.Interval > 0 {
		return w.Interval
	}
	return 5 * time.Second
}

// sayError is say of an error of the system. path is "" if that stands for all. w.mu is held.
func (w *Watcher) sayError(err error, path string) {
	reason := err.Error()
	if limit := remedy(err); limit != "" {
		reason = limit
	}
	w.say(reason, path)
}

// say logs, once, why files are looked at. w.mu is held.
func (w *Watcher) say(reason, path string) {
	if w.said[reason] {
		return
	}
	if w.said == nil {
		w.said = map[string]bool{}
	}
	w.said[reason] = true
	l := w.Logger
	if l == nil {
		l = slog.Default()
	}
	attrs := []any{slog.String("because", reason), slog.Duration("every", w.interval())}
	if path != "" {
		attrs = append(attrs, slog.String("path", path))
	}
	l.Warn("some files are not watched, but looked at now and then", attrs...)
}
