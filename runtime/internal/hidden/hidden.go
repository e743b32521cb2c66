// Package hidden says which fields of arguments and results are not to be read, or not to
// be shown.
package hidden

import (
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
)

// Ignored reports whether a field is declared to be no input.
func Ignored(f reflect.StructField) bool { return f.Tag.Get("workgen") == "-" }

// Secret reports whether a field is declared to be a secret input.
func Secret(f reflect.StructField) bool { return f.Tag.Get("workgen") == "secret" }

// Foreign reports whether a field is one that another module does not export. A
// directive may have left it out, of which nothing is known here: as with a field
// that is tagged, others may write to what it refers to.
func Foreign(f reflect.StructField) bool {
	module := mainModule()
	own := f.PkgPath == "main" || module == "" || f.PkgPath == module || strings.HasPrefix(f.PkgPath, module+"/")
	return !f.IsExported() && !own
}

// mainModule is the module that the program is built in, "" when that is not known.
var mainModule = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Path
})
