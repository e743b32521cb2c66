package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/scan"
)

// A fact is a place where a declaration depends on something besides its
// arguments.
type fact struct {
	kind scan.Kind
	what string // as the user would say it: time.Now
	pos  token.Pos
	// global is the variable when kind is global: it counts if something
	// writes to it.
	global *types.Var
}

// always are functions and variables that depend on something whatever they are
// called with. A path alone stands for all of a package.
var always = map[string]scan.Kind{
	"time.Now": scan.Clock, "time.Since": scan.Clock, "time.Until": scan.Clock,
	"crypto/rand": scan.Random, "math/rand": scan.Random, "math/rand/v2": scan.Random,
	"os.Getenv": scan.Env, "os.LookupEnv": scan.Env, "os.Environ": scan.Env, "os.ExpandEnv": scan.Env, "syscall.Getenv": scan.Env, "syscall.Environ": scan.Env,
	"os.Hostname": scan.Env, "os.Getwd": scan.Env, "os.Args": scan.Env, "os.Executable": scan.Env, "os.Getpid": scan.Env, "os.Getppid": scan.Env,
	"os.UserHomeDir": scan.Env, "os.UserCacheDir": scan.Env, "os.UserConfigDir": scan.Env, "os/user.Current": scan.Env,
}

// unlessGiven are functions that depend on something of which their arguments
// say what: they count when the arguments are all constant.
var unlessGiven = map[string]scan.Kind{
	"os.Open": scan.File, "os.OpenFile": scan.File, "os.ReadFile": scan.File, "os.ReadDir": scan.File, "os.Stat": scan.File, "os.Lstat": scan.File,
	"os.Readlink": scan.File, "os.DirFS": scan.File, "os.OpenRoot": scan.File, "os.OpenInRoot": scan.File,
	"io/ioutil.ReadFile": scan.File, "io/ioutil.ReadDir": scan.File,
	"path/filepath.Walk": scan.File, "path/filepath.WalkDir": scan.File, "path/filepath.Glob": scan.File,
	"net.Dial": scan.Network, "net.DialTimeout": scan.Network, "net.DialTCP": scan.Network, "net.DialUDP": scan.Network, "net.DialUnix": scan.Network,
	"net.LookupHost": scan.Network, "net.LookupIP": scan.Network, "net.LookupAddr": scan.Network, "net.LookupTXT": scan.Network, "net.LookupMX": scan.Network,
	"net/http.Get": scan.Network, "net/http.Head": scan.Network, "net/http.Post": scan.Network, "net/http.PostForm": scan.Network,
	"net/http.NewRequest": scan.Network, "net/http.NewRequestWithContext": scan.Network,
	"net/http.Client.Get": scan.Network, "net/http.Client.Head": scan.Network, "net/http.Client.Post": scan.Network, "net/http.Client.PostForm": scan.Network,
	"net.Dialer.Dial": scan.Network, "net.Dialer.DialContext": scan.Network, "crypto/tls.Dial": scan.Network,
	"os/exec.Command": scan.Exec, "os/exec.CommandContext": scan.Exec, "os.StartProcess": scan.Exec,
}

// impure notes what the use of a function or variable outside of the module
// depends on.
func (x *walker) impure(obj types.Object, pos token.Pos) {
	path := obj.Pkg().Path()
	if x.w.byPath[path] != nil {
		return
	}
	if fn, ok := obj.(*types.Func); ok && fn.Signature().Recv() != nil {
		return // of a value that has come from somewhere
	}
	kind := always[path+"."+obj.Name()]
	if k := always[path]; k != "" && !seeded(obj.Name()) {
		kind = k
	}
	if kind != "" {
		x.fact(fact{kind: kind, what: short(path) + "." + obj.Name(), pos: pos})
	}
}

// seeded reports whether a function of math/rand only depends on a seed.
func seeded(name string) bool { return strings.HasPrefix(name, "New") }

// short is the last element of an import path, without a version.
func short(path string) string {
	path = strings.TrimSuffix(path, "/v2")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// fact adds one.
func (x *walker) fact(f fact) { x.d.facts = append(x.d.facts, f) }

// look is shown every node of the declaration.
func (x *walker) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, l := range n.Lhs {
			x.writeOnly(l)
		}
	case *ast.IncDecStmt:
		x.writeOnly(n.X)
	case *ast.CallExpr:
		x.reading(n)
	case *ast.TypeAssertExpr:
		x.asserted(n.Type)
	case *ast.TypeSwitchStmt:
		for _, c := range n.Body.List {
			if c, ok := c.(*ast.CaseClause); ok {
				for _, e := range c.List {
					x.asserted(e)
				}
			}
		}
	}
}

