package store

import (
	"context"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Cause says in a word why a call is, or was, a miss.
type Cause string

// The causes, from those that the call itself has to those of the whole work.
const (
	CauseHit        Cause = "hit"        // it is none: the store has a result
	CauseOff        Cause = "off"        // the call has no key: it is not cached
	CauseExpired    Cause = "expired"    // the time of its result had come
	CauseEvicted    Cause = "evicted"    // its result had to go, to keep the store within its bounds
	CauseDeleted    Cause = "deleted"    // somebody deleted its result
	CauseUnreadable Cause = "unreadable" // its result could not be read
	CauseFailed     Cause = "failed"     // its last execution failed
	CauseGivenUp    Cause = "given up"   // it failed as often as it may
	CauseRunning    Cause = "running"    // it is being executed
	CauseStopped    Cause = "stopped"    // its last execution was stopped
	CauseLost       Cause = "lost"       // the process of its last execution died, or lost its lease
	CauseAgain      Cause = "again"      // somebody wanted it to be executed again
	CauseReplaced   Cause = "replaced"   // its result was replaced by another one, that has gone since
	CauseNew        Cause = "new"        // no other call of the work is known
	CauseArguments  Cause = "arguments"  // they differ from those of the nearest call
	CauseSchema     Cause = "schema"     // the types of inputs or results have changed
	CauseCode       Cause = "code"       // the code that the work reaches has changed
	CauseBuild      Cause = "build"      // the program was built with something else, such as another Go release
	CauseUnknown    Cause = "unknown"    // nothing differs that there is a record of
)

// Reason is why a call is, or was, a miss. Its JSON is stable: fields may be added.
type Reason struct {
	Cause Cause  `json:"cause"`
	Work  string `json:"work"`

	// When the result of this very call went, or its last execution failed, and why.
	At    time.Time `json:"at,omitzero"`
	Error string    `json:"error,omitempty"`

	// The earlier call of the work that is nearest, and what differs from it. All of
	// it is told, whatever the Cause is. Changes of the code have no Symbols where it
	// was pinned by version, or the store has lost them.
	Nearest  key.Key        `json:"nearest,omitzero"`
	Finished time.Time      `json:"nearestFinished,omitzero"`
	Args     []ArgChange    `json:"arguments,omitempty"`
	Schema   *Change        `json:"schema,omitempty"`
	Code     *Change        `json:"code,omitempty"`
	Symbols  []SymbolChange `json:"symbols,omitempty"`
	Build    []BuildChange  `json:"build,omitempty"`
}

// Change is a fingerprint that differs.
type Change struct {
	Was string `json:"was"`
	Is  string `json:"is"`
}

// ArgChange is an input that differs. The values are those that the records show, so
// they are empty where the input is secret, and may be equal where they are long.
type ArgChange struct {
	Name    string `json:"name"`
	Was     string `json:"was,omitempty"`
	Is      string `json:"is,omitempty"`
	Secret  bool   `json:"secret,omitempty"`
	Added   bool   `json:"added,omitempty"`   // the nearest call has none of this name
	Removed bool   `json:"removed,omitempty"` // the call has none of this name
	Retyped bool   `json:"retyped,omitempty"` // it has another type
	Content bool   `json:"content,omitempty"` // it names the same files, whose content differs
}

// SymbolChange is a symbol of the code that differs: Was or Is is empty when it was
// added or removed.
type SymbolChange struct {
	Name string `json:"name"`
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
}

// BuildChange is something that the program was built with, or GODEBUG says, and that
// differs: Was or Is is empty when it was not there.
type BuildChange struct {
	Name string `json:"name"`
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
}

// MaxExplained is how many calls of a work Explain looks at: the newest before the one
// that it explains. An older one is never the nearest.
const MaxExplained = 10_000

// Explain says why a call is a miss, or was. For one that was executed, call is its
// record as the store lists it; Explain then says what was so before. For one that is
// to be executed Seq is 0; Key, Work, Schema, Code, Symbols, Build and Args describe it,
// and a call without Key is one that is not cached.
//
// It compares the call with its own execution before. If there is none, it is with the
// nearest call: the one that has the most inputs in common, as far as one can read them; of
// those the one in which more of these are equal indeed; then one of the same code; then the
// newest. Explain lists up to MaxExplained records of the work, so it takes up to 50 ms
// on disk, where getting a result takes microseconds.
func Explain(ctx context.Context, s Store, call Record) (Reason, error) {
	why := Reason{Work: call.Work}
	if call.Key.IsZero() {
		why.Cause = CauseOff
		return why, nil
	}
	if call.Again {
		why.Cause = CauseAgain
		return why, nil
	}
	was, found, err := before(ctx, s, &call)
	if err != nil {
		return why, err
	}
	if cause, known := causes[was.Status]; found && known {
		if !was.Gone.IsZero() && !was.Status.Gone() {
			cause = CauseDeleted
		}
		why.Cause, why.At, why.Error = cause, was.Ended(), was.Error
		return why, nil
	}
	near, found, err := nearest(ctx, s, &call)
	if err != nil {
		return why, err
	}
	if !found {
		why.Cause = CauseNew
		return why, nil
	}
	why.compare(&near, &call)
	return why, nil
}

// causes are those that the last record of the same key tells.
var causes = map[Status]Cause{
	Succeeded: CauseHit, Failed: CauseFailed, GivenUp: CauseGivenUp, Running: CauseRunning, Stopped: CauseStopped, Lost: CauseLost,
	Evicted: CauseEvicted, Expired: CauseExpired, Deleted: CauseDeleted, Unreadable: CauseUnreadable, Replaced: CauseReplaced,
}

// before returns the record of the execution of a call before this one. One that was Again and
// came to nothing has changed nothing: then it is the one before that. Mostly the first that is
// listed is the one, so no more is asked for at first.
func before(ctx context.Context, s Store, call *Record) (r Record, found bool, err error) {
	f := Filter{Prefix: call.Key.String(), Before: call.Seq, Limit: 1}
	for {
		n := 0
		for was, err := range s.History(ctx, f) {
			if err != nil {
				return r, false, err
			}
			if !found || was.Status == Succeeded || was.Status.Gone() {
				r, found = was, true
			}
			if !was.Again || was.Status == Succeeded || !was.Gone.IsZero() {
				return r, true, nil
			}
			n, f.Before = n+1, was.Seq
		}
		if n < f.Limit {
			return r, found, nil
		}
		f.Limit = 100
	}
}

// nearest returns the call that is nearest to another one, and was executed before.
func nearest(ctx context.Context, s Store, call *Record) (near Record, found bool, err error) {
	inputs := make(map[string]*Arg, len(call.Args))
	for i := range call.Args {
		inputs[call.Args[i].Name] = &call.Args[i]
	}
	most := [3]int{-1}
	f := Filter{Work: call.Work, Before: call.Seq, Limit: MaxExplained}
	for r, err := range s.History(ctx, f) {
		if err != nil {
			return near, false, err
		}
		in := inCommon(&r, call, inputs)
		if slices.Compare(in[:], most[:]) > 0 {
			near, most = r, in
		}
		if in[1] == len(call.Args) {
			break // none is nearer
		}
	}
	return near, most[0] >= 0, nil
}

// inCommon counts what a record and a call have in common: the inputs that read the same,
// those that are equal, and the code.
func inCommon(r, call *Record, inputs map[string]*Arg) (n [3]int) {
	for i := range r.Args {
		a, b := &r.Args[i], inputs[r.Args[i].Name]
		switch {
		case b == nil:
		case a.equal(b):
			n[0]++
			n[1]++
		case a.readsLike(b):
			n[0]++
		}
	}
	if r.Schema == call.Schema && r.Code == call.Code && r.Build == call.Build {
		n[2] = 1
	}
	return n
}

// compare notes what differs between two calls of a work.
func (r *Reason) compare(near, call *Record) {
	r.Nearest, r.Finished = near.Key, near.Finished
	r.Args = argChanges(near.Args, call.Args)
	if near.Schema != call.Schema {
		r.Schema = &Change{near.Schema, call.Schema}
	}
	if near.Code != call.Code {
		r.Code = &Change{near.Code, call.Code}
		r.Symbols = symbolChanges(near.Symbols, call.Symbols)
	}
	r.Build = buildChanges(near.Build, call.Build)
	switch {
	case len(r.Args) > 0:
		r.Cause = CauseArguments
	case r.Schema != nil:
		r.Cause = CauseSchema
	case r.Code != nil:
		r.Cause = CauseCode
	case len(r.Build) > 0:
		r.Cause = CauseBuild
	default:
		r.Cause = CauseUnknown
	}
}
