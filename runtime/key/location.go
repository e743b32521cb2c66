package key

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// Location appends a tag, 0 for nil and 1 otherwise; then the name of the
// location as a string, and the SHA-256 of what clocks there show at all times
// (32 bytes), which rules lays out. So two locations have one encoding just when
// they are called the same and have the same rules, whichever way they were made;
// and nil, which package time takes for UTC, is not UTC.
//
// The rules of a location are looked at once and remembered; like package time
// it takes for granted that nobody writes to a Location.
func (e *Encoder) Location(l *time.Location) {
	e.Bool(l != nil)
	if l == nil {
		return
	}
	e.String(l.String())
	d := digestOf(l)
	e.buf = append(e.buf, d[:]...)
}

// locations are the digests of rules. They are few in most programs; those that
// make new ones all the time must not fill memory.
var locations struct {
	sync.RWMutex
	digests map[*time.Location][sha256.Size]byte
}

const maxLocations = 1024

func digestOf(l *time.Location) [sha256.Size]byte {
	locations.RLock()
	d, ok := locations.digests[l]
	locations.RUnlock()
	if ok {
		return d
	}
	d = sha256.Sum256(rules(l))
	locations.Lock()
	defer locations.Unlock()
	if locations.digests == nil || len(locations.digests) >= maxLocations {
		locations.digests = map[*time.Location][sha256.Size]byte{}
	}
	locations.digests[l] = d
	return d
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
// changes are left out.
func rules(l *time.Location) []byte {
	var b []byte
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
		if last >= 0 && string(b[last:at]) == string(b[at+8:]) {
			b = b[:at]
		} else {
			last = at + 8
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || !end.After(t) || !end.Before(lastInstant) {
			return b
		}
		t = end
	}
}
