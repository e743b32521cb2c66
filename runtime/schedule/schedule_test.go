package schedule

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones

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

// TestRareDaysAreFound has the days that are furthest from each other: 2100 is no
// leap year.
func TestRareDaysAreFound(t *testing.T) {
	for spec, years := range map[string][]int{
		"0 0 29 2 *":    {2092, 2096, 2104, 2108},
		"0 0 * 2 5#5":   {2036, 2064, 2092, 2104, 2132},
		"0 0 * 2 0#5":   {2032, 2060, 2088, 2128}, // 40 years
		"0 0 29 2 */6":  {2020, 2032, 2048, 2060, 2076, 2088, 2116},
		"0 0 31 12 */7": {2023, 2028, 2034, 2045},
	} {
		for _, zone := range []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"} {
			s := mustSchedule(t, "TZ="+zone+" "+spec)
			var got []int
			from, to := time.Date(years[0], 1, 1, 0, 0, 0, 0, s.zone), time.Date(years[len(years)-1]+1, 1, 1, 0, 0, 0, 0, s.zone)
			for _, tick := range ticksBy(t, s, from, to) {
				got = append(got, tick.Year())
			}
			if diff := cmp.Diff(years, got); diff != "" {
				t.Errorf("%s in %s:\n%s", spec, zone, diff)
			}
		}
	}
}

func TestTicksAreListed(t *testing.T) {
	s := mustSchedule(t, "TZ=UTC 0 3 * * *")
	first := time.Date(2025, 6, 1, 3, 0, 0, 0, time.UTC)
	second, third := first.AddDate(0, 0, 1), first.AddDate(0, 0, 2)
	for _, test := range []struct {
		name string
		got  []time.Time
		want []time.Time
	}{
		{"the end belongs to it, the beginning does not", slices.Collect(s.Between(first, third)), []time.Time{second, third}},
		{"just before the end", slices.Collect(s.Between(first.Add(-1), third.Add(-1))), []time.Time{first, second}},
		{"nothing between", slices.Collect(s.Between(first, first)), nil},
		{"an end before the beginning", slices.Collect(s.Between(third, first)), nil},
		{"an end in another zone", slices.Collect(s.Between(first, second.In(mustZone(t, "Asia/Tokyo")))), []time.Time{second}},
		{"the next two", s.NextN(first, 2), []time.Time{second, third}},
		{"none", s.NextN(first, 0), nil},
		{"fewer than none", s.NextN(first, -1), nil},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
	// From the zero time on there are half a million: only one is looked for.
	for tick := range s.Between(time.Time{}, first) {
		want(t, "first tick of all", tick, time.Date(1, 1, 1, 3, 0, 0, 0, time.UTC))
		break
	}
}

func TestMustParsePanicsWithTheErrorOfParse(t *testing.T) {
	const spec = "0 25 * * *"
	_, err := Parse(spec)
	defer func() { want(t, "panic", recover(), any(err.Error())) }()
	MustParse(spec)
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
		want(t, name, s.Last(now).Location().String(), name)
		want(t, name, s.Location(), s.Next(now).Location())
	}
}

func BenchmarkSchedule(b *testing.B) {
	now := time.Date(2025, 3, 29, 12, 0, 0, 0, time.UTC)
	for _, spec := range []string{"* * * * *", "0 3 * * *", "30 2 29 2 *", "0 0 ? 2 5#5", "0 9 15W * 5#3"} {
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
