package key

import (
	"hash"
	"hash/maphash"
	"time"
	"unsafe"

	"github.com/workgen/workgen/runtime/internal/recent"
)

// Canonical returns the bytes that durable mode writes for encode, by way of the
// same flushing and streaming that Sum uses.
func Canonical(encode func(*Encoder)) []byte {
	r := &recorder{}
	e := &Encoder{durable: true, sha: r}
	encode(e)
	e.flush()
	return r.written
}

// Flushes is like Canonical and returns how often bytes were handed over.
func Flushes(encode func(*Encoder)) int {
	r := &recorder{}
	e := &Encoder{durable: true, sha: r}
	encode(e)
	return r.writes
}

// recorder takes the place of SHA-256 and keeps what it is given.
type recorder struct {
	hash.Hash
	written []byte
	writes  int
}

func (r *recorder) Write(b []byte) (int, error) {
	r.written = append(r.written, b...)
	r.writes++
	return len(b), nil
}

// Folded returns the bytes of e in fingerprint mode.
func Folded(e *Encoder) []byte { return e.buf }

// Place returns where the name of the place of t is.
func Place(t Time) *byte { return unsafe.StringData(t.place) }

// Digest returns the digest of a long text.
func Digest(t Text) (hi, lo uint64) { return t.hi, t.lo }

// ByElements makes Numbers and Array take the path of big-endian machines, until
// the returned function is called. Not for parallel tests.
func ByElements() (restore func()) {
	was := littleEndian
	littleEndian = false
	return func() { littleEndian = was }
}

// Held returns the memory of e's buffers in bytes, MaxHeld what it is at most
// in the pool.
func Held(e *Encoder) int { return e.held() }

const MaxHeld = retain

// KindOf is kindOf.
func KindOf[T Number]() uint8 { return kindOf[T]() }

// At makes files look as if they were read at a time that is d from now, until
// the returned function is called. Not for parallel tests.
func At(d time.Duration) (restore func()) {
	clock = func() time.Time { return time.Now().Add(d) }
	return func() { clock = time.Now }
}

// AnotherSecret makes hashes those of another process, until the returned function is called. Not
// for parallel tests.
func AnotherSecret() (restore func()) {
	wasOrigin, wasFactor := origin, factor
	another := maphash.MakeSeed()
	origin, factor = maphash.String(another, "origin"), maphash.String(another, "factor")|1
	return func() { origin, factor = wasOrigin, wasFactor }
}

// Remembered returns how many digests of files are kept.
func Remembered() int { return remembered.Len() }

// Forget drops them.
func Forget() { remembered = recent.Map[place, digest]{Half: halfRemembered} }

const MaxRemembered = 2 * halfRemembered

// Remember keeps a digest for a path that need not exist.
func Remember(path string) { remembered.Put(place{path: path}, digest{}) }

// FreeEnters is what an encoder enters without asking how much of it differs.
const FreeEnters = free

// Refers reports whether e's stack still refers to anything.
func Refers(e *Encoder) bool {
	for _, x := range e.stack.in[:cap(e.stack.in)] {
		if x.ptr != nil {
			return true
		}
	}
	for _, at := range e.stack.table {
		if at != 0 {
			return true
		}
	}
	return false
}
