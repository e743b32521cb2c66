// Package zone tells time zones apart by what clocks show there.
package zone

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// Zone is what is known of a location.
type Zone struct {
	ID     string            // the name and Digest: two locations share it just when they have both in common
	Digest [sha256.Size]byte // of what clocks show at all times, which rules lays out
	Fixed  bool              // time.FixedZone made it, or makes one that cannot be told from it
	Offset int               // from UTC in seconds, if Fixed

	canonical atomic.Pointer[time.Location] // what Canonical returned; nil before
}

// zones are the locations that were looked at. They are few in most programs; those
// that make new ones all the time must not fill memory.
var zones struct {
	known sync.Map // from *time.Location to *Zone: read by hits, which take no lock

	sync.RWMutex
	count  int // of known
	loaded map[string]*time.Location
}

const most = 1024

// Of looks at the rules of a location once and remembers them; like package time it
// takes for granted that nobody writes to a Location. Nobody may write to the Zone either.
func Of(l *time.Location) *Zone {
	if z, ok := zones.known.Load(l); ok {
		return z.(*Zone)
	}
	b, changes := rules(l)
	z := &Zone{Digest: sha256.Sum256(b)}
	z.ID = l.String() + string(z.Digest[:])
	name, offset := firstInstant.In(l).Zone()
	z.Fixed = changes == 0 && name == l.String() && !firstInstant.In(l).IsDST()
	z.Offset = offset
	zones.Lock()
	defer zones.Unlock()
	if zones.count >= most {
		zones.known.Clear()
		zones.count = 0
	}
	zones.count++ // though another goroutine may have been here meanwhile
	zones.known.Store(l, z)
	return z
}

// Fixed reports whether what clocks show at t's location is what they have always shown and
// will always show there, as where time.FixedZone made it; and nothing but an offset with
// the name of the location. It looks at nothing but t, so it is cheap for new locations, of
// which time.Parse makes one for every time that it reads.
func Fixed(t time.Time) (name string, offset int, ok bool) {
	name, offset = t.Zone()
	if name != t.Location().String() || t.IsDST() {
		return "", 0, false
	}
	start, end := t.ZoneBounds()
	return name, offset, start.IsZero() && end.IsZero()
}

// Load is time.LoadLocation, which reads a file each time, with a memory.
func Load(name string) (*time.Location, error) {
	zones.RLock()
	l, ok := zones.loaded[name]
	zones.RUnlock()
	if ok {
		return l, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	zones.Lock()
	defer zones.Unlock()
	if zones.loaded == nil || len(zones.loaded) >= most {
		zones.loaded = map[string]*time.Location{}
	}
	zones.loaded[name] = l
	return l, nil
}

// The rules are followed from the first to the last of these years. Files of
// zones begin in the 19th century and have one rule for all years from 2037 on at
// the latest, which repeats when the calendar does, after 400 years.
var (
	firstInstant = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastInstant  = time.Date(2440, 1, 1, 0, 0, 0, 0, time.UTC)
)

// rules lists the changes of a clock at l, beginning with what it shows first:
// the instant in seconds since 1970 (8 bytes; that of year 1 for the first), the
// offset from UTC in seconds (8 bytes, signed), 1 for daylight saving time and 0
// otherwise (1 byte), and the abbreviation (string). Instants at which nothing
// changes are left out. It also returns how many changes there are after the first.
func rules(l *time.Location) (b []byte, changes int) {
	last := -1 // offset in b of the latest change, behind its instant
	for t := firstInstant.In(l); ; {
		name, offset := t.Zone()
		at := len(b)
		b = binary.LittleEndian.AppendUint64(b, uint64(t.Unix()))
		b = binary.LittleEndian.AppendUint64(b, uint64(offset))
		var dst byte
		if t.IsDST() {
			dst = 1
		}
		b = append(b, dst)
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(name))), name...)
		switch {
		case last < 0:
			last = at + 8
		case string(b[last:at]) == string(b[at+8:]):
			b = b[:at]
		default:
			last = at + 8
			changes++
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || !end.After(t) || !end.Before(lastInstant) {
			return b, changes
		}
		t = end
	}
}
