package app

import (
	"context"
	"sync"
	"time"
)

// hub tells streams that something has changed: at most every interval, however fast things
// change. Who changes something only rings and is never held up.
type hub struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

// listener is a stream. ready holds a token when something has changed.
type listener struct{ ready chan struct{} }

const (
	interval   = 100 * time.Millisecond
	maxStreams = 100
)

// run tells streams until ctx ends.
func (h *hub) run(ctx context.Context, rang <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rang:
		}
		h.tell()
		// Drawing breath bounds what a storm of changes costs.
		pause.Reset(interval)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (h *hub) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.listeners {
		select {
		case s.ready <- struct{}{}:
		default:
		}
	}
}

// join adds a stream; ok is false when there are too many.
func (h *hub) join() (s *listener, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) >= maxStreams {
		return nil, false
	}
	if h.listeners == nil {
		h.listeners = map[*listener]struct{}{}
	}
	s = &listener{ready: make(chan struct{}, 1)}
	h.listeners[s] = struct{}{}
	return s, true
}

func (h *hub) leave(s *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, s)
}

// count returns how many streams there are.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners)
}
