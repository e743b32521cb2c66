package runtime

import (
	"context"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/schedule"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

var yearSeed = flag.Uint64("year.seed", 1, "seed of TestAYearOfNights")

// nights is a nightly pipeline, over restarts.
type nights struct {
	t        *testing.T
	random   *rand.Rand
	store    store.Store
	schedule *schedule.Schedule
	failing  bool // nothing succeeds for now

	reported map[string]int // the days of reports that were executed to the end, and how often
	missed   map[string]bool
	latest   string // day of the latest report
}

// flow fetches and reports for the day of its tick.
func (n *nights) flow(fetch, report *fetch) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		tick := Cron(ctx, n.schedule, SkipFirst())
		for _, at := range MissedTicks(ctx, n.schedule) {
			n.missed[at.Format(time.DateOnly)] = true
		}
		data, err := fetch.Run(ctx, tick.Format(time.RFC3339))
		if err != nil {
			return err
		}
		_, err = report.Run(ctx, tick.Format(time.DateOnly)+" of "+data)
		return err
	}
}

// body takes from ten minutes to thirty hours, together with another one, mostly some hours; and
// fails now and then, for days in summer.
func (n *nights) body(says func(arg string)) func(ctx context.Context, arg string) (string, error) {
	return func(ctx context.Context, arg string) (string, error) {
		d := 5*time.Minute + time.Duration(n.random.Int64N(int64(2*time.Hour)))
		if n.random.IntN(20) == 0 {
			d = time.Duration(n.random.Int64N(int64(15 * time.Hour)))
		}
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		if n.failing || n.random.IntN(10) == 0 {
			return "", errors.New("no data")
		}
		if says != nil {
			says(arg)
		}
		return "data", nil
	}
}

// process is the program from one start to the next restart.
func (n *nights) process(lives time.Duration) {
	f := n.work("Fetch", nil)
	r := n.work("Report", func(arg string) {
		day, _, _ := strings.Cut(arg, " ")
		n.reported[day]++
		if day <= n.latest {
			n.t.Errorf("the report of %s comes after that of %s", day, n.latest)
		}
		n.latest = day
	})
	ctx, cancel := context.WithTimeout(n.t.Context(), lives)
	defer cancel()
	l := Loop{Name: "nights", Store: n.store, KeepGoing: true, Logger: quiet(), Flow: n.flow(f, r)}
	if n.random.IntN(2) == 0 {
		l.Grace = -1 // killed, more or less
	}
	wantErr(n.t, l.Run(ctx), context.DeadlineExceeded)
	_ = f.Close(n.t.Context())
	_ = r.Close(n.t.Context())
}

func (n *nights) work(name string, says func(string)) *fetch {
	return storing(n.store, n.body(says), Name("example.com/nights."+name))
}

// TestAYearOfNights runs a nightly pipeline for a year: each day's report is made exactly once, or
// is reported as missed.
func TestAYearOfNights(t *testing.T) {
	for _, zone := range []struct{ name, spec string }{
		{"Europe/Berlin", "CRON_TZ=Europe/Berlin 0 3 * * *"},
		{"America/New_York", "CRON_TZ=America/New_York 0 3 * * *"},
	} {
		t.Run(zone.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				n := &nights{
					t: t, random: rand.New(rand.NewPCG(*yearSeed, 0)), store: memory.New(time.Minute), reported: map[string]int{}, missed: map[string]bool{},
				}
				first, end := time.Now(), time.Now().AddDate(1, 0, 0)
				spellings := []string{zone.spec, strings.Replace(zone.spec, "CRON_TZ=", "TZ=", 1), strings.Replace(zone.spec, "0 3 * * *", "00 03 */1 * *", 1)}
				for restarts := 0; time.Now().Before(end); restarts++ {
					n.schedule = schedule.MustParse(spellings[restarts%len(spellings)])
					n.failing = time.Now().Month() == time.August && time.Now().Day() > 10 && time.Now().Day() < 15
					n.process(time.Duration(n.random.Int64N(int64(4 * 24 * time.Hour))))
					time.Sleep(time.Duration(n.random.Int64N(int64(3 * time.Hour)))) // until it is started again
				}
				n.check(first, end)
			})
		})
	}
}

func (n *nights) check(first, end time.Time) {
	done, missed, last := 0, 0, slices.Max(slices.Collect(maps.Keys(n.reported)))
	for at := range n.schedule.Between(first, end) {
		day := at.Format(time.DateOnly)
		if day > last {
			break
		}
		switch times := n.reported[day]; {
		case times > 1:
			n.t.Errorf("%s was reported %d times", day, times)
		case times == 1:
			done++
		case n.missed[day]:
			missed++
		default:
			n.t.Errorf("%s was neither reported nor missed", day)
		}
	}
	n.t.Logf("%d days were reported, and %d missed", done, missed)
	if done < 200 || missed == 0 {
		n.t.Errorf("%d days were reported, and %d missed", done, missed)
	}
}
