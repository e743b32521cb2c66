package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/workgen/workgen/runtime/internal/zone"
)

var timePlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		t := addressed(v).(*time.Time)
		e.head(majorArray, 3)
		e.integer(t.Unix())
		e.integer(int64(t.Nanosecond()))
		return e.location(t.Location())
	},
	decode: func(d *decoder, v reflect.Value) error {
		if err := d.exactly(majorArray, 3); err != nil {
			return err
		}
		seconds, err := d.integer()
		if err != nil {
			return err
		}
		nanos, err := d.integer()
		if err != nil {
			return err
		}
		if nanos < 0 || nanos >= 1e9 {
			return errRange
		}
		l, err := d.location()
		if err != nil {
			return err
		}
		*v.Addr().Interface().(*time.Time) = time.Unix(seconds, nanos).In(l)
		return nil
	},
}

// locationPlan is that of *time.Location.
var locationPlan = &plan{
	encode: func(e *encoder, v reflect.Value) error {
		if v.IsNil() {
			e.buf = append(e.buf, simpleNull)
			return e.spill()
		}
		return e.location(v.Interface().(*time.Location))
	},
	decode: func(d *decoder, v reflect.Value) error {
		if null, err := d.null(); null || err != nil {
			return err
		}
		l, err := d.location()
		if err == nil {
			v.Set(reflect.ValueOf(l))
		}
		return err
	},
}

// digestSize is how many bytes of the digest of a location's rules are written.
const digestSize = 16

// location writes a location: UTC as an empty array; time.Local as an array of the
// digest of its rules; a fixed zone as one of its name and offset; and one that
// time.LoadLocation finds as one of its name and the digest. Another would not come
// back.
func (e *encoder) location(l *time.Location) error {
	if l == time.UTC {
		e.head(majorArray, 0)
		return e.spill()
	}
	z := zone.Of(l)
	switch {
	case l == time.Local:
		e.head(majorArray, 1)
		return e.block(majorBytes, z.Digest[:digestSize])
	case z.Fixed:
		e.head(majorArray, 2)
		e.text(l.String())
		e.integer(int64(z.Offset))
		return e.spill()
	}
	if found, err := load(l.String(), z.Digest[:digestSize]); err != nil {
		return err
	} else if found == nil {
		return fmt.Errorf("has a time zone called %q with other rules than the zone of that name", l.String())
	}
	e.head(majorArray, 2)
	e.text(l.String())
	return e.block(majorBytes, z.Digest[:digestSize])
}

// load returns the location with a name if it has the rules with a digest, and nil if it
// has others or none of its own.
func load(name string, digest []byte) (*time.Location, error) {
	l, err := zone.Load(name)
	if err != nil {
		return nil, fmt.Errorf("has a time zone that cannot be loaded: %w", err)
	}
	z := zone.Of(l)
	if l == time.UTC || l == time.Local || z.Fixed || string(z.Digest[:digestSize]) != string(digest) {
		return nil, nil
	}
	return l, nil
}

var errZone = errors.New("has a time zone whose rules are different here")

// location reads what the encoder's location has written.
func (d *decoder) location() (*time.Location, error) {
	n, err := d.expect(majorArray)
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return time.UTC, nil
	case n == 1:
		z, err := zone.Of(time.Local), d.exactly(majorBytes, digestSize)
		if err != nil {
			return nil, err
		}
		digest, err := d.take(digestSize)
		if err == nil && (time.Local == time.UTC || string(digest) != string(z.Digest[:digestSize])) {
			err = errZone
		}
		return time.Local, err
	case n > 2:
		return nil, errors.New("has something else than a location")
	}
	name, err := d.string()
	if err != nil {
		return nil, err
	}
	next, err := d.peek()
	if err != nil {
		return nil, err
	}
	if next&0xe0 == majorBytes {
		return d.loaded(name)
	}
	offset, err := d.integer()
	if err == nil && (offset < math.MinInt || offset > math.MaxInt) {
		err = errRange
	}
	return time.FixedZone(name, int(offset)), err
}

func (d *decoder) loaded(name string) (*time.Location, error) {
	if err := d.exactly(majorBytes, digestSize); err != nil {
		return nil, err
	}
	digest, err := d.take(digestSize)
	if err != nil {
		return nil, err
	}
	l, err := load(name, digest)
	if err == nil && l == nil {
		err = errZone
	}
	return l, err
}
