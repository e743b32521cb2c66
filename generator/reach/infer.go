package reach

import (
	"go/ast"
	"go/token"
	"go/types"
)

// An inferred is the type of an expression that the type checker could not give
// one, because it depends on what is generated.
type inferred struct {
	typ types.Type
	// run is the Run of the work when the value is a runner, or a call that
	// Start returned.
	run  *types.Func
	call bool
	// tuple says that it is the results of run.
	tuple bool
	// expr is a type expression in pkg that stands for it.
	expr ast.Expr
	pkg  *pkg
}

// An inference holds what is known of the variables and fields of a package
// whose types are invalid.
type inference struct {
	declared map[types.Object]ast.Expr // type expressions
	assigned map[types.Object]origin
}

// An origin is where a variable's value comes from.
type origin struct {
	expr  ast.Expr
	index int  // of the results of a call; -1 for the value itself
	elem  bool // it is an element of expr
}

// infer returns what can be said of e.
func (p *pkg) infer(w *world, e ast.Expr) inferred {
	return p.inferDepth(w, e, 0)
}

func (p *pkg) inferDepth(w *world, e ast.Expr, depth int) inferred {
	if depth > 50 {
		return inferred{}
	}
	e = ast.Unparen(e)
	if tv, ok := p.Info.Types[e]; ok && known(tv.Type) {
		return inferred{typ: tv.Type}
	}
	switch e := e.(type) {
	case *ast.Ident:
		return p.variable(w, p.Info.ObjectOf(e), depth)
	case *ast.StarExpr:
		return p.inferDepth(w, e.X, depth+1).resolve(w, func(t ast.Expr) ast.Expr {
			if star, ok := t.(*ast.StarExpr); ok {
				return star.X
			}
			return t
		})
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return p.inferDepth(w, e.X, depth+1)
		}
	case *ast.IndexExpr:
		return p.inferDepth(w, e.X, depth+1).elem(w)
	case *ast.CompositeLit:
		return inferred{expr: e.Type, pkg: p}.resolve(w, nil)
	case *ast.SelectorExpr:
		if obj := p.Info.Uses[e.Sel]; obj != nil {
			if q := w.of(obj); q != nil {
				return q.variable(w, obj, depth)
			}
			return inferred{}
		}
		if x := p.inferDepth(w, e.X, depth+1); x.typ != nil {
			obj, _, _ := types.LookupFieldOrMethod(x.typ, true, p.Types, e.Sel.Name)
			if v, ok := obj.(*types.Var); ok {
				if known(v.Type()) {
					return inferred{typ: v.Type()}
				}
				if q := w.of(v); q != nil {
					return q.variable(w, v, depth)
				}
			}
		}
	case *ast.CallExpr:
		return p.inferCall(w, e, depth)
	}
	return inferred{}
}

// known reports whether the type checker knows t and all it is written with.
func known(t types.Type) bool {
	switch t := t.(type) {
	case nil:
		return false
	case *types.Basic:
		return t.Kind() != types.Invalid
	case *types.Map:
		return known(t.Key()) && known(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if !known(v.Type()) {
				return false
			}
		}
	case *types.Signature:
		return known(t.Params()) && known(t.Results())
	case *types.Struct:
		for v := range t.Fields() {
			if !known(v.Type()) {
				return false
			}
		}
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if !known(arg) {
				return false
			}
		}
	case interface{ Elem() types.Type }:
		return known(t.Elem())
	}
	return true
}

// variable infers a variable or field declared in p.
func (p *pkg) variable(w *world, obj types.Object, depth int) inferred {
	if obj == nil {
		return inferred{}
	}
	if p.types == nil {
		p.types = newInference(p)
	}
	if typ := p.types.declared[obj]; typ != nil {
		return inferred{expr: typ, pkg: p}.resolve(w, nil)
	}
	if o, ok := p.types.assigned[obj]; ok {
		from := p.inferDepth(w, o.expr, depth+1)
		if o.elem {
			return from.elem(w)
		}
		return from.result(max(o.index, 0))
	}
	if known(obj.Type()) {
		return inferred{typ: obj.Type()}
	}
	return inferred{}
}

