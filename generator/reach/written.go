package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/ambient"
)

// isWritten reports whether anything in a program with the work can write to a package
// variable, or to what it points to, after it was initialised: anything but its own
// package's initialisers and functions init. What a command sets that the work is no part
// of, the work never sees.
func (r *Reach) isWritten(v *types.Var) bool {
	w := r.world
	own := w.of(v)
	if own == nil {
		return false
	}
	if d := own.decls[v]; d != nil && d.value != nil && own.isFlag(d.value.expr) {
		return true
	}
	for _, p := range w.sorted {
		if !r.links(p.Types) {
			continue
		}
		if w.written[p] == nil {
			w.written[p] = w.writtenBy(p)
		}
		if w.written[p][v] {
			return true
		}
	}
	return false
}

// isFlag reports whether an expression defines a flag.
func (p *pkg) isFlag(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || callee(call) == nil {
		return false
	}
	fn, ok := p.Info.Uses[callee(call)].(*types.Func)
	return ok && ambient.IsFlag(fn)
}

// writtenBy finds the package variables that functions of p write to. Those that only
// its functions init call are part of its initialisation, but for the flags that they
// define, and what functions write that they leave to be called later.
func (w *world) writtenBy(p *pkg) map[*types.Var]bool {
	out := map[*types.Var]bool{}
	initial, lazy := p.initial(), p.calledOnce()
	for _, f := range p.Files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for lit := range p.later(d) {
					w.add(out, w.effectOf(p, lit.Body, nil), nil)
				}
			case *ast.FuncDecl:
				obj, _ := p.Info.Defs[d.Name].(*types.Func)
				switch {
				case d.Body == nil:
				case initial[d]:
					later := p.later(d.Body)
					w.add(out, w.effectOf(p, d.Body, later), p.Types)
					for lit := range later {
						w.add(out, w.effectOf(p, lit.Body, nil), nil)
					}
					w.flags(p, d, out)
				case lazy[obj]:
					w.add(out, w.effect(obj), p.Types)
				case obj != nil && p.decls[obj] != nil:
					w.add(out, w.effect(obj), nil)
				default:
					w.add(out, w.effectOf(p, d.Body, nil), nil)
				}
			}
		}
	}
	return out
}

// add adds the package variables that something writes to, without those of one package.
func (w *world) add(out map[*types.Var]bool, e *effect, but *types.Package) {
	for v := range e.writes {
		if global(v) && v.Pkg() != but {
			out[v] = true
		}
	}
}

// flags adds the variables that a function of p defines flags for.
func (w *world) flags(p *pkg, fn *ast.FuncDecl, out map[*types.Var]bool) {
	x := &effector{w: w, info: p.Info}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && p.isFlag(call) {
			for _, arg := range call.Args {
				if refers(p.Info.TypeOf(arg)) {
					x.roots(arg, out, map[*types.Var]bool{})
				}
			}
		}
		return true
	})
}

// initial are the functions init, and those of p that are only called by them.
func (p *pkg) initial() map[*ast.FuncDecl]bool {
	out, users, decls := map[*ast.FuncDecl]bool{}, map[types.Object][]*ast.FuncDecl{}, map[types.Object]*ast.FuncDecl{}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || fn.Recv != nil:
			case fn.Name.Name == "init":
				out[fn] = true
			case !fn.Name.IsExported() && fn.Name.Name != "main":
				decls[p.Info.Defs[fn.Name]] = fn
			}
		}
	}
	if len(out) == 0 {
		return out
	}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			fn, _ := d.(*ast.FuncDecl)
			called := map[*ast.Ident]bool{}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					called[ident(n.Fun)] = true
				case *ast.Ident:
					if obj := p.Info.Uses[n]; decls[obj] != nil {
						user := fn
						if !called[n] {
							user = nil // may be called at any time
						}
						users[obj] = append(users[obj], user)
					}
				}
				return true
			})
		}
	}
	for changed := true; changed; {
		changed = false
		for obj, fn := range decls {
			if !out[fn] && len(users[obj]) > 0 && all(users[obj], out) {
				out[fn], changed = true, true
			}
		}
	}
	return out
}

// all reports whether all of some functions are in a set.
func all(fns []*ast.FuncDecl, set map[*ast.FuncDecl]bool) bool {
	for _, fn := range fns {
		if !set[fn] {
			return false
		}
	}
	return true
}

// isProtobuf reports whether a file is made from a .proto file. What is written to its
// variables is the same for all messages.
func (p *pkg) isProtobuf(pos token.Pos) bool { return p.madeBy(pos) == "protoc-gen-" }

// isRegistry reports whether a file is made by a program that registers all functions of a
// kind, of which hardly any is ever called: those of messages, and those that convert the
// objects of Kubernetes from one version of its API to another.
func (p *pkg) isRegistry(pos token.Pos) bool { return p.madeBy(pos) != "" }

// madeBy is which of some programs has made a file, "" if none has.
func (p *pkg) madeBy(pos token.Pos) string {
	if p.makers == nil {
		p.makers = map[*token.File]string{}
		for _, f := range p.Files {
			if !ast.IsGenerated(f) {
				continue
			}
			for _, group := range f.Comments {
				for _, maker := range []string{"protoc-gen-", "conversion-gen"} {
					if group.Pos() < f.Package && strings.Contains(group.Text(), "by "+maker) {
						p.makers[p.Fset.File(f.Package)] = maker
					}
				}
			}
		}
	}
	return p.makers[p.Fset.File(pos)]
}