// writeOnly notes that an assignment to e does not read it: counting is no
// dependence on the count.
func (x *walker) writeOnly(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		x.write[e] = true
	case *ast.SelectorExpr: // pkg.Var
		x.write[e.Sel] = true
	}
}

// reading notes a call that reads what its arguments name, if they are all
// constant.
func (x *walker) reading(call *ast.CallExpr) {
	var id *ast.Ident
	pos := call.Pos()
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
		if x.info.Selections[fun] != nil { // a method
			pos = id.Pos()
		}
	default:
		return
	}
	fn, ok := x.info.Uses[id].(*types.Func)
	if !ok || fn.Pkg() == nil || x.w.of(fn) != nil {
		return
	}
	name := fn.Name()
	if recv := fn.Signature().Recv(); recv != nil {
		t := recv.Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		named, ok := t.(*types.Named)
		if !ok {
			return
		}
		name = named.Obj().Name() + "." + name
	}
	kind := unlessGiven[fn.Pkg().Path()+"."+name]
	if kind == "" {
		return
	}
	for _, arg := range call.Args {
		if x.given(arg) {
			return
		}
	}
	x.fact(fact{kind: kind, what: short(fn.Pkg().Path()) + "." + name, pos: pos})
}

// given reports whether an expression depends on a parameter or a variable of
// the function, be it only by a field. A context gives nothing.
func (x *walker) given(e ast.Expr) (found bool) {
	if tv, ok := x.info.Types[e]; ok && tv.Type != nil && types.TypeString(tv.Type, nil) == "context.Context" {
		return false
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := x.info.Uses[id].(*types.Var); ok && !v.IsField() && v.Parent() != v.Pkg().Scope() {
				found = true
			}
		}
		return !found
	})
	return found
}

// isWritten reports whether anything but its declaration and init writes to a
// package variable.
func (w *world) isWritten(v *types.Var) bool {
	own := w.of(v)
	if own == nil {
		return false
	}
	for _, p := range w.sorted {
		if p != own && !(v.Exported() && imports(p, own)) {
			continue
		}
		if w.written[p] == nil {
			w.written[p] = written(p)
		}
		if w.written[p][v] {
			return true
		}
	}
	return false
}

// imports reports whether p imports q.
func imports(p, q *pkg) bool {
	for _, i := range p.Types.Imports() {
		if i == q.Types {
			return true
		}
	}
	return false
}

// written finds the package variables that functions of p write to, or to a part
// of.
func written(p *pkg) map[types.Object]bool {
	out := map[types.Object]bool{}
	mark := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.ParenExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				if v, ok := p.Info.Uses[x.Sel].(*types.Var); ok && !v.IsField() {
					out[v] = true
					return
				}
				e = x.X
			case *ast.Ident:
				if v, ok := p.Info.Uses[x].(*types.Var); ok && !v.IsField() {
					out[v] = true
				}
				return
			default:
				return
			}
		}
	}
	lazy := p.calledOnce()
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && (fn.Recv != nil || fn.Name.Name != "init") && !lazy[p.Info.Defs[fn.Name]] {
				ast.Inspect(fn, func(n ast.Node) bool {
					writes(p, n, mark)
					call, ok := n.(*ast.CallExpr)
					return !ok || !p.isOnce(call)
				})
			}
		}
	}
	return out
}

// writes marks what one node writes to.
func writes(p *pkg, n ast.Node, mark func(ast.Expr)) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, l := range n.Lhs {
			mark(l)
		}
	case *ast.IncDecStmt:
		mark(n.X)
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			mark(n.Key)
			mark(n.Value)
		}
	case *ast.CallExpr:
		id, ok := ast.Unparen(n.Fun).(*ast.Ident)
		if !ok || len(n.Args) == 0 {
			return
		}
		if b, ok := p.Info.Uses[id].(*types.Builtin); ok && (b.Name() == "delete" || b.Name() == "clear" || b.Name() == "copy") {
			mark(n.Args[0])
		}
	}
}
