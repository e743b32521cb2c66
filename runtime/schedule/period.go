package schedule

import (
	"math"
	"time"
)

// period is a stretch of time in which a zone's clocks are not changed. from, to
// and offset are in seconds, as time.Time's Unix and Zone have them. A clock's
// own time is their sum: the Unix time at which UTC's clocks show the same.
type period struct {
	from, to int64 // to does not belong to it
	offset   int64

	// seen is how far the clock had got before the period: times below it come
	// again, those from it to the period's first are jumped over. For schedules
	// of every hour it is the period's first time, as if it were neither.
	seen int64
}

// secondsPerDay is the length of a day in UTC.
const secondsPerDay = 24 * 60 * 60

// forever is more seconds than any time has, and too few to overflow a sum.
const forever = math.MaxInt64 / 4

// periodAt returns the period of a zone that a Unix time is in.
func (s *Schedule) periodAt(at int64, zone *time.Location) (p period) {
	p.from, p.to, p.offset = bounds(at, zone)
	p.seen = p.from + p.offset
	if p.from == -forever || s.hours == everyHour {
		return p
	}
	// Clocks were never put back by more than a day or so, thus no time of a
	// period that ended two days before can come again in this one. A period ends
	// where the next begins: what Go says of its end may be later, since files of
	// zones can list a change in 2038 that is none.
	p.seen = math.MinInt64
	for from := p.from; from > p.from-2*secondsPerDay; {
		earlier, _, offset := bounds(from-1, zone)
		p.seen, from = max(p.seen, from+offset), earlier
	}
	return p
}

// bounds is time.Time's ZoneBounds and Zone in seconds.
func bounds(at int64, zone *time.Location) (from, to, offset int64) {
	t := time.Unix(at, 0).In(zone)
	_, seconds := t.Zone()
	start, end := t.ZoneBounds()
	from, to, offset = -forever, forever, int64(seconds)
	if !start.IsZero() {
		from = start.Unix()
	}
	if !end.IsZero() {
		to = end.Unix()
	}
	// Past the last change in its table Go ends a period after the 365th day of
	// the year: on the 366th of a leap year, in UTC, it names an end gone by. No
	// zone has a rule for that day, so the day's end will do.
	if to <= at {
		to = at - at%secondsPerDay + secondsPerDay
	}
	return from, to, offset
}

// jumped reports whether the jump that began the period went over a time that
// matches: the period's first instant is a tick then.
func (s *Schedule) jumped(p period) bool {
	if p.seen >= p.from+p.offset {
		return false
	}
	wall, ok := s.seek(p.seen, forward)
	return ok && wall < p.from+p.offset
}
