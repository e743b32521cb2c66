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

// Store keeps the results of calls, and the history of their executions. All methods may
// be called concurrently, and by several processes at once. Each returns the context's
// error when that ended first, and [ErrClosed] after Close. Of a store that was opened for
// reading only, those that would change it return [ErrReadOnly], and Discard nil.
//
// Any other error but those named here says that the store could not do it, or that
// nobody knows whether it did, since the answer was lost. What was asked for may be
// asked for again: all methods may be repeated.
type Store interface {
	// Lookup looks calls up, all at once, and says in found, which is as long as refs,
	// what the store has of each. The caller closes the results. Reading one of them may
	// fail with a *CorruptError.
	Lookup(ctx context.Context, refs []Ref, found []Found) error

	// Begin notes that an execution of a call begins, and leases the call to it. It
	// does not wait: it returns ErrFinished when there is a result, and a *HeldError
	// (which is ErrHeld) while another execution has the lease. Of x it keeps Ref,
	// Nonce, what the key was made of, Args, Arguments, Origin, Requested, Started, Attempt and
	// Again; Status is Running. If Started is zero, or in the future, it is the store's time.
	//
	// An execution that is Again begins although there is a result, which everybody goes on
	// to find until the execution has ended with another one.
	//
	// When it is repeated with the same Nonce, which is not 0, it returns the lease that
	// it gave.
	Begin(ctx context.Context, x Record) (Lease, error)

	// Renew puts off the time at which a lease expires, and notes how far the execution has
	// come: of x, which is what Begin was given, it keeps Progress and Log. It returns
	// ErrLost when the lease is not held any more.
	Renew(ctx context.Context, l Lease, x Record) (Lease, error)

	// End notes how an execution has ended, and gives its lease up. x is what Begin was
	// given, with its Status:
	//
	//   - Succeeded: result is kept. ErrTooLarge says that it does not fit; when
	//     result.WriteTo fails, End returns its error. Nothing is kept then, and the
	//     lease is still held. A result that there was before an execution Again is Replaced in
	//     the same moment, which is told as if it had been deleted (OnDelete).
	//   - Failed, GivenUp: Error says why. Result is nil. After an execution Again the call has
	//     the result that it had. Of Failed, Expires is kept as it is.
	//   - Stopped: nobody waits for it any more. Result is nil.
	//
	// It returns ErrLost when the lease is not held any more, and keeps nothing. There are
	// two exceptions, which return nil: the execution has ended like that already, so
	// that End can be repeated, and Stopped, which has nothing to lose. Of x the store sets
	// Ref, Seq, Size, Used, Hits and Gone itself.
	End(ctx context.Context, l Lease, x Record, result io.WriterTo) error

	// Delete drops the results of calls, and says so to everybody (OnDelete). Of the newest
	// record of each Gone is set; it is not found as Latest any more, unless it is of a
	// result. Delete also ends the leases, so that an execution that is under way does not
	// count: it is Lost, its End returns ErrLost, and anybody may begin another. It returns
	// how many calls had a result or were leased.
	Delete(ctx context.Context, refs ...Ref) (int, error)

	// Discard drops a result that was looked up and is of no use: one that cannot be
	// decoded (Unreadable, and why), or is too old for who looked it up (Expired). What
	// has been put under another lease since stays.
	//
	// With how 0 it drops the record of an execution that has ended and has no result, or none any
	// more: History and Latest are without it then. Records before it of the same call may go with it,
	// and none of them is Latest in its place. What is leased stays, and so does a result. Of e it
	// needs Ref and Token.
	Discard(ctx context.Context, e *Entry, how Status, why string) error

	// History returns the records that a filter lets through, those that began last first.
	// An execution whose lease has expired, or whose process has died, is Lost. What
	// is added or dropped meanwhile may or may not be among them. An error ends it, a
	// *PartialError where a search has not seen all records.
	History(ctx context.Context, f Filter) iter.Seq2[Record, error]

	// Watch returns a channel that gets a value when the result or the lease of a call
	// may have changed since Watch was called, or since the value before. Values
	// do not pile up. They may come in vain and late, but come. stop ends it, and
	// must be called; the channel is never closed.
	Watch(r Ref) (changed <-chan struct{}, stop func())

	// OnDelete has tell called with what Delete was given, and with the calls whose results were
	// replaced, by anybody: at once for those
	// who use the same handle, and otherwise within about a second. No refs say that
	// any call may have been deleted. Refs may be told more than once, and late, but not
	// before they were deleted. Their works may be missing: a key says enough. tell may use the store, and is not called any more once
	// it has returned false.
	OnDelete(tell func(deleted []Ref) (goOn bool))

	// Mark returns a named mark, the zero Mark where there is none.
	Mark(ctx context.Context, name string) (Mark, error)

	// SetMark sets a mark that has not changed since it was read: m.Version is that of
	// the Mark that was read. Otherwise it returns ErrConflict and changes nothing. It
	// returns the mark with its new version, which is greater. Whoever lost the answer
	// reads the mark to see whether it was set.
	SetMark(ctx context.Context, name string, m Mark) (Mark, error)

	// Codec returns how results are to be written for this store.
	Codec() Codec

	// Close gives up all leases of this Store.
	Close() error
}

