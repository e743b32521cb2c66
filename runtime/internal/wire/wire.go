// Package wire packs what stores keep of calls: numbers as varints, strings with their length.
package wire

import (
	"encoding/binary"

	"github.com/workgen/workgen/runtime/store"
)

// AppendString appends a string with its length.
func AppendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// AppendBytes appends bytes with their length.
func AppendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

// AppendArgs appends arguments to b, and what is shown of them to text, which they can be searched by.
func AppendArgs(b, text []byte, args []store.Arg) (packed, texts []byte) {
	b = binary.AppendUvarint(b, uint64(len(args)))
	for _, a := range args {
		b = AppendString(b, a.Name)
		b = AppendString(b, a.Type)
		b = append(b, a.Digest[:]...)
		if a.Secret {
			b = append(b, 1)
		} else {
			b = binary.AppendUvarint(append(b, 0), uint64(len(a.Text)))
			text = append(text, a.Text...)
		}
	}
	return b, text
}

// Reader reads what was packed. The strings that it returns share one copy. What is missing at the
// end is zero, so that what an older version has packed can be read.
type Reader struct {
	b    []byte
	s    string // the same
	at   int    // what was read of it
	text string // what was not read of the text
}

// Reset begins with other bytes, and the text that goes with them. The bytes must stay as they are
// while they are read.
func (r *Reader) Reset(b []byte, text string) { *r = Reader{b: b, s: string(b), text: text} }

// Varint returns a number that binary.AppendVarint has appended.
func (r *Reader) Varint() int64 {
	i, n := binary.Varint(r.b[r.at:])
	r.at += max(n, 0)
	return i
}

// Uvarint returns a number that binary.AppendUvarint has appended.
func (r *Reader) Uvarint() uint64 {
	if r.at < len(r.b) && r.b[r.at] < 0x80 { // most are short
		r.at++
		return uint64(r.b[r.at-1])
	}
	i, n := binary.Uvarint(r.b[r.at:])
	r.at += max(n, 0)
	return i
}

// Count returns how many of something follow, which take a byte each at least; 0 if there is no room
// for so many.
func (r *Reader) Count() uint64 {
	n := r.Uvarint()
	if n > uint64(r.Left()) {
		return 0
	}
	return n
}

// Left returns how many bytes were not read.
func (r *Reader) Left() int { return len(r.b) - r.at }

// Take returns the next n bytes, or all that are left.
func (r *Reader) Take(n int) string { return r.take(uint64(n)) }

func (r *Reader) take(n uint64) string {
	from := r.at
	r.at += int(min(n, uint64(r.Left())))
	return r.s[from:r.at]
}

// Byte returns the next byte.
func (r *Reader) Byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

// Uint64 returns 8 bytes as a number, big-endian.
func (r *Reader) Uint64() uint64 {
	if s := r.take(8); len(s) == 8 {
		return binary.BigEndian.Uint64([]byte(s))
	}
	return 0
}

// String returns a string that AppendString has appended.
func (r *Reader) String() string { return r.take(r.Uvarint()) }

// Text returns the next string of the text: its length is among the bytes.
func (r *Reader) Text() (s string) {
	n := min(r.Uvarint(), uint64(len(r.text)))
	s, r.text = r.text[:n], r.text[n:]
	return s
}

// Args returns what AppendArgs has appended, nil for none.
func (r *Reader) Args() []store.Arg {
	n := r.Count()
	if n == 0 {
		return nil
	}
	args := make([]store.Arg, n)
	for i := range args {
		a := &args[i]
		a.Name, a.Type = r.String(), r.String()
		copy(a.Digest[:], r.Take(len(a.Digest)))
		if a.Secret = r.Byte() == 1; !a.Secret {
			a.Text = r.Text()
		}
	}
	return args
}
