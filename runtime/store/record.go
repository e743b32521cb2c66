package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Record is what a store keeps of one execution. Times are kept to the microsecond at
// least; the zero time says that there is none.
type Record struct {
	Ref
	Nonce  uint64 // random, and not 0: see Begin. Stores need not keep it
	Seq    uint64 // place in the order of History: a record that is kept later has a greater one
	Status Status

	// The scope of the key, with Work. Symbols says what Code is made of, a line "name hash" per
	// symbol. Build says what the program was built with, as far as it counts, a line
	// "name: value" per ingredient. Stores keep them once per scope.
	Schema, Code, Symbols, Build string

	Args   []Arg // the inputs in order, fields of the receiver first
	Origin Origin

	Requested, Started, Finished time.Time
	Inputs                       []Input // that it found on its way

	Attempts int       // executions that it took, the failed ones included
	Size     int64     // of the result in bytes, before compression
	Error    string    // why it failed, or why it has gone
	Expires  time.Time // when the result ceases to be one; zero: never
	Token    uint64    // of the lease

	// Gone is when a result was evicted, expired, deleted or found unreadable.
	Gone time.Time

	// Earlier is what the store had of the key before this.
	Earlier Earlier

	// Used is when the result was last got, and Hits how often it was. Both may lag.
	Used time.Time
	Hits int64
}

// Earlier is what a store had of a key before a newer record: how its result went, or
// that it failed. It is zero when that is not known.
type Earlier struct {
	Status Status
	At     time.Time // when the result went, or the failed execution ended
	Error  string
}

// AsEarlier returns what a store is to remember of a record that another one of its key
// replaces.
func (r *Record) AsEarlier() Earlier {
	e := Earlier{Status: r.Status, At: r.Finished}
	if r.Status.Gone() {
		e.At = r.Gone
	}
	if r.Status.Failure() || r.Status == Unreadable {
		e.Error = r.Error
	}
	return e
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
// that have gone: stores remember some of them, to tell why a call is a miss.
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
	Lost       // its process died, or lost its lease
)

var statuses = [...]string{
	"", "succeeded", "failed", "evicted", "expired", "deleted", "unreadable", "running", "stopped", "given up", "lost",
}

// String returns the status as a word.
func (s Status) String() string {
	if int(s) < len(statuses) {
		return statuses[s]
	}
	return "status " + strconv.Itoa(int(s))
}

// Statuses returns those of executions that have ended and that History tells of: what a
// list of all can show.
func Statuses() []Status {
	return []Status{Succeeded, Failed, GivenUp, Evicted, Expired, Deleted, Unreadable}
}

// Failure tells whether an execution has failed.
func (s Status) Failure() bool { return s == Failed || s == GivenUp }

// Gone tells whether a result has been there and is no more.
func (s Status) Gone() bool { return s >= Evicted && s <= Unreadable }

// Filter says which records are wanted. The zero Filter lets through those of
// all results and failures.
type Filter struct {
	Work   string   // full name; "": any
	Status []Status // nil: Succeeded, Failed and GivenUp
	Prefix string   // of the key's text: up to 64 lower-case hexadecimal digits

	Since, Until time.Time // Since <= Finished < Until; zero: no bound
	Before       uint64    // only what has a lower Seq; 0: no bound. To go on where a list ended
	Limit        int       // the greatest number of records; 0: no bound
}

// Wants tells whether f lets a status through.
func (f *Filter) Wants(s Status) bool {
	if f.Status == nil {
		return s == Succeeded || s.Failure()
	}
	for _, wanted := range f.Status {
		if s == wanted {
			return true
		}
	}
	return false
}

// Match tells whether f lets r through, but for Limit.
func (f *Filter) Match(r *Record) bool {
	return f.Wants(r.Status) &&
		(f.Work == "" || f.Work == r.Work) &&
		(f.Before == 0 || r.Seq < f.Before) &&
		(f.Since.IsZero() || !r.Finished.Before(f.Since)) &&
		(f.Until.IsZero() || r.Finished.Before(f.Until)) &&
		(f.Prefix == "" || strings.HasPrefix(r.Key.String(), f.Prefix))
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
