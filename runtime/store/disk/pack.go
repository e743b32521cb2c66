package disk

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/store"
)

// The parts of a record that nothing is searched by are packed into one column:
// numbers as varints, strings with their length, a checksum of 8 bytes at the end.
// The checksum covers the key too.

// micros returns a time as it is kept.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOf is the reverse of micros.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func pack(r *store.Record) []byte {
	b := make([]byte, 0, 256)
	b = binary.AppendVarint(b, micros(r.Requested))
	b = binary.AppendVarint(b, micros(r.Started))
	b = binary.AppendVarint(b, int64(r.Attempts))
	b = binary.AppendVarint(b, r.Size)
	b = binary.AppendUvarint(b, r.Token)
	b = appendString(b, r.Error)
	b = appendString(b, r.Origin.Host)
	b = binary.AppendVarint(b, int64(r.Origin.PID))
	b = appendString(b, r.Origin.Program)
	b = binary.AppendUvarint(b, uint64(len(r.Args)))
	for _, a := range r.Args {
		b = appendString(b, a.Name)
		b = appendString(b, a.Type)
		b = append(b, a.Digest[:]...)
		if a.Secret {
			b = append(b, 1)
		} else {
			b = appendString(append(b, 0), a.Text)
		}
	}
	b = append(b, byte(r.Earlier.Status))
	b = binary.AppendVarint(b, micros(r.Earlier.At))
	b = appendString(b, r.Earlier.Error)
	return binary.LittleEndian.AppendUint64(b, xxh3.HashSeed(b, keySeed(r)))
}

// keySeed is the part of the key that goes into the checksum.
func keySeed(r *store.Record) uint64 { return binary.LittleEndian.Uint64(r.Key[:]) }

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errRecord = errors.New("record is damaged")

// unpacker reads what pack wrote. The strings that it returns share one copy of it.
type unpacker struct {
	b  []byte
	s  string // the same
	at int    // what was read
}

func (u *unpacker) unpack(r *store.Record, b []byte) error {
	n := len(b) - 8
	if n < 0 || xxh3.HashSeed(b[:n], keySeed(r)) != binary.LittleEndian.Uint64(b[n:]) {
		return errRecord
	}
	u.b, u.s, u.at = b[:n], string(b[:n]), 0
	r.Requested = timeOf(u.varint())
	r.Started = timeOf(u.varint())
	r.Attempts = int(u.varint())
	r.Size = u.varint()
	r.Token = u.uvarint()
	r.Error = u.text()
	r.Origin = store.Origin{Host: u.text(), PID: int(u.varint()), Program: u.text()}
	if n := u.uvarint(); n > 0 && n <= uint64(len(u.b)-u.at) {
		r.Args = make([]store.Arg, n)
	}
	for i := range r.Args {
		a := &r.Args[i]
		a.Name, a.Type = u.text(), u.text()
		copy(a.Digest[:], u.take(uint64(len(a.Digest))))
		if a.Secret = u.take(1) == "\x01"; !a.Secret {
			a.Text = u.text()
		}
	}
	if status := u.take(1); len(status) == 1 {
		r.Earlier = store.Earlier{Status: store.Status(status[0]), At: timeOf(u.varint()), Error: u.text()}
	}
	return nil
}

func (u *unpacker) varint() int64 {
	i, n := binary.Varint(u.b[u.at:])
	u.at += max(n, 0)
	return i
}

func (u *unpacker) uvarint() uint64 {
	if u.at < len(u.b) && u.b[u.at] < 0x80 { // most are short
		u.at++
		return uint64(u.b[u.at-1])
	}
	i, n := binary.Uvarint(u.b[u.at:])
	u.at += max(n, 0)
	return i
}

func (u *unpacker) take(n uint64) string {
	from := u.at
	u.at += int(min(n, uint64(len(u.b)-from)))
	return u.s[from:u.at]
}

func (u *unpacker) text() string { return u.take(u.uvarint()) }