// Shared is a Store that says whether several machines share it. Where it does not answer,
// calls then fail, which otherwise execute without it.
type Shared interface{ Shared() bool }

// Administrator is a Store that can be looked after.
type Administrator interface {
	Store

	// Works returns the full names of all works that the store knows, sorted.
	Works(ctx context.Context) ([]string, error)

	// Usage counts what the store has.
	Usage(ctx context.Context) (Usage, error)

	// GC drops what has expired and what does not fit, and waits until it is done. A
	// store does so by itself: GC is for those who want it now.
	GC(ctx context.Context) error

	// Check looks for damage in the structure of the store. Results are checked by
	// reading them.
	Check(ctx context.Context) error

	// Peek is a Lookup of one result that counts as no use of it, and does not drop one
	// that cannot be read, which is a *CorruptError. Without a result it returns
	// ErrNotFound.
	Peek(ctx context.Context, r Ref) (*Entry, error)
}

// Usage is how much a store has.
type Usage struct {
	Results int64 // that can be got, or have expired and were not collected yet
	Records int64 // of executions
	Bytes   int64 // that they take
	Free    int64 // bytes that the store takes besides, and may give back
}

// Ref names a call.
type Ref struct {
	Work string // full name
	Key  key.Key
}

// Found is what a store has of a call. Beside Results the rest is nil, mostly: nobody who has a
// result needs it, and it would cost as much again. But it may tell of what has begun since, which
// was Again.
type Found struct {
	// Results are the results of the call, the newest first. There is one at most, but
	// for works that find inputs on their way: those that read the same are equal.
	Results []*Entry

	// Damaged says that there was a result that cannot be read; it is dropped then.
	Damaged *CorruptError

	// Latest is the newest record of an execution of the call that has ended and was not
	// Stopped, which says nothing of the call; nil when there is none, or the call was
	// deleted since. It may be that of a result that has gone. Beside a result it is of an
	// execution Again that has failed or was lost. It has no Arguments.
	Latest *Record

	// Holder says who has the lease, for an execution that has not ended; nil when
	// nobody has. Beside a result it is of an execution Again.
	Holder *HeldError
}

// Result returns the newest result, nil when there is none.
func (f *Found) Result() *Entry {
	if len(f.Results) == 0 {
		return nil
	}
	return f.Results[0]
}

// Close closes the results.
func (f *Found) Close() {
	for _, e := range f.Results {
		_ = e.Close()
	}
}

// Mark is a small value under a name, such as the last tick that a loop has done.
type Mark struct {
	Version uint64 // 0: there is none
	Value   string
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

// Lease is the right to end one execution of a call.
type Lease struct {
	Ref
	Token   uint64    // fencing token: of two leases on a call the later has the greater
	Expires time.Time // from then on anybody may begin another; Renew in time
}

// Entry is a result as the store has it. It is read as an io.Reader, by one
// goroutine, or all at once where Data is not nil.
type Entry struct {
	Ref
	Token    uint64    // of the lease that it was put under
	Finished time.Time // when the execution ended
	Expires  time.Time // zero: never
	Size     int64     // in bytes
	Inputs   []Input   // what the execution found on its way, in this order

	Data []byte        // the whole result, not to be written to; nil: read Body
	Body io.ReadCloser // fails with a *CorruptError instead of io.EOF when it was damaged

	read int // of Data
}

// Input is an input that an execution found on its way, such as a file that it read. A
// result is one only as long as all that was read is still so.
type Input struct {
	Kind, Name string
	Digest     [16]byte
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

// Encoded returns what ptr points to as End wants it: written by c. An error of c's, and
// none of the writer's, is an [EncodingError].
func Encoded(c Codec, schema string, ptr any) io.WriterTo { return encoded{c, schema, ptr} }

type encoded struct {
	codec  Codec
	schema string
	ptr    any
}

func (e encoded) WriteTo(w io.Writer) (int64, error) {
	c := counter{w: w}
	err := e.codec.Encode(&c, e.schema, e.ptr)
	if err != nil && c.err == nil {
		err = &EncodingError{err}
	}
	return c.n, err
}

// counter counts what was written, and remembers whether the writer has failed.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}
