package schedule

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// matchesAt tells by the text of an expression, without its zone, whether it
// names what UTC's clocks show. It looks at one value after the other, and shares
// nothing with what it tests.
func matchesAt(spec string, at time.Time) bool {
	texts := strings.Fields(strings.ToUpper(spec))
	if len(texts) == 5 {
		texts = append([]string{"0"}, texts...)
	}
	lists := func(text string, is func(item string) bool) bool {
		return slices.ContainsFunc(strings.Split(text, ","), is)
	}
	number := func(n, high int) func(string) bool {
		return func(item string) bool { return names(item, n, high) }
	}
	if !lists(texts[0], number(at.Second(), 59)) || !lists(texts[1], number(at.Minute(), 59)) ||
		!lists(texts[2], number(at.Hour(), 23)) || !lists(texts[4], number(int(at.Month()), 12)) {
		return false
	}
	day := lists(texts[3], func(item string) bool { return namesDay(item, at) })
	weekday := lists(texts[5], func(item string) bool { return namesWeekday(item, at) })
	if strings.ContainsAny(texts[3][:1]+texts[5][:1], "*?") {
		return day && weekday
	}
	return day || weekday
}

// names reports whether an item of numbers and names has a value.
func names(item string, n, high int) bool {
	low := 0
	if high == 31 || high == 12 {
		low = 1
	}
	list := []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	if high == 7 {
		list = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	}
	value := func(text string) int {
		if i := slices.Index(list, text); i >= 0 {
			return low + i
		}
		v, err := strconv.Atoi(text)
		if err != nil {
			panic(item)
		}
		return v
	}
	values, step, stepped := strings.Cut(item, "/")
	from, to := low, high
	if values != "*" && values != "?" {
		first, last, ranged := strings.Cut(values, "-")
		from = value(first)
		switch {
		case ranged:
			to = value(last)
		case !stepped:
			to = from
		}
	}
	by := 1
	if stepped {
		by = value(step)
	}
	for v := from; v <= to; v += by {
		if v == n {
			return true
		}
	}
	return false
}

func namesDay(item string, at time.Time) bool {
	tomorrow := at.AddDate(0, 0, 1)
	if item == "L" {
		return tomorrow.Day() == 1
	}
	text, near := strings.CutSuffix(item, "W")
	if !near {
		return names(item, at.Day(), 31)
	}
	n, _ := strconv.Atoi(text)
	target := time.Date(at.Year(), at.Month(), n, 0, 0, 0, 0, time.UTC)
	if target.Month() != at.Month() || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		return false
	}
	// Nobody is nearer: neither the days between, nor the one as far on the other side.
	distance := int(target.Sub(at.Truncate(24*time.Hour)) / (24 * time.Hour))
	for _, by := range []int{0, -1, 1, -2, 2} {
		day := target.AddDate(0, 0, by)
		if day.Month() == target.Month() && day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			return by == -distance
		}
	}
	return false
}

func namesWeekday(item string, at time.Time) bool {
	weekday := int(at.Weekday())
	is := func(item string) bool { return names(item, weekday, 7) || weekday == 0 && names(item, 7, 7) }
	if text, last := strings.CutSuffix(item, "L"); last {
		return is(text) && at.AddDate(0, 0, 7).Month() != at.Month()
	}
	if text, nth, ok := strings.Cut(item, "#"); ok {
		return is(text) && strconv.Itoa((at.Day()+6)/7) == nth
	}
	return is(item)
}
