package plan

import (
	"maps"
	"slices"
	"unicode"

	"github.com/workgen/workgen/generator/diag"
)

// unexported is name as an unexported identifier begins: Day → day, URL → url,
// URLPath → urlPath, ID2 → id2.
func unexported(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsUpper(r) || i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	return string(runes)
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
