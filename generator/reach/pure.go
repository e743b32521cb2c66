package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// pureOutside are the packages of the standard library whose functions and methods
// change nothing but what they are given and what they return.
var pureOutside = map[string]bool{
	"bytes": true, "cmp": true, "container/heap": true, "container/list": true, "container/ring": true, "context": true,
	"crypto/md5": true, "crypto/sha1": true, "crypto/sha256": true, "crypto/sha512": true, "embed": true,
	"encoding/base32": true, "encoding/base64": true, "encoding/binary": true, "encoding/csv": true, "encoding/hex": true,
	"encoding/json": true, "errors": true, "hash/adler32": true, "hash/crc32": true, "hash/crc64": true, "hash/fnv": true, "hash/maphash": true,
	"html": true, "html/template": true, "io": true, "io/fs": true, "iter": true, "maps": true,
	"math": true, "math/big": true, "math/bits": true, "math/cmplx": true, "net/mail": true, "net/netip": true, "net/url": true,
	"path": true, "path/filepath": true, "regexp": true, "regexp/syntax": true, "slices": true, "sort": true,
	"strconv": true, "strings": true, "sync": true, "sync/atomic": true, "text/scanner": true, "text/tabwriter": true, "text/template": true,
	"time": true, "unicode": true, "unicode/utf16": true, "unicode/utf8": true, "unique": true,
	"fmt.Append": true, "fmt.Appendf": true, "fmt.Appendln": true, "fmt.Errorf": true, "fmt.Sprint": true, "fmt.Sprintf": true, "fmt.Sprintln": true,
	"os.Getenv": true, "os.LookupEnv": true, "os.Environ": true, "os.Hostname": true, "os.ReadFile": true,
	"reflect.TypeFor": true, "reflect.TypeOf": true,
}

// runs reports whether an initialiser executes code that may have effects. To convert
// something does not, nor to make a runner, nor what the runtime is called for.
func (w *world) runs(d *decl) (found bool) {
	ast.Inspect(d.value.expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.CallExpr:
			found = found || !w.harmless(d.pkg, n)
		}
		return !found
	})
	return found
}

// harmless reports whether a call, but for its arguments, has no effect.
func (w *world) harmless(p *pkg, call *ast.CallExpr) bool {
	fun := ast.Unparen(call.Fun)
	if p.Info.Types[fun].IsType() {
		return !slices.ContainsFunc(w.uses(p, fun), w.differs)
	}
	switch x := fun.(type) { // of a generic function
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	var id *ast.Ident
	switch x := fun.(type) {
	case *ast.Ident:
		id = x
	case *ast.SelectorExpr:
		id = x.Sel
	default:
		return false
	}
	switch o := p.Info.Uses[id].(type) {
	case *types.Builtin:
		switch o.Name() {
		case "append", "clear", "close", "copy", "delete": // change what they are given
			return false
		}
		return len(p.variantsOf().decls[o.Name()]) == 0
	case *types.Func:
		return w.makesRunner(o) || o.Pkg() != nil && exempt(o.Pkg().Path())
	}
	return false
}

// mayRun reports whether the evaluation of e, as far as its syntax says, calls or
// receives something.
func mayRun(e ast.Expr) (found bool) {
	if e == nil {
		return false
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.FuncLit:
			return false
		}
		return !found
	})
	return found
}
