package key

import (
	"hash"
	"slices"
	"sync"
)

// Encodable is implemented by types that write their own encoding.
//
// EncodeKey must write the same bytes for values that are to share one result,
// and different bytes for values that are not; it may use every method of the
// Encoder except Release and Fingerprint, and must close the maps and frames it
// opens. What it writes is framed by its length, so it need not end itself. It
// must not keep e. It is called on the goroutine of the caller, possibly by
// several goroutines at once for one value. When it panics, the encoding fails.
//
//	func (v Version) EncodeKey(e *key.Encoder) {
//		e.Int(v.Major)
//		e.Int(v.Minor)
//	}
type Encodable interface {
	EncodeKey(e *Encoder)
}

const (
	// chunk is where durable mode hands the buffer to SHA-256: large enough that
	// the call costs nothing, small enough to stay in the first-level cache.
	chunk = 16 << 10

	// retain bounds what one pooled encoder keeps, in bytes. An argument of 1 MiB
	// stays well below it, with buffers that grew by doubling and a map's scratch,
	// so encoding it again allocates nothing.
	retain = 8 << 20
)

// Encoder appends values in the canonical encoding that the package comment
// describes. Get one with Borrow, or from Sum; the zero Encoder works too.
//
// It has two modes. Fingerprint mode (Borrow) keeps everything in one buffer
// and folds long runs into digests. Durable mode (Sum) writes the canonical
// bytes into SHA-256 as they come. The methods are the same in both, and so is
// the code that calls them.
//
// An Encoder is used by one goroutine at a time.
type Encoder struct {
	buf  []byte
	open int // maps and frames not yet ended: what they hold may still move, so nothing is flushed

	durable bool
	sha     hash.Hash // made when first needed, then kept for the life of the encoder

	sums *sums // nil but in Sums

	entries []entry // of all open maps, the innermost last
	placed  []entry // scratch of MapEncoder.End
	counts  []int   // scratch of MapEncoder.End
	sorted  []byte  // scratch of MapEncoder.End
	digest  [32]byte

	err    error               // see Fail
	enters int                 // calls of enter that were not refused, or spent
	sample map[uint64]struct{} // of the hashes of what was entered after the first ones; see affords
	stack  stack

	paths bool   // of files and directories these are appended alone
	idle  bool   // it was released
	files []File // whose contents were appended
	dirs  []Dir

	room  []byte // what Spare returns, empty
	spare []byte // room, or nil while it is lent
	lent  bool   // Spare was called, and Appended was not since
}

// pool holds encoders that are idle. One that was in use when a panic went through
// its user never comes back, so every pooled encoder is clean.
var pool = sync.Pool{New: func() any { return new(Encoder) }}

// Borrow takes an empty encoder in fingerprint mode from a pool. Give it back
// with Release. It may be called concurrently.
//
//	e := key.Borrow()
//	e.String(day)
//	e.Int(retries)
//	f := e.Fingerprint()
//	… look f up; f.Clone() to keep it
//	e.Release()
func Borrow() *Encoder {
	e := pool.Get().(*Encoder)
	e.idle = false
	return e
}

// Release empties the encoder and gives it back to the pool. Neither the
// encoder nor a Fingerprint that was taken from it and not cloned may be used
// afterwards. Buffers of more than 8 MiB together are dropped, so that one huge
// argument does not hold memory for ever. It panics when the encoder was released
// already and not borrowed since: two goroutines would get it at once.
func (e *Encoder) Release() {
	if e.idle {
		panic("key: an Encoder was released twice: take out one Release, or the one after Keep, which releases, too")
	}
	if e.held() > retain {
		*e = Encoder{sha: e.sha}
	}
	if e.enters != 0 { // by Enter or Fail
		e.stack.empty()
		e.enters, e.sample, e.err = 0, nil, nil
	}
	e.buf = e.buf[:0]
	e.entries = e.entries[:0]
	clear(e.files)
	clear(e.dirs)
	e.files, e.dirs = e.files[:0], e.dirs[:0]
	e.open = 0
	e.durable, e.paths, e.idle = false, false, true
	pool.Put(e)
}

// held is the memory of e's buffers in bytes.
func (e *Encoder) held() int {
	return cap(e.buf) + cap(e.sorted) + (cap(e.entries)+cap(e.placed))*entryBytes + cap(e.counts)*wordBytes +
		e.stack.held() + cap(e.room) + (cap(e.files)+cap(e.dirs))*2*wordBytes
}

// spill flushes a buffer that has become large, in durable mode only. It is
// called wherever the encoding may have grown by more than a scalar.
func (e *Encoder) spill() {
	if e.durable && e.open == 0 && len(e.buf) >= chunk {
		e.flush()
	}
}

// flush hands the buffer to SHA-256. Nothing may be open: the bytes are final.
func (e *Encoder) flush() {
	e.sha.Write(e.buf) // a hash.Hash never fails
	e.buf = e.buf[:0]
}

// stream copies b to SHA-256 by way of the buffer. Writing b itself would save
// the copy, a few percent beside the hashing, but an argument of an interface's
// method escapes: every array on a caller's stack would then be allocated.
func (e *Encoder) stream(b []byte) {
	e.buf = slices.Grow(e.buf, chunk)
	for len(b) > 0 {
		n := min(len(b), chunk)
		e.buf = append(e.buf, b[:n]...)
		b = b[n:]
		if len(e.buf) >= chunk {
			e.flush()
		}
	}
}

// Frame is a place that Open has reserved for a length, until Close.
type Frame struct {
	at    int // offset of the length word
	depth int // value of Encoder.open inside the frame
}

// Open begins a frame: opaque bytes that are preceded by their length. Generated
// code puts one around every call of a user's EncodeKey, so that whatever that
// writes cannot run into what follows.
//
//	f := e.Open()
//	v.EncodeKey(e)
//	e.Close(f)
func (e *Encoder) Open() Frame {
	f := Frame{at: len(e.buf), depth: e.open + 1}
	e.open = f.depth
	e.Uint64(0) // Close fills it in
	return f
}

// Close ends the frame f. It panics when a map or frame that was opened inside f
// is still open, or f is closed twice: an EncodeKey with that bug would make
// keys that mean nothing.
func (e *Encoder) Close(f Frame) {
	if e.err != nil {
		return
	}
	if e.open != f.depth {
		panic("key: Close does not match the last Open: EncodeKey must call End on every map and Close on every frame it opens, once")
	}
	e.open--
	putLength(e.buf[f.at:], uint64(len(e.buf)-f.at-8))
	e.spill()
}
