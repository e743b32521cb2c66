package filewatch

import (
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// contents is what was at a path.
type contents struct {
	value key.Fingerprint
	err   string // why it cannot be read; "": it can
}

// read returns what is at the path of a watch: that which counts in keys.
func (x *watch) read() contents {
	e := key.Borrow()
	if x.tree {
		key.Dir(x.path).EncodeKey(e)
	} else {
		key.File(x.path).EncodeKey(e)
	}
	if err := e.Err(); err != nil {
		e.Release()
		return contents{err: err.Error()}
	}
	return contents{value: e.Keep(e.Fingerprint())}
}

// poll notes what has changed of the files that the system does not watch.
func (s *session) poll() {
	s.w.mu.Lock()
	var polled []*watch
	for x := range s.watches {
		if x.polled {
			polled = append(polled, x)
		}
	}
	s.polling = time.Time{}
	if len(polled) > 0 {
		s.polling = time.Now().Add(s.w.interval())
	}
	s.w.mu.Unlock()
	for _, x := range polled {
		now := x.read()
		s.w.mu.Lock()
		if _, watched := s.watches[x]; watched && now != x.contents {
			x.contents = now
			s.noteAll(map[*watch]struct{}{x: {}}, true)
		}
		s.w.mu.Unlock()
	}
}
