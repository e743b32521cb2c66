package zone

import (
	"testing"
	"time"
)

func TestManyLocationsAreBounded(t *testing.T) {
	for i := range 3 * most {
		Of(time.FixedZone("X", i))
	}
	n := 0
	for range zones.known.Range {
		n++
	}
	if n > most {
		t.Errorf("%d locations are remembered, want at most %d", n, most)
	}
}

func TestFixedZonesAreToldFromOthers(t *testing.T) {
	load := func(name string) *time.Location {
		l, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, test := range []struct {
		zone  *time.Location
		fixed bool
	}{
		{time.FixedZone("CET", 3600), true},
		{time.FixedZone("", -1), true},
		{time.UTC, true},
		{load("CET"), false},
		{load("Europe/Berlin"), false},
		{load("Etc/GMT+5"), false}, // whose clocks show -05
	} {
		if z := Of(test.zone); z.Fixed != test.fixed {
			t.Errorf("%v: fixed is %v", test.zone, z.Fixed)
		}
	}
	if first, again := load("CET"), load("CET"); first != again {
		t.Error("CET is loaded twice")
	}
	if _, err := Load("No/Where"); err == nil {
		t.Error("No/Where was loaded")
	}
}
