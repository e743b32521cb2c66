package key_test

import (
	"math"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// These are mistakes that caches, memoisers and build tools have made, each
// serving somebody the result of another call.

type encoding = func(e *key.Encoder)

func TestDistinctArgumentsThatOthersConfuse(t *testing.T) {
	nan := func(payload uint64) float64 { return math.Float64frombits(0x7ff8000000000000 | payload) }
	present := func(vs ...int) encoding {
		return func(e *key.Encoder) {
			for _, v := range vs {
				if e.Present(v != 0) {
					e.Int(v)
				}
			}
		}
	}
	for _, c := range []struct {
		name string
		a, b encoding
	}{
		{"a separator inside a string: [a-b c] and [a b-c]", strs([]string{"a-b", "c"}), strs([]string{"a", "b-c"})},
		{"strings that concatenate equally: [ab c] and [a bc]", strs([]string{"ab", "c"}), strs([]string{"a", "bc"})},
		{"an empty string at another place", strs([]string{"", "a"}), strs([]string{"a", ""})},
		{"order of list elements", strs([]string{"a", "b"}), strs([]string{"b", "a"})},
		{"repeated list elements, which cancel in a sum of digests", strs([]string{"a", "a"}), strs([]string{"b", "b"})},
		{"nil slice and empty slice", strs(nil), strs([]string{})},
		{"nil bytes and empty bytes", func(e *key.Encoder) { e.Bytes(nil) }, func(e *key.Encoder) { e.Bytes([]byte{}) }},
		{"nil numbers and empty numbers", func(e *key.Encoder) { key.Numbers(e, []int(nil)) }, func(e *key.Encoder) { key.Numbers(e, []int{}) }},
		{"nil map and empty map", func(e *key.Encoder) { encodeLabels(e, nil) }, func(e *key.Encoder) { encodeLabels(e, map[string]int{}) }},
		{"nil pointer and pointer to zero", func(e *key.Encoder) { e.Present(false) }, func(e *key.Encoder) {
			if e.Present(true) {
				e.Int(0)
			}
		}},
		{"which of two pointers is nil", present(0, 1), present(1, 0)},
		{"values of a map swapped between its keys",
			func(e *key.Encoder) { encodeLabels(e, map[string]int{"a": 1, "b": 2}) },
			func(e *key.Encoder) { encodeLabels(e, map[string]int{"a": 2, "b": 1}) }},
		{"NaNs with different payloads", func(e *key.Encoder) { e.Float64(nan(1)) }, func(e *key.Encoder) { e.Float64(nan(2)) }},
		{"0 and -0", func(e *key.Encoder) { e.Float64(0) }, func(e *key.Encoder) { e.Float64(math.Copysign(0, -1)) }},
		{"floats that print alike", func(e *key.Encoder) { e.Float64(0.3) }, func(e *key.Encoder) { e.Float64(0.1 + 0.2*one) }},
		{"integers beyond what a float64 holds", func(e *key.Encoder) { e.Int64(1<<53 + 1) }, func(e *key.Encoder) { e.Int64(1 << 53) }},
		{"frames that move a byte to the neighbour", frames("ab", "c"), frames("a", "bc")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if fingerprintOf(c.a) == fingerprintOf(c.b) {
				t.Error("one fingerprint for both")
			}
			if key.Sum(key.Scope{}, c.a) == key.Sum(key.Scope{}, c.b) {
				t.Error("one key for both")
			}
		})
	}
}

var one = 1.0 // hides the sum from constant arithmetic, which is exact

// frames encodes strings as a user's EncodeKey may: bare, relying on the frame.
func frames(list ...string) encoding {
	return func(e *key.Encoder) {
		for _, s := range list {
			f := e.Open()
			key.Array(e, []byte(s))
			e.Close(f)
		}
	}
}

