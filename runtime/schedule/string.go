package schedule

import (
	"fmt"
	"math/bits"
	"strings"
)

// String returns the expression as it is usually written, the same for equal
// schedules: numbers for names, * for all values, no seconds where they are 0,
// fields instead of an alias, and CRON_TZ= in front if a zone was named. Parse
// makes an equal schedule of it.
func (s *Schedule) String() string {
	var parts []string
	if s.zone != nil {
		parts = append(parts, "CRON_TZ="+s.zone.String())
	}
	if s.seconds != 1 {
		parts = append(parts, fieldText(s.seconds, secondField))
	}
	day, weekday := s.dayTexts()
	return strings.Join(append(parts, fieldText(s.minutes, minuteField), fieldText(s.hours, hourField),
		day, fieldText(s.months, monthField), weekday), " ")
}

// dayTexts writes both fields for days. Where neither is *, a day needs to match
// both of them only if one begins with *.
func (s *Schedule) dayTexts() (day, weekday string) {
	days, weekdays := s.days&everyDay, s.weekdays&everyWeekday
	if s.days == everyDay || s.weekdays == everyWeekday {
		day, weekday = fieldText(days, dayField), fieldText(weekdays, weekdayField)
	} else {
		day, weekday = listText(days), listText(weekdays)
		if star, rest := starText(days, dayField); !s.either && star != "" {
			day = listOf(star, listText(rest))
		} else if !s.either {
			star, rest = starText(weekdays, weekdayField)
			weekday = listOf(star, listText(rest))
		}
	}
	return listOf(append([]string{day}, s.specialDays()...)...), listOf(append([]string{weekday}, s.specialWeekdays()...)...)
}

// specialDays lists what is no number of a day.
func (s *Schedule) specialDays() (items []string) {
	if s.days>>lastDay&1 == 1 {
		items = append(items, "L")
	}
	for near := s.days >> workday; near != 0; near &= near - 1 {
		items = append(items, fmt.Sprintf("%dW", bits.TrailingZeros64(near)))
	}
	return items
}

// specialWeekdays lists what is no number of a weekday.
func (s *Schedule) specialWeekdays() (items []string) {
	for special := s.weekdays &^ everyWeekday; special != 0; special &= special - 1 {
		if bit := bits.TrailingZeros64(special); bit >= lastOf {
			items = append(items, fmt.Sprintf("%dL", bit-lastOf))
		} else {
			items = append(items, fmt.Sprintf("%d#%d", bit%nth, bit/nth))
		}
	}
	return items
}

// listOf joins items that are not empty.
func listOf(items ...string) string {
	var list []string
	for _, item := range items {
		if item != "" {
			list = append(list, item)
		}
	}
	return strings.Join(list, ",")
}

// fieldText writes the values of a field as *, */15 or a list.
func fieldText(mask uint64, pos int) string {
	if mask == steps(fields[pos].low, fields[pos].high, 1, pos) {
		return "*"
	}
	if star, rest := starText(mask, pos); star != "" && rest == 0 && bits.OnesCount64(mask) > 2 {
		return star
	}
	return listText(mask)
}

// starText writes values as */n with the smallest n that fits, and returns the
// others; the text is empty when none fits.
func starText(mask uint64, pos int) (text string, rest uint64) {
	low, high := fields[pos].low, fields[pos].high
	for step := 2; step <= high-low; step++ {
		if stepped := steps(low, high, step, pos); stepped&^mask == 0 {
			return fmt.Sprintf("*/%d", step), mask &^ stepped
		}
	}
	return "", mask
}

// listText writes values as one range with a step (8-18/2) or as a list of
// numbers and ranges.
func listText(mask uint64) string {
	if mask == 0 {
		return ""
	}
	low, high := bits.TrailingZeros64(mask), bits.Len64(mask)-1
	if step := bits.TrailingZeros64(mask&(mask-1)) - low; step > 1 && step < high-low && mask == progression(low, high, step) {
		return fmt.Sprintf("%d-%d/%d", low, high, step)
	}
	var list []string
	for mask != 0 {
		from := bits.TrailingZeros64(mask)
		length := bits.TrailingZeros64(^(mask >> from))
		if length < 3 {
			length = 1
		}
		item := fmt.Sprint(from)
		if length > 1 {
			item = fmt.Sprintf("%d-%d", from, from+length-1)
		}
		list = append(list, item)
		mask &^= (1<<length - 1) << from
	}
	return strings.Join(list, ",")
}
