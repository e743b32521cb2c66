package runtime

// CallRecord is what a runner remembers of one call.
type CallRecord struct {
	Number     uint64 // of the call in its runner, from 1, as in an Event
	CallStatus        // the newest one
}

// history holds the latest calls of a runner. It grows up to its limit, and then
// each call takes the place of the one made limit calls before it.
type history struct {
	limit int
	ring  []CallRecord // the call with number n is at (n-1) modulo limit
}

// put notes the newest status of a call. Calls whose place has been taken are left
// out.
func (h *history) put(rec CallRecord) {
	at := h.at(rec.Number)
	switch {
	case at == len(h.ring): // calls are noted first in the order of their numbers
		h.ring = append(h.ring, rec)
	case h.ring[at].Number <= rec.Number:
		h.ring[at] = rec
	}
}

// of returns the record of a call, a zero one if it is not there.
func (h *history) of(number uint64) CallRecord {
	if number == 0 {
		return CallRecord{}
	}
	return h.ring[h.at(number)]
}

// list returns the records in the order of their numbers, of which last is the
// highest.
func (h *history) list(last uint64) []CallRecord {
	out := make([]CallRecord, 0, len(h.ring))
	for n := last - uint64(len(h.ring)) + 1; n <= last; n++ {
		out = append(out, h.of(n))
	}
	return out
}

func (h *history) at(number uint64) int { return int((number - 1) % uint64(h.limit)) }
