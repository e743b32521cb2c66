package ambient

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/workgen/workgen/generator/scan"
)

// InDependencies reports whether something of a kind counts inside of dependencies, too.
// Less does there than in the user's own code, since nobody reads warnings that are
// rarely right. What contexts, variables and fields hold there, the libraries' own
// functions have put there. What is the name as Of returns it.
func InDependencies(kind scan.Kind, what string) bool {
	switch kind {
	case scan.Context, scan.Global, scan.Func:
		return false
	}
	in, _, _ := strings.Cut(what, ".")
	return !incidental[in] && !incidental[what]
}

// aside are the words in the names of functions and types of libraries that are not for
// results, but for those who watch the program, or for how two programs come to speak with
// each other. Their code is not looked at.
var aside = []string{
	"log", "logf", "logger", "logging", "logs", "metric", "metrics", "telemetry", "trace", "tracer", "tracing",
	"backoff", "handshake", "idempotency", "jitter", "retries", "retry", "scram", "sleep", "throttle",
}

// IsAside reports whether a function, or a method as Type.Method, of a library is not for
// results, by its name or that of its package, which comes first: lib.Load.
func IsAside(name string) bool {
	return strings.Contains(name, "UserAgent") || hasWord(name, aside...)
}

// TellsVersion reports whether a function of a library finds out a version, by its name or
// that of its package. When other functions of the library ask it, they do so for the names
// of cache folders, for errors, and for servers; when the user's code does, to show it.
func TellsVersion(name string) bool { return hasWord(name, "version") }

// hasWord reports whether one of some words is in a name.
func hasWord(name string, words ...string) bool {
	start := 0
	for i, r := range name + "." {
		if i > start && (unicode.IsUpper(r) || r == '.' || r == '_') {
			if slices.Contains(words, strings.ToLower(strings.Trim(name[start:i], "._"))) {
				return true
			}
			start = i
		}
	}
	return false
}

// Sum is a hash of all that is known here: what was computed with another table has to
// be computed again.
func Sum() string { return sum() }

var sum = sync.OnceValue(func() string {
	h := sha256.Sum256(fmt.Append(nil, Table, logs, incidental, aside))
	return hex.EncodeToString(h[:])
})
