package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
	"unsafe"
)

// Major types and single bytes of CBOR.
const (
	majorUint   = 0 << 5
	majorInt    = 1 << 5
	majorBytes  = 2 << 5
	majorText   = 3 << 5
	majorArray  = 4 << 5
	majorMap    = 5 << 5
	majorTag    = 6 << 5
	majorSimple = 7 << 5

	simpleFalse   = majorSimple | 20
	simpleTrue    = majorSimple | 21
	simpleNull    = majorSimple | 22
	simpleFloat32 = majorSimple | 26
	simpleFloat64 = majorSimple | 27
)

// maxDepth bounds how deep values may be nested, and finds cycles.
const maxDepth = 100_000

// chunk is how much is gathered before it is written, and read at once.
const chunk = 64 << 10

var errDepth = errors.New("is nested too deeply, or contains itself")

type encoder struct {
	w     io.Writer // nil: everything stays in buf
	buf   []byte
	depth int
	*sharing
}

func (e *encoder) flush() error {
	if e.w == nil || len(e.buf) == 0 {
		return nil
	}
	_, err := e.w.Write(e.buf)
	e.buf = e.buf[:0]
	return err
}

// spill makes room when enough has been gathered.
func (e *encoder) spill() error {
	if e.w != nil && len(e.buf) >= chunk {
		return e.flush()
	}
	return nil
}

// head appends the beginning of an item, in its shortest form.
func (e *encoder) head(major byte, n uint64) {
	switch {
	case n < 24:
		e.buf = append(e.buf, major|byte(n))
	case n < 1<<8:
		e.buf = append(e.buf, major|24, byte(n))
	case n < 1<<16:
		e.buf = binary.BigEndian.AppendUint16(append(e.buf, major|25), uint16(n))
	case n < 1<<32:
		e.buf = binary.BigEndian.AppendUint32(append(e.buf, major|26), uint32(n))
	default:
		e.buf = binary.BigEndian.AppendUint64(append(e.buf, major|27), n)
	}
}

func (e *encoder) integer(i int64) {
	if i < 0 {
		e.head(majorInt, uint64(^i))
	} else {
		e.head(majorUint, uint64(i))
	}
}

// text appends a short string; long ones go through block.
func (e *encoder) text(s string) {
	if utf8.ValidString(s) {
		e.head(majorText, uint64(len(s)))
	} else {
		e.head(majorBytes, uint64(len(s)))
	}
	e.buf = append(e.buf, s...)
}

// block appends a byte string. A large one is written from where it is.
func (e *encoder) block(major byte, b []byte) error {
	e.head(major, uint64(len(b)))
	if e.w == nil || len(b) < chunk {
		e.buf = append(e.buf, b...)
		return e.spill()
	}
	if err := e.flush(); err != nil {
		return err
	}
	_, err := e.w.Write(b)
	return err
}

type decoder struct {
	buf  []byte    // what is in memory and was not taken yet
	src  io.Reader // what comes after it; nil: nothing
	room []byte    // what buf is a part of, when there is a src
	left int64     // bytes that are to come, buf included
	deep int
}

var errShort = errors.New("ends before its time")

// fill makes at least n bytes, which are few, available in buf.
func (d *decoder) fill(n int) error {
	if len(d.buf) >= n {
		return nil
	}
	if d.src == nil || int64(n) > d.left {
		return errShort
	}
	if d.room == nil {
		d.room = make([]byte, min(chunk, d.left))
	}
	have := copy(d.room, d.buf)
	more, err := io.ReadAtLeast(d.src, d.room[have:], n-have)
	d.buf = d.room[:have+more]
	return short(err)
}

func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}

