package runtime

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// FileWatcher tells loops when files change. Package filewatch has one; tests may use their
// own. Several loops may call Watch concurrently.
type FileWatcher interface {
	// Watch calls changed after what is at path has changed: a file, or if tree a directory
	// with everything in it. There may be nothing at path yet. A change that comes after Watch
	// has returned is never missed. One call may stand for many changes, and a call without a
	// change does no harm.
	//
	// changed returns soon and may be called concurrently, also before Watch returns. The loop
	// calls stop once, while it holds locks that changed takes, so stop must not wait for
	// changed.
	Watch(path string, tree bool, changed func()) (stop func())
}

// files are those that the flow of a loop has given to works.
type files struct {
	mu       sync.Mutex // held while Watch is called; taken before engine.mu
	all      map[filePath]*watchedFile
	changing time.Time // since when passes wait for files that change while they are read; zero: none does
}

// filePath is a key.File, or a key.Dir.
type filePath struct {
	path string
	tree bool
}

// watchedFile is an input of a loop.
type watchedFile struct {
	first uint64 // the pass in which the watch began
	pass  uint64 // the latest that has read it; engine.mu guards it
	stop  func()
}

// unwatch implements input.
func (f *watchedFile) unwatch(*engine) { f.stop() }

// Reads has the loop run its flow again when a file or directory changes that is among the
// inputs of a call, which e has identified. Outside of flows, and in loops without
// [Loop.Files], it does nothing.
func (c *Calls[K, A, R]) Reads(ctx context.Context, e *key.Encoder, args A) {
	p := passOf(ctx)
	if p == nil || p.engine.loop.Files == nil || p.over.Load() || !p.readsFiles(e) {
		return
	}
	_, _, again := c.spec.Identify(args)
	defer again.Release()
	if was, is := e.Fingerprint(), again.Fingerprint(); was != is && (was.Err() == nil || is.Err() == nil) {
		p.engine.wake("a file has changed")
	}
}

// readsFiles notes the files that e has read. It reports whether they are to be compared with
// what e has read: the watch of some of them may have begun after that.
func (p *pass) readsFiles(e *key.Encoder) (compare bool) {
	files, dirs := e.Outside()
	for _, f := range files {
		compare = p.engine.readsFile(p.number, filePath{path: string(f)}) || compare
	}
	for _, d := range dirs {
		compare = p.engine.readsFile(p.number, filePath{path: string(d), tree: true}) || compare
	}
	return compare
}

// readsFile notes that a pass has read what is at a place, and reports whether that was not
// watched when the pass began.
func (e *engine) readsFile(pass uint64, at filePath) (fresh bool) {
	e.files.mu.Lock()
	defer e.files.mu.Unlock()
	f := e.files.all[at]
	if f == nil {
		f = &watchedFile{first: pass}
		if !e.watchFile(f, pass, at) {
			return false
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f.pass = max(f.pass, pass)
	return f.first == pass
}

// watchFile begins to watch a place, unless the loop ends.
func (e *engine) watchFile(f *watchedFile, pass uint64, at filePath) bool {
	f.stop = e.loop.Files.Watch(at.path, at.tree, func() { e.fileChanged(f) })
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		f.stop()
		return false
	}
	e.inputs[f] = struct{}{}
	if e.files.all == nil {
		e.files.all = map[filePath]*watchedFile{}
	}
	e.files.all[at] = f
	return true
}

// fileChanged makes a pass due if the latest one, or the one under way, is one that has read the
// file. Another one will read it anew, if it gets there.
func (e *engine) fileChanged(f *watchedFile) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f.pass == e.number {
		e.wakeSoon(soonest, "a file has changed")
	}
}

// leave ends the watches of what a pass that got through has not read.
func (s *files) leave(p *pass) {
	e := p.engine
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changing = time.Time{}
	for at, f := range s.all {
		e.mu.Lock()
		old := f.pass < p.number && !e.draining // which stops all
		if old {
			delete(e.inputs, f)
		}
		e.mu.Unlock()
		if old {
			delete(s.all, at)
			f.stop()
		}
	}
}

// changesFor is how long a flow waits for files that change whenever they are read.
const changesFor = time.Minute

// waitsForFile reports whether the reason why a call has no key is that somebody writes to a file
// that wakes the flow, so that the flow is to wait until that is complete.
func (p *pass) waitsForFile(reason error) bool {
	s := &p.engine.files
	if !errors.Is(reason, key.ErrChanging) || p.engine.loop.Files == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.changing.IsZero() {
		s.changing = now
	}
	if now.Sub(s.changing) >= changesFor {
		return false
	}
	p.wakeAt(now.Add(latest)) // some ways of writing wake nobody
	return true
}
