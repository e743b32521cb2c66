package reach

import (
	"go/ast"
	"go/constant"
	"os"
	"strings"
)

// writesOnly reports whether a file is opened with constant flags that do not let the
// caller read.
func writesOnly(f fact) bool {
	if len(f.call.Args) < 2 {
		return false
	}
	flags, ok := constant.Int64Val(constant.ToInt(f.constant(1)))
	return ok && int(flags)&(os.O_WRONLY|os.O_RDWR) == os.O_WRONLY
}

// hasSource reports whether a parser is given what it is to parse.
func hasSource(f fact) bool {
	if len(f.call.Args) < 3 {
		return false
	}
	id, ok := ast.Unparen(f.call.Args[2]).(*ast.Ident)
	return !ok || id.Name != "nil"
}

// abbreviated reports whether a layout of times is constant and has the abbreviation
// of a zone.
func abbreviated(f fact) bool {
	c := f.constant(0)
	return c.Kind() == constant.String && strings.Contains(constant.StringVal(c), "MST")
}

// constant is the value of an argument, of unknown kind when it is not constant.
func (f fact) constant(arg int) constant.Value {
	if arg < len(f.call.Args) {
		return constantOf(f.decl.pkg.Info, f.call.Args[arg])
	}
	return constant.MakeUnknown()
}
