package key

import (
	"encoding/binary"
	"time"
)

// Time appends the instant of t, as seconds since 1970 UTC (8 bytes) and
// nanoseconds within the second (4 bytes); then what a clock on the wall there
// shows: the offset from UTC in seconds (8 bytes, positive east), the
// abbreviation of the zone in force at t as a string, and the name of the
// location as a string ("UTC", "Local", "Europe/Berlin", or what
// time.FixedZone was given).
//
// So two times that print differently differ, even when they are Equal: the
// same instant in UTC and in Berlin are two inputs. The monotonic reading is
// left out, since it means nothing outside the process. The zero time is a time
// like any other.
//
// A location is known by its name. Two that share name, abbreviation and offset
// at t but have other rules at other times (time.Local of two machines, two
// editions of the zone database) are taken for the same.
func (e *Encoder) Time(t time.Time) {
	zone, offset := t.Zone()
	b := binary.LittleEndian.AppendUint64(e.buf, uint64(t.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.Nanosecond()))
	e.buf = binary.LittleEndian.AppendUint64(b, uint64(offset))
	e.String(zone)
	e.String(t.Location().String())
}
