package key

import (
	"time"

	"github.com/workgen/workgen/runtime/internal/zone"
)

// Location appends a tag, 0 for nil and 1 otherwise; then the name of the
// location as a string, and the SHA-256 of what clocks there show at all times
// (32 bytes): from the year 1 to 2440 a list of changes, each with the instant in
// seconds since 1970 (8 bytes), the offset from UTC in seconds (8 bytes, signed), 1
// for daylight saving time and 0 otherwise (1 byte), and the abbreviation (string).
// So two locations have one encoding just when they are called the same and have the
// same rules, whichever way they were made; and nil, which package time takes for
// UTC, is not UTC.
func (e *Encoder) Location(l *time.Location) {
	e.Bool(l != nil)
	if l == nil {
		return
	}
	e.String(l.String())
	z := zone.Of(l)
	e.buf = append(e.buf, z.Digest[:]...)
}
