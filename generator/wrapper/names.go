package wrapper

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// directive marks a work.
const directive = "//workgen:work"

// Marked reports whether a doc comment has the directive of a work.
func Marked(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool {
		rest, ok := strings.CutPrefix(c.Text, directive)
		return ok && (rest == "" || unicode.IsSpace(rune(rest[0])))
	})
}

// Names are the package-level names generated for a work.
type Names struct {
	Runner      string // FetchRunner, of an unexported work fetchRunner
	Constructor string // NewFetchRunner, newFetchRunner
	Args        string // FetchArgs, fetchArgs
	Result      string // FetchResult, fetchResult; "" with less than two results
}

// NamesOf returns the names for a work with that many results, not counting the
// last error.
func NamesOf(work string, results int) Names {
	n := Names{Runner: work + "Runner", Constructor: "New" + work + "Runner", Args: work + "Args"}
	if !ast.IsExported(work) {
		n.Constructor = "new" + upperFirst(work) + "Runner"
	}
	if results > 1 {
		n.Result = work + "Result"
	}
	return n
}

// All returns the names in a fixed order, without the empty one.
func (n Names) All() []string {
	names := []string{n.Runner, n.Constructor, n.Args}
	if n.Result != "" {
		names = append(names, n.Result)
	}
	return names
}

// ArgFields returns the names of the fields of the argument struct for the
// parameters of Run without the context, "" or "_" for those without a name.
func ArgFields(params []string) []string {
	return fieldNames(map[string]bool{"EncodeKey": true, "String": true, "GoString": true}, params, "Arg") // its methods
}

// ResultFields returns the names of the fields of the result struct.
func ResultFields(results []string) []string {
	return fieldNames(map[string]bool{}, results, "R")
}

// fieldNames exports names, each once and none that is taken. What has no name is
// numbered.
func fieldNames(taken map[string]bool, names []string, otherwise string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		name = exported(name, otherwise+strconv.Itoa(i+1))
		out[i] = name
		for n := 2; taken[out[i]]; n++ {
			out[i] = name + strconv.Itoa(n)
		}
		taken[out[i]] = true
	}
	return out
}

// exported exports a name: day → Day, id → ID, _x → X, 日 → X日. If nothing of it is
// left, otherwise is used.
func exported(name, otherwise string) string {
	name = strings.TrimLeft(name, "_")
	if name == "" {
		name = otherwise
	}
	name = upperFirst(initials(name))
	if !token.IsExported(name) {
		name = "X" + name
	}
	return name
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
