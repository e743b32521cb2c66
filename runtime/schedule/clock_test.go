package schedule

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// aSpec draws an expression that ticks, and tells whether it is of
// every hour.
func aSpec(t *rapid.T) (spec string, everyHour bool) {
	number := func(low, high int, label string) string { return fmt.Sprint(rapid.IntRange(low, high).Draw(t, label)) }
	minute := rapid.SampledFrom([]string{"*", "0", "30", "59", "*/7", "15,45", "50-59", "10/20", number(0, 59, "minute")}).Draw(t, "minutes")
	every := []string{"*", "0-23", "*/1"}
	hour := rapid.SampledFrom(append([]string{"0", "1", "2", "3", "23", "*/2", "1-3", "0,2", "0-22", "1-23", number(0, 23, "hour")}, every...)).Draw(t, "hours")
	day := rapid.SampledFrom([]string{"*", "*", "*", "?", "*/2", "L", "1W,30", "1-15", number(1, 31, "day")}).Draw(t, "days")
	month := rapid.SampledFrom([]string{"*", "*", "*", "3-11", "JAN,DEC", number(1, 12, "month")}).Draw(t, "months")
	weekday := rapid.SampledFrom([]string{"*", "*", "*", "?", "SUN", "1-5", "0L,7#1", "*/2", number(0, 7, "weekday")}).Draw(t, "weekdays")
	spec = strings.Join([]string{minute, hour, day, month, weekday}, " ")
	if _, err := Parse(spec); err != nil && strings.Contains(err.Error(), "never ticks") {
		t.Skip(err) // such as on 30 February
	}
	return spec, slices.Contains(every, hour)
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

// ticksByMinute finds ticks by moving the hand of a clock from minute to minute, and
// looking at every time that it gets to or past.
func ticksByMinute(matches func(time.Time) bool, everyHour bool, zone *time.Location, from, to time.Time) (ticks []time.Time) {
	var hand int64 // the furthest that the clock has shown
	for at := from.Add(-48 * time.Hour).Unix(); at < to.Unix(); at += 60 {
		_, offset := time.Unix(at, 0).In(zone).Zone()
		wall := at + int64(offset)
		if hand == 0 || everyHour {
			hand = wall - 60
		}
		due := false
		for ; hand < wall; hand += 60 {
			due = due || matches(time.Unix(hand+60, 0).UTC())
		}
		if due && at >= from.Unix() {
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
		matches := func(at time.Time) bool { return matchesAt(spec, at) }
		want, got := ticksByMinute(matches, everyHour, s.zone, from, to), ticksBy(t, s, from, to)
		if !slices.EqualFunc(want, got, time.Time.Equal) {
			t.Fatalf("(-every minute +schedule):\n%s", cmp.Diff(want, got))
		}
	})
}

// TestScheduleFindsTheTicksOfWholeYears has zones of which the clocks are changed by
// half an hour, by two, by a whole day, at midnight and around Ramadan.
func TestScheduleFindsTheTicksOfWholeYears(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of minutes, one after the other, take long with the race detector")
	}
	specs := map[string]func(time.Time) bool{
		"0 0 * * *":    func(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 },
		"30 2 * * *":   func(t time.Time) bool { return t.Hour() == 2 && t.Minute() == 30 },
		"*/20 * * * *": func(t time.Time) bool { return t.Minute()%20 == 0 },
		"15 */2 1-7 * 0": func(t time.Time) bool {
			return t.Minute() == 15 && t.Hour()%2 == 0 && (t.Day() <= 7 || t.Weekday() == time.Sunday)
		},
		"45 23 L,29 * *": func(t time.Time) bool {
			return t.Minute() == 45 && t.Hour() == 23 && (t.Day() == 29 || t.AddDate(0, 0, 1).Day() == 1)
		},
	}
	for name, year := range map[string]int{"Australia/Lord_Howe": 2024, "Antarctica/Troll": 2025, "Pacific/Apia": 2011,
		"America/Sao_Paulo": 2018, "Africa/Casablanca": 2025, "Asia/Gaza": 2021} {
		zone := mustZone(t, name)
		from, to := time.Date(year, 1, 1, 0, 0, 0, 0, zone), time.Date(year+1, 1, 1, 0, 0, 0, 0, zone)
		for spec, matches := range specs {
			s := mustSchedule(t, "TZ="+name+" "+spec)
			want, got := ticksByMinute(matches, s.hours == everyHour, zone, from, to), ticksBy(t, s, from, to)
			if !slices.EqualFunc(want, got, time.Time.Equal) {
				t.Errorf("%s in %s (-every minute +schedule):\n%s", spec, name, cmp.Diff(want, got))
			}
		}
	}
}

// TestDailyTicksAtTheFirstMomentOfEachDay looks at all zones of the machine near
// every change of their clocks.
func TestDailyTicksAtTheFirstMomentOfEachDay(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of days, one after the other, take long with the race detector")
	}
	daily := mustSchedule(t, "@daily")
	for _, name := range allZones() {
		s := *daily
		s.zone = mustZone(t, name)
		checked := map[int]bool{}
		days, changes := firstMoments(s.zone, 1970, 2040)
		for _, at := range changes {
			i, _ := slices.BinarySearch(days, at)
			for i = max(i-4, 1); i < min(i+8, len(days)) && days[i-1] < at+4*secondsPerDay; i++ {
				before, want := time.Unix(days[i-1], 0), time.Unix(days[i], 0).In(s.zone)
				if checked[i] {
					continue
				}
				checked[i] = true
				if next, last := s.Next(before), s.Last(want); !next.Equal(want) || !last.Equal(want) {
					t.Errorf("%s: next %v, last %v, but the day begins at %v", name, next, last, want)
				}
				if last := s.Last(want.Add(-1)); !last.Equal(before) {
					t.Errorf("%s: last before %v is %v, want %v", name, want, last, before)
				}
			}
		}
	}
}

// allZones returns the zones of the machine, or some where it has no files of them.
func allZones() (names []string) {
	folder := os.DirFS("/usr/share/zoneinfo")
	for _, area := range []string{"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"} {
		found, _ := fs.Glob(folder, area+"/*")
		for _, name := range found {
			if info, err := fs.Stat(folder, name); err == nil && info.Mode().IsRegular() {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return lawZones
	}
	return names
}

// firstMoments returns when each day begins that a zone's clocks show, though they
// may be put back to the one before again; and when they are changed.
func firstMoments(zone *time.Location, from, to int) (days, changes []int64) {
	today := int64(math.MinInt64)
	end := time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC); t.Before(end); {
		_, offset := t.In(zone).Zone()
		_, until := t.In(zone).ZoneBounds()
		if until.IsZero() || until.After(end) {
			until = end
		}
		for day := (t.Unix() + int64(offset)) / secondsPerDay; ; day++ {
			first := max(t.Unix(), day*secondsPerDay-int64(offset))
			if first >= until.Unix() {
				break
			}
			if day > today {
				days, today = append(days, first), day
			}
		}
		t, changes = until, append(changes, until.Unix())
	}
	return days, changes
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
		if last.After(now) || !next.After(now) {
			t.Fatalf("last %v and next %v are not on both sides of %v", last, next, now)
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
		if got := s.Next(next); !got.After(next) {
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
			p := s.periodAt(at, s.zone)
			if at < p.from || at >= p.to {
				t.Fatalf("%s: %d is not in its period, %d to %d", name, at, p.from, p.to)
			}
			if p.from == -forever || p.to == forever {
				continue
			}
			if _, _, offset := bounds(p.to-1, s.zone); offset != p.offset {
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
