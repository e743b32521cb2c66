package schedule

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// keyed is the environment variable that makes the test binary print keys.
const keyed = "WORKGEN_TEST_SCHEDULE"

// TestTicksHaveOneKeyHoweverTheZoneIsSpelled starts processes in zones that are
// spelled in all ways, and compares the durable keys of their ticks.
func TestTicksHaveOneKeyHoweverTheZoneIsSpelled(t *testing.T) {
	if spec := os.Getenv(keyed); spec != "" {
		printTick(spec)
		return
	}
	const folder = "/usr/share/zoneinfo/"
	if _, err := os.Stat(folder + "Europe/Berlin"); err != nil {
		t.Skip("this machine has no files of zones: ", err)
	}
	link := filepath.Join(t.TempDir(), "localtime")
	if err := os.Symlink(folder+"Europe/Berlin", link); err != nil {
		t.Fatal(err)
	}
	const daily, berlin, utc = "0 3 * * *", "CRON_TZ=Europe/Berlin 0 3 * * *", "CRON_TZ=UTC 0 3 * * *"
	home, _ := tickIn(t, "unset", daily) // the zone of this machine, whatever it is
	keys := map[string]string{}
	for _, same := range []struct {
		zone   string
		tz     []string
		inName string // the same zone by an expression, in a process elsewhere
	}{
		{"Europe/Berlin", []string{"Europe/Berlin", ":Europe/Berlin", folder + "Europe/Berlin", link}, berlin},
		{"UTC", []string{"", "UTC", ":UTC", "Etc/UTC", "Zulu", folder + "Etc/UTC", "No/Where"}, utc},
		{"America/New_York", []string{"America/New_York", "US/Eastern", folder + "US/Eastern"}, "TZ=US/Eastern 0 3 * * *"},
		{"GMT", []string{"GMT", "Etc/GMT"}, "TZ=Greenwich 0 3 * * *"},
		{home, []string{"unset", home, "/etc/localtime"}, "TZ=" + home + " 0 3 * * *"},
	} {
		zone, want := tickIn(t, "Asia/Tokyo", same.inName)
		if zone != same.zone {
			t.Errorf("%s ticks in %s, want %s", same.inName, zone, same.zone)
		}
		for _, tz := range same.tz {
			if _, got := tickIn(t, tz, daily); got != want {
				t.Errorf("TZ=%s has the key\n%s, and %s\n%s", tz, got, same.inName, want)
			}
			if _, got := tickIn(t, tz, same.inName); got != want {
				t.Errorf("with TZ=%s, %s has the key\n%s, else\n%s", tz, same.inName, got, want)
			}
		}
		if other, ok := keys[want]; ok && other != same.zone {
			t.Errorf("%s has the key of %s", same.zone, other)
		}
		keys[want] = same.zone
	}
	if home == "Local" {
		t.Error("the zone of this machine has no name")
	}
}

// printTick prints the location and the key of a tick, and whether both ways to
// look for it, and the identity in memory, agree.
func printTick(spec string) {
	s := MustParse(spec)
	tick := s.Last(time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC))
	if next := s.Next(tick.Add(-1)); key.TimeOf(next) != key.TimeOf(tick) {
		fmt.Printf("last is %v, next %v ", tick, next)
	}
	named := MustParse("CRON_TZ=" + s.Location().String() + " 0 3 * * *")
	if same := named.Last(tick); key.TimeOf(same) != key.TimeOf(tick) {
		fmt.Printf("by name it is %v in %v, not %v in %v ", same, same.Location(), tick, tick.Location())
	}
	fmt.Printf("tick %v %v\n", tick.Location(), key.Sum(key.Scope{}, func(e *key.Encoder) { e.Time(tick) }))
}

// tickIn starts a process with a TZ and returns what it prints.
func tickIn(t *testing.T, tz, spec string) (zone, encoded string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TZ=") })
	if tz != "unset" {
		cmd.Env = append(cmd.Env, "TZ="+tz)
	}
	cmd.Env = append(cmd.Env, keyed+"="+spec, "GORACE=atexit_sleep_ms=0") // a second, with the race detector
	out, err := cmd.CombinedOutput()
	line, _, _ := strings.Cut(string(out), "\n")
	words := strings.Fields(line)
	if err != nil || len(words) != 3 {
		t.Fatalf("TZ=%s: %v: %s", tz, err, out)
	}
	return words[1], words[2]
}
