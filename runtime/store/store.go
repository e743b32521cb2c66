package store

import (
	"context"
	"io"
	"iter"
	"reflect"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/kind"
)

// Store keeps results by key. All methods may be called concurrently, and by
// several processes at once. Each returns the context's error when that ended
// first, and [ErrClosed] after Close.
type Store interface {
	// Get returns the result of a call, which the caller has to close. It returns
	// ErrNotFound when there is none, or it has expired, and a *CorruptError when
	// there is one that cannot be read; it is dropped then. Reading the entry may
	// fail with a *CorruptError too.
	Get(ctx context.Context, k key.Key) (*Entry, error)

	// Acquire leases k to the caller, at once. It returns ErrFinished when there
	// is a result, and a *HeldError (which is ErrHeld) when somebody has the lease.
	Acquire(ctx context.Context, k key.Key) (Lease, error)

	// Renew puts off the time at which a lease expires. It returns ErrLost when
	// it is not held any more.
	Renew(ctx context.Context, l Lease) (Lease, error)

	// Release ends a lease without a result. One that is not held any more is
	// none of its business: it returns nil.
	Release(ctx context.Context, l Lease) error

	// Put keeps the result of the call that the lease is for, and ends the lease.
	// It returns ErrLost when that is not held any more, ErrTooLarge when the
	// result does not fit, and what result.WriteTo returned when that failed, and
	// keeps nothing; after the latter two the lease is still held. Of r the store
	// sets Key, Seq, Status, Size, Token, Earlier, Used, Hits and Gone itself.
	Put(ctx context.Context, l Lease, r Record, result io.WriterTo) error

	// Note keeps the record of a failed execution, for display. It replaces the
	// record of an earlier failure, and never one of a result.
	Note(ctx context.Context, r Record) error

	// Delete drops results, records of failures and those of what has gone. It also
	// ends the leases on the keys, so that the result of an execution that is under
	// way does not count: its Put returns ErrLost, and anybody may acquire the key. It
	// returns how many keys had a result or were leased.
	Delete(ctx context.Context, keys ...key.Key) (int, error)

	// Discard drops a result that was got and is of no use: one that cannot be
	// decoded (Unreadable, and why), or is too old for who got it (Expired). What
	// has been put under another lease since stays.
	Discard(ctx context.Context, e *Entry, how Status, why string) error

	// List returns the records that a filter lets through, the newest first. What
	// is added or dropped meanwhile may or may not be among them. An error ends it.
	List(ctx context.Context, f Filter) iter.Seq2[Record, error]

	// Watch returns a channel that gets a value when the result or the lease of k
	// may have changed since Watch was called, or since the value before. Values
	// do not pile up. They may come in vain and late, but come. stop ends it, and
	// must be called; the channel is never closed.
	Watch(k key.Key) (changed <-chan struct{}, stop func())

	// Codec returns how results are to be written for this store.
	Codec() Codec

	// Close releases all leases that were acquired with this Store.
	Close() error
}

// Announcer is a Store that says which calls were deleted, so that those who keep
// results in memory drop them, too.
type Announcer interface {
	// Announce has tell called with the keys that Delete was given, by anybody: at once
	// for those who use the same handle, and otherwise within about a second. No keys
	// say that any may have been among them. Keys may be told more than once, and late,
	// but not before they were deleted. tell may use the store, and is not called any
	// more once it has returned false.
	Announce(tell func(deleted []key.Key) (goOn bool))
}

// Codec writes results and reads them back. Its methods may be called
// concurrently.
type Codec interface {
	// For returns the codec for results of type t, or an error that names what in them
	// would not come back equal. kinds say how types are written that it does not know.
	For(t reflect.Type, kinds []kind.Kind) (Codec, error)

	// Encode writes what ptr points to, so that it comes back equal. schema is the
	// fingerprint of its type.
	Encode(w io.Writer, schema string, ptr any) error

	// Decode reads what Encode wrote into what ptr points to. Any error is a miss:
	// the entry was damaged, or written with another schema or by another version.
	// What ptr points to is of no use then. Decode does not close e.
	Decode(e *Entry, schema string, ptr any) error
}

// Lease is the right to put the result of one call.
type Lease struct {
	Key     key.Key
	Token   uint64    // fencing token: of two leases on a key the later has the greater
	Expires time.Time // from then on anybody may acquire the key; Renew in time
}

// Entry is a result as the store has it. It is read as an io.Reader, by one
// goroutine, or all at once where Data is not nil.
type Entry struct {
	Key      key.Key
	Token    uint64    // of the lease that it was put under
	Finished time.Time // when the execution ended
	Expires  time.Time // zero: never
	Size     int64     // in bytes

	Data []byte        // the whole result, not to be written to; nil: read Body
	Body io.ReadCloser // fails with a *CorruptError instead of io.EOF when it was damaged

	read int // of Data
}

// HasExpired reports whether a result is not to be had any more: its time has come,
// or it has a time and seems to be of the future. The clock was set back then since
// it was put, nobody knows how much of its time is over, and it must not be kept
// until the clock gets there again. A little of that is allowed for: see Tolerance.
func HasExpired(finished, expires, now time.Time) bool {
	return !expires.IsZero() && (!now.Before(expires) || finished.After(now.Add(Tolerance)))
}

// Tolerance is how far in the future a result may have been put that expires: clocks
// are set back by a little again and again. It may be had for so much longer.
const Tolerance = time.Second

// Read implements io.Reader.
func (e *Entry) Read(p []byte) (int, error) {
	if e.Body != nil {
		return e.Body.Read(p)
	}
	n := copy(p, e.Data[e.read:])
	e.read += n
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close lets go of the entry. Data stays as it is.
func (e *Entry) Close() error {
	if e.Body != nil {
		return e.Body.Close()
	}
	return nil
}

// Bytes is a result that is in memory already.
type Bytes []byte

// WriteTo implements io.WriterTo.
func (b Bytes) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b)
	return int64(n), err
}

// Encoded returns what ptr points to as Put wants it: written by c.
func Encoded(c Codec, schema string, ptr any) io.WriterTo { return encoded{c, schema, ptr} }

type encoded struct {
	codec  Codec
	schema string
	ptr    any
}

func (e encoded) WriteTo(w io.Writer) (int64, error) {
	c := counter{w: w}
	err := e.codec.Encode(&c, e.schema, e.ptr)
	return c.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
