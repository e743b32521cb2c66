// Package schedule parses cron expressions and finds their ticks: the last one, the
// next ones, and those between two times, in any time zone.
//
//	s := schedule.MustParse("CRON_TZ=Europe/Berlin 30 8 * * MON-FRI")
//	s.Next(time.Now())      // half past eight in Berlin, on the next working day
//	s.Last(time.Now())      // the latest tick up to now
//	s.NextN(time.Now(), 10) // the ten ticks to come
//	s.String()              // CRON_TZ=Europe/Berlin 30 8 * * 1-5
//
// It starts nothing and waits for nothing, and can be used without package runtime.
package schedule

import (
	"iter"
	"time"

	"github.com/workgen/workgen/runtime/internal/zone"
)

// Schedule is a parsed cron expression. It never changes, so any number of
// goroutines may use it. Every Schedule that [Parse] returns has a tick before and
// after any time; only the zero Schedule never ticks, and returns the zero time.
//
// # When clocks are changed
//
//   - A schedule that names hours (0 3 * * *, but also */2 in the hours) ticks
//     once for each time that it names. A time that is left out in spring ticks at
//     the end of the gap; all times in one gap are one tick. A time that occurs
//     twice in autumn ticks the first time only.
//   - A schedule of every hour (* in the hours, or 0-23) ticks whenever clocks
//     show a time that matches: 25 times on a day of 25 hours, 23 times on a day
//     of 23.
//
// So 0 0 * * * ticks at the first moment of each day, in every zone.
//
// # The location of ticks
//
// A zone that can be spelled in several ways gives its ticks one location: the same
// for CRON_TZ=Europe/Berlin, for TZ=Europe/Berlin in the environment and for an
// /etc/localtime that links to it; UTC for Etc/UTC; America/New_York for US/Eastern.
// A tick thus has one key as an argument, wherever it was computed. Zones of which the
// clocks differ at any time, or print another abbreviation, as UTC and GMT do, are
// kept apart.
//
// # Equal schedules
//
// Two schedules are equal when their fields list the same values and they name the
// same zone, or none: */30 is 0,30, FRI is 5, and six fields with second 0 are five.
// [Schedule.String] is the same just for equal schedules. One without a zone ticks
// in the local one, so it may tick at other times on another machine.
type Schedule struct {
	// Bit n of seconds, minutes, hours and months: the value n matches. Bits of
	// days and weekdays: see days.go.
	seconds, minutes, hours, days, months, weekdays uint64

	either bool           // a day needs to match days or weekdays only, not both
	zone   *time.Location // nil: time.Local
}

// Location returns the location of all ticks: the zone that the expression names,
// or the local one.
func (s *Schedule) Location() *time.Location {
	if s.zone == nil {
		return zone.Canonical(time.Local)
	}
	return s.zone
}

// Last returns the latest tick at or before now.
func (s *Schedule) Last(now time.Time) time.Time {
	location := s.Location()
	for at := now.Unix(); ; {
		p := s.periodAt(at, location)
		wall, ok := s.seek(at+p.offset, backward)
		switch {
		case ok && wall >= max(p.from+p.offset, p.seen):
			return time.Unix(wall-p.offset, 0).In(location)
		case s.jumped(p):
			return time.Unix(p.from, 0).In(location)
		case !ok:
			return time.Time{}
		}
		at = p.from - 1
	}
}

// Next returns the first tick after now.
func (s *Schedule) Next(now time.Time) time.Time {
	location := s.Location()
	for at := now.Unix() + 1; ; {
		p := s.periodAt(at, location)
		if at == p.from && s.jumped(p) {
			return time.Unix(at, 0).In(location)
		}
		wall, ok := s.seek(max(at+p.offset, p.seen), forward)
		switch {
		case !ok:
			return time.Time{}
		case wall < p.to+p.offset:
			return time.Unix(wall-p.offset, 0).In(location)
		}
		at = p.to
	}
}

// NextN returns the first n ticks after now, oldest first; none unless n is positive.
func (s *Schedule) NextN(now time.Time, n int) []time.Time {
	var ticks []time.Time
	for range n {
		if now = s.Next(now); now.IsZero() {
			break
		}
		ticks = append(ticks, now)
	}
	return ticks
}

// Between returns the ticks after one time and up to another, which is included,
// oldest first. It finds each as the loop asks for it, so it is fine to stop early
// in a long time with many ticks.
func (s *Schedule) Between(after, until time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for at := s.Next(after); !at.IsZero() && !at.After(until) && yield(at); {
			at = s.Next(at)
		}
	}
}
