package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/adhocore/gronx"
)

// Positions of the fields, which are also those of gronx.
const (
	secondField = iota
	minuteField
	hourField
	dayField
	monthField
	weekdayField
)

// cronFields says what each field is called in errors and what it admits.
var cronFields = [...]struct {
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

// cronAliases are Vixie cron's. Those that only gronx knows are left out.
var cronAliases = map[string]string{
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
// It takes some 40 µs, with L, W or # up to 1 ms: keep what it returns. A
// schedule that never ticks, such as on 30 February, is not an error.
func Parse(spec string) (*Schedule, error) {
	s := new(Schedule)
	fields, err := s.split(spec)
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", spec, err)
	}
	for pos, text := range fields {
		for item := range strings.SplitSeq(strings.ToUpper(text), ",") {
			if err := checkItem(item, pos); err != nil {
				return nil, fmt.Errorf("cron %q: %s %q: %w", spec, cronFields[pos].name, text, err)
			}
		}
	}
	values, err := gronx.Segments(strings.Join(fields, " ")) // with numbers for names
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", spec, err)
	}
	for pos, mask := range map[int]*uint64{
		secondField: &s.seconds, minuteField: &s.minutes, hourField: &s.hours, monthField: &s.months,
	} {
		*mask = matches(values[pos], pos)
	}
	s.setDays(values[dayField], values[weekdayField])
	return s, nil
}

// split takes the zone off an expression and returns its six fields.
func (s *Schedule) split(spec string) (fields []string, err error) {
	fields = strings.Fields(spec)
	if len(fields) > 0 {
		if name, ok := strings.CutPrefix(strings.TrimPrefix(fields[0], "CRON_"), "TZ="); ok {
			// LoadLocation takes the empty name for UTC, which nobody means here.
			if s.zone, err = time.LoadLocation(name); err != nil || name == "" {
				return nil, fmt.Errorf("no time zone %q: use an IANA name such as Europe/Berlin, "+
					"and import time/tzdata where the system has no zones", name)
			}
			fields = fields[1:]
		}
	}
	if len(fields) > 0 && strings.HasPrefix(fields[0], "@") {
		alias, ok := cronAliases[strings.ToLower(fields[0])]
		switch {
		case strings.EqualFold(fields[0], "@every"):
			return nil, errors.New("@every is not a time of day: use Now(ctx, every)")
		case !ok || len(fields) > 1:
			return nil, errors.New("no such alias: use @yearly, @annually, @monthly, @weekly, @daily, @midnight " +
				"or @hourly alone, or five fields")
		}
		fields = strings.Fields(alias)
	}
	switch len(fields) {
	case 5:
		return append([]string{"0"}, fields...), nil
	case 6:
		return fields, nil
	}
	return nil, fmt.Errorf("has %d fields: use five (minute, hour, day of month, month, day of week), "+
		"or six with the second first", len(fields))
}

// checkItem reports what is wrong with one item of a field's list. gronx alone
// would not do: it looks no further than the first item that matches the present
// moment, and takes 1-5-9 for 1-5, 99/2 for never and JAN for a minute.
func checkItem(item string, pos int) error {
	f := &cronFields[pos]
	if n, nth, ok := strings.Cut(item, "#"); ok && pos == weekdayField {
		if len(nth) != 1 || nth < "1" || nth > "5" {
			return fmt.Errorf("no such week %q: use 1 to 5 after #", nth)
		}
		return checkValue(n, pos)
	}
	switch n := len(item) - 1; {
	case item == "*", item == "?" && (pos == dayField || pos == weekdayField), item == "L" && pos == dayField:
		return nil
	case n > 0 && (item[n] == 'W' && pos == dayField || item[n] == 'L' && pos == weekdayField):
		return checkValue(item[:n], pos)
	}
	values, step, stepped := strings.Cut(item, "/")
	if n, err := strconv.ParseUint(step, 10, 8); stepped && (err != nil || n == 0 || int(n) > f.high-f.low) {
		return fmt.Errorf("no such step %q: use 1 to %d, or Now(ctx, every) for longer periods", step, f.high-f.low)
	}
	if values == "*" {
		return nil
	}
	from, to, ranged := strings.Cut(values, "-")
	if err := checkValue(from, pos); err != nil || !ranged {
		return err
	}
	if err := checkValue(to, pos); err != nil {
		return err
	}
	if valueOf(from, pos) > valueOf(to, pos) {
		return fmt.Errorf("range %s runs backwards: use a list of two, such as %s-%d,%d-%s", values, from, f.high, f.low, to)
	}
	return nil
}

