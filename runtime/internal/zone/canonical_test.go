package zone

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones
)

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name) // anew: Canonical goes by what l is, not by the pointer
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSpellingsOfAZoneHaveOneLocation(t *testing.T) {
	for name, want := range map[string]string{
		"UTC": "UTC", "": "UTC", "Etc/UTC": "UTC", "Zulu": "UTC", "Etc/Universal": "UTC", "UCT": "UTC",
		"GMT": "GMT", "Etc/GMT": "GMT", "Greenwich": "GMT", "GMT0": "GMT", "Europe/London": "Europe/London", // which print GMT
		"Europe/Berlin": "Europe/Berlin", "Europe/Oslo": "Europe/Oslo", "CET": "CET",
		"US/Eastern": "America/New_York", "America/New_York": "America/New_York", "EST5EDT": "EST5EDT",
		"Asia/Calcutta": "Asia/Kolkata", "Asia/Kolkata": "Asia/Kolkata", "GB": "Europe/London", "Etc/GMT-1": "Etc/GMT-1",
	} {
		if got := Canonical(load(t, name)); got.String() != want {
			t.Errorf("%q is %v, want %s", name, got, want)
		}
	}
	if a, b := Canonical(load(t, "Europe/Berlin")), Canonical(load(t, "Europe/Berlin")); a != b {
		t.Error("Europe/Berlin is two locations")
	}
	if Canonical(load(t, "Etc/UTC")) != time.UTC {
		t.Error("Etc/UTC is not time.UTC")
	}
}

// TestALocationWithOtherRulesKeepsItsName has locations that are called like others.
func TestALocationWithOtherRulesKeepsItsName(t *testing.T) {
	for _, l := range []*time.Location{
		time.FixedZone("Europe/Berlin", 3600), time.FixedZone("US/Eastern", -5*3600), time.FixedZone("UTC", 3600),
		time.FixedZone("Etc/UTC", 0), time.FixedZone("Local", 0), time.FixedZone("/etc/localtime", 0), time.FixedZone("", 0),
		time.FixedZone("../x", 0),
	} {
		if got := Canonical(l); got != l {
			t.Errorf("%q is %v", l, got)
		}
	}
}

// TestClocksShowTheSameAtTheCanonicalLocation holds all names to the law.
func TestClocksShowTheSameAtTheCanonicalLocation(t *testing.T) {
	for line := range strings.Lines(strings.TrimSpace(replaced)) {
		old, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		l := load(t, old)
		c := Canonical(l)
		if Of(c).Digest != Of(l).Digest || Canonical(c) != c {
			t.Errorf("%s is %v, which is other", old, c)
		}
		if renamed(name) != name {
			t.Errorf("%s was replaced by %s, which was replaced", old, name)
		}
		if c.String() != name {
			t.Logf("%s is not %s in this edition of the tz database", old, name)
		}
	}
}

// zoneinfo returns the folder of the zones of this machine.
func zoneinfo(t *testing.T) string {
	t.Helper()
	for _, folder := range folders {
		if _, err := fs.Stat(os.DirFS(folder), "Europe/Berlin"); err == nil {
			return folder
		}
	}
	t.Skip("this machine has no files of zones, of which the local one could be a link or copy")
	return ""
}

// TestTheLocalZoneIsFoundByItsFile makes what time.Local is where TZ is a path, of
// links and copies.
func TestTheLocalZoneIsFoundByItsFile(t *testing.T) {
	folder, dir := zoneinfo(t), t.TempDir()
	link := func(name, target string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	content := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	copied := func(name, path string) string {
		to := filepath.Join(dir, name)
		if err := os.WriteFile(to, content(path), 0o600); err != nil {
			t.Fatal(err)
		}
		return to
	}
	berlin := filepath.Join(folder, "Europe/Berlin")
	for path, want := range map[string]string{
		berlin:                  "Europe/Berlin",
		link("direct", berlin):  "Europe/Berlin",
		link("chain", "direct"): "Europe/Berlin",
		link("old", filepath.Join(folder, "US/Eastern")):         "America/New_York",
		copied("copy", berlin):                                   "Europe/Berlin",
		link("to a copy", "copy"):                                "Europe/Berlin",
		copied("kolkata", filepath.Join(folder, "Asia/Kolkata")): "Asia/Kolkata",
		copied("zulu", filepath.Join(folder, "Etc/UTC")):         "UTC",
	} {
		l, err := time.LoadLocationFromTZData(path, content(path))
		if err != nil {
			t.Fatal(err)
		}
		if got := Canonical(l); got.String() != want {
			t.Errorf("%s is %v, want %s", filepath.Base(path), got, want)
		}
	}
	ring := link("ring", "ring")
	for name := range names(ring) {
		t.Errorf("a ring of links has the name %s", name)
	}
	// A link to one zone, made after the process began, says nothing of another.
	l, err := time.LoadLocationFromTZData(link("changed", berlin), content(filepath.Join(folder, "Asia/Tokyo")))
	if err != nil {
		t.Fatal(err)
	}
	if got := Canonical(l); got != l {
		t.Errorf("Tokyo's rules are called %v", got)
	}
}