func TestScopesDoNotRunTogether(t *testing.T) {
	encode := func(e *key.Encoder) {}
	a := key.Sum(key.Scope{Work: "a", Schema: "bc"}, encode)
	if b := key.Sum(key.Scope{Work: "ab", Schema: "c"}, encode); a == b {
		t.Error("one key for both scopes")
	}
}

func TestEqualNaNsHit(t *testing.T) {
	nan := func(e *key.Encoder) { e.Float64(math.NaN()) }
	if first, second := fingerprintOf(nan), fingerprintOf(nan); first != second {
		t.Error("a NaN argument misses for ever, and each miss adds an entry")
	}
}

func TestTimesDifferJustWhenAClockOnTheWallDoes(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	utc := time.Date(2022, 5, 25, 12, 0, 0, 0, time.UTC)
	now := time.Now() // has a monotonic reading
	for _, c := range []struct {
		name  string
		a, b  time.Time
		equal bool
	}{
		{"the same time", utc, time.Date(2022, 5, 25, 12, 0, 0, 0, time.UTC), true},
		{"without its monotonic reading", now, now.Round(0), true},
		{"one instant in two zones", utc, utc.In(berlin), false},
		{"one instant, zones of one offset and two names", utc.In(berlin), utc.In(time.FixedZone("WAT", 3600)), false},
		{"one instant, zones of one name and two offsets", utc.In(berlin), utc.In(time.FixedZone("CET", 3601)), false},
		{"offsets that are equal in 32 bits", utc.In(time.FixedZone("X", 5)), utc.In(time.FixedZone("X", beyond32)), beyond32 == 5},
		{"one wall clock in two zones", utc, time.Date(2022, 5, 25, 12, 0, 0, 0, berlin), false},
		{"a nanosecond later", utc, utc.Add(1), false},
		{"zero and 1970", time.Time{}, time.Unix(0, 0).UTC(), false},
		{"zero and zero in another zone", time.Time{}, time.Time{}.In(berlin), false},
		{"UTC and a zone of its name and offset", utc, utc.In(time.FixedZone("UTC", 0)), true},
		{"UTC and GMT", utc, utc.In(time.FixedZone("GMT", 0)), false},
		{"200 million years later", utc, utc.AddDate(200_000_000, 0, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := fingerprintOf(func(e *key.Encoder) { e.Time(c.a) })
			b := fingerprintOf(func(e *key.Encoder) { e.Time(c.b) })
			if (a == b) != c.equal {
				t.Errorf("equal is %t, want %t:\n%s\n%s", a == b, c.equal, c.a, c.b)
			}
		})
	}
}

// beyond32 is 5 in its low 32 bits; on a 32-bit machine that is all there is.
var beyond32 = func() int {
	n := int64(1)<<32 + 5
	return int(n)
}()

func TestLocationAndAbbreviationBothCount(t *testing.T) {
	// Made here, since a machine need not have the zone database, and time.FixedZone
	// gives one name to both.
	in := func(name, abbreviation string) key.Fingerprint {
		l, err := time.LoadLocationFromTZData(name, tzdata(abbreviation))
		if err != nil {
			t.Fatal(err)
		}
		return fingerprintOf(func(e *key.Encoder) { e.Time(time.Unix(0, 0).In(l)) })
	}
	berlin := in("Europe/Berlin", "CET")
	if berlin != in("Europe/Berlin", "CET") {
		t.Error("two fingerprints for one time in Berlin")
	}
	if berlin == in("Africa/Algiers", "CET") { // they part in summer
		t.Error("one fingerprint for times in Berlin and Algiers")
	}
	if berlin == in("Europe/Berlin", "MEZ") {
		t.Error("one fingerprint for CET and MEZ")
	}
}

// tzdata is a zone file (RFC 8536, version 1) with no transitions and one zone
// at +3600 seconds, with an abbreviation of three letters.
func tzdata(abbreviation string) []byte {
	return []byte("TZif\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x04" +
		"\x00\x00\x0e\x10\x00\x00" + abbreviation + "\x00")
}