// inferCall infers the results of a call.
func (p *pkg) inferCall(w *world, call *ast.CallExpr, depth int) inferred {
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		if run := p.generated[fun.Name]; run != nil && p.Info.Uses[fun] == nil {
			return inferred{run: run}
		}
	case *ast.SelectorExpr:
		if id, ok := fun.X.(*ast.Ident); ok {
			if name, ok := p.Info.Uses[id].(*types.PkgName); ok {
				if q := w.byPath[name.Imported().Path()]; q != nil {
					return inferred{run: q.generated[fun.Sel.Name]}
				}
				return inferred{}
			}
		}
		x := p.inferDepth(w, fun.X, depth+1)
		switch {
		case x.run == nil:
		case x.call && (fun.Sel.Name == "Wait" || fun.Sel.Name == "Value"), !x.call && (fun.Sel.Name == "Run" || fun.Sel.Name == "Lookup"):
			return inferred{run: x.run, tuple: true}
		case !x.call && fun.Sel.Name == "Start":
			return inferred{run: x.run, call: true}
		}
	}
	return inferred{}
}

// result is one of the results of a call, or the value itself.
func (t inferred) result(i int) inferred {
	if !t.tuple {
		return t
	}
	results := t.run.Signature().Results()
	if i < results.Len() && known(results.At(i).Type()) {
		return inferred{typ: results.At(i).Type()}
	}
	return inferred{}
}

// elem is an element of the value.
func (t inferred) elem(w *world) inferred {
	return t.resolve(w, func(e ast.Expr) ast.Expr {
		switch e := e.(type) {
		case *ast.ArrayType:
			return e.Elt
		case *ast.MapType:
			return e.Value
		case *ast.ChanType:
			return e.Value
		case *ast.Ellipsis:
			return e.Elt
		}
		return nil
	})
}

// resolve makes a runner of the type expression of one, after a step into it.
func (t inferred) resolve(w *world, step func(ast.Expr) ast.Expr) inferred {
	if t.expr != nil && step != nil {
		t.expr = step(ast.Unparen(t.expr))
	} else if step != nil {
		if t.run != nil && !t.tuple { // dereferenced
			return t
		}
		return inferred{}
	}
	e := t.expr
	if e == nil {
		return inferred{}
	}
	if star, ok := ast.Unparen(e).(*ast.StarExpr); ok {
		e = star.X
	}
	if tv, ok := t.pkg.Info.Types[e]; ok && known(tv.Type) {
		return inferred{typ: tv.Type}
	}
	switch e := e.(type) {
	case *ast.Ident:
		if run := t.pkg.generated[e.Name]; run != nil {
			return inferred{run: run}
		}
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			if name, ok := t.pkg.Info.Uses[id].(*types.PkgName); ok {
				if q := w.byPath[name.Imported().Path()]; q != nil && q.generated[e.Sel.Name] != nil {
					return inferred{run: q.generated[e.Sel.Name]}
				}
			}
		}
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.Ellipsis:
		return t
	}
	return inferred{}
}

// newInference looks at the declarations and assignments in a package.
func newInference(p *pkg) *inference {
	out := &inference{declared: map[types.Object]ast.Expr{}, assigned: map[types.Object]origin{}}
	assign := func(lhs, rhs []ast.Expr) {
		for i, l := range lhs {
			id, ok := l.(*ast.Ident)
			if !ok || p.Info.Defs[id] == nil {
				continue
			}
			if len(rhs) == len(lhs) {
				out.assigned[p.Info.Defs[id]] = origin{expr: rhs[i], index: -1}
			} else if len(rhs) == 1 {
				out.assigned[p.Info.Defs[id]] = origin{expr: rhs[0], index: i}
			}
		}
	}
	for _, f := range p.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				for _, name := range n.Names {
					if obj := p.Info.Defs[name]; obj != nil {
						out.declared[obj] = n.Type
					}
				}
			case *ast.ValueSpec:
				var lhs []ast.Expr
				for _, name := range n.Names {
					lhs = append(lhs, name)
					if obj := p.Info.Defs[name]; obj != nil && n.Type != nil {
						out.declared[obj] = n.Type
					}
				}
				assign(lhs, n.Values)
			case *ast.AssignStmt:
				assign(n.Lhs, n.Rhs)
			case *ast.RangeStmt:
				if id, ok := n.Value.(*ast.Ident); ok && p.Info.Defs[id] != nil {
					out.assigned[p.Info.Defs[id]] = origin{expr: n.X, index: -1, elem: true}
				}
			}
			return true
		})
	}
	return out
}
