package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Record is what a store keeps of one execution. Times are kept to the microsecond at
// least; the zero time says that there is none.
type Record struct {
	Ref
	Nonce  uint64 // random, and not 0: see Begin. Stores need not return it
	Seq    uint64 // the token of its lease: an execution that began later has a greater one
	Status Status

	// The scope of the key, with Work. Symbols says what Code is made of, a line "name hash" per
	// symbol. Build says what the program was built with, as far as it counts, a line
	// "name: value" per ingredient. Stores keep them once per scope.
	Schema, Code, Symbols, Build string

	Args   []Arg // the inputs in order, fields of the receiver first
	Origin Origin

	// Again says that somebody wanted the call executed although it may have had a result.
	Again bool

	// Arguments are all arguments of the call, as a Codec for their types writes them, so that it
	// can be executed again by who no longer has them; nil when they are secret, cannot be
	// encoded, or have more than MaxArguments bytes. Equal calls have equal ones: stores may
	// keep them once for a call. Only lists have them that ask for them: see Filter.
	Arguments []byte

	Requested, Started, Finished time.Time
	Attempt                      int     // which execution of its call it is, from 1
	Inputs                       []Input // that it found on its way

	Size  int64     // of the result in bytes, before compression
	Error string    // why it failed or was lost, or why its result has gone
	Kind  ErrorKind // of the error that it failed with
	Stack string    // where it panicked

	// Expires is when the result ceases to be one; zero: never. Of an execution that has Failed it
	// is until when its error is what the call comes to; zero: not at all. See Answers.
	Expires time.Time

	// Retry is when a call that failed is to be executed again, at the earliest; zero: it is
	// not. Whoever executes it then begins the next attempt.
	Retry time.Time

	Progress Progress // how far it has come
	Log      string   // the last lines that its body logged

	// Writer is who has written it, as the store knows that, such as the user of a database; ""
	// where it does not tell users apart. Stores set it themselves.
	Writer string

	// Gone is when a result was evicted, expired, deleted, replaced or found unreadable, and when the
	// call of a record without result was deleted.
	Gone time.Time

	// Used is when the result was last got, and Hits how often it was. Both may lag.
	Used time.Time
	Hits int64
}

// MaxArguments bounds the Arguments of a record, in bytes.
const MaxArguments = 64 << 10

// ErrorKind tells of an error what callers in other processes are to know, beside its text.
type ErrorKind uint8

// The kinds of errors.
const (
	ErrorOther            ErrorKind = iota
	ErrorCanceled                   // it is context.Canceled
	ErrorDeadlineExceeded           // it is context.DeadlineExceeded, such as that of a timeout
	ErrorPanic                      // the body panicked
)

// Progress is how far an execution has come, as its body says: done of total steps, 0 of 0
// where it does not count any.
type Progress struct {
	Done, Total int64
	Note        string // for people
}

// Answers reports whether an execution has failed with an error that is kept, and is at a time what
// those get who ask for the call, as if it was a result.
func (r *Record) Answers(now time.Time) bool {
	return r.Status == Failed && !r.Expires.IsZero() && !HasExpired(r.Finished, r.Expires, now)
}

// Ended returns when an execution ended, or was of no use any more.
func (r *Record) Ended() time.Time {
	if r.Gone.IsZero() {
		return r.Finished
	}
	return r.Gone
}

// Arg is one input of a call.
type Arg struct {
	Name, Type string
	Digest     [16]byte // equal for equal values of one type
	Text       string   // for people; "" when secret
	Secret     bool
}

// Origin says where a call was executed.
type Origin struct {
	Host    string
	PID     int
	Program string
}

// String returns the origin for people, such as "program[4711]@host".
func (o Origin) String() string {
	return o.Program + "[" + strconv.Itoa(o.PID) + "]@" + o.Host
}

// Status says what a record is of.
type Status uint8

// Succeeded is of a result that is there. Those from Evicted to Unreadable are of results
// that have gone, and so is Replaced.
const (
	Succeeded Status = 1 + iota
	Failed
	Evicted    // to stay within the store's bounds
	Expired    // its time had come, or it was older than the store keeps results
	Deleted    // somebody asked for it
	Unreadable // it was damaged
	Running    // it has begun
	Stopped    // nobody waited for it any more
	GivenUp    // it failed as often as it may
	Lost       // its process died, or its lease had expired or was deleted
	Replaced   // the call was executed Again, and has another result
)

