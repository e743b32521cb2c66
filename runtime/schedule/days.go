package schedule

import (
	"math/bits"
	"time"
)

// The bits of a mask of days: n for day n of the month, workday+n for nW, and
// lastDay for L.
const (
	lastDay = 0
	workday = 32
)

// The bits of a mask of weekdays, of which w goes from Sunday, 0, to Saturday, 6:
// w for each such day, nth*n+w for w#n, and lastOf+w for wL.
const (
	nth    = 8
	lastOf = 48
)

// Masks that match always.
const (
	everyHour    = 1<<24 - 1
	everyDay     = 1<<32 - 2
	everyMonth   = 1<<13 - 2
	everyWeekday = 1<<7 - 1
)

// daysOf returns the days of a month that match, as a mask of bits 1 to 31.
func (s *Schedule) daysOf(year int, month time.Month) uint64 {
	if s.months>>month&1 == 0 {
		return 0
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Weekday()
	return s.daysIn(lengthOf(year, month), int(first))
}

// lengthOf returns the number of days of a month.
func lengthOf(year int, month time.Month) int {
	switch {
	case month != time.February:
		return 30 + int(month+month>>3)&1
	case year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	}
	return 28
}

// daysIn returns the days that match in a month of a length that begins on a
// weekday.
func (s *Schedule) daysIn(length, first int) uint64 {
	days, weekdays := s.byDay(length, first), s.byWeekday(length, first)
	if s.either {
		return days | weekdays
	}
	return days & weekdays
}

// byDay returns the days that match the mask of days.
func (s *Schedule) byDay(length, first int) uint64 {
	days := s.days & (1<<(length+1) - 2)
	if s.days>>lastDay&1 == 1 {
		days |= 1 << length
	}
	for near := s.days >> workday; near != 0; near &= near - 1 {
		if day := bits.TrailingZeros64(near); day <= length {
			days |= 1 << nearestWorkday(day, length, first)
		}
	}
	return days
}

// nearestWorkday returns the day from Monday to Friday that is nearest to a day
// within its month.
func nearestWorkday(day, length, first int) int {
	switch weekday := (first + day - 1) % 7; {
	case weekday == 6 && day == 1:
		return 3
	case weekday == 6:
		return day - 1
	case weekday == 0 && day == length:
		return day - 2
	case weekday == 0:
		return day + 1
	}
	return day
}

// byWeekday returns the days that match the mask of weekdays.
func (s *Schedule) byWeekday(length, first int) (days uint64) {
	for week := range 5 {
		days |= week7(s.weekdays|s.weekdays>>(nth*(week+1)), first) << (7*week + 1)
	}
	last := length - 6 // the first of the last seven days
	days |= week7(s.weekdays>>lastOf, (first+last-1)%7) << last
	return days & (1<<(length+1) - 2)
}

// week7 returns which of seven days that begin with a weekday are in a mask of
// weekdays: bit 0 for the first of them.
func week7(weekdays uint64, first int) uint64 {
	weekdays &= everyWeekday
	return (weekdays>>first | weekdays<<(7-first)) & everyWeekday
}
