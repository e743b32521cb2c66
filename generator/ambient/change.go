package ambient

import (
	"go/types"
	"slices"
	"strings"
	"unicode"
)

// What functions outside of the module do with what they are given is not looked at:
// their names say it.
var (
	changes = []string{
		"Add", "And", "Append", "Apply", "Bind", "Clear", "CompareAndDelete", "CompareAndSwap", "Decode", "Delete", "Funcs", "Grow", "Init",
		"Insert", "LoadAndDelete", "LoadOrStore", "Merge", "Or", "Parse", "Pop", "Push", "Put", "Read", "Register", "Remove", "Reset",
		"Scan", "Set", "Store", "Swap", "Truncate", "Unmarshal", "Update", "Write",
	}
	reads = []string{"Compare", "DeepEqual", "Diff", "Encode", "Equal", "Fprint", "Is", "Load", "Marshal", "Print", "Sprint", "Sum"}
	fills = []string{"Bind", "Decode", "Fill", "Scan"}
	// parses are those that fill something else than the bytes that they are given.
	parses = []string{"Parse", "Unmarshal"}
)

// Changes reports whether a method outside of the module changes what it is called on.
func Changes(fn *types.Func) bool { return begins(fn.Name(), changes) }

// Reads reports whether a function outside of the module only reads what it is given
// the addresses of.
func Reads(fn *types.Func) bool { return begins(fn.Name(), reads) }

// Fills reports whether a function outside of the module writes to where an argument of
// a type points to.
func Fills(fn *types.Func, arg types.Type) bool {
	return begins(fn.Name(), fills) || begins(fn.Name(), parses) && !isBytes(arg)
}

// isBytes reports whether t is a slice of bytes.
func isBytes(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	if !ok {
		return false
	}
	b, ok := s.Elem().Underlying().(*types.Basic)
	return ok && b.Kind() == types.Byte
}

// begins reports whether a name begins with one of some words.
func begins(name string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		rest, ok := strings.CutPrefix(name, word)
		return ok && (rest == "" || !unicode.IsLower(rune(rest[0])))
	})
}

// IsFlag reports whether a function defines a flag, which a command line sets later.
func IsFlag(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	path := fn.Pkg().Path()
	return path == "flag" || strings.HasSuffix(path, "/pflag") || strings.Contains(path, "/kingpin")
}
