package schedule

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEqualSchedulesHaveOneString(t *testing.T) {
	for want, specs := range map[string][]string{
		"0 3 * * *":                       {"0 3 * * *", "0 0 3 * * *", "\t00 03  ? * ?", "0 3 1-31 1-12 0-7", "0 3 */1 * *", "0 3 15 * SUN-SAT", "0 3 L,* * *"},
		"0 0 * * *":                       {"@daily", "@midnight", "@Daily", "0 0 1-31 * FRI", "0 0 L,1-31 * 5#3"},
		"0 * * * *":                       {"@hourly", "0 0-23 * * *", "0 */1 * * *"},
		"0 0 1 1 *":                       {"@yearly", "@annually", "0 0 1 JAN ?"},
		"0 0 * * 0":                       {"@weekly", "0 0 * * 7", "0 0 * * sun", "0 0 ? * 7-7", "0 0 * * */7", "0 0 * * 0,7"},
		"*/15 * * * *":                    {"0,15,30,45 * * * *", "0-59/15 * * * *", "0/15 * * * *", "30,*/15 * * * *"},
		"0,30 * * * *":                    {"*/30 * * * *", "30,0,30 * * * *"},
		"0 8-18/2 * * *":                  {"0 8,10,12,14-14,16,18 * * *", "0 8-19/2 * * *"},
		"5-7,9,11,12 * * * *":             {"12,11,9,7,6,5 * * * *", "5-7,9-9,11-12 * * * *"},
		"30 8 * * 1-5":                    {"30 8 * * MON-FRI", "30 8 ? * 1,2,3,4,5", "0 30 8 * * 5,MON-THU"},
		"*/10 3 * * * *":                  {"*/10 3 * * * *", "0,10,20-50/10 3 * * * *"},
		"0 0 */10 * 5":                    {"0 0 */10 * FRI", "0 0 */10,11,21 * 5"},
		"0 0 1-31/10 * 5":                 {"0 0 1,11,21,31 * FRI", "0 0 1,*/10 * 5"},
		"0 0 */10 * *":                    {"0 0 1,11,21,31 * *", "0 0 */10 * ?"},
		"0 0 */10,2 * 5":                  {"0 0 */10,2 * FRI"},
		"0 0 3 * */2":                     {"0 0 3 * */2", "0 0 3 * */2,4"},
		"0 0 13 * 5":                      {"0 0 13 * FRI", "0 0 13,13 * 5-5"},
		"0 0 1,L,15W * *":                 {"0 0 15W,L,1 * *", "0 0 15w,1,l * ?"},
		"0 0 * * 1,0#1,5#3,5L":            {"0 0 * * 5L,FRI#3,7#1,MON"},
		"0 0 L * 5#3":                     {"0 0 L * FRI#3"},
		"CRON_TZ=Europe/Berlin 0 3 * * *": {"TZ=Europe/Berlin 0 3 * * *", " CRON_TZ=Europe/Berlin  0 3 ? * *"},
	} {
		for _, spec := range specs {
			s := mustSchedule(t, spec)
			if got := s.String(); got != want {
				t.Errorf("%q is written %q, want %q", spec, got, want)
			}
			checkRoundTrip(t, s)
		}
	}
}

// checkRoundTrip fails unless a schedule's text stands for it, and is not the
// text of another.
func checkRoundTrip(t rapid.TB, s *Schedule) {
	t.Helper()
	again, err := Parse(s.String())
	if err != nil {
		t.Fatal(err)
	}
	if *again != *s || again.String() != s.String() {
		t.Fatalf("%+v is written %q, which is %+v, written %q", *s, s, *again, again)
	}
}

// anExpression draws one of six fields; some never tick, or have a range that runs
// backwards.
func anExpression(t *rapid.T) string {
	var texts []string
	for pos, f := range fields {
		value := rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(f.low, f.high).Draw(t, "value")) })
		step := rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(1, f.high-f.low).Draw(t, "step")) })
		join := func(from *rapid.Generator[string], by string, to *rapid.Generator[string]) *rapid.Generator[string] {
			return rapid.Custom(func(t *rapid.T) string { return from.Draw(t, "from") + by + to.Draw(t, "to") })
		}
		star := rapid.Just("*")
		items := []*rapid.Generator[string]{star, value, value, join(star, "/", step), join(value, "/", step), join(value, "-", value)}
		week := rapid.SampledFrom([]string{"1", "2", "3", "4", "5"})
		switch pos {
		case dayField:
			items = append(items, rapid.Just("?"), rapid.Just("L"), join(value, "W", rapid.Just("")))
		case weekdayField:
			items = append(items, rapid.Just("?"), join(value, "#", week), join(value, "L", rapid.Just("")))
		}
		texts = append(texts, strings.Join(rapid.SliceOfN(rapid.OneOf(items...), 1, 3).Draw(t, f.name), ","))
	}
	return strings.Join(texts, " ")
}

// TestFieldsMeanWhatTheirTextSays holds the masks of an expression, and those of
// its String, to what reading its text at each time gives.
func TestFieldsMeanWhatTheirTextSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anExpression(t)
		s, err := Parse(spec)
		if err != nil {
			t.Skip(err)
		}
		checkRoundTrip(t, s)
		from := time.Date(rapid.IntRange(1999, 2030).Draw(t, "year"), time.Month(forward.pick(s.months, 0)), 1, 0, 0, 0, 0, time.UTC)
		for at := from; at.Before(from.AddDate(0, 2, 0)); at = at.Add(11*time.Hour + 29*time.Minute + 13*time.Second) {
			clock := time.Duration(s.clock(0, 0, 0, forward)) * time.Second // one that matches
			for _, at := range []time.Time{at, at.Truncate(24 * time.Hour).Add(clock)} {
				found, _ := s.seek(at.Unix(), forward)
				if got, want := found == at.Unix(), matchesAt(spec, at); got != want {
					t.Fatalf("%s at %v: matches is %v, want %v", spec, at, got, want)
				}
				if got, want := found == at.Unix(), matchesAt(s.String(), at); got != want {
					t.Fatalf("%s, from %s, at %v: matches is %v, want %v", s, spec, at, want, got)
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{"0 3 * * *", "@daily", "TZ=UTC */5 1-3,7 L,15W JAN-MAR 5#3,0L", "0 0 */10 * FRI", "1 0 0 31 2 *"} {
		f.Add(spec, int64(1_700_000_000))
	}
	f.Fuzz(func(t *testing.T, spec string, now int64) {
		s, err := Parse(spec)
		if err != nil {
			return
		}
		checkRoundTrip(t, s)
		at := time.Unix(now%(1<<40), 0)
		if last, next := s.Last(at), s.Next(at); last.After(at) || !next.After(at) {
			t.Errorf("%q: last %v and next %v are not on both sides of %v", spec, last, next, at)
		}
	})
}
