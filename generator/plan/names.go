package plan

import (
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/workgen/workgen/generator/diag"
)

// fieldNames gives out the names of one struct's exported fields.
type fieldNames map[string]bool

// newFieldNames returns a scope in which taken are in use, by methods.
func newFieldNames(taken ...string) fieldNames {
	names := fieldNames{}
	for _, name := range taken {
		names[name] = true
	}
	return names
}

// name exports a source name: day → Day, _x → X, 日 → X日. Without one, or if
// nothing of it is left, otherwise is used. A name that is taken is numbered.
func (n fieldNames) name(source, otherwise string) string {
	name := strings.TrimLeft(source, "_")
	if name == "" {
		name = otherwise
	}
	first, size := utf8.DecodeRuneInString(name)
	name = string(unicode.ToUpper(first)) + name[size:]
	if !token.IsExported(name) {
		name = "X" + name
	}
	unique := name
	for i := 2; n[unique]; i++ {
		unique = name + strconv.Itoa(i)
	}
	n[unique] = true
	return unique
}

// lowerFirst is name as an unexported identifier would begin: Day → day, URL →
// uRL. It is only used inside longer names or checked for being free.
func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// relied lists the predeclared names that generated code uses in their usual
// meaning.
var relied = map[string]bool{
	"bool": true, "string": true, "error": true, "byte": true, "rune": true,
	"int": true, "int8": true, "int16": true, "int32": true, "int64": true,
	"uint": true, "uint8": true, "uint16": true, "uint32": true, "uint64": true, "uintptr": true,
	"float32": true, "float64": true, "complex64": true, "complex128": true,
	"nil": true, "len": true, "make": true, "new": true, "panic": true, "any": true, "true": true, "false": true,
}

// checkUniverse reports package-level declarations that hide a predeclared
// name that generated code relies on.
func (p *planner) checkUniverse() {
	if len(p.scan.Works) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.scan.Declared)) {
		if !relied[name] {
			continue
		}
		p.diags.Add(diag.Diagnostic{
			Pos:     p.fset.Position(p.scan.DeclaredAt(name)),
			Message: "the declaration of " + name + " hides Go's own in the whole package, also from generated code",
			Fix:     "give it another name, or move the works to a package of their own",
		})
	}
}
