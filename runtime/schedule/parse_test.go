package schedule

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

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
		"*/60 * * * *":            {`minute "*/60"`, "use 1 to 59, or runtime.Now(ctx, every)"},
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
		"@every 5m":               {"use runtime.Now(ctx, every)"},
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

func TestExpressionsThatNeverTickAreErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"0 3 31 4,6 *":            "April and June have no day 31",
		"0 0 30 2 *":              "February has no day 30",
		"* * 30-31 FEB *":         "February has no day 30 or 31",
		"0 0 31 2,4,6,9,11 *":     "February, April, June, September and November have no day 31",
		"0 0 30W,31 2 ?":          "February has no day 31 or 30W",
		"0 0 31 2 */2":            "February has no day 31",
		"0 0 */30 4-5 5#3":        "day */30 is never a day of week 5#3 in April or May",
		"0 0 1W 6 */6":            "day 1W is never a day of week */6 in June",
		"CRON_TZ=UTC 30 2 31 9 *": "September has no day 31",
	} {
		_, err := Parse(spec)
		if want = fmt.Sprintf("cron %q: never ticks: %s", spec, want); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", spec, err, want)
		}
	}
	var never Schedule
	want(t, "zero schedule: next", never.Next(time.Now()), time.Time{})
	want(t, "zero schedule: last", never.Last(time.Now()), time.Time{})
	always := mustSchedule(t, "* * * * *")
	for _, at := range []int64{math.MinInt64, math.MinInt64 / 2, math.MaxInt64/2 + 1, math.MaxInt64} {
		if next := always.Next(time.Unix(at, 0)); !next.IsZero() {
			t.Errorf("at the end of package time, next is %v", next)
		}
		if last := always.Last(time.Unix(at, 0)); !last.IsZero() {
			t.Errorf("at the end of package time, last is %v", last)
		}
	}
	want(t, "zero schedule: next three", len(never.NextN(time.Now(), 3)), 0)
}
