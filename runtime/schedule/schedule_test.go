package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones

	"github.com/adhocore/gronx"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const wallLayout = "2006-01-02 15:04:05 -0700"

func mustSchedule(t testing.TB, spec string) *Schedule {
	t.Helper()
	s, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// ticksBy walks over the ticks from from, included, to to, excluded, with next
// and then back with last, and fails when they disagree.
func ticksBy(t rapid.TB, s *Schedule, from, to time.Time) (ticks []time.Time) {
	t.Helper()
	for at := s.Next(from.Add(-1)); !at.IsZero() && at.Before(to); at = s.Next(at) {
		if n := len(ticks); n > 0 && !at.After(ticks[n-1]) {
			t.Fatalf("next(%v) is %v, which is not after it", ticks[n-1], at)
		}
		ticks = append(ticks, at)
	}
	var back []time.Time
	for at := s.Last(to.Add(-1)); !at.IsZero() && !at.Before(from); at = s.Last(at.Add(-1)) {
		if n := len(back); n > 0 && !at.Before(back[n-1]) {
			t.Fatalf("last before %v is %v", back[n-1], at)
		}
		back = append(back, at)
	}
	slices.Reverse(back)
	if !slices.EqualFunc(ticks, back, time.Time.Equal) { // cmp is slow on thousands
		t.Fatalf("next and last disagree (-next +last):\n%s", cmp.Diff(ticks, back))
	}
	return ticks
}

func TestScheduleTicksAtTheTimesItsFieldsName(t *testing.T) {
	for spec, want := range map[string][]string{ // from Wednesday 2025-01-01, the first six
		"30 4 * * *":          {"01-01 04:30", "01-02 04:30", "01-03 04:30", "01-04 04:30", "01-05 04:30", "01-06 04:30"},
		"0,30 8-9 * * *":      {"01-01 08:00", "01-01 08:30", "01-01 09:00", "01-01 09:30", "01-02 08:00", "01-02 08:30"},
		"*/25 0 * * *":        {"01-01 00:00", "01-01 00:25", "01-01 00:50", "01-02 00:00", "01-02 00:25", "01-02 00:50"},
		"40/10 23 * * *":      {"01-01 23:40", "01-01 23:50", "01-02 23:40", "01-02 23:50", "01-03 23:40", "01-03 23:50"},
		"5 9-17/4 * * *":      {"01-01 09:05", "01-01 13:05", "01-01 17:05", "01-02 09:05", "01-02 13:05", "01-02 17:05"},
		"0 0 * * MON":         {"01-06 00:00", "01-13 00:00", "01-20 00:00", "01-27 00:00", "02-03 00:00", "02-10 00:00"},
		"0 0 * * sat,7":       {"01-04 00:00", "01-05 00:00", "01-11 00:00", "01-12 00:00", "01-18 00:00", "01-19 00:00"},
		"0 0 * * 5-7":         {"01-03 00:00", "01-04 00:00", "01-05 00:00", "01-10 00:00", "01-11 00:00", "01-12 00:00"},
		"0 0 31 * *":          {"01-31 00:00", "03-31 00:00", "05-31 00:00", "07-31 00:00", "08-31 00:00", "10-31 00:00"},
		"0 0 10 FEB,4-6 ?":    {"02-10 00:00", "04-10 00:00", "05-10 00:00", "06-10 00:00", "02-10 00:00", "04-10 00:00"},
		"0 0 10 * FRI":        {"01-03 00:00", "01-10 00:00", "01-17 00:00", "01-24 00:00", "01-31 00:00", "02-07 00:00"},
		"0 0 */10 * FRI":      {"01-31 00:00", "02-21 00:00", "03-21 00:00", "04-11 00:00", "07-11 00:00", "08-01 00:00"},
		"0 0 L * *":           {"01-31 00:00", "02-28 00:00", "03-31 00:00", "04-30 00:00", "05-31 00:00", "06-30 00:00"},
		"0 0 1W,15W * *":      {"01-01 00:00", "01-15 00:00", "02-03 00:00", "02-14 00:00", "03-03 00:00", "03-14 00:00"},
		"0 0 31W * ?":         {"01-31 00:00", "03-31 00:00", "05-30 00:00", "07-31 00:00", "08-29 00:00", "10-31 00:00"},
		"0 0 * * FRIL":        {"01-31 00:00", "02-28 00:00", "03-28 00:00", "04-25 00:00", "05-30 00:00", "06-27 00:00"},
		"0 0 * * 7#1,5#5":     {"01-05 00:00", "01-31 00:00", "02-02 00:00", "03-02 00:00", "04-06 00:00", "05-04 00:00"},
		"0 0 29 2 *":          {"02-29 00:00", "02-29 00:00", "02-29 00:00", "02-29 00:00", "02-29 00:00", "02-29 00:00"},
		"@Hourly":             {"01-01 00:00", "01-01 01:00", "01-01 02:00", "01-01 03:00", "01-01 04:00", "01-01 05:00"},
		"@daily":              {"01-01 00:00", "01-02 00:00", "01-03 00:00", "01-04 00:00", "01-05 00:00", "01-06 00:00"},
		"@midnight":           {"01-01 00:00", "01-02 00:00", "01-03 00:00", "01-04 00:00", "01-05 00:00", "01-06 00:00"},
		"@weekly":             {"01-05 00:00", "01-12 00:00", "01-19 00:00", "01-26 00:00", "02-02 00:00", "02-09 00:00"},
		"@monthly":            {"01-01 00:00", "02-01 00:00", "03-01 00:00", "04-01 00:00", "05-01 00:00", "06-01 00:00"},
		"@yearly":             {"01-01 00:00", "01-01 00:00", "01-01 00:00", "01-01 00:00", "01-01 00:00", "01-01 00:00"},
		"@annually":           {"01-01 00:00", "01-01 00:00", "01-01 00:00", "01-01 00:00", "01-01 00:00", "01-01 00:00"},
		"30 59 23 31 12 *":    {"12-31 23:59", "12-31 23:59", "12-31 23:59", "12-31 23:59", "12-31 23:59", "12-31 23:59"},
		"\t0  3 * *   */7   ": {"01-05 03:00", "01-12 03:00", "01-19 03:00", "01-26 03:00", "02-02 03:00", "02-09 03:00"},
	} {
		t.Run(spec, func(t *testing.T) {
			s := mustSchedule(t, "TZ=UTC "+spec)
			var got []string
			at := time.Date(2024, 12, 31, 23, 59, 59, 999, time.UTC)
			for range want {
				at = s.Next(at)
				got = append(got, at.Format("01-02 15:04"))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScheduleWithSecondsTicksAtThem(t *testing.T) {
	s := mustSchedule(t, "TZ=UTC */20 59 23 31 12 *")
	from := time.Date(2025, 12, 31, 23, 59, 0, 0, time.UTC)
	got := ticksBy(t, s, from, from.AddDate(1, 0, 0))
	if diff := cmp.Diff([]time.Time{from, from.Add(20 * time.Second), from.Add(40 * time.Second)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleIncludesNowInLastAndNotInNext(t *testing.T) {
	s := mustSchedule(t, "TZ=UTC 0 3 * * *")
	tick := time.Date(2025, 6, 1, 3, 0, 0, 0, time.UTC)
	want(t, "last at a tick", s.Last(tick), tick)
	want(t, "last just after it", s.Last(tick.Add(1)), tick)
	want(t, "last just before it", s.Last(tick.Add(-1)), tick.AddDate(0, 0, -1))
	want(t, "next at a tick", s.Next(tick), tick.AddDate(0, 0, 1))
	want(t, "next just after it", s.Next(tick.Add(1)), tick.AddDate(0, 0, 1))
	want(t, "next just before it", s.Next(tick.Add(-1)), tick)
}

func TestScheduleThatNeverTicksGivesTheZeroTime(t *testing.T) {
	for _, spec := range []string{"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30W 2 *", "* * 30 2 *"} {
		s := mustSchedule(t, "CRON_TZ=Europe/Berlin "+spec)
		now := time.Date(2025, 3, 30, 1, 0, 0, 0, time.UTC)
		want(t, spec+": next", s.Next(now), time.Time{})
		want(t, spec+": last", s.Last(now), time.Time{})
	}
}

func TestScheduleLooksFiveYearsFar(t *testing.T) {
	s := mustSchedule(t, "TZ=UTC 0 0 29 2 *")
	leap := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	want(t, "next leap day", s.Next(leap), leap.AddDate(4, 0, 0))
	want(t, "last leap day", s.Last(leap.AddDate(4, 0, 0).Add(-1)), leap)
	// 2100 is no leap year.
	want(t, "next in eight years", s.Next(time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC)), time.Time{})
	want(t, "last eight years ago", s.Last(time.Date(2104, 2, 1, 0, 0, 0, 0, time.UTC)), time.Time{})
}

func TestScheduleOnDaysWhenClocksAreChanged(t *testing.T) {
	for _, test := range []struct {
		name, zone, spec, day string
		want                  []string // on that day and the next
	}{
		{"a time that does not exist ticks once, where the gap ends", "Europe/Berlin", "30 2 * * *", "2025-03-30",
			[]string{"2025-03-30 03:00:00 +0200", "2025-03-31 02:30:00 +0200"}},
		{"all times of a gap are one tick", "Europe/Berlin", "*/10 2 * * *", "2025-03-30",
			[]string{"2025-03-30 03:00:00 +0200", "2025-03-31 02:00:00 +0200", "2025-03-31 02:10:00 +0200",
				"2025-03-31 02:20:00 +0200", "2025-03-31 02:30:00 +0200", "2025-03-31 02:40:00 +0200", "2025-03-31 02:50:00 +0200"}},
		{"a time in the gap and one at its end are one tick", "Europe/Berlin", "0 2,3 * * *", "2025-03-30",
			[]string{"2025-03-30 03:00:00 +0200", "2025-03-31 02:00:00 +0200", "2025-03-31 03:00:00 +0200"}},
		{"a time that comes twice ticks the first time", "Europe/Berlin", "30 2 * * *", "2025-10-26",
			[]string{"2025-10-26 02:30:00 +0200", "2025-10-27 02:30:00 +0100"}},
		{"steps of hours are named hours", "America/New_York", "0 */12,1 * * *", "2025-11-02",
			[]string{"2025-11-02 00:00:00 -0400", "2025-11-02 01:00:00 -0400", "2025-11-02 12:00:00 -0500",
				"2025-11-03 00:00:00 -0500", "2025-11-03 01:00:00 -0500", "2025-11-03 12:00:00 -0500"}},
		{"a midnight that does not exist", "America/Sao_Paulo", "@daily", "2018-11-04",
			[]string{"2018-11-04 01:00:00 -0200", "2018-11-05 00:00:00 -0200"}},
		{"a midnight that comes twice", "America/Sao_Paulo", "30 23 * * *", "2018-02-17",
			[]string{"2018-02-17 23:30:00 -0200", "2018-02-18 23:30:00 -0300"}},
		{"a gap of half an hour", "Australia/Lord_Howe", "0,15,45 2 * * *", "2025-10-05",
			[]string{"2025-10-05 02:30:00 +1100", "2025-10-05 02:45:00 +1100",
				"2025-10-06 02:00:00 +1100", "2025-10-06 02:15:00 +1100", "2025-10-06 02:45:00 +1100"}},
		{"half an hour twice", "Australia/Lord_Howe", "15,45 1 * * *", "2025-04-06",
			[]string{"2025-04-06 01:15:00 +1100", "2025-04-06 01:45:00 +1100",
				"2025-04-07 01:15:00 +1030", "2025-04-07 01:45:00 +1030"}},
		{"a gap of a quarter of an hour", "Asia/Kathmandu", "@yearly", "1986-01-01",
			[]string{"1986-01-01 00:15:00 +0545"}},
		{"a day that does not exist", "Pacific/Apia", "0 12 30 12 *", "2011-12-31",
			[]string{"2011-12-31 00:00:00 +1400"}},
		{"a midnight on a day that does not exist", "Pacific/Apia", "@daily", "2011-12-31",
			[]string{"2011-12-31 00:00:00 +1400", "2012-01-01 00:00:00 +1400"}},
		{"clocks put back for Ramadan", "Africa/Casablanca", "30 2 * * *", "2025-02-23",
			[]string{"2025-02-23 02:30:00 +0100", "2025-02-24 02:30:00 +0000"}},
		{"and forward again", "Africa/Casablanca", "30 2 * * *", "2025-04-06",
			[]string{"2025-04-06 03:00:00 +0100", "2025-04-07 02:30:00 +0100"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			from, err := time.ParseInLocation(time.DateOnly, test.day, mustZone(t, test.zone))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, tick := range ticksBy(t, mustSchedule(t, "TZ="+test.zone+" "+test.spec), from, from.AddDate(0, 0, 2)) {
				got = append(got, tick.Format(wallLayout))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScheduleOfEveryHourFollowsTheClock(t *testing.T) {
	berlin := mustZone(t, "Europe/Berlin")
	spring, autumn := time.Date(2025, 3, 30, 0, 0, 0, 0, berlin), time.Date(2025, 10, 26, 0, 0, 0, 0, berlin)
	for spec, perHour := range map[string]int{
		"0 * * * *": 1, "30 * * * *": 1, "15 0-23 * * *": 1, "@hourly": 1, "*/5 */1 * * *": 12, "* * * * *": 60,
	} {
		s := mustSchedule(t, "TZ=Europe/Berlin "+spec)
		want(t, spec+" on the short day", len(ticksBy(t, s, spring, spring.AddDate(0, 0, 1))), 23*perHour)
		want(t, spec+" on the long day", len(ticksBy(t, s, autumn, autumn.AddDate(0, 0, 1))), 25*perHour)
	}
}

func TestScheduleWithoutAZoneTakesTheLocalOneOfTheMoment(t *testing.T) {
	defer func(zone *time.Location) { time.Local = zone }(time.Local)
	s := mustSchedule(t, "0 3 * * *")
	now := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"Asia/Kathmandu", "America/New_York"} {
		time.Local = mustZone(t, name)
		want(t, name, s.Next(now).Format("15:04"), "03:00")
		want(t, name, s.Last(now).Location(), time.Local)
	}
}

func TestScheduleErrorsNameTheFieldAndTheFix(t *testing.T) {
	for spec, wants := range map[string][]string{
		"":                        {"has 0 fields", "use five"},
		"CRON_TZ=UTC":             {"has 0 fields"},
		"* * * *":                 {"has 4 fields", "minute, hour"},
		"0 0 0 1 1 * 2030":        {"has 7 fields"},
		"0 0 1 1 * 2030":          {`day of week "2030"`, "use 0 to 7 or SUN to SAT"},
		"60 * * * *":              {`minute "60"`, "use 0 to 59"},
		"5,99 * * * *":            {`minute "5,99"`, `"99"`},
		"*,99 * * * *":            {`minute "*,99"`, `"99"`},
		"99/2 * * * *":            {`minute "99/2"`},
		"*/60 * * * *":            {`minute "*/60"`, "use 1 to 59, or Now(ctx, every)"},
		"*/0 * * * *":             {`minute "*/0"`, "step"},
		"*/ * * * *":              {`minute "*/"`, "step"},
		"1/2/3 * * * *":           {`minute "1/2/3"`, "step"},
		"1-5-9 * * * *":           {`minute "1-5-9"`},
		"+5 * * * *":              {`minute "+5"`},
		"-5 * * * *":              {`minute "-5"`},
		"1,,2 * * * *":            {`minute "1,,2"`},
		"? * * * *":               {`minute "?"`},
		"JAN * * * *":             {`minute "JAN"`},
		"61 * * * * *":            {`second "61"`},
		"0 24 * * *":              {`hour "24"`, "use 0 to 23"},
		"0 22-6 * * *":            {`hour "22-6"`, "backwards", "22-23,0-6"},
		"0 0 0 * *":               {`day of month "0"`, "use 1 to 31"},
		"0 0 32W * *":             {`day of month "32W"`},
		"0 0 LW * *":              {`day of month "LW"`},
		"0 0 L-3 * *":             {`day of month "L-3"`},
		"0 0 1 13 *":              {`month "13"`, "use 1 to 12 or JAN to DEC"},
		"0 0 1 MON *":             {`month "MON"`},
		"0 0 1 DECEMBER *":        {`month "DECEMBER"`},
		"0 0 1 ANF *":             {`month "ANF"`},
		"0 0 * * L":               {`day of week "L"`},
		"0 0 * * 8L":              {`day of week "8L"`},
		"0 0 * * 5#6":             {`day of week "5#6"`, "use 1 to 5 after #"},
		"0 0 * * 5#3#2":           {`day of week "5#3#2"`},
		"0 0 * * #2":              {`day of week "#2"`},
		"0 0 * * SAT-SUN":         {`day of week "SAT-SUN"`, "backwards"},
		"@every 5m":               {"use Now(ctx, every)"},
		"@reboot":                 {"no such alias", "@daily"},
		"@daily 5":                {"no such alias"},
		"@5minutes":               {"no such alias"},
		"TZ=Europe/Berln 0 3 * *": {`no time zone "Europe/Berln"`, "Europe/Berlin", "time/tzdata"},
		"CRON_TZ= 0 3 * * *":      {`no time zone ""`},
	} {
		_, err := Parse(spec)
		if err == nil {
			t.Errorf("%q has no error", spec)
			continue
		}
		for _, want := range append(wants, fmt.Sprintf("cron %q: ", spec)) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v: does not say %s", spec, err, want)
			}
		}
	}
}

// aSpec draws an expression that ticks now and then, and tells whether it is of
// every hour.
func aSpec(t *rapid.T) (spec string, everyHour bool) {
	number := func(low, high int, label string) string { return fmt.Sprint(rapid.IntRange(low, high).Draw(t, label)) }
	minute := rapid.SampledFrom([]string{"*", "0", "30", "59", "*/7", "15,45", "50-59", "10/20", number(0, 59, "minute")}).Draw(t, "minutes")
	every := []string{"*", "0-23", "*/1"}
	hour := rapid.SampledFrom(append([]string{"0", "1", "2", "3", "23", "*/2", "1-3", "0,2", "0-22", "1-23", number(0, 23, "hour")}, every...)).Draw(t, "hours")
	day := rapid.SampledFrom([]string{"*", "*", "*", "?", "*/2", "L", "1W,30", "1-15", number(1, 31, "day")}).Draw(t, "days")
	month := rapid.SampledFrom([]string{"*", "*", "*", "3-11", "JAN,DEC", number(1, 12, "month")}).Draw(t, "months")
	weekday := rapid.SampledFrom([]string{"*", "*", "*", "?", "SUN", "1-5", "0L,7#1", "*/2", number(0, 7, "weekday")}).Draw(t, "weekdays")
	return strings.Join([]string{minute, hour, day, month, weekday}, " "), slices.Contains(every, hour)
}

var lawZones = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
	"Pacific/Apia", "America/Sao_Paulo", "Europe/Dublin", "Africa/Cairo", "UTC"}

// changeDays returns the days, to within one, before which a zone's offset
// changed, for all zones; also such as only follow from rules for years to come.
func changeDays(t *testing.T) map[string][]time.Time {
	days := map[string][]time.Time{}
	for _, name := range lawZones {
		zone := mustZone(t, name)
		days[name] = []time.Time{time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)} // nothing changes here
		for at := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2050; at = at.AddDate(0, 0, 1) {
			_, before := at.In(zone).Zone()
			if _, after := at.AddDate(0, 0, 1).In(zone).Zone(); before != after {
				days[name] = append(days[name], at)
			}
		}
	}
	return days
}

// bruteTicks finds ticks by looking at every minute, and at every clock time
// that a minute could have shown. It shares nothing with the search but what
// gronx says about a time in UTC.
func bruteTicks(t rapid.TB, spec string, everyHour bool, zone *time.Location, from, to time.Time) (ticks []time.Time) {
	fields, err := gronx.Segments(spec)
	if err != nil {
		t.Fatal(err)
	}
	cron := gronx.New()
	matches := func(wall int64) bool {
		cron.C.SetRef(time.Unix(wall, 0).UTC())
		ok, err := cron.SegmentsDue(fields)
		return ok && err == nil
	}
	var minutes, walls []int64 // what the clock shows, minute by minute
	first := map[int64]int64{} // and when it did for the first time
	for at := from.Add(-26 * time.Hour).Unix(); at < to.Unix(); at += 60 {
		_, offset := time.Unix(at, 0).In(zone).Zone()
		wall := at + int64(offset)
		minutes, walls = append(minutes, at), append(walls, wall)
		if _, ok := first[wall]; !ok {
			first[wall] = at
		}
		if everyHour && at >= from.Unix() && matches(wall) {
			ticks = append(ticks, time.Unix(at, 0).In(zone))
		}
	}
	if everyHour {
		return ticks
	}
	found := map[int64]bool{}
	for wall := walls[0]; wall <= slices.Max(walls); wall += 60 {
		at, shown := first[wall]
		if !shown { // the gap ends at the first minute that shows something later
			at = minutes[slices.IndexFunc(walls, func(w int64) bool { return w > wall })]
		}
		if at >= from.Unix() && !found[at] && matches(wall) {
			found[at] = true
			ticks = append(ticks, time.Unix(at, 0).In(zone))
		}
	}
	return ticks
}

func TestScheduleFindsWhatLookingAtEveryMinuteFinds(t *testing.T) {
	days := changeDays(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(lawZones).Draw(t, "zone")
		spec, everyHour := aSpec(t)
		from := rapid.SampledFrom(days[name]).Draw(t, "change").Add(-2 * time.Hour)
		to := from.Add(30 * time.Hour)
		s, err := Parse("TZ=" + name + " " + spec)
		if err != nil {
			t.Fatal(err)
		}
		want, got := bruteTicks(t, spec, everyHour, s.zone, from, to), ticksBy(t, s, from, to)
		if !slices.EqualFunc(want, got, time.Time.Equal) {
			t.Fatalf("(-every minute +schedule):\n%s", cmp.Diff(want, got))
		}
	})
}

func TestScheduleLastAndNextAgree(t *testing.T) {
	days := changeDays(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(lawZones).Draw(t, "zone")
		spec, _ := aSpec(t)
		if rapid.Bool().Draw(t, "with seconds") {
			spec = rapid.SampledFrom([]string{"*/13 ", "59 ", "0,30 "}).Draw(t, "seconds") + spec
		}
		s, err := Parse("TZ=" + name + " " + spec)
		if err != nil {
			t.Fatal(err)
		}
		near := rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "near a change")
		now := rapid.SampledFrom(days[name]).Draw(t, "change").Add(time.Duration(near))
		last, next := s.Last(now), s.Next(now)
		if last.IsZero() || next.IsZero() {
			t.Skip("ticks on a rare day")
		}
		if last.After(now) || !next.After(now) {
			t.Fatalf("last %v and next %v are not on both sides of %v", last, next, now)
		}
		if s.Next(last).IsZero() || s.Last(next.Add(-1)).IsZero() {
			t.Skip("ticks on a rare day: the two are further apart than is searched")
		}
		if got := s.Next(last); !got.Equal(next) {
			t.Fatalf("next(last) is %v, next %v", got, next)
		}
		if got := s.Last(next); !got.Equal(next) {
			t.Fatalf("last(next) is %v, next %v", got, next)
		}
		if got := s.Last(next.Add(-1)); !got.Equal(last) {
			t.Fatalf("last before next is %v, last %v", got, last)
		}
		if got := s.Next(next); !got.IsZero() && !got.After(next) {
			t.Fatalf("next(next) is %v, not after %v", got, next)
		}
	})
}

// TestSchedulePeriodsFollowEachOther looks at years that have only rules, too:
// a period that ended before it began would be searched for ever.
func TestSchedulePeriodsFollowEachOther(t *testing.T) {
	end := time.Date(2062, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for _, name := range lawZones {
		s := mustSchedule(t, "TZ="+name+" 0 3 * * *")
		for at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); at < end; at += 11*60*60 + 7 {
			p := s.periodAt(at)
			if at < p.from || at >= p.to {
				t.Fatalf("%s: %d is not in its period, %d to %d", name, at, p.from, p.to)
			}
			if p.from == -forever || p.to == forever {
				continue
			}
			if _, _, offset := bounds(p.to-1, p.zone); offset != p.offset {
				t.Fatalf("%s: period of %d: offset %d at its end, %d before", name, at, offset, p.offset)
			}
		}
	}
}

func TestScheduleGetsPastTheEndOfALeapYear(t *testing.T) {
	s := mustSchedule(t, "TZ=Europe/Berlin 0 12 31 12,1 *")
	eve := time.Date(2052, 12, 31, 12, 0, 0, 0, s.zone)
	want(t, "next", s.Next(eve), eve.AddDate(0, 1, 0))
	want(t, "last", s.Last(eve.AddDate(0, 1, 0).Add(-1)), eve)
}

func BenchmarkSchedule(b *testing.B) {
	now := time.Date(2025, 3, 29, 12, 0, 0, 0, time.UTC)
	for _, spec := range []string{"* * * * *", "0 3 * * *", "30 2 29 2 *", "0 0 30 2 *", "0 9 15W * 5#3"} {
		s := mustSchedule(b, "TZ=Europe/Berlin "+spec)
		b.Run("next/"+spec, func(b *testing.B) {
			for b.Loop() {
				s.Next(now)
			}
		})
		b.Run("last/"+spec, func(b *testing.B) {
			for b.Loop() {
				s.Last(now)
			}
		})
		b.Run("parse/"+spec, func(b *testing.B) {
			for b.Loop() {
				mustSchedule(b, spec)
			}
		})
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