var statuses = [...]string{
	"", "succeeded", "failed", "evicted", "expired", "deleted", "unreadable", "running", "stopped", "given up", "lost", "replaced",
}

// String returns the status as a word.
func (s Status) String() string {
	if int(s) < len(statuses) {
		return statuses[s]
	}
	return "status " + strconv.Itoa(int(s))
}

// Statuses returns all of them.
func Statuses() []Status {
	return []Status{Running, Succeeded, Failed, GivenUp, Stopped, Lost, Evicted, Expired, Deleted, Unreadable, Replaced}
}

// Failure tells whether an execution has failed.
func (s Status) Failure() bool { return s == Failed || s == GivenUp }

// Gone tells whether a result has been there and is no more.
func (s Status) Gone() bool { return s >= Evicted && s <= Unreadable || s == Replaced }

// Filter says which records are wanted. The zero Filter lets through all.
type Filter struct {
	Work   string   // full name; "": any
	Status []Status // nil: any
	Prefix string   // of the key's text: up to 64 lower-case hexadecimal digits
	Newest bool     // only the newest execution of each call

	Arguments bool // records have their Arguments, which may be long

	// Text has to be in the error, or in what is shown of an argument; "": any. Letters may
	// be upper or lower case. Host is the machine that executes, as Origin has it; "": any.
	// Neither has an index: of those that the rest lets through the newest MaxSearched are
	// searched, at least, and the list ends with a *PartialError when there may be more.
	Text, Host string

	Since, Until time.Time // Since <= Started < Until; zero: no bound
	Before       uint64    // only what has a lower Seq; 0: no bound. To go on where a list ended
	Limit        int       // the greatest number of records; 0: no bound
}

// MaxSearched is how many records are searched for a text or a machine at least.
const MaxSearched = 10_000

// PartialError ends a list when a search has not seen all records. With Before of it as that of the
// Filter, History goes on.
type PartialError struct{ Before uint64 }

func (e *PartialError) Error() string {
	return "store: the search is not finished: go on with Filter.Before = " + strconv.FormatUint(e.Before, 10)
}

// All is s.History, but that it goes on until a search has seen all records.
func All(ctx context.Context, s Store, f Filter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		left := f.Limit
		for more := true; more; {
			more, f.Limit = false, max(left, 0)
			for r, err := range s.History(ctx, f) {
				var partial *PartialError
				if errors.As(err, &partial) {
					more, f.Before = true, partial.Before
					break
				}
				if left--; !yield(r, err) || err != nil {
					return
				}
			}
			if f.Limit > 0 && left == 0 {
				return
			}
		}
	}
}

// Wants tells whether f lets a status through.
func (f *Filter) Wants(s Status) bool { return f.Status == nil || slices.Contains(f.Status, s) }

// Match tells whether f lets r through, but for Newest and Limit.
func (f *Filter) Match(r *Record) bool { return f.MatchIndexed(r) && f.MatchSearch(r) }

// MatchIndexed is Match but for what is searched for.
func (f *Filter) MatchIndexed(r *Record) bool {
	return f.Wants(r.Status) &&
		(f.Work == "" || f.Work == r.Work) &&
		(f.Before == 0 || r.Seq < f.Before) &&
		(f.Since.IsZero() || !r.Started.Before(f.Since)) &&
		(f.Until.IsZero() || r.Started.Before(f.Until)) &&
		(f.Prefix == "" || strings.HasPrefix(r.Key.String(), f.Prefix))
}

// Searches tells whether f searches for something.
func (f *Filter) Searches() bool { return f.Text != "" || f.Host != "" }

// MatchSearch tells whether r has the text and the machine that f searches for.
func (f *Filter) MatchSearch(r *Record) bool {
	if f.Host != "" && f.Host != r.Origin.Host {
		return false
	}
	if f.Text == "" {
		return true
	}
	text := strings.ToLower(f.Text)
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	return has(r.Error) || slices.ContainsFunc(r.Args, func(a Arg) bool { return has(a.Text) })
}

// Keys returns the first and the last key that Prefix lets through; ok is false
// when there are none.
func (f *Filter) Keys() (first, last key.Key, ok bool) {
	const digits = 2 * len(key.Key{})
	if len(f.Prefix) > digits {
		return first, last, false
	}
	rest := digits - len(f.Prefix)
	first, err := key.Parse(f.Prefix + strings.Repeat("0", rest))
	if err != nil {
		return first, last, false
	}
	last, err = key.Parse(f.Prefix + strings.Repeat("f", rest))
	return first, last, err == nil
}
