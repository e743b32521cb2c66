// Package schedule has cron expressions that say when they tick, before and after any
// time, in any time zone.
//
//	s, err := schedule.Parse("CRON_TZ=Europe/Berlin 30 8 * * 1-5")
//	fmt.Println(s.Next(time.Now()))
package schedule

import (
	"math"
	"math/bits"
	"time"
)

// Schedule is a parsed cron expression: the clock times and days at which it
// ticks. It never changes, so any number of goroutines may use it.
//
// What the fields of an expression mean is asked of gronx once, when it is
// parsed. The search for a tick is done here, on those answers: gronx searches
// with the arithmetic of local times, which loses and doubles ticks on the days
// when clocks are changed.
//
// The zone's clocks are read like a hand that moves on, and at times jumps:
//
//   - A schedule that names hours (0 3 * * *, or also */2 in the hours) ticks
//     when the clock gets for the first time to a time that matches, or past it.
//     One that is jumped over in spring ticks where the jump ends, together with
//     all others in the same jump. One that comes again in autumn does not.
//   - A schedule of every hour (* in the hours, or 0-23) ticks whenever the
//     clock shows a time that matches: 25 times on a day of 25 hours, 23 times
//     on a day of 23.
type Schedule struct {
	seconds, minutes, hours, months uint64 // bit n: the value n matches

	// days has the days that match in a month, by the month's shape: there are
	// only 28 of them, which takes days of the week, L, W and # out of the search.
	days [shapes]uint64

	zone *time.Location // nil: time.Local
}

// shapes counts the lengths of a month times the weekdays of its first day.
const shapes = 4 * 7

// horizon is how far a tick is looked for, in months. It reaches from one 29
// February to the next, but not over a century's end without a leap year.
const horizon = 5 * 12

// Last returns the latest tick at or before now, in the schedule's zone, or the
// zero time when there was none in the five years before.
func (s *Schedule) Last(now time.Time) time.Time {
	for at := now.Unix(); ; {
		p := s.periodAt(at)
		wall, ok := s.seek(at+p.offset, backward)
		switch {
		case ok && wall >= max(p.from+p.offset, p.seen):
			return time.Unix(wall-p.offset, 0).In(p.zone)
		case s.jumped(p):
			return time.Unix(p.from, 0).In(p.zone)
		case !ok:
			return time.Time{}
		}
		at = p.from - 1
	}
}

// Next returns the first tick after now, in the schedule's zone, or the zero
// time when there is none in the five years to come.
func (s *Schedule) Next(now time.Time) time.Time {
	for at := now.Unix() + 1; ; {
		p := s.periodAt(at)
		if at == p.from && s.jumped(p) {
			return time.Unix(at, 0).In(p.zone)
		}
		wall, ok := s.seek(max(at+p.offset, p.seen), forward)
		switch {
		case !ok:
			return time.Time{}
		case wall < p.to+p.offset:
			return time.Unix(wall-p.offset, 0).In(p.zone)
		}
		at = p.to
	}
}

// period is a stretch of time in which a zone's clocks are not changed. from, to
// and offset are in seconds, as time.Time's Unix and Zone have them. A clock's
// own time is their sum: the Unix time at which UTC's clocks show the same.
type period struct {
	zone     *time.Location
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

// periodAt returns the period that a Unix time is in.
func (s *Schedule) periodAt(at int64) period {
	p := period{zone: s.zone}
	if p.zone == nil {
		p.zone = time.Local
	}
	p.from, p.to, p.offset = bounds(at, p.zone)
	p.seen = p.from + p.offset
	if p.from == -forever || s.hours == 1<<24-1 {
		return p
	}
	// Clocks were never put back by more than a day or so, thus no time of a
	// period that ended two days before can come again in this one.
	p.seen = math.MinInt64
	for from := p.from; from > p.from-2*secondsPerDay; {
		earlier, to, offset := bounds(from-1, p.zone)
		p.seen, from = max(p.seen, to+offset), earlier
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

// direction is that of a search: one step, and where a search of bits begins.
type direction struct{ step, edge int }

var (
	forward  = direction{+1, 0}
	backward = direction{-1, 63}
)

// pick returns the nearest bit of mask from a place on, that included, or -1.
func (d direction) pick(mask uint64, from int) int {
	if d.step > 0 {
		if mask = mask >> from << from; mask == 0 {
			return -1
		}
		return bits.TrailingZeros64(mask)
	}
	return bits.Len64(mask<<(63-from)>>(63-from)) - 1
}

// seek returns the clock time nearest to wall that matches, wall included. It
// knows no zone: its calendar is UTC's, whose clocks are never changed.
func (s *Schedule) seek(wall int64, d direction) (found int64, ok bool) {
	t := time.Unix(wall, 0).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if s.matching(year, month)>>day&1 == 1 {
		if seconds := s.clock(hour, minute, second, d); seconds >= 0 {
			return time.Date(year, month, day, 0, 0, seconds, 0, time.UTC).Unix(), true
		}
	}
	day += d.step
	for range horizon + 1 {
		if day = d.pick(s.matching(year, month), day); day >= 0 {
			seconds := s.clock(d.edge, d.edge, d.edge, d)
			return time.Date(year, month, day, 0, 0, seconds, 0, time.UTC).Unix(), true
		}
		t = time.Date(year, month+time.Month(d.step), 1, 0, 0, 0, 0, time.UTC)
		year, month, day = t.Year(), t.Month(), d.edge
	}
	return 0, false
}

// matching returns the days of a month that match.
func (s *Schedule) matching(year int, month time.Month) uint64 {
	if s.months>>month&1 == 0 {
		return 0
	}
	return s.days[shapeOf(year, month)]
}

// shapeOf returns a month's place in the table of days.
func shapeOf(year int, month time.Month) int {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	length := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return (length-28)*7 + int(first.Weekday())
}

// clock returns the nearest time of a day that matches, in seconds since its
// midnight, or -1 when the day has none left in that direction.
func (s *Schedule) clock(hour, minute, second int, d direction) int {
	const hours, minutes = 60 * 60, 60
	if s.hours>>hour&1 == 1 {
		if s.minutes>>minute&1 == 1 {
			if n := d.pick(s.seconds, second); n >= 0 {
				return hour*hours + minute*minutes + n
			}
		}
		if n := d.pick(s.minutes, minute+d.step); n >= 0 {
			return hour*hours + n*minutes + d.pick(s.seconds, d.edge)
		}
	}
	if n := d.pick(s.hours, hour+d.step); n >= 0 {
		return n*hours + d.pick(s.minutes, d.edge)*minutes + d.pick(s.seconds, d.edge)
	}
	return -1
}
