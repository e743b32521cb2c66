// Package redact keeps secret inputs out of texts: of errors, logs, arguments, and of
// what else is shown or stored. It remembers the latest secrets of the process, and
// replaces them wherever a text quotes one: as it is, or as %q, JSON, URLs and their
// combinations write it.
//
// Secrets of fewer than eight bytes are left in, since their like occurs in any text, and
// so is one of which a text has a part.
package redact

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Mark stands where a secret was.
const Mark = "(secret)"

const (
	shortest  = 8       // bytes of a secret that is looked for
	mostKept  = 4096    // secrets that are remembered
	mostBytes = 4 << 20 // of all of them
)

// start is what secrets are looked up by.
type start [shortest]byte

// known are the latest secrets. They are in memory anyway: identities of calls have them.
var known struct {
	sync.RWMutex
	starts map[start][]string       // longest first
	places map[string]*list.Element // in order
	order  list.List                // of strings, the latest in front
	bytes  int
}

// some says that there are any, so that texts of programs without secrets cost nothing.
var some atomic.Bool

// Add makes secrets known, or the latest again. Those that are too short are left out, and
// space around them does not count: what was read from a file often ends in a line break.
func Add(secrets []string) {
	known.Lock()
	defer known.Unlock()
	for _, s := range secrets {
		if s = strings.TrimSpace(s); len(s) >= shortest {
			add(s)
		}
	}
}

func add(s string) {
	if at := known.places[s]; at != nil {
		known.order.MoveToFront(at)
		return
	}
	if known.places == nil {
		known.places, known.starts = map[string]*list.Element{}, map[start][]string{}
		some.Store(true)
	}
	s = strings.Clone(s)
	known.places[s] = known.order.PushFront(s)
	known.bytes += len(s)
	first := start([]byte(s))
	at, _ := slices.BinarySearchFunc(known.starts[first], s, func(a, b string) int { return len(b) - len(a) })
	known.starts[first] = slices.Insert(known.starts[first], at, s)
	for known.order.Len() > mostKept || known.bytes > mostBytes && known.order.Len() > 1 {
		drop(known.order.Remove(known.order.Back()).(string))
	}
}

func drop(s string) {
	known.bytes -= len(s)
	delete(known.places, s)
	first := start([]byte(s))
	left := slices.DeleteFunc(known.starts[first], func(other string) bool { return other == s })
	if known.starts[first] = left; len(left) == 0 {
		delete(known.starts, first)
	}
}

// Any reports whether there are any secrets.
func Any() bool { return some.Load() }

// Text returns s without the secrets in it.
func Text(s string) string {
	if !Any() || len(s) < shortest {
		return s
	}
	var found []span
	known.RLock()
	for _, v := range views(s) {
		found = v.secrets(found)
	}
	known.RUnlock()
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, f := range found {
		if f.from >= at {
			out.WriteString(s[at:f.from])
			out.WriteString(Mark)
		}
		at = max(at, f.to)
	}
	out.WriteString(s[at:])
	return out.String()
}

// span is a part of a text.
type span struct{ from, to int }
