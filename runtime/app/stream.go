package app

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// This file serves streams of server-sent events: of pages, and of the status for programs.

const (
	streamPause   = 500 * time.Millisecond // between two events
	streamBeat    = 5 * time.Second        // a sign of life, and a look at what others have stored
	streamTimeout = 5 * time.Second        // for one write; then the client is too slow
	streamRate    = 128 << 10              // bytes a second before compression, of which an eighth is left or less
)

// event is what a stream says. Without data there is nothing to say.
type event struct {
	name string
	data []byte // without line breaks
}

// stream says what next returns: at once, and then whenever something has changed. What it costs is
// bounded: however many streams there are, looking takes a quarter of one processor at most. A stream
// that is slow never hears of what was between. It ends when next fails.
func (h *handler) stream(w http.ResponseWriter, r *http.Request, next func(context.Context) (event, error)) {
	hub := &h.site.hub
	s, ok := hub.join()
	if !ok {
		w.Header().Set("Retry-After", "5")
		h.fail(w, r, http.StatusServiceUnavailable, fmt.Sprintf("there are %d event streams already: close some tabs", maxStreams))
		return
	}
	defer hub.leave(s)
	e, err := next(r.Context())
	if err != nil {
		h.failed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies are to hand events on at once
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{})
	send := func(format string, args ...any) bool {
		control.SetWriteDeadline(time.Now().Add(streamTimeout))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	if !send("retry: 1000\n%s", alive()) {
		return
	}
	last := func() { // how it has ended, which nobody can ask for afterwards
		if e, err := next(r.Context()); err == nil && e.data != nil {
			send("event: %s\ndata: %s\n\n", e.name, e.data)
		}
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	for took := time.Duration(0); ; {
		if e.data != nil && !send("event: %s\ndata: %s\n\n", e.name, e.data) {
			return
		}
		pause := max(streamPause, 4*took*time.Duration(hub.count()), time.Duration(len(e.data))*time.Second/streamRate)
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
			return
		case <-h.site.ctx.Done():
			last()
			return
		}
		select {
		case <-s.ready:
		case <-beat.C:
			if !send("%s", alive()) {
				return
			}
		case <-r.Context().Done():
			return
		case <-h.site.ctx.Done():
			last()
			return
		}
		began := time.Now()
		if e, err = next(r.Context()); err != nil {
			send("event: end\ndata: 0\n\n") // coming again brings the error
			return
		}
		took = time.Since(began)
	}
}

// alive is the event that says who answers and when, so that a page notices when that is another process, or
// its clock another one.
func alive() string {
	return fmt.Sprintf("event: alive\ndata: {\"process\":%q,\"now\":%d}\n\n", process, time.Now().UnixMilli())
}
