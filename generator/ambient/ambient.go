// Package ambient lists what a result can depend on besides the arguments: the
// functions, methods and variables of the standard library, and of the runtime, that
// look at the clock, the environment, files, the network and so on.
//
// Table has one row per package and kind. Kinds says what a warning tells the user
// about a kind, and how to do without. Package reach finds the uses. Inside of other
// modules than the main ones InDependencies and IsAside say what counts.
//
// Not in the table, and so never warned of:
//   - what only ends or delays a computation: time.Sleep, context.WithTimeout, ctx.Done;
//     errors of a context are not kept;
//   - what writes and returns nothing but an error: os.WriteFile, log.Print;
//   - the names of temporary files that the code makes;
//   - the registries of the standard library, which imports fill: image formats, hash
//     functions, gob types;
//   - the rules of time zones, by time.LoadLocation, and the local time zone where
//     time.Parse reads an offset that is the zone's, too;
//   - the order of maps and of goroutines, and addresses of variables.
package ambient

import (
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/scan"
)

// When says which uses count.
type When uint8

// The conditions.
const (
	// Always: every use, and not only calls.
	Always When = iota
	// Named: calls that read a file by its name, unless the name is made from a
	// key.File or key.Dir, whose content is an input, or from the name of a temporary
	// file that the code has made.
	Named
	// Reading is Named, unless the flags, the second argument, are for writing only.
	Reading
	// Unsourced is Named, unless the third argument is the content.
	Unsourced
	// Fixed: calls whose arguments are not made from the inputs of the work.
	Fixed
	// Zoned: calls that return a time in the local time zone, unless the result is
	// only asked for what is the same in all zones.
	Zoned
	// Abbreviated is Zoned, if the first argument, a layout, is a constant with the
	// abbreviation of a zone, which the local time zone may know.
	Abbreviated
	// Delaying: unless the code only waits for it, with no other case than the end of a
	// context.
	Delaying
)

// A Rule is about some names in a package.
type Rule struct {
	// Path is the import path.
	Path string
	// Names are those of functions and variables, of methods as Type.Method, and of
	// structs whose literals count as Type{}, separated by spaces. "*" stands for all
	// functions and variables but Seed, of which each draw tells, and those whose names
	// begin with New.
	Names string
	Kind  scan.Kind
	When  When
}

// rules has Table by path and name.
var rules = func() map[string]map[string]Rule {
	out := map[string]map[string]Rule{}
	for _, r := range Table {
		if out[r.Path] == nil {
			out[r.Path] = map[string]Rule{}
		}
		for name := range strings.FieldsSeq(r.Names) {
			out[r.Path][name] = r
		}
	}
	return out
}()

// Of returns the rule about a function, method, variable or struct, and its name as users
// write it: time.Now, http.Client.Get.
func Of(obj types.Object) (r Rule, name string, ok bool) {
	if obj.Pkg() == nil {
		return Rule{}, "", false
	}
	inPackage := rules[obj.Pkg().Path()]
	if inPackage == nil {
		return Rule{}, "", false
	}
	name = obj.Name()
	switch o := obj.(type) {
	case *types.Func:
		if recv := o.Signature().Recv(); recv != nil {
			name = typeName(recv.Type()) + "." + name
			r, ok = inPackage[name]
			return r, short(r.Path) + "." + name, ok
		}
	case *types.Var:
		if o.IsField() || o.Parent() != o.Pkg().Scope() {
			return Rule{}, "", false
		}
	case *types.TypeName:
		r, ok = inPackage[name+"{}"]
		return r, short(r.Path) + "." + name, ok
	default:
		return Rule{}, "", false
	}
	r, ok = inPackage[name]
	if !ok && !strings.HasPrefix(name, "New") && name != "Seed" {
		r, ok = inPackage["*"]
	}
	return r, short(r.Path) + "." + name, ok
}

// typeName is the name of a receiver's type.
func typeName(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name()
	}
	return ""
}

// short is the last element of an import path, without a version.
func short(path string) string {
	path = strings.TrimSuffix(path, "/v2")
	return path[strings.LastIndexByte(path, '/')+1:]
}
