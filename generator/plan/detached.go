package plan

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/generator/wrapper"
)

// A body that waits for another call with a context of its own hangs if that call waits
// for it in turn, as when a work calls itself with equal arguments: only by the context
// of Run is such a circle seen.

// detached warns of calls that Run, or a function of the package that it calls, waits for
// with a context that is made there.
func (p *planner) detached(works []*scan.Work) {
	f := &detachedFinder{planner: p, decls: map[*types.Func]*ast.FuncDecl{}, seen: map[*types.Func]bool{}}
	for _, file := range p.scan.Files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Body != nil {
				if fn, ok := p.scan.Info.Defs[d.Name].(*types.Func); ok {
					f.decls[fn] = d
				}
			}
		}
	}
	for _, w := range works {
		f.function(w, w.Run)
	}
}

type detachedFinder struct {
	*planner
	decls map[*types.Func]*ast.FuncDecl // of this package
	seen  map[*types.Func]bool          // a place is warned of for the first work that reaches it
}

// function looks at a function, and at those that it calls.
func (f *detachedFinder) function(w *scan.Work, fn *types.Func) {
	decl := f.decls[fn]
	if decl == nil || f.seen[fn] {
		return
	}
	f.seen[fn] = true
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		callee := f.callee(call)
		if callee == nil {
			return true
		}
		f.function(w, callee)
		if f.waits(callee) && len(call.Args) > 0 && f.made(decl.Body, call.Args[0], map[types.Object]bool{}) {
			fix := "pass the context of Run, in context.WithoutCancel if the call is not to end with it"
			if !w.Context {
				fix = "give Run a context as the first parameter, and pass that"
			}
			f.diags.Add(diag.Diagnostic{
				Warning: true, Pos: f.fset.Position(call.Args[0].Pos()), Work: w.Name,
				Message: "Run waits for a call with another context than its own: if that call waits for this one, both hang",
				Fix:     fix,
			})
		}
		return true
	})
}

// callee is the function or method that is called, nil where only the running program
// knows.
func (f *detachedFinder) callee(call *ast.CallExpr) *types.Func {
	fn, ok := typeutil.Callee(f.scan.Info, call).(*types.Func)
	if !ok {
		return nil
	}
	return fn.Origin()
}

// waits reports whether fn is the Run of a runner, or the Wait of a call.
func (f *detachedFinder) waits(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	if recv == nil {
		return false
	}
	named, _ := pointee(recv.Type())
	switch {
	case named == nil:
		return false
	case fn.Name() == "Run":
		return f.heldWork(named) != nil
	}
	o := named.Obj()
	return fn.Name() == "Wait" && o.Name() == "Call" && o.Pkg() != nil && o.Pkg().Path() == wrapper.RuntimePath
}

// made reports whether a context is made of none: by context.Background or TODO, there or
// where the variables got their values that it is made of.
func (f *detachedFinder) made(body *ast.BlockStmt, ctx ast.Expr, seen map[types.Object]bool) (found bool) {
	ast.Inspect(ctx, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			fn := f.callee(n)
			if fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == wrapper.ContextPath && (fn.Name() == "Background" || fn.Name() == "TODO") {
				found = true
			}
		case *ast.Ident:
			v, ok := f.scan.Info.Uses[n].(*types.Var)
			if ok && !seen[v] && wrapper.IsContext(v.Type()) {
				seen[v] = true
				found = found || f.assigned(body, v, seen)
			}
		}
		return !found
	})
	return found
}

// assigned reports whether a variable gets a context that is made of none.
func (f *detachedFinder) assigned(body *ast.BlockStmt, v *types.Var, seen map[types.Object]bool) (found bool) {
	check := func(targets, values []ast.Expr) {
		for i, target := range targets {
			id, ok := target.(*ast.Ident)
			if !ok || f.scan.Info.ObjectOf(id) != v || len(values) == 0 {
				continue
			}
			found = found || f.made(body, values[min(i, len(values)-1)], seen)
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			check(n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			names := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				names[i] = name
			}
			check(names, n.Values)
		}
		return !found
	})
	return found
}
