package app

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// hub tells streams of changes. However fast things change and however many
// streams there are, what it does per second is bounded: it looks at most every
// interval, once for all streams, and a stream that is slow gets the newest event
// when it is ready, and never those in between. Who changes something only rings
// and is never held up.
type hub struct {
	mu      sync.Mutex
	streams map[*stream]struct{}
	frame   atomic.Pointer[frame]
}

// frame is one event, shared by all streams.
type frame struct {
	number uint64
	data   []byte // JSON, without line breaks
}

// stream is one that listens. ready holds a token when there is a new frame.
type stream struct{ ready chan struct{} }

const (
	interval   = 100 * time.Millisecond
	maxStreams = 100
)

// run makes events with look until ctx ends.
func (h *hub) run(ctx context.Context, rang <-chan struct{}, look func() []byte) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rang:
		}
		h.publish(look)
		// Drawing breath bounds what a storm of changes costs.
		pause.Reset(interval)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// publish makes an event if anybody listens.
func (h *hub) publish(look func() []byte) {
	h.mu.Lock()
	n := len(h.streams)
	h.mu.Unlock()
	if n == 0 {
		return
	}
	h.put(look())
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.streams {
		select {
		case s.ready <- struct{}{}:
		default:
		}
	}
}

func (h *hub) put(data []byte) {
	next := uint64(1)
	if f := h.frame.Load(); f != nil {
		next = f.number + 1
	}
	h.frame.Store(&frame{number: next, data: data})
}

// join adds a stream; ok is false when there are too many.
func (h *hub) join() (s *stream, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) >= maxStreams {
		return nil, false
	}
	if h.streams == nil {
		h.streams = map[*stream]struct{}{}
	}
	s = &stream{ready: make(chan struct{}, 1)}
	h.streams[s] = struct{}{}
	return s, true
}

func (h *hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, s)
}
