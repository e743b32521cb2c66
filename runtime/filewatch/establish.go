package filewatch

import (
	"errors"
	"io/fs"
	"slices"
	"time"
)

// rounds is how often a watch looks for its places while these change.
const rounds = 3

// establish has the system watch what a watch is interested in. What appears in a directory
// before the system watches that is not told, so it looks until it finds the places that were
// watched before. w.mu is held.
func (s *session) establish(x *watch) {
	x.stale, x.polled = s.system != nil, s.system == nil
	for round := 0; x.stale && round < rounds; round++ {
		places := resolve(x.path, x.tree)
		x.stale = round == 0 || !slices.Equal(places, x.places)
		s.enter(x, places)
		gone := without(x.places, places)
		x.places = places
		s.leave(x, gone)
	}
	if x.stale {
		s.noteAll(map[*watch]struct{}{x: {}}, true) // the next flush goes on
	}
	if x.polled {
		x.contents = x.read()
		if s.polling.IsZero() {
			s.polling = time.Now().Add(s.w.interval())
		}
	}
}

// without returns the places that are not in others.
func without(places, others []place) (rest []place) {
	if slices.Equal(places, others) {
		return nil
	}
	in := make(map[place]struct{}, len(others))
	for _, at := range others {
		in[at] = struct{}{}
	}
	for _, at := range places {
		if _, ok := in[at]; !ok {
			rest = append(rest, at)
		}
	}
	return rest
}

// enter makes a watch interested in places. w.mu is held.
func (s *session) enter(x *watch, places []place) {
	for _, at := range places {
		f := s.folders[at.folder]
		if f == nil {
			f = folder{}
			s.folders[at.folder] = f
		}
		if f[at.name] == nil {
			f[at.name] = map[*watch]struct{}{}
		}
		f[at.name][x] = struct{}{}
		s.add(x, at)
	}
}

// leave makes a watch not interested in places any more. w.mu is held.
func (s *session) leave(x *watch, places []place) {
	for _, at := range places {
		f := s.folders[at.folder]
		if delete(f[at.name], x); len(f[at.name]) == 0 {
			delete(f, at.name)
		}
		if len(f) > 0 {
			continue
		}
		delete(s.folders, at.folder)
		if s.system != nil {
			_ = s.system.Remove(at.folder) // it may be gone already
		}
	}
}

// add has the system watch the folder of a place, also if it does already: by now, another
// directory may be there. w.mu is held.
func (s *session) add(x *watch, at place) {
	if s.system == nil {
		return
	}
	err := s.system.Add(at.folder)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist): // the next round finds out
	case errors.Is(err, fs.ErrPermission) && at.name == itself: // others that lead there tell
	default:
		x.polled = true
		s.w.sayError(err, at.folder)
	}
	if at.name == itself {
		return
	}
	if name := fileSystem(at.folder); name != "" {
		x.polled = true
		s.w.say("the file system ("+name+") does not tell of all changes", at.folder)
	}
}
