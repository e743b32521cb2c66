package nats

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/wire"
	"github.com/workgen/workgen/runtime/store"
)

// A message has the state of a call in a header, so that it can be listed without the results,
// and its result as the body. The header is base64 of: a version, numbers as varints, strings with
// their length, and a checksum of 8 bytes at the end, which covers the subject, too. What a later
// version adds comes after the rest, and is not read by this one. A state that is too long for a
// header is at the beginning of the body, and the header has only its length.
const (
	stateHeader  = "Workgen"
	lengthHeader = "Workgen-Length"

	// maxHeader is how long a state may be in a header: all headers may have 64 KiB.
	maxHeader = 44 << 10

	recordVersion = 1
)

// pack returns the header and the body of a message.
func (st *state) pack(subject string) (natsgo.Header, []byte) {
	b := make([]byte, 0, 512)
	b = append(b, recordVersion)
	b = binary.BigEndian.AppendUint64(b, st.write)
	b = binary.BigEndian.AppendUint64(b, st.holder)
	b = binary.BigEndian.AppendUint64(b, st.Nonce)
	b = binary.AppendUvarint(b, st.base)
	b = appendTime(b, st.until)
	b = binary.AppendVarint(b, int64(st.lease))
	b = st.execution.append(b)
	if st.latest == nil {
		b = append(b, 0)
	} else {
		b = st.latest.append(append(b, 1))
	}
	b = append(b, st.form)
	b = binary.AppendVarint(b, st.stored)
	b = append(b, st.sum[:]...)
	b = binary.BigEndian.AppendUint64(b, st.upload)
	b = binary.AppendUvarint(b, uint64(st.chunks))
	b = st.appendOld(b)
	b = binary.LittleEndian.AppendUint64(b, sumOf(subject, b))
	header := natsgo.Header{}
	if st.args != nil {
		header[argumentsHeader] = []string{base64.RawURLEncoding.EncodeToString(st.args)}
	}
	if len(b) > maxHeader {
		n := string(binary.AppendUvarint(nil, uint64(len(b))))
		header[lengthHeader] = []string{base64.RawURLEncoding.EncodeToString([]byte(n))}
		return header, append(b, st.data...)
	}
	header[stateHeader] = []string{base64.RawURLEncoding.EncodeToString(b)}
	return header, st.data
}

// What an execution Again adds.
const (
	isAgain = 1 << iota
	latestIsAgain
	hasOld
	oldIsAgain
)

// appendOld adds what there is of executions Again, and of the one that has the result.
func (st *state) appendOld(b []byte) []byte {
	flags := byte(0)
	set := func(flag byte, is bool) {
		if is {
			flags |= flag
		}
	}
	set(isAgain, st.Again)
	set(latestIsAgain, st.latest != nil && st.latest.Again)
	set(hasOld, st.old != nil)
	set(oldIsAgain, st.old != nil && st.old.Again)
	if flags == 0 {
		return b
	}
	if b = append(b, flags); st.old != nil {
		b = st.old.append(b)
	}
	return b
}

// old reads that.
func (u *unpacker) old(st *state) {
	flags := u.Byte()
	st.Again = flags&isAgain != 0
	if st.latest != nil {
		st.latest.Again = flags&latestIsAgain != 0
	}
	if flags&hasOld != 0 {
		st.old = &execution{}
		u.execution(st.old)
		st.old.Again = flags&oldIsAgain != 0
	}
}

// sumOf is the checksum of what is packed.
func sumOf(subject string, b []byte) uint64 { return xxh3.HashSeed(b, xxh3.HashString(subject)) }

// append adds a record to what is packed.
func (x *execution) append(b []byte) []byte {
	b = binary.AppendUvarint(b, x.Seq)
	b = append(b, byte(x.Status), byte(x.Kind))
	b = append(b, x.scope[:]...)
	for _, t := range [...]time.Time{x.Requested, x.Started, x.Finished, x.Expires, x.Retry, x.Gone} {
		b = appendTime(b, t)
	}
	for _, n := range [...]int64{int64(x.Attempt), x.Size, x.Progress.Done, x.Progress.Total, int64(x.Origin.PID)} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [...]string{x.Error, x.Stack, x.Progress.Note, x.Log, x.Origin.Host, x.Origin.Program} {
		b = wire.AppendString(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(x.Args)))
	for _, a := range x.Args {
		b = wire.AppendString(wire.AppendString(b, a.Name), a.Type)
		b = append(b, a.Digest[:]...)
		if a.Secret {
			b = append(b, 1)
		} else {
			b = wire.AppendString(append(b, 0), a.Text)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(x.Inputs)))
	for _, in := range x.Inputs {
		b = wire.AppendString(wire.AppendString(b, in.Kind), in.Name)
		b = append(b, in.Digest[:]...)
	}
	return b
}

