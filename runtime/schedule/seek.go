package schedule

import (
	"math/bits"
	"time"
)

// endOfTime is some billion years from 1970 in seconds. Package time counts the
// days of three hundred billion years, and then begins anew.
const endOfTime = 1 << 56

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
// knows no zone: its calendar is UTC's, whose clocks are never changed. ok is false
// for the zero Schedule, and where package time has no calendar. Otherwise there is
// one: the rarest days that an expression can name are such as the fifth Friday of
// February, of which two are up to 40 years apart.
func (s *Schedule) seek(wall int64, d direction) (found int64, ok bool) {
	if s.months == 0 || wall < -endOfTime || wall > endOfTime {
		return 0, false
	}
	t := time.Unix(wall, 0).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	days := s.daysOf(year, month)
	if days>>day&1 == 1 {
		if seconds := s.clock(hour, minute, second, d); seconds >= 0 {
			return time.Date(year, month, day, 0, 0, seconds, 0, time.UTC).Unix(), true
		}
	}
	for day += d.step; ; day = d.edge {
		if day = d.pick(days, day); day >= 0 {
			seconds := s.clock(d.edge, d.edge, d.edge, d)
			return time.Date(year, month, day, 0, 0, seconds, 0, time.UTC).Unix(), true
		}
		year, month = s.nextMonth(year, month, d)
		days = s.daysOf(year, month)
	}
}

// nextMonth returns the nearest month that matches.
func (s *Schedule) nextMonth(year int, month time.Month, d direction) (int, time.Month) {
	if m := d.pick(s.months, int(month)+d.step); m >= 0 {
		return year, time.Month(m)
	}
	return year + d.step, time.Month(d.pick(s.months, d.edge))
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
