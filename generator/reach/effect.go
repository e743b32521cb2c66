package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"

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

// roots adds the package variables, receivers and parameters that memory is reached
// from.
func (x *effector) roots(e ast.Expr, out, seen map[*types.Var]bool) {
	for {
		switch n := e.(type) {
		case *ast.ParenExpr:
			e = n.X
		case *ast.StarExpr:
			e = n.X
		case *ast.IndexExpr:
			e = n.X
		case *ast.SliceExpr:
			e = n.X
		case *ast.TypeAssertExpr:
			x.asserted(n, out, seen)
			return
		case *ast.UnaryExpr:
			e = n.X
		case *ast.SelectorExpr:
			if v, ok := x.info.Uses[n.Sel].(*types.Var); ok && global(v) {
				out[v] = true
				return
			}
			e = n.X
		case *ast.Ident:
			v, ok := x.info.ObjectOf(n).(*types.Var)
			if !ok || seen[v] {
				return
			}
			seen[v] = true
			if global(v) || (v.Kind() == types.ParamVar || v.Kind() == types.RecvVar) && refers(v.Type()) {
				out[v] = true
			}
			for _, value := range x.values[v] {
				x.roots(value, out, seen)
			}
			return
		case *ast.CallExpr:
			x.result(n, out, seen)
			return
		default:
			return
		}
	}
}

// asserted is roots for a value of a known type: a variable that has none in it, and points
// to nothing, is none of them.
func (x *effector) asserted(n *ast.TypeAssertExpr, out, seen map[*types.Var]bool) {
	all := map[*types.Var]bool{}
	x.roots(n.X, all, maps.Clone(seen))
	p, pointer := types.Unalias(x.info.TypeOf(n)).(*types.Pointer)
	for v := range all {
		if !pointer || mayHold(v.Type(), p.Elem()) {
			out[v] = true
		}
	}
}

// mayHold reports whether a variable of type t has one of another type in it, or points to
// anything.
func mayHold(t, other types.Type) bool {
	if named, ok := types.Unalias(other).(*types.Named); types.Identical(t, other) || !ok || named.TypeArgs().Len() > 0 {
		return true
	}
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Kind() == types.UnsafePointer
	case *types.Array:
		return mayHold(t.Elem(), other)
	case *types.Struct:
		for f := range t.Fields() {
			if mayHold(f.Type(), other) {
				return true
			}
		}
		return false
	}
	return true
}

// result is roots for what a call returns.
func (x *effector) result(call *ast.CallExpr, out, seen map[*types.Var]bool) {
	if len(call.Args) > 0 && x.info.Types[call.Fun].IsType() {
		if refers(x.info.TypeOf(call)) && refers(x.info.TypeOf(call.Args[0])) { // []byte("a") is a copy
			x.roots(call.Args[0], out, seen)
		}
		return
	}
	fn, builtin := x.callee(call)
	if builtin == "append" {
		x.roots(call.Args[0], out, seen)
	}
	if fn == nil {
		return
	}
	if e := x.called(fn); e != nil {
		for v := range e.returns {
			x.passed(call, fn, v, out, seen)
		}
	}
}

// callee is the function that is called, or the name of the builtin one.
func (x *effector) callee(call *ast.CallExpr) (fn *types.Func, builtin string) {
	id := callee(call)
	if id == nil {
		return nil, ""
	}
	switch obj := x.info.Uses[id].(type) {
	case *types.Func:
		return obj.Origin(), ""
	case *types.Builtin:
		return nil, obj.Name()
	}
	return nil, ""
}

// passed is roots for a variable of a function that is called: its parameter is what
// it is called with.
func (x *effector) passed(call *ast.CallExpr, fn *types.Func, v *types.Var, out, seen map[*types.Var]bool) {
	if global(v) {
		out[v] = true
		return
	}
	if fn.Signature().Recv() == v {
		x.receiver(call, out, seen)
		return
	}
	for i := range fn.Signature().Params().Len() {
		if fn.Signature().Params().At(i) == v && i < len(call.Args) {
			x.roots(call.Args[i], out, seen)
		}
	}
}

// receiver is roots for what a method is called on.
func (x *effector) receiver(call *ast.CallExpr, out, seen map[*types.Var]bool) {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		if _, isPkg := x.info.Uses[ident(sel.X)].(*types.PkgName); !isPkg {
			x.roots(sel.X, out, seen)
		}
	}
}

// ident is an expression that is an identifier, or nil.
func ident(e ast.Expr) *ast.Ident {
	id, _ := e.(*ast.Ident)
	return id
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
