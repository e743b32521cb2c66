package key_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// locations are pairwise different, by name or by rules, and made anew each time.
func locations(t *testing.T) []*time.Location {
	load := func(name string) *time.Location {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		return l
	}
	return []*time.Location{
		time.UTC, load("Europe/Berlin"), load("Europe/Paris"), load("CET"), load("Etc/GMT-1"),
		time.FixedZone("CET", 3600), time.FixedZone("EST", -5*3600), time.FixedZone("Europe/Berlin", 3600),
		time.FixedZone("", 0), time.FixedZone("", 1), time.FixedZone("UTC", 3600), time.FixedZone("Local", 0),
		time.FixedZone("far", math.MinInt32), time.FixedZone("far", math.MaxInt32), time.FixedZone("far", math.MaxInt-1),
		twoZones("AAA"), twoZones("BBB"), tzfile("BBB", change{-1000, 1}), time.FixedZone("BBB", 7200),
		tzfile("AAA", change{-1000, 0}, change{1 << 30, 1}),
		tzfile("AAA", change{-1000, 1}, change{0, 0}),
		time.FixedZone("AAA", 3600), summer("AAA"), time.FixedZone("+01", 3600),
	}
}

// summer has daylight saving time, an hour east of UTC, at all times.
func summer(name string) *time.Location {
	b := append([]byte("TZif"), make([]byte, 16+4*4)...)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, byte(len(name)+1)) // one zone, and its name
	b = append(b, 0, 0, 3600>>8, 3600&0xff, 1, 0)
	l, err := time.LoadLocationFromTZData(name, append(append(b, name...), 0))
	if err != nil {
		panic(err)
	}
	return l
}

// times are pairwise different, and many are one instant.
func times(t *testing.T) (all []time.Time) {
	for _, l := range locations(t) {
		for _, at := range []time.Time{
			{}, time.Unix(0, 0), time.Unix(0, 1), time.Unix(-1, 999_999_999),
			time.Date(2026, 1, 15, 1, 2, 3, 4, time.UTC), time.Date(2026, 7, 15, 1, 2, 3, 4, time.UTC),
			time.Date(3026, 7, 15, 0, 0, 0, 0, time.UTC), time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 5),
		} {
			all = append(all, at.In(l))
		}
	}
	return all
}

// TestTimesHaveTheIdentityOfTheirEncoding holds identities to the encodings, of which they
// take the place.
func TestTimesHaveTheIdentityOfTheirEncoding(t *testing.T) {
	encoded := func(at time.Time) []byte { return key.Canonical(func(e *key.Encoder) { e.Time(at) }) }
	all, again := times(t), times(t)
	for i, a := range all {
		for j, b := range again {
			x, y := key.TimeOf(a), key.TimeOf(b)
			if (x == y) != (i == j) {
				t.Errorf("identities of %v in %v and of %v in %v: equal is %t", a, a.Location(), b, b.Location(), x == y)
			}
			if x == y && (!bytes.Equal(encoded(a), encoded(b)) || key.NewHash().Time(&x) != key.NewHash().Time(&y)) {
				t.Errorf("%v: equal identities with two encodings or hashes", a)
			}
		}
		if key.TimeOf(a) != key.TimeOf(a).Clone() {
			t.Errorf("%v: a clone is another one", a)
		}
	}
}

func TestTimesAreEqualHoweverTheyWereMade(t *testing.T) {
	now := time.Now()
	parsed := func() time.Time {
		at, err := time.Parse(time.RFC3339Nano, "2026-11-29T01:02:03.000000004+02:00")
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, pair := range map[string][2]time.Time{
		"with a monotonic reading and without": {now, now.Round(0)},
		"parsed twice":                         {parsed(), parsed()},
		"parsed and made":                      {parsed(), time.Date(2026, 11, 29, 1, 2, 3, 4, time.FixedZone("", 7200))},
		"UTC and a fixed zone of that name":    {now.UTC(), now.In(time.FixedZone("UTC", 0))},
		"zero":                                 {time.Time{}, time.Unix(time.Time{}.Unix(), 0).UTC()},
	} {
		if key.TimeOf(pair[0]) != key.TimeOf(pair[1]) {
			t.Errorf("%s: two identities", name)
		}
	}
}

// TestClonesOfTimesShareThePlace is about memory: a name may be cut from a long text, and
// there are many times in one place.
func TestClonesOfTimesShareThePlace(t *testing.T) {
	text := strings.Repeat("somewhere", 1000)
	a := key.TimeOf(time.Unix(1, 0).In(time.FixedZone(text[:9], 1)))
	first := a.Clone()
	again = a.Clone()
	if key.Place(again) != key.Place(first) || key.Place(again) == key.Place(a) {
		t.Error("clones do not share one place of their own")
	}
}

var again key.Time

func BenchmarkTimeOf(b *testing.B) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Skip(err)
	}
	for _, l := range []*time.Location{time.UTC, time.Local, time.FixedZone("X", 3600), berlin} {
		at := time.Date(2026, 11, 29, 1, 2, 3, 4, l)
		b.Run(l.String(), func(b *testing.B) {
			for b.Loop() {
				id := key.TimeOf(at)
				sink += key.NewHash().Time(&id).Sum()
			}
		})
		b.Run(l.String()+"/encoded", func(b *testing.B) {
			for b.Loop() {
				e := key.Borrow()
				e.Time(at)
				id := e.Fingerprint()
				sink += id.Hash()
				e.Release()
			}
		})
	}
}