// take returns the next n bytes, which are few, until the next call.
func (d *decoder) take(n int) ([]byte, error) {
	if err := d.fill(n); err != nil {
		return nil, err
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	d.left -= int64(n)
	return b, nil
}

// full fills dst.
func (d *decoder) full(dst []byte) error {
	if int64(len(dst)) > d.left {
		return errShort
	}
	n := copy(dst, d.buf)
	d.buf = d.buf[n:]
	d.left -= int64(len(dst))
	if n == len(dst) {
		return nil
	}
	if d.src == nil {
		return errShort
	}
	_, err := io.ReadFull(d.src, dst[n:])
	return short(err)
}

// peek returns the next byte and leaves it there.
func (d *decoder) peek() (byte, error) {
	if err := d.fill(1); err != nil {
		return 0, err
	}
	return d.buf[0], nil
}

// null tells whether null comes next, and takes it then.
func (d *decoder) null() (bool, error) {
	b, err := d.peek()
	if err != nil || b != simpleNull {
		return false, err
	}
	_, err = d.take(1)
	return true, err
}

// head takes the beginning of an item. It refuses what is not in shortest form.
func (d *decoder) head() (major byte, n uint64, err error) {
	b, err := d.take(1)
	if err != nil {
		return 0, 0, err
	}
	first := b[0]
	major, n = first&0xe0, uint64(first&0x1f)
	if n < 24 {
		return major, n, nil
	}
	if n > 27 {
		return 0, 0, fmt.Errorf("has the byte %#x where an item begins", first)
	}
	size := 1 << (n - 24)
	b, err = d.take(size)
	if err != nil {
		return 0, 0, err
	}
	n = 0
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	least := [...]uint64{24, 1 << 8, 1 << 16, 1 << 32}[first&0x1f-24]
	if n < least && major != majorSimple {
		return 0, 0, errors.New("has a number that is not in shortest form")
	}
	return major, n, nil
}

// expect takes the beginning of an item of one major type.
func (d *decoder) expect(major byte) (uint64, error) {
	got, n, err := d.head()
	if err == nil && got != major {
		err = fmt.Errorf("has an item of major type %d instead of %d", got>>5, major>>5)
	}
	return n, err
}

// exactly takes the beginning of an item with one number in it.
func (d *decoder) exactly(major byte, n uint64) error {
	got, err := d.expect(major)
	if err == nil && got != n {
		err = fmt.Errorf("has %d items or bytes instead of %d", got, n)
	}
	return err
}

// length takes the beginning of an item with n parts of at least one byte each.
func (d *decoder) length(major byte) (int, error) {
	n, err := d.expect(major)
	if err == nil && n > uint64(max(d.left, 0)) {
		err = errShort
	}
	return int(n), err
}

// octets takes a byte string as new memory, never nil.
func (d *decoder) octets() ([]byte, error) {
	n, err := d.length(majorBytes)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	return b, d.full(b)
}

func (d *decoder) integer() (int64, error) {
	major, n, err := d.head()
	switch {
	case err != nil:
		return 0, err
	case major != majorUint && major != majorInt || n > 1<<63-1:
		return 0, errors.New("has something else than an integer, or one that is too large")
	case major == majorInt:
		return ^int64(n), nil
	}
	return int64(n), nil
}

func (d *decoder) string() (string, error) {
	major, n, err := d.head()
	if err != nil {
		return "", err
	}
	if major != majorText && major != majorBytes {
		return "", errors.New("has something else than a string")
	}
	if n > uint64(d.left) {
		return "", errShort
	}
	b := make([]byte, n)
	if err := d.full(b); err != nil {
		return "", err
	}
	if utf8.Valid(b) != (major == majorText) {
		return "", errors.New("has text that is not UTF-8, or bytes that are")
	}
	return unsafe.String(unsafe.SliceData(b), len(b)), nil
}

// all decodes a whole entry.
func (d *decoder) all(schema string, v reflect.Value, plan *plan) error {
	b, err := d.take(len(magic) + 1)
	if err != nil {
		return err
	}
	if string(b[:len(magic)]) != magic {
		return errors.New("is not an encoded result")
	}
	if version := b[len(magic)]; version != Version {
		return fmt.Errorf("is of version %d of the codec, this is %d", version, Version)
	}
	if err := d.schema(schema); err != nil {
		return err
	}
	if err := plan.decode(d, v); err != nil {
		return err
	}
	return d.end()
}

// schema takes the schema, with its length before it, and compares it.
func (d *decoder) schema(want string) error {
	var length [binary.MaxVarintLen64]byte
	if err := d.same(want, string(length[:binary.PutUvarint(length[:], uint64(len(want)))])); err != nil {
		return err
	}
	for rest := want; rest != ""; {
		const most = 64
		part := rest[:min(len(rest), most)]
		if err := d.same(want, part); err != nil {
			return err
		}
		rest = rest[len(part):]
	}
	return nil
}

// same takes as many bytes as part has, which is one of the schema.
func (d *decoder) same(schema, part string) error {
	got, err := d.take(len(part))
	if err == nil && string(got) != part {
		err = errors.New("is of another schema than " + schema)
	}
	return err
}

// end makes sure that nothing is left over. It reads until the source says that
// its end has come, since that is when it says whether it was damaged.
func (d *decoder) end() error {
	if d.left != 0 || len(d.buf) != 0 {
		return fmt.Errorf("has %d bytes left over", max(d.left, int64(len(d.buf))))
	}
	if d.src == nil {
		return nil
	}
	var b [1]byte
	switch n, err := io.ReadFull(d.src, b[:]); {
	case n > 0:
		return errors.New("has bytes left over")
	case err != io.EOF:
		return err
	}
	return nil
}
