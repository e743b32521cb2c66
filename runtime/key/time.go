package key

import (
	"encoding/binary"
	"math"
	"time"
	"unique"

	"github.com/workgen/workgen/runtime/internal/zone"
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
// editions of the zone database) are taken for the same. Where a [Time] is the
// identity in memory, they are not.
func (e *Encoder) Time(t time.Time) {
	zone, offset := t.Zone()
	b := binary.LittleEndian.AppendUint64(e.buf, uint64(t.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.Nanosecond()))
	e.buf = binary.LittleEndian.AppendUint64(b, uint64(offset))
	e.String(zone)
	e.String(t.Location().String())
}

// Time is a time's identity: two are equal with == just when the times are one instant, to
// the nanosecond, in locations that have one name and one set of rules, whichever way they
// were made. So the encodings of times with equal identities are equal; two with one
// encoding differ here if the rules of their locations do, at whatever time. Immutable;
// safe for concurrent use. Never store or send one.
type Time struct {
	// Four words are all that the compiler keeps in registers.
	sec          int64
	nano, offset int32
	place        string // the name of the location; where offset is varying, its zone.ID
}

// varying stands for the offset where it is not the same for ever, or does not fit.
const varying = math.MinInt32

// TimeOf returns the identity of t.
func TimeOf(t time.Time) Time {
	id := Time{sec: t.Unix(), nano: int32(t.Nanosecond()), place: "UTC"}
	if t.Location() != time.UTC {
		id.locate(t)
	}
	return id
}

// locate sets where t is.
func (t *Time) locate(at time.Time) {
	name, offset, ok := zone.Fixed(at)
	if ok && varying < offset && offset <= math.MaxInt32 {
		t.offset, t.place = int32(offset), name
		return
	}
	t.offset, t.place = varying, zone.Of(at.Location()).ID
}

// Clone returns an identity equal to t that owns its memory, or shares it with others that
// Clone returned: there are few places.
func (t Time) Clone() Time {
	t.place = unique.Make(t.place).Value()
	return t
}

// Time goes on with t, but for where it is: equal instants are rarely asked for in several
// places at once.
func (h Hash) Time(t *Time) Hash {
	return h.Uint64(uint64(t.sec)).Uint64(uint64(t.nano)<<32 | uint64(uint32(t.offset)))
}
