package reach

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/ambient"
)

// An effect is what a function can do to memory that others see.
type effect struct {
	// writes are the package variables that it writes to, or to what they point to, and
	// its receiver and parameters, if it writes to what they point to.
	writes map[*types.Var]bool
	// returns are those whose memory it returns.
	returns map[*types.Var]bool
	// known says that nothing is missing: it does not for a function that calls itself, by
	// way of others, while those are looked at.
	known bool
}

// effect returns that of a function of the world, nil for one outside. What a
// recursive function does in a deeper call is what it does in this one.
func (w *world) effect(fn *types.Func) *effect {
	d := w.decl(fn)
	if d == nil {
		return nil
	}
	if e := w.outcomes[fn]; e != nil {
		return e
	}
	e := newEffect()
	w.outcomes[fn] = e
	if n, ok := d.node.(*ast.FuncDecl); ok && n.Body != nil {
		e.known = w.addEffect(d.pkg, n.Body, nil, e)
	}
	return e
}

// newEffect returns that of a function that does nothing.
func newEffect() *effect {
	return &effect{writes: map[*types.Var]bool{}, returns: map[*types.Var]bool{}}
}

// effectOf returns the effect of a function of p that has that body, without some
// literals in it.
func (w *world) effectOf(p *pkg, body *ast.BlockStmt, without map[*ast.FuncLit]bool) *effect {
	e := newEffect()
	w.addEffect(p, body, without, e)
	return e
}

// addEffect is effectOf for an effect that is there. It reports whether all that is called
// is known.
func (w *world) addEffect(p *pkg, body *ast.BlockStmt, without map[*ast.FuncLit]bool, e *effect) bool {
	x := &effector{w: w, info: p.Info, effect: e, values: map[*types.Var][]ast.Expr{}}
	ast.Inspect(body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok && without[lit] {
			return false
		}
		return x.collect(p, n)
	})
	for _, l := range x.assigned {
		x.write(l)
	}
	for _, c := range x.calls {
		x.call(c)
	}
	literals := map[*ast.ReturnStmt]bool{}
	for _, lit := range x.literals {
		ast.Inspect(lit, func(n ast.Node) bool {
			if r, ok := n.(*ast.ReturnStmt); ok {
				literals[r] = true
			}
			return true
		})
	}
	for _, r := range x.returned {
		for _, result := range r.Results {
			if !literals[r] && refers(x.info.TypeOf(result)) {
				x.roots(result, e.returns, map[*types.Var]bool{})
			}
		}
	}
	return !x.recursive
}

// An effector finds the effect of one function. Function literals in it belong to it.
type effector struct {
	w    *world
	info *types.Info
	*effect
	values   map[*types.Var][]ast.Expr // of local variables that point to something
	assigned []ast.Expr
	calls    []*ast.CallExpr
	returned []*ast.ReturnStmt
	literals []*ast.FuncLit
	// recursive says that the effect of a function that is called is not known yet.
	recursive bool
}

// collect is shown every node of the function.
func (x *effector) collect(p *pkg, n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		x.assign(n.Lhs, n.Rhs)
		if n.Tok != token.DEFINE && !p.memos()[n] {
			x.assigned = append(x.assigned, n.Lhs...)
		}
	case *ast.ValueSpec:
		x.assign(sides(n))
	case *ast.IncDecStmt:
		x.assigned = append(x.assigned, n.X)
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			x.assigned = append(x.assigned, n.Key, n.Value)
		} else if n.Value != nil {
			x.assign([]ast.Expr{n.Value}, []ast.Expr{n.X})
		}
	case *ast.IfStmt:
		return !x.w.initialisesLazily(p, n)
	case *ast.CallExpr:
		if p.initialisesOnce(n) {
			return false
		}
		x.calls = append(x.calls, n)
	case *ast.ReturnStmt:
		x.returned = append(x.returned, n)
	case *ast.FuncLit:
		x.literals = append(x.literals, n)
	case *ast.CompositeLit:
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			x.escape(e)
		}
	}
	return true
}

// assign notes what local variables point to. Where else an address is put, anybody may
// write to it.
func (x *effector) assign(lhs, rhs []ast.Expr) {
	for i, l := range lhs {
		var value ast.Expr
		switch {
		case len(lhs) == len(rhs):
			value = rhs[i]
		case len(rhs) == 1:
			value = rhs[0]
		default:
			continue
		}
		id, ok := ast.Unparen(l).(*ast.Ident)
		if !ok {
			x.escape(value)
			continue
		}
		if v, ok := x.info.ObjectOf(id).(*types.Var); ok && refers(v.Type()) {
			x.values[v] = append(x.values[v], value)
		}
	}
}

// escape notes that an expression, if it is the address of something, is put where it
// is not followed.
func (x *effector) escape(e ast.Expr) {
	if u, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && u.Op == token.AND {
		x.roots(u.X, x.writes, map[*types.Var]bool{})
	}
}

// write adds what an assignment to e writes to. To assign a local variable is nothing.
func (x *effector) write(e ast.Expr) {
	if e == nil {
		return
	}
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		if v, ok := x.info.ObjectOf(id).(*types.Var); ok && global(v) {
			x.writes[v] = true
		}
		return
	}
	x.roots(e, x.writes, map[*types.Var]bool{})
}

// call adds what a call writes to.
func (x *effector) call(call *ast.CallExpr) {
	seen := map[*types.Var]bool{}
	fn, builtin := x.callee(call)
	switch builtin {
	case "delete", "clear", "copy":
		x.write(call.Args[0])
		x.roots(call.Args[0], x.writes, seen)
	}
	if fn == nil || ambient.IsLog(fn) {
		return
	}
	if e := x.called(fn); e != nil {
		for v := range e.writes {
			if !global(v) {
				x.passed(call, fn, v, x.writes, seen)
			}
		}
		return
	}
	if recv := fn.Signature().Recv(); recv != nil && refers(recv.Type()) && ambient.Changes(fn) && !x.keeps(fn) {
		x.receiver(call, x.writes, seen)
	}
	for _, arg := range call.Args {
		u, ok := ast.Unparen(arg).(*ast.UnaryExpr)
		if ok && u.Op == token.AND && !ambient.Reads(fn) || refers(x.info.TypeOf(arg)) && ambient.Fills(fn, x.info.TypeOf(arg)) {
			x.roots(arg, x.writes, seen)
		}
	}
}

// called is the effect of a function that is called, nil for one outside.
func (x *effector) called(fn *types.Func) *effect {
	e := x.w.effect(fn)
	x.recursive = x.recursive || e != nil && !e.known
	return e
}

// keeps reports whether none of the implementers of a method of the module's interface
// writes to its receiver: SetParserOption(*Config) sets what it is given.
func (x *effector) keeps(fn *types.Func) bool {
	if x.w.of(fn) == nil {
		return false
	}
	implementers := x.w.implementers(fn, fn.Signature().Recv().Type())
	for _, i := range implementers {
		if i.method == nil {
			return false
		}
		method, ok := i.method.obj.(*types.Func)
		if !ok {
			return false
		}
		e := x.called(method)
		if e == nil || !e.known || e.writes[method.Signature().Recv()] {
			return false
		}
	}
	return len(implementers) > 0
}

// global reports whether v is a package variable.
func global(v *types.Var) bool { return v.Kind() == types.PackageVar }

// refers reports whether values of a type share memory when they are assigned, that
// somebody may write to: nobody does so through an error.
func refers(t types.Type) bool {
	if t == nil || isError(t) {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Interface:
		return true
	case *types.Tuple:
		return true
	}
	return false
}
