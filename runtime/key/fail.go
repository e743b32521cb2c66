package key

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"
)

// Fail says that the value cannot be encoded: its marshaller has failed, say, or
// it holds a concrete type that nothing is known of. The first error counts; nil
// is none. From then on the encoder may be used in any way and what is written
// means nothing: maps and frames may stay open, Enter returns false, Fingerprint
// returns one that equals no other and Sum the zero Key.
//
//	if c.Kind == unknown {
//		e.Fail(errors.New("colour has no kind: set it"))
//		return
//	}
func (e *Encoder) Fail(err error) {
	if err == nil || e.err != nil {
		return
	}
	e.err = err
	e.enters = spent
}

// Recover is to be deferred by who calls a marshaller, or an EncodeKey, of the type
// with the given name: when that panics, the encoder fails as if an error had been
// returned. It must be deferred itself, and not be called by a deferred function.
//
//	defer e.Recover("ext.Matrix")
//	e.Appended(v.MarshalText())
func (e *Encoder) Recover(typ string) {
	v := recover()
	if v == nil {
		return
	}
	e.room, e.spare, e.lent = nil, nil, false // a method that did not return may have kept it
	e.Fail(&panicked{typ, v})
}

// panicked is the error that Recover makes.
type panicked struct {
	typ   string
	value any
}

func (p *panicked) Error() string {
	text := "with a value that is neither an error nor a string"
	switch v := p.value.(type) {
	case error:
		text = v.Error()
	case interface{ String() string }:
		text = v.String()
	case string:
		text = v
	}
	return "a method that encodes " + p.typ + " panicked: " + text
}

// Err returns the error that Fail was given first, nil if there was none. A long
// EncodeKey may look at it to end early.
func (e *Encoder) Err() error { return e.err }

// failure is what the fingerprint of a failed encoder refers to. The
// fingerprint's text is its id, in place, so that the text keeps all of it.
type failure struct {
	id  [8]byte // differs from all others of the process
	err error
}

var failures atomic.Uint64 // made so far

// failed stands in Text.hi and Text.lo of the fingerprint of a failed encoder.
// Of other texts either these are zero or the exact string is empty.
const failed = ^uint64(0)

// failedFingerprint returns a new fingerprint that tells of err.
func failedFingerprint(err error) Fingerprint {
	f := &failure{err: err}
	binary.LittleEndian.PutUint64(f.id[:], failures.Add(1))
	return Fingerprint{Text{exact: unsafe.String(&f.id[0], len(f.id)), hi: failed, lo: failed}}
}

// Err tells why f identifies nothing: what its encoder's Fail was given. Nil for
// the fingerprint of a value. An f with an error equals itself and its clones
// only, and is good for ever.
func (f Fingerprint) Err() error {
	if f.isFailed() {
		return (*failure)(unsafe.Pointer(unsafe.StringData(f.text.exact))).err
	}
	return nil
}

func (f Fingerprint) isFailed() bool { return f.text.lo == failed && f.text.exact != "" }
