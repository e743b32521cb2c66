package codec_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/codec"
)

// rename returns a location with the rules of another and a name of its own.
func rename(t testing.TB, l *time.Location, name string) *time.Location {
	t.Helper()
	renamed, err := time.LoadLocationFromTZData(name, zoneFile(t, l.String()))
	if err != nil {
		t.Fatal(err)
	}
	return renamed
}

// zoneFile reads the rules of a time zone as Go brings them along.
func zoneFile(t testing.TB, name string) []byte {
	t.Helper()
	if b, err := os.ReadFile(filepath.Join("/usr/share/zoneinfo", name)); err == nil {
		return b
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib/time/zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	f, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTimesComeBackWithTheirRules: what a calendar does with them is the same.
func TestTimesComeBackWithTheirRules(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*time.Location{
		time.UTC, time.Local, berlin, time.FixedZone("CET", 3600), time.FixedZone("Europe/Berlin", 3600),
		time.FixedZone("", -7), time.FixedZone("UTC", 0), time.FixedZone("Local", 0), rename(t, berlin, "Europe/Berlin"),
	} {
		v := time.Date(2026, 3, 20, 12, 0, 0, 5, l)
		got := *back(t, &v).(*time.Time)
		for _, days := range []int{0, 30, 10_000} {
			want, is := v.AddDate(0, 0, days), got.AddDate(0, 0, days)
			if a, b := want.Format(time.RFC3339Nano+" MST"), is.Format(time.RFC3339Nano+" MST"); a != b || want.Location().String() != is.Location().String() {
				t.Errorf("%v after %d days: %s, want %s", l, days, b, a)
			}
		}
	}
}

// TestZonesThatAreOthersHereAreAMiss: the rules of one have changed, there is none of
// that name, or this machine is somewhere else.
func TestZonesThatAreOthersHereAreAMiss(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(b []byte) []byte{
		"other rules": func(b []byte) []byte { b[len(b)-1]++; return b },
		"no zone":     func(b []byte) []byte { return bytes.Replace(b, []byte("Berlin"), []byte("Brelin"), 1) },
		"other zone":  func(b []byte) []byte { return bytes.Replace(b, []byte("Europe/Berlin"), []byte("Europe/Prague"), 1) },
		"local": func([]byte) []byte {
			b := encoded(t, codec.Codec{}, "", new(time.Now()))
			b[len(b)-1]++
			return b
		},
		"fixed as loaded": func(b []byte) []byte {
			i := bytes.LastIndex(b, []byte("\x82"))
			return append(b[:i+1], append([]byte("\x63UTC"), b[len(b)-17:]...)...)
		},
	} {
		b := change(encoded(t, codec.Codec{}, "", new(time.Date(2022, 5, 25, 1, 2, 3, 4, berlin))))
		var back time.Time
		if err := codec.Default.Decode(inMemory(b), "", &back); err == nil || !strings.Contains(err.Error(), "time zone") {
			t.Errorf("%s: %v came back, %v", name, back, err)
		}
	}
}