// checkValue reports whether text is a number or a name that a field admits.
func checkValue(text string, pos int) error {
	f := &cronFields[pos]
	if n := valueOf(text, pos); n >= f.low && n <= f.high {
		return nil
	}
	names := ""
	if n := len(f.names); n > 0 {
		names = " or " + f.names[:3] + " to " + f.names[n-3:]
	}
	return fmt.Errorf("no such value %q: use %d to %d%s", text, f.low, f.high, names)
}

// valueOf returns the number text stands for in a field, or -1.
func valueOf(text string, pos int) int {
	f := &cronFields[pos]
	if i := strings.Index(f.names, text); len(text) == 3 && i >= 0 && i%3 == 0 {
		return f.low + i/3
	}
	if n, err := strconv.ParseUint(text, 10, 8); err == nil {
		return int(n)
	}
	return -1
}

// matches asks gronx for each value of a field whether text matches it.
func matches(text string, pos int) (mask uint64) {
	for n := cronFields[pos].low; n <= cronFields[pos].high; n++ {
		v := [...]int{dayField: 1, monthField: 1, weekdayField: 0}
		v[pos] = n
		day := v[dayField] + v[weekdayField]
		if pos == weekdayField {
			day++ // 2 January 2000 was a Sunday
		}
		at := time.Date(2000, time.Month(v[monthField]), day, v[hourField], v[minuteField], v[secondField], 0, time.UTC)
		if due(text, pos, at) {
			mask |= 1 << n
		}
	}
	return mask
}

// due asks gronx. Its errors are not looked at: checkItem has been here before.
func due(text string, pos int, at time.Time) bool {
	var field gronx.SegmentChecker
	field.SetRef(at)
	ok, err := field.CheckDue(text, pos)
	return ok && err == nil
}

// setDays fills the table of days from both fields that speak of days.
func (s *Schedule) setDays(day, weekday string) {
	either := !strings.ContainsAny(day[:1]+weekday[:1], "*?")
	byDay, byWeekday := daysOf(day, dayField), daysOf(weekday, weekdayField)
	for shape := range s.days {
		s.days[shape] = byDay[shape] & byWeekday[shape]
		if either {
			s.days[shape] = byDay[shape] | byWeekday[shape]
		}
	}
}

// daysOf returns the days that match one field, by the shape of the month. Only
// L, W and # need gronx to look at a month of every shape.
func daysOf(text string, pos int) (days [shapes]uint64) {
	special, plain := strings.ContainsAny(text, "LW#"), uint64(0)
	if !special {
		plain = matches(text, pos)
	}
	for shape, first := range monthOfShape() {
		for day := 1; day <= 28+shape/7; day++ {
			value := day
			if pos == weekdayField {
				value = (shape + day - 1) % 7
			}
			if special && due(text, pos, first.AddDate(0, 0, day-1)) || plain>>value&1 == 1 {
				days[shape] |= 1 << day
			}
		}
	}
	return days
}

// monthOfShape returns the first day of a month of every shape: 28 years have
// them all.
var monthOfShape = sync.OnceValue(func() (firsts [shapes]time.Time) {
	for month := range 12 * 28 {
		first := time.Date(2000, time.Month(month+1), 1, 0, 0, 0, 0, time.UTC)
		firsts[shapeOf(first.Year(), first.Month())] = first
	}
	return firsts
})