// appendTime adds a time in microseconds since 1970. 0 is the zero time, so those since 1970 are one
// more.
func appendTime(b []byte, t time.Time) []byte {
	micros := int64(0)
	if !t.IsZero() {
		if micros = t.UnixMicro(); micros >= 0 {
			micros++
		}
	}
	return binary.AppendVarint(b, micros)
}

var errRecord = errors.New("record is damaged")

// errNewer says that a record cannot be read by this version.
var errNewer = errors.New("nats: record was written by a later version of workgen")

// errElsewhere says that the state is in the body, which the message was read without.
var errElsewhere = errors.New("the state is in the body of the message")

// unpack returns the state that a message has. Its result is not looked at.
func unpack(ref store.Ref, m *message) *state {
	st := &state{}
	b, body, err := packed(m)
	if n := len(b) - 8; err == nil && (n < 1 || sumOf(m.subject, b[:n]) != binary.LittleEndian.Uint64(b[n:])) {
		err = errRecord
	}
	if err == nil && b[0] != recordVersion {
		err = errNewer
	}
	if err != nil {
		st.damaged = err
	} else {
		var u unpacker
		u.Reset(b[1:len(b)-8], "")
		u.state(st)
		st.data = body
		if st.Seq == 0 {
			st.Seq = m.seq
		}
	}
	st.seq, st.at, st.Ref = m.seq, m.at.UTC(), ref
	for _, x := range [...]*execution{st.latest, st.old} {
		if x != nil {
			x.Ref = ref
		}
	}
	if h := m.header[argumentsHeader]; len(h) == 1 {
		st.args, _ = base64.RawURLEncoding.DecodeString(h[0])
	}
	return st
}

// packed returns what was packed, and what follows it in the body.
func packed(m *message) (b, body []byte, err error) {
	if h := m.header[stateHeader]; len(h) == 1 {
		b, err = base64.RawURLEncoding.DecodeString(h[0])
		return b, m.data, err
	}
	h := m.header[lengthHeader]
	if len(h) != 1 {
		return nil, nil, errRecord
	}
	if b, err = base64.RawURLEncoding.DecodeString(h[0]); err != nil {
		return nil, nil, err
	}
	switch n, k := binary.Uvarint(b); {
	case k <= 0 || n > uint64(len(m.data)) && len(m.data) > 0:
		return nil, nil, errRecord
	case len(m.data) == 0:
		return nil, nil, errElsewhere
	default:
		return m.data[:n], m.data[n:], nil
	}
}

// unpacker reads what was packed.
type unpacker struct{ wire.Reader }

func (u *unpacker) state(st *state) {
	st.write, st.holder, st.Nonce = u.Uint64(), u.Uint64(), u.Uint64()
	st.base = u.Uvarint()
	st.until, st.lease = u.time(), time.Duration(u.Varint())
	u.execution(&st.execution)
	if u.Byte() == 1 {
		st.latest = &execution{}
		u.execution(st.latest)
	}
	st.form, st.stored = u.Byte(), u.Varint()
	copy(st.sum[:], u.Take(len(st.sum)))
	st.upload, st.chunks = u.Uint64(), int(u.Uvarint())
	u.old(st)
}

func (u *unpacker) execution(x *execution) {
	x.Seq = u.Uvarint()
	x.Status, x.Kind = store.Status(u.Byte()), store.ErrorKind(u.Byte())
	copy(x.scope[:], u.Take(len(x.scope)))
	for _, t := range [...]*time.Time{&x.Requested, &x.Started, &x.Finished, &x.Expires, &x.Retry, &x.Gone} {
		*t = u.time()
	}
	x.Attempt, x.Size = int(u.Varint()), u.Varint()
	x.Progress.Done, x.Progress.Total, x.Origin.PID = u.Varint(), u.Varint(), int(u.Varint())
	for _, s := range [...]*string{&x.Error, &x.Stack, &x.Progress.Note, &x.Log, &x.Origin.Host, &x.Origin.Program} {
		*s = u.String()
	}
	if n := u.Count(); n > 0 {
		x.Args = make([]store.Arg, n)
	}
	for i := range x.Args {
		a := &x.Args[i]
		a.Name, a.Type = u.String(), u.String()
		copy(a.Digest[:], u.Take(len(a.Digest)))
		if a.Secret = u.Byte() == 1; !a.Secret {
			a.Text = u.String()
		}
	}
	if n := u.Count(); n > 0 {
		x.Inputs = make([]store.Input, n)
	}
	for i := range x.Inputs {
		in := &x.Inputs[i]
		in.Kind, in.Name = u.String(), u.String()
		copy(in.Digest[:], u.Take(len(in.Digest)))
	}
}

func (u *unpacker) time() time.Time {
	switch micros := u.Varint(); {
	case micros == 0:
		return time.Time{}
	case micros > 0:
		return time.UnixMicro(micros - 1).UTC()
	default:
		return time.UnixMicro(micros).UTC()
	}
}
