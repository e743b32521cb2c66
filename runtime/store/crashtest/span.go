package crashtest

import (
	"cmp"
	"slices"
	"time"
)

// A span is the time from one moment up to another.
type span struct{ from, to moment }

// never is later than anything.
const never = moment(1 << 62)

// outside returns how much of a span is in none of the others.
func (s span) outside(others []span) (d time.Duration) {
	for _, part := range s.without(others) {
		d += time.Duration(part.to-part.from) * time.Microsecond
	}
	return d
}

// without cuts others out of a span.
func (s span) without(others []span) (parts []span) {
	others = slices.Clone(others)
	slices.SortFunc(others, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, o := range others {
		if o.to <= s.from || o.from >= s.to {
			continue
		}
		if o.from > s.from {
			parts = append(parts, span{s.from, o.from})
		}
		s.from = o.to
	}
	if s.from < s.to {
		parts = append(parts, s)
	}
	return parts
}
