package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/internal/zone"
)

// The order of the fields.
const (
	secondField = iota
	minuteField
	hourField
	dayField
	monthField
	weekdayField
)

// fields says what each field is called in errors and what it admits.
var fields = [...]struct {
	name      string
	low, high int
	names     string // what can be written for the numbers from low on, by threes
}{
	secondField:  {name: "second", high: 59},
	minuteField:  {name: "minute", high: 59},
	hourField:    {name: "hour", high: 23},
	dayField:     {name: "day of month", low: 1, high: 31},
	monthField:   {name: "month", low: 1, high: 12, names: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
	weekdayField: {name: "day of week", high: 7, names: "SUNMONTUEWEDTHUFRISAT"},
}

// aliases are Vixie cron's.
var aliases = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

// Parse parses a cron expression: minute, hour, day of month, month and
// day of week, or six fields with the second first, or an alias like @daily.
// CRON_TZ=Europe/Berlin (or TZ=) before it names the zone; without it the zone
// is time.Local at the time of each search.
//
// A field is * or a list of numbers, ranges (1-5) and steps (*/15, 8-18/2, 5/20);
// months and days of the week have English names of three letters. Days also
// take ?, which is *, and these: L, the month's last; 15W, the working day
// nearest to the 15th in its month; 5L, the last Friday; 5#3, the third Friday.
// When neither kind of day starts with *, a day needs to match one of them only,
// as in every cron since Vixie's.
//
// An expression that names no day of any year, such as 30 February, is an error.
//
// Parse takes about a microsecond, and a tenth of a millisecond where it meets a
// zone for the first time.
func Parse(spec string) (*Schedule, error) {
	s, err := parse(spec)
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", spec, err)
	}
	return s, nil
}

// MustParse is Parse for expressions that are part of a program: it panics with
// the text of the error.
func MustParse(spec string) *Schedule {
	s, err := Parse(spec)
	if err != nil {
		panic(err.Error())
	}
	return s
}

func parse(spec string) (*Schedule, error) {
	s := new(Schedule)
	texts, err := s.split(spec)
	if err != nil {
		return nil, err
	}
	for pos, mask := range [...]*uint64{&s.seconds, &s.minutes, &s.hours, &s.days, &s.months, &s.weekdays} {
		for item := range strings.SplitSeq(strings.ToUpper(texts[pos]), ",") {
			values, err := parseItem(item, pos)
			if err != nil {
				return nil, fmt.Errorf("%s %q: %w", fields[pos].name, texts[pos], err)
			}
			*mask |= values
		}
	}
	s.either = !strings.ContainsAny(texts[dayField][:1]+texts[weekdayField][:1], "*?")
	s.simplify()
	return s, s.checkTicks()
}

// split takes the zone off an expression and returns its six fields.
func (s *Schedule) split(spec string) (texts []string, err error) {
	texts = strings.Fields(spec)
	if len(texts) > 0 {
		if name, ok := strings.CutPrefix(strings.TrimPrefix(texts[0], "CRON_"), "TZ="); ok {
			location, err := zone.Load(name)
			if err != nil || name == "" { // which Load takes for UTC, and nobody means here
				return nil, fmt.Errorf("no time zone %q: use an IANA name such as Europe/Berlin, "+
					"and import time/tzdata where the system has no zones", name)
			}
			s.zone = zone.Canonical(location)
			texts = texts[1:]
		}
	}
	if len(texts) > 0 && strings.HasPrefix(texts[0], "@") {
		alias, ok := aliases[strings.ToLower(texts[0])]
		switch {
		case strings.EqualFold(texts[0], "@every"):
			return nil, errors.New("@every is not a time of day: use runtime.Now(ctx, every)")
		case !ok || len(texts) > 1:
			return nil, errors.New("no such alias: use @yearly, @annually, @monthly, @weekly, @daily, @midnight " +
				"or @hourly alone, or five fields")
		}
		texts = strings.Fields(alias)
	}
	switch len(texts) {
	case 5:
		return append([]string{"0"}, texts...), nil
	case 6:
		return texts, nil
	}
	return nil, fmt.Errorf("has %d fields: use five (minute, hour, day of month, month, day of week), "+
		"or six with the second first", len(texts))
}

