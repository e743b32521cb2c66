package store

import (
	"strconv"
	"strings"
	"time"
)

// maxTold bounds how many changes of one sort String names.
const maxTold = 8

// String returns the reason as a sentence for people, without a full stop. Renderings
// of values are in it as the records have them.
func (r Reason) String() string {
	switch r.Cause {
	case CauseHit:
		return "it is a hit: the store has its result"
	case CauseOff:
		return "caching is off for this call"
	case CauseExpired:
		return "its result expired" + r.when()
	case CauseEvicted:
		return "its result was evicted" + r.when() + ", to keep the store within its bounds"
	case CauseDeleted:
		return "its result was deleted" + r.when()
	case CauseUnreadable:
		return "its result could not be read" + r.when() + r.because()
	case CauseFailed:
		return "its last execution failed" + r.when() + r.because()
	case CauseGivenUp:
		return "it was given up" + r.when() + r.because()
	case CauseRunning:
		return "it is being executed"
	case CauseStopped:
		return "its last execution was stopped" + r.when()
	case CauseLost:
		return "its last execution was lost" + r.when() + r.because()
	case CauseAgain:
		return "somebody wanted it to be executed again"
	case CauseReplaced:
		return "its result was replaced" + r.when() + ", and the new one has gone"
	case CauseNew:
		return "never seen: the store has no other call of work " + r.Work
	case CauseUnknown:
		return "nothing that the records tell differs from the nearest earlier call, " + r.near()
	}
	var parts []string
	if len(r.Args) > 0 {
		parts = append(parts, r.args())
	}
	if r.Schema != nil {
		parts = append(parts, "the types of inputs or results have changed")
	}
	if r.Code != nil {
		parts = append(parts, r.code())
	}
	if len(r.Build) > 0 {
		parts = append(parts, r.build())
	}
	if len(r.Args) == 0 {
		parts[0] += " since the nearest earlier call, " + r.near()
	}
	return strings.Join(parts, "; ")
}

func (r *Reason) when() string {
	if r.At.IsZero() {
		return ""
	}
	return " at " + r.At.Format(time.RFC3339)
}

func (r *Reason) because() string {
	if r.Error == "" {
		return ""
	}
	return ": " + r.Error
}

// near names the nearest call by the first digits of its key.
func (r *Reason) near() string {
	s := r.Nearest.String()[:12]
	if !r.Finished.IsZero() {
		s += " of " + r.Finished.Format(time.RFC3339)
	}
	return s
}

func (r *Reason) args() string {
	names, values, content := make([]string, len(r.Args)), make([]string, len(r.Args)), true
	for i := range r.Args {
		names[i], values[i] = r.Args[i].Name, r.Args[i].String()
		content = content && r.Args[i].Content
	}
	if content {
		return told(values) + " since call " + r.near()
	}
	what, differ := "argument ", " differs"
	if len(names) > 1 {
		what, differ = "arguments ", " differ"
	}
	return what + told(names) + differ + " from the nearest earlier call, " + r.near() + ": " + told(values)
}

// String says what differs, such as: day was "05/25/22", is "05/26/22".
func (a ArgChange) String() string {
	switch {
	case a.Added && a.Secret:
		return a.Name + " was not there (secret)"
	case a.Added:
		return a.Name + " was not there, is " + a.Is
	case a.Removed && a.Secret:
		return a.Name + " is not there any more (secret)"
	case a.Removed:
		return a.Name + " was " + a.Was + ", is not there any more"
	case a.Secret:
		return a.Name + " (secret)"
	case a.Content:
		return "the content of " + a.file() + " changed"
	case a.Was == a.Is && a.Retyped:
		return a.Name + " has another type"
	case a.Was == a.Is:
		return a.Name + " differs in what is not shown of " + a.Is
	}
	return a.Name + " was " + a.Was + ", is " + a.Is
}

// file names the file, or the input that names it among others. It is a path as it is where
// that is plain, as in data/a.csv.
func (a *ArgChange) file() string {
	path, err := strconv.Unquote(a.Is)
	switch {
	case err != nil:
		return "what " + a.Name + " names"
	case path == "" || strings.Contains(path, " ") || strconv.Quote(path) != `"`+path+`"`:
		return a.Is
	}
	return path
}

func (r *Reason) code() string {
	if len(r.Symbols) == 0 {
		return "code changed"
	}
	names := make([]string, len(r.Symbols))
	for i, s := range r.Symbols {
		names[i] = s.String()
	}
	return "code changed: " + told(names)
}

func (r *Reason) build() string {
	texts := make([]string, len(r.Build))
	for i, b := range r.Build {
		texts[i] = b.String()
	}
	return listed(texts, "; ")
}

// String says what differs, such as: built with -tags pro, before without.
func (b BuildChange) String() string {
	built, equals := "built ", " "
	if strings.HasPrefix(b.Name, "GODEBUG ") {
		built, equals = "run ", "="
	}
	// Checksums are for when there is nothing else to tell versions apart.
	if was, is := unsummed(b.Was), unsummed(b.Is); was != is {
		b.Was, b.Is = was, is
	}
	switch {
	case b.Was == "":
		return built + "with " + b.Name + equals + b.Is + ", before without"
	case b.Is == "":
		return built + "without " + b.Name + ", before with " + b.Name + equals + b.Was
	}
	return built + "with " + b.Name + equals + b.Is + ", before with " + b.Was
}

// unsummed is the version of a module without its checksum.
func unsummed(version string) string {
	version, _, _ = strings.Cut(version, " h1:")
	return version
}

// String says what became of a symbol, such as: main.clean changed.
func (s SymbolChange) String() string {
	switch {
	case s.Was == "":
		return s.Name + " added"
	case s.Is == "":
		return s.Name + " removed"
	}
	return s.Name + " changed"
}

// told lists words, and counts those that are too many.
func told(words []string) string { return listed(words, ", ") }

func listed(words []string, separator string) string {
	if n := len(words) - maxTold; n > 1 {
		words = append(words[:maxTold:maxTold], strconv.Itoa(n)+" more")
	}
	return strings.Join(words, separator)
}
