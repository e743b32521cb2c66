package disk

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/wire"
	"github.com/workgen/workgen/runtime/store"
)

// What is searched for a text is one column: the error and what is shown of the arguments,
// one after the other. The parts of a record that nothing is searched by are packed into
// another: numbers as varints, strings with their length, the lengths of what is in the
// first, and a checksum of 8 bytes at the end, which covers that, and the key too.

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

// packed binds the columns text and record.
func (s *stmt) packed(r *store.Record) *stmt {
	text, record := pack(r)
	return s.bytes(text).bytes(record)
}

func pack(r *store.Record) (text, record []byte) {
	b := make([]byte, 0, 256)
	text = append(make([]byte, 0, 64), r.Error...)
	b = binary.AppendVarint(b, micros(r.Requested))
	b = binary.AppendVarint(b, int64(r.Attempt))
	b = binary.AppendVarint(b, r.Size)
	b = binary.AppendUvarint(b, uint64(len(r.Error)))
	b = wire.AppendString(b, r.Stack)
	b = binary.AppendVarint(b, micros(r.Retry))
	b = binary.AppendVarint(b, r.Progress.Done)
	b = binary.AppendVarint(b, r.Progress.Total)
	b = wire.AppendString(b, r.Progress.Note)
	b = wire.AppendString(b, r.Log)
	b = wire.AppendString(b, r.Origin.Host)
	b = binary.AppendVarint(b, int64(r.Origin.PID))
	b = wire.AppendString(b, r.Origin.Program)
	b, text = wire.AppendArgs(b, text, r.Args)
	b = append(b, byte(r.Kind))
	if inline := inlined(r.Arguments); r.Again || len(inline) > 0 {
		again := byte(0)
		if r.Again {
			again = 1
		}
		b = wire.AppendBytes(append(b, again), inline)
	}
	return text, binary.LittleEndian.AppendUint64(b, recordSum(r, text, b))
}

// recordSum is the checksum of what is packed.
func recordSum(r *store.Record, text, b []byte) uint64 {
	return xxh3.HashSeed(text, xxh3.HashSeed(b, keySeed(r)))
}

// keySeed is the part of the key that goes into the checksum.
func keySeed(r *store.Record) uint64 { return binary.LittleEndian.Uint64(r.Key[:]) }

var errRecord = errors.New("record is damaged")

// unpacker reads what pack wrote. The strings that it returns share one copy of each column.
type unpacker struct{ wire.Reader }

func (u *unpacker) unpack(r *store.Record, text, b []byte) error {
	n := len(b) - 8
	if n < 0 || recordSum(r, text, b[:n]) != binary.LittleEndian.Uint64(b[n:]) {
		return errRecord
	}
	u.Reset(b[:n], string(text))
	r.Requested = timeOf(u.Varint())
	r.Attempt = int(u.Varint())
	r.Size = u.Varint()
	r.Error, r.Stack = u.Text(), u.String()
	r.Retry = timeOf(u.Varint())
	r.Progress = store.Progress{Done: u.Varint(), Total: u.Varint(), Note: u.String()}
	r.Log = u.String()
	r.Origin = store.Origin{Host: u.String(), PID: int(u.Varint()), Program: u.String()}
	r.Args = u.Args()
	r.Kind = store.ErrorKind(u.Uvarint()) // older records end before it
	r.Again = u.Byte() == 1               // or here
	if s := u.String(); s != "" {
		r.Arguments = []byte(s)
	}
	return nil
}
