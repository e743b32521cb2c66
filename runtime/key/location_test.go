package key_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// change is when a zone begins to be in force; index is that of a zone.
type change struct {
	when  int32
	index byte
}

// tzfile makes a location of a zone file (RFC 8536, version 1) with the zones AAA
// (+1 hour) and BBB (+2 hours, daylight saving time).
func tzfile(name string, changes ...change) *time.Location {
	b := append([]byte("TZif"), make([]byte, 16)...)
	for _, n := range []int{0, 0, 0, len(changes), 2, 8} { // isut, isstd, leap, times, types, characters
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for _, c := range changes {
		b = binary.BigEndian.AppendUint32(b, uint32(c.when))
	}
	for _, c := range changes {
		b = append(b, c.index)
	}
	b = append(binary.BigEndian.AppendUint32(b, 3600), 0, 0)
	b = append(binary.BigEndian.AppendUint32(b, 7200), 1, 4)
	b = append(b, "AAA\x00BBB\x00"...)
	l, err := time.LoadLocationFromTZData(name, b)
	if err != nil {
		panic(err)
	}
	return l
}

// twoZones has AAA until 1970 and BBB from then on.
func twoZones(name string) *time.Location { return tzfile(name, change{-1000, 0}, change{0, 1}) }

func locationFingerprint(l *time.Location) key.Fingerprint {
	return fingerprintOf(func(e *key.Encoder) { e.Location(l) })
}

func TestLocationsDifferByNameAndRules(t *testing.T) {
	different := map[string]*time.Location{
		"nil":                  nil,
		"UTC":                  time.UTC,
		"X+1":                  time.FixedZone("X", 1),
		"X+2":                  time.FixedZone("X", 2),
		"Y+1":                  time.FixedZone("Y", 1),
		"two zones":            twoZones("A"),
		"two zones, renamed":   twoZones("B"),
		"change a second late": tzfile("A", change{-1000, 0}, change{1, 1}),
		"and back":             tzfile("A", change{-1000, 0}, change{0, 1}, change{1000, 0}),
		"from the beginning":   tzfile("A", change{-1000, 1}),
	}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Africa/Casablanca", "Asia/Kolkata"} {
		if l, err := time.LoadLocation(name); err == nil {
			different[name] = l
			different[name+" as it is in winter"] = winter(l)
		}
	}
	seen := map[key.Fingerprint]string{}
	for name, l := range different {
		f := locationFingerprint(l)
		if other, ok := seen[f]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[f] = name
	}
}

// winter has the name of l and one offset.
func winter(l *time.Location) *time.Location {
	_, offset := time.Date(2020, 1, 1, 0, 0, 0, 0, l).Zone()
	return time.FixedZone(l.String(), offset)
}

func TestLocationsAreEqualHoweverTheyWereMade(t *testing.T) {
	for name, pair := range map[string][2]*time.Location{
		"fixed":              {time.FixedZone("X", 1), time.FixedZone("X", 1)},
		"file":               {twoZones("A"), twoZones("A")},
		"changes of nothing": {twoZones("A"), tzfile("A", change{-1000, 0}, change{-500, 0}, change{0, 1}, change{500, 1})},
		"UTC":                {time.UTC, time.FixedZone("UTC", 0)},
	} {
		if locationFingerprint(pair[0]) != locationFingerprint(pair[1]) {
			t.Errorf("%s: two fingerprints", name)
		}
	}
	first, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	second, _ := time.LoadLocation("Europe/Berlin")
	if first == second || locationFingerprint(first) != locationFingerprint(second) {
		t.Error("Berlin has two fingerprints")
	}
}

func BenchmarkLocation(b *testing.B) {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Skip(err)
	}
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			e := key.Borrow()
			e.Location(l)
			e.Release()
		}
	})
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			l, _ := time.LoadLocation("Europe/Berlin")
			e := key.Borrow()
			e.Location(l)
			e.Release()
		}
	})
}
