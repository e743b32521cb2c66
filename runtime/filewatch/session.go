package filewatch

import (
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	quiet   = 50 * time.Millisecond // without a change end a burst of them
	longest = time.Second           // of a burst
)

// session is what a Watcher has while something is watched.
//
//	an event ──▶ note ──▶ (the burst ends) ──▶ flush ──▶ establish what has moved ──▶ changed
//
// The mutex of the Watcher guards all but the first two fields.
type session struct {
	w    *Watcher
	quit chan struct{}
	poke chan struct{} // holds a token when run has to look at what is due

	system  system // nil if there is none
	folders map[string]folder
	watches map[*watch]struct{}

	noted   map[*watch]struct{} // those that have changed since the last flush
	moved   map[string]bool     // folders that were renamed or removed since then
	first   time.Time           // when the burst began; zero: there is none
	due     time.Time           // when it ends
	took    time.Duration       // the last flush
	polling time.Time           // when to look at the files that the system does not watch; zero: there are none
}

// system is how the operating system watches directories: an fsnotify.Watcher.
type system interface {
	Add(folder string) error
	Remove(folder string) error
	Close() error
}

// open opens one. Tests replace it.
var open = func() (system, <-chan fsnotify.Event, <-chan error, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, nil, err
	}
	return w, w.Events, w.Errors, nil
}

// watch is one call of Watch.
type watch struct {
	path    string
	tree    bool
	changed func()

	places   []place
	stale    bool     // the places may have changed
	polled   bool     // the system does not tell of all changes there
	contents contents // of one that is polled, when it was last looked at
}

// folder has those that are interested in what is in a directory, by place.name.
type folder map[string]map[*watch]struct{}

// newSession begins to watch nothing. w.mu is held.
func newSession(w *Watcher) *session {
	s := &session{
		w: w, quit: make(chan struct{}), poke: make(chan struct{}, 1),
		folders: map[string]folder{}, watches: map[*watch]struct{}{},
		noted: map[*watch]struct{}{}, moved: map[string]bool{},
	}
	var events <-chan fsnotify.Event
	var failures <-chan error
	if !w.Poll {
		var err error
		if s.system, events, failures, err = open(); err != nil {
			w.sayError(err, "")
		}
	}
	go s.run(events, failures)
	return s
}

// stop ends a watch, and the session with the last one.
func (s *session) stop(x *watch) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	delete(s.watches, x)
	delete(s.noted, x)
	if len(s.watches) == 0 && s.w.session == s {
		s.w.session = nil
		close(s.quit)
		return
	}
	s.leave(x, x.places)
}

// run tells of changes until the session ends.
func (s *session) run(events <-chan fsnotify.Event, failures <-chan error) {
	if s.system != nil {
		defer s.system.Close() // nothing is lost
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.sleeps())
		select {
		case <-s.quit:
			return
		case <-s.poke:
		case event := <-events:
			s.note(event)
		case <-failures:
			s.lost()
		case <-timer.C:
			s.work()
		}
	}
}

// sleeps returns how long there is nothing to do without an event.
func (s *session) sleeps() time.Duration {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	next := s.due
	if next.IsZero() || !s.polling.IsZero() && s.polling.Before(next) {
		next = s.polling
	}
	if next.IsZero() {
		return 1 << 62
	}
	return time.Until(next)
}

// rearm has run look at what is due. w.mu is held.
func (s *session) rearm() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// note finds out whom an event is for.
func (s *session) note(event fsnotify.Event) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if f := s.folders[event.Name]; f != nil && event.Op&(fsnotify.Remove|fsnotify.Rename|fsnotify.Chmod) != 0 {
		if event.Op&^fsnotify.Chmod != 0 {
			s.moved[event.Name] = true
		}
		for _, interested := range f {
			s.noteAll(interested, true)
		}
	}
	f := s.folders[filepath.Dir(event.Name)]
	if f == nil {
		return
	}
	s.noteAll(f[filepath.Base(event.Name)], event.Op&^(fsnotify.Write|fsnotify.Chmod) != 0)
	if all := f[everything]; len(all) > 0 {
		s.noteAll(all, event.Has(fsnotify.Create) && isFolder(event.Name))
	}
}

// isFolder reports whether there is a directory at path, which is no link.
func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// lost is for errors of the system's watcher: there were too many events, or others may be lost.
func (s *session) lost() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.moved[string(filepath.Separator)] = true
	s.noteAll(s.watches, true)
}

// noteAll notes that the files of watches have changed; stale, also where they are. w.mu is held.
func (s *session) noteAll(watches map[*watch]struct{}, stale bool) {
	if len(watches) == 0 {
		return
	}
	for x := range watches {
		s.noted[x] = struct{}{}
		x.stale = x.stale || stale
	}
	now := time.Now()
	if s.first.IsZero() {
		s.first = now
	}
	s.due = now.Add(quiet)
	if last := s.first.Add(max(longest, 9*s.took)); last.Before(s.due) {
		s.due = last
	}
}

// work does what is due.
func (s *session) work() {
	now := time.Now()
	s.w.mu.Lock()
	poll := !s.polling.IsZero() && !now.Before(s.polling)
	s.w.mu.Unlock()
	if poll {
		s.poll()
	}
	s.w.mu.Lock()
	var tell []func()
	if !s.due.IsZero() && !now.Before(s.due) {
		tell = s.flush()
		s.took = time.Since(now)
	}
	s.w.mu.Unlock()
	for _, changed := range tell {
		changed()
	}
}

// flush ends a burst, and returns whom to tell of it. w.mu is held.
func (s *session) flush() (tell []func()) {
	noted := s.noted
	s.noted, s.first, s.due = map[*watch]struct{}{}, time.Time{}, time.Time{}
	if len(s.moved) > 0 && s.system != nil {
		for path := range s.folders {
			if isBelow(path, s.moved) { // it is another one now, if there is one
				_ = s.system.Remove(path) // it may be gone already
			}
		}
	}
	s.moved = map[string]bool{}
	for x := range noted {
		if x.stale {
			s.establish(x)
		}
		tell = append(tell, x.changed)
	}
	return tell
}

// isBelow reports whether path, or a directory above it, is in folders.
func isBelow(path string, folders map[string]bool) bool {
	for !folders[path] {
		parent := filepath.Dir(path)
		if parent == path {
			return false
		}
		path = parent
	}
	return true
}
