package key

import "unsafe"

// Spare returns an empty slice with some room, to append to until the next call
// of Appended. Of two calls without Appended between them the second returns nil.
func (e *Encoder) Spare() []byte {
	b := e.spare
	e.spare, e.lent = nil, true
	return b
}

// Appended appends b as String would, or makes the encoder fail with err. It is
// made for what marshallers return: with those that append to what they are given,
// by way of Spare, nothing is allocated once there is room enough.
//
//	e.Appended(v.AppendText(e.Spare()))
//	e.Appended(v.MarshalBinary())
//
// b is not kept: it may be memory of the value.
func (e *Encoder) Appended(b []byte, err error) {
	e.takeBack(len(b))
	if err != nil {
		e.Fail(err)
		return
	}
	e.String(unsafe.String(unsafe.SliceData(b), len(b)))
}

// takeBack ends the loan of Spare. Nobody else has the memory that was lent, but
// whatever else a marshaller returns might be its own; so when n bytes did not
// fit, room for them is made here.
func (e *Encoder) takeBack(n int) {
	if !e.lent {
		return
	}
	e.lent = false
	if n > cap(e.room) {
		e.room = make([]byte, 0, max(64, n+n/2))
	}
	e.spare = e.room
}