// parseItem returns what one item of a field's list stands for.
func parseItem(item string, pos int) (mask uint64, err error) {
	if mask, ok, err := parseSpecial(item, pos); ok {
		return mask, err
	}
	f := &fields[pos]
	values, by, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		if step, err = strconv.Atoi(by); err != nil || by[0] == '+' || step < 1 || step > f.high-f.low {
			return 0, fmt.Errorf("no such step %q: use 1 to %d, or runtime.Now(ctx, every) for longer periods", by, f.high-f.low)
		}
	}
	if values == "*" {
		return steps(f.low, f.high, step, pos), nil
	}
	from, to, ranged := strings.Cut(values, "-")
	low, err := parseValue(from, pos)
	if err != nil {
		return 0, err
	}
	high := low
	switch {
	case ranged:
		if high, err = parseValue(to, pos); err != nil {
			return 0, err
		}
	case stepped:
		high = f.high
	}
	if low > high {
		return 0, fmt.Errorf("range %s runs backwards: use a list of two, such as %s-%d,%d-%s", values, from, f.high, f.low, to)
	}
	return steps(low, high, step, pos), nil
}

// parseSpecial returns what an item that only days have stands for; ok is false
// when it is none.
func parseSpecial(item string, pos int) (mask uint64, ok bool, err error) {
	suffix, bit := byte('W'), workday
	switch n, week, ok := strings.Cut(item, "#"); {
	case pos == weekdayField && ok:
		if len(week) != 1 || week < "1" || week > "5" {
			return 0, true, fmt.Errorf("no such week %q: use 1 to 5 after #", week)
		}
		value, err := parseValue(n, pos)
		return 1 << (nth*int(week[0]-'0') + value%7), true, err
	case pos == weekdayField:
		suffix, bit = 'L', lastOf
	case pos != dayField:
		return 0, false, nil
	case item == "L":
		return 1 << lastDay, true, nil
	}
	n := len(item) - 1
	switch {
	case item == "?":
		mask, err = parseItem("*", pos)
		return mask, true, err
	case n < 1 || item[n] != suffix:
		return 0, false, nil
	}
	value, err := parseValue(item[:n], pos)
	if pos == weekdayField {
		value %= 7
	}
	return 1 << (bit + value), true, err
}

// parseValue returns the number or name that a field admits.
func parseValue(text string, pos int) (int, error) {
	f := &fields[pos]
	if i := strings.Index(f.names, text); len(text) == 3 && i >= 0 && i%3 == 0 {
		return f.low + i/3, nil
	}
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && int(n) >= f.low && int(n) <= f.high {
		return int(n), nil
	}
	names := ""
	if n := len(f.names); n > 0 {
		names = " or " + f.names[:3] + " to " + f.names[n-3:]
	}
	return 0, fmt.Errorf("no such value %q: use %d to %d%s", text, f.low, f.high, names)
}

// steps returns every step-th value of a field from low to high. Sunday is 7 as
// well as 0.
func steps(low, high, step, pos int) uint64 {
	mask := progression(low, high, step)
	if pos == weekdayField {
		mask = (mask | mask>>7) & everyWeekday
	}
	return mask
}

// progression returns every step-th bit from low to high.
func progression(low, high, step int) (mask uint64) {
	for n := low; n <= high; n += step {
		mask |= 1 << n
	}
	return mask
}

// simplify drops what makes no difference, so that equal schedules are equal in
// every field: L beside all days, and one kind of day where the other has them all.
func (s *Schedule) simplify() {
	if s.days&everyDay == everyDay {
		s.days = everyDay
	}
	if s.weekdays&everyWeekday == everyWeekday {
		s.weekdays = everyWeekday
	}
	if s.days != everyDay && s.weekdays != everyWeekday {
		return
	}
	if s.either {
		s.days, s.weekdays, s.either = everyDay, everyWeekday, false
	}
}

// checkTicks reports why a schedule never ticks. It looks at months of every
// length and beginning that there are.
func (s *Schedule) checkTicks() error {
	var exist bool // days of that number
	var names []string
	for month := time.January; month <= time.December; month++ {
		if s.months>>month&1 == 0 {
			continue
		}
		names = append(names, month.String())
		length := lengthOf(2000, month) // a leap year
		for first := range 7 {
			if s.daysIn(length, first) != 0 || month == time.February && s.daysIn(length-1, first) != 0 {
				return nil
			}
			exist = exist || s.byDay(length, first) != 0
		}
	}
	day, weekday := s.dayTexts()
	if exist {
		return fmt.Errorf("never ticks: day %s is never a day of week %s in %s", day, weekday, join(names, "or"))
	}
	verb := "have"
	if len(names) == 1 {
		verb = "has"
	}
	return fmt.Errorf("never ticks: %s %s no day %s", join(names, "and"), verb, strings.ReplaceAll(day, ",", " or "))
}

// join lists names as in a sentence.
func join(names []string, and string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " " + and + " " + names[last]
}
