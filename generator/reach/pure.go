package reach

import (
	"go/ast"
	"go/token"
	"go/types"
)

// The initialiser of a package variable takes effect when the program starts, whether
// the variable is referred to or not: reg.Add("square", square) registers a function.
// So it counts as soon as its package is reached, unless it is pure: all that comes of
// it is the variable's own value. When in doubt it is not.

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

// initialisers returns the package variables of p, in files that are always built,
// whose initialisers have effects.
func (w *world) initialisers(p *pkg) []*decl {
	if out, ok := w.effective[p]; ok {
		return out
	}
	var out []*decl
	for _, d := range p.calling {
		if !w.pure(d) {
			out = append(out, d)
		}
	}
	w.effective[p] = out
	return out
}

// pure reports whether nothing comes of the initialiser of a variable but its value.
func (w *world) pure(d *decl) bool {
	if !w.runs(d) {
		return true
	}
	return (&purity{w, map[visit]bool{}}).visit(d, false)
}

// runs reports whether an initialiser executes code that may have effects. To convert
// something does not, nor to make a runner, nor what the runtime is called for.
func (w *world) runs(d *decl) (found bool) {
	info := d.pkg.Info
	ast.Inspect(d.value.expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.CallExpr:
			found = found || !w.harmless(info, n)
		}
		return !found
	})
	return found
}

// harmless reports whether a call, but for its arguments, has no effect.
func (w *world) harmless(info *types.Info, call *ast.CallExpr) bool {
	fun := ast.Unparen(call.Fun)
	tv := info.Types[fun]
	if tv.IsType() {
		return true
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
	switch o := info.Uses[id].(type) {
	case *types.Builtin:
		switch o.Name() {
		case "append", "clear", "close", "copy", "delete": // change what they are given
			return false
		}
		return true
	case *types.Func:
		return w.makesRunner(o) || o.Pkg() != nil && exempt(o.Pkg().Path())
	}
	return false
}

// makesRunner reports whether fn is the constructor of a runner, which executes
// nothing.
func (w *world) makesRunner(fn *types.Func) bool {
	p := w.of(fn)
	return p != nil && p.constructors[fn]
}

// A purity looks through what a pure initialiser may call.
type purity struct {
	w    *world
	seen map[visit]bool
}

// A visit is one of a declaration. It is hidden when code outside may call it without
// its name being there, as fmt calls methods String.
type visit struct {
	decl   *decl
	hidden bool
}

// visit reports whether d, and everything that it refers to, changes nothing but what
// it has made itself. Nothing else can be changed without a package variable: one that
// has pointers may not be named at all. A variable of a basic type may be read where the
// compiler sees it, and so has initialised it before.
func (x *purity) visit(d *decl, hidden bool) bool {
	if d == nil || d.constrained || d.variant != nil {
		return false
	}
	if fn, ok := d.node.(*ast.FuncDecl); ok && fn.Body == nil {
		return false
	}
	v := visit{d, hidden}
	if x.seen[v] {
		return true
	}
	x.seen[v] = true
	x.w.walk(d)
	for _, r := range d.refs {
		switch {
		case r.outside != nil:
			if !pureObject(r.outside) {
				return false
			}
		case r.obj == nil: // whatever implements it
			return false
		default:
			if !x.object(d, r.obj, hidden) {
				return false
			}
		}
	}
	return true
}

// object is visit for what d refers to.
func (x *purity) object(d *decl, obj types.Object, hidden bool) bool {
	switch o := obj.(type) {
	case *types.Const:
		named, ok := o.Type().(*types.Named)
		return !ok || x.w.of(named.Obj()) == nil || x.object(d, named.Obj(), hidden)
	case *types.Var:
		_, basic := o.Type().(*types.Basic)
		return basic && !hidden && !changes(d, o)
	case *types.Func:
		return x.w.makesRunner(o) || x.visit(x.w.decl(o), hidden)
	case *types.TypeName:
		if named, ok := o.Type().(*types.Named); ok && !types.IsInterface(named) {
			for m := range named.Methods() {
				if !x.visit(x.w.decl(m), true) {
					return false
				}
			}
		}
		return x.visit(x.w.decl(o), hidden)
	}
	return false
}

// pureObject reports whether the use of something outside has no effect.
func pureObject(obj types.Object) bool {
	path := obj.Pkg().Path()
	switch obj.(type) {
	case *types.Const:
		return true
	case *types.TypeName:
		return path != "unsafe"
	case *types.Func:
		return pureOutside[path] || pureOutside[path+"."+obj.Name()] || exempt(path)
	}
	return false // a variable
}

// changes reports whether d assigns to a variable, or takes its address.
func changes(d *decl, v *types.Var) (found bool) {
	is := func(e ast.Expr) {
		switch e := ast.Unparen(e).(type) {
		case *ast.Ident:
			found = found || d.pkg.Info.Uses[e] == v
		case *ast.SelectorExpr:
			found = found || d.pkg.Info.Uses[e.Sel] == v
		}
	}
	ast.Inspect(d.node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				is(l)
			}
		case *ast.IncDecStmt:
			is(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				is(n.X)
			}
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				is(n.Key)
				is(n.Value)
			}
		}
		return !found
	})
	return found
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
