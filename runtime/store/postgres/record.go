package postgres

import (
	"encoding/binary"
	"errors"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/wire"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// What nothing is selected by is packed into the columns text, which has what is shown of the
// arguments, and record: numbers as varints, strings with their length, and a checksum of 8 bytes
// at the end, which covers both, and the key. What a later version adds comes after the rest, and
// is not read by this one.

// pack returns the columns text and record. requested is in microseconds since 1970, 0 is none.
func pack(r *store.Record, requested int64) (text, record []byte) {
	b := make([]byte, 0, 256)
	b = binary.AppendVarint(b, requested)
	b = binary.AppendVarint(b, int64(r.Attempt))
	b = wire.AppendString(b, r.Stack)
	b = binary.AppendVarint(b, r.Progress.Done)
	b = binary.AppendVarint(b, r.Progress.Total)
	b = wire.AppendString(b, r.Progress.Note)
	b = wire.AppendString(b, r.Log)
	b = wire.AppendString(b, r.Origin.Host)
	b = binary.AppendVarint(b, int64(r.Origin.PID))
	b = wire.AppendString(b, r.Origin.Program)
	b, text = wire.AppendArgs(b, make([]byte, 0, 64), r.Args)
	b = binary.AppendUvarint(b, uint64(r.Kind))
	if r.Again {
		b = append(b, 1)
	}
	return text, binary.LittleEndian.AppendUint64(b, recordSum(r.Key, text, b))
}

// recordSum is the checksum of what is packed.
func recordSum(k key.Key, text, b []byte) uint64 {
	return xxh3.HashSeed(text, xxh3.HashSeed(b, binary.LittleEndian.Uint64(k[:])))
}

var errRecord = errors.New("record is damaged")

// unpacker reads what pack wrote. The strings that it returns share one copy of each column.
type unpacker struct{ wire.Reader }

// unpack returns when the call was asked for, as pack was given it.
func (u *unpacker) unpack(r *store.Record, text, b []byte) (requested int64, err error) {
	n := len(b) - 8
	if n < 0 || recordSum(r.Key, text, b[:n]) != binary.LittleEndian.Uint64(b[n:]) {
		return 0, errRecord
	}
	return u.read(r, string(text), b[:n]), nil
}

// read is unpack of what is known to be whole, or of what does not matter much.
func (u *unpacker) read(r *store.Record, text string, b []byte) (requested int64) {
	u.Reset(b, text)
	requested = u.Varint()
	r.Attempt = int(u.Varint())
	r.Stack = u.String()
	r.Progress = store.Progress{Done: u.Varint(), Total: u.Varint(), Note: u.String()}
	r.Log = u.String()
	r.Origin = store.Origin{Host: u.String(), PID: int(u.Varint()), Program: u.String()}
	r.Args = u.Args()
	r.Kind = store.ErrorKind(u.Uvarint())
	r.Again = u.Byte() == 1
	return requested
}
