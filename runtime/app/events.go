package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	keepAlive     = 15 * time.Second // a comment is sent when nothing else was
	streamTimeout = 5 * time.Second  // for one write; then the client is too slow
)

// event is what a stream is told: the whole status, since streams may miss some.
func (s *site) event() []byte {
	data, err := json.Marshal(s.status())
	if err != nil {
		s.app.logger().Error("the status cannot be written as JSON: " + err.Error())
		return []byte("{}")
	}
	return data
}

// events serves a stream of server-sent events.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	hub := &h.site.hub
	s, ok := hub.join()
	if !ok {
		w.Header().Set("Retry-After", "5")
		h.fail(w, r, http.StatusServiceUnavailable, fmt.Sprintf("there are %d event streams already: close some tabs", maxStreams))
		return
	}
	defer hub.leave(s)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies are to hand events on at once
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{})
	send := func(text string, args ...any) bool {
		control.SetWriteDeadline(time.Now().Add(streamTimeout))
		_, err := fmt.Fprintf(w, text, args...)
		return err == nil && control.Flush() == nil
	}
	// The first event is of now, whatever the others have seen last.
	if !send("retry: 1000\nevent: status\ndata: %s\n\n", h.site.event()) {
		return
	}
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	for {
		sent := false
		select {
		case <-r.Context().Done():
			return
		case <-h.site.ctx.Done():
			return
		case <-s.ready:
			f := hub.frame.Load()
			sent = send("id: %d\nevent: status\ndata: %s\n\n", f.number, f.data)
		case <-beat.C:
			sent = send(": still here\n\n")
		}
		if !sent {
			return
		}
	}
}
