package runtime

import (
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// history holds the latest calls of a runner. It grows up to its limit, and then
// each call takes the place of the one made limit calls before it.
type history struct {
	limit int
	ring  []remembered // the call with number n is at (n-1) modulo limit
}

// remembered is a call in the history, with what only an [Inspection] shows.
type remembered struct {
	CallStatus
	hash    uint64
	removed Removal
	args    []store.Arg
	key     key.Key     // zero without a store
	runs    []Execution // nil for a call whose only execution the record tells of
}

// put notes the newest status of a call. Calls whose place has been taken are left
// out.
func (h *history) put(hash uint64, rec CallStatus) {
	at := h.at(rec.Number)
	switch {
	case at == len(h.ring): // calls are noted first in the order of their numbers
		h.ring = append(h.ring, remembered{CallStatus: rec, hash: hash})
	case h.ring[at].Number < rec.Number:
		h.ring[at] = remembered{CallStatus: rec, hash: hash}
	case h.ring[at].Number == rec.Number:
		h.ring[at].become(rec)
	}
}

// become takes over a newer status. The end of an execution that is not the
// call's shows only here.
func (m *remembered) become(rec CallStatus) {
	before := m.CallStatus
	m.CallStatus = rec
	switch {
	case before.Status == Running && rec.Status == Pending: // is to be retried
		if m.runs == nil {
			m.runs = []Execution{{Began: before.Started}}
		}
		last := &m.runs[len(m.runs)-1]
		last.Ended, last.Err = wallClock(), rec.Reason
	case rec.Status == Running && m.runs != nil:
		if len(m.runs) == maxRuns {
			m.runs = append(m.runs[:0:0], m.runs[1:]...)
		}
		m.runs = append(m.runs, Execution{Began: wallClock()})
	case rec.ended() && m.runs != nil && before.Status == Running:
		last := &m.runs[len(m.runs)-1]
		last.Ended, last.Err = rec.Finished, rec.Reason
	}
}

// maxRuns is how many executions of one call are remembered.
const maxRuns = 50

// executions returns those of the call, oldest first.
func (m *remembered) executions() []Execution {
	switch {
	case m.runs != nil:
		return append([]Execution(nil), m.runs...)
	case m.Started.IsZero():
		return nil
	}
	return []Execution{{Began: m.Started, Ended: m.Finished, Err: m.Reason}}
}

// of returns the record of a call, a zero one if it is not there.
func (h *history) of(number uint64) CallStatus {
	if m := h.find(number); m != nil {
		return m.CallStatus
	}
	return CallStatus{}
}

// find returns a call that is remembered, or nil.
func (h *history) find(number uint64) *remembered {
	if number == 0 {
		return nil
	}
	if at := h.at(number); at < len(h.ring) && h.ring[at].Number == number {
		return &h.ring[at]
	}
	return nil
}

// identify notes the durable key of a call.
func (h *history) identify(number uint64, k key.Key) {
	if m := h.find(number); m != nil {
		m.key = k
	}
}

// list returns the records in the order of their numbers, of which last is the
// highest.
func (h *history) list(last uint64) []CallStatus {
	out := make([]CallStatus, 0, len(h.ring))
	for n := last - uint64(len(h.ring)) + 1; n <= last; n++ {
		out = append(out, h.of(n))
	}
	return out
}

func (h *history) at(number uint64) int { return int((number - 1) % uint64(h.limit)) }

// Execution is one time that the body of a call ran.
type Execution struct {
	Began, Ended time.Time // Ended is zero while it runs
	Err          error     // nil when it succeeded
}

// removed notes that a call is not kept any more. r.mu is held.
func (r *runner) removed(number uint64, why Removal) {
	if m := r.history.find(number); m != nil {
		m.removed = why
	}
	r.bell.ring()
}

// Removal says why a finished call is no longer kept.
type Removal uint8

const (
	Evicted   Removal = iota + 1 // made room for another
	Expired                      // its TTL, or that of CacheErrors, was over
	Forgotten                    // by Forget or ForgetAll
)

// String gives the reason as a lower-case word, and "kept" for zero.
func (r Removal) String() string {
	switch r {
	case Evicted:
		return "evicted"
	case Expired:
		return "expired"
	case Forgotten:
		return "forgotten"
	}
	return "kept"
}
