package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/facts"
	"github.com/workgen/workgen/generator/scan"
)

// A fact is a place where a declaration depends on something besides its
// arguments.
type fact struct {
	decl *decl // that has it
	kind scan.Kind
	what string // as the user would say it: time.Now
	pos  token.Pos
	node ast.Node // the identifier or literal, of what is known by its name
	when ambient.When
	call *ast.CallExpr // nil when it is used without being called
	// global is the variable when kind is global: it counts if something
	// writes to it.
	global *types.Var
	// field is the field when kind is func: it counts if a function can be in it that is
	// not reached.
	field *types.Var
	// outside is a function or variable of another module, which what it leads to is to
	// be found of: see Reach.factsOf. Such a fact has no kind.
	outside types.Object
	// steps lead from it to what it depends on, when that is in another module.
	steps []facts.Step
}

// A site is a call in a declaration.
type site struct {
	decl *decl
	call *ast.CallExpr
}

// A finder finds the facts of one declaration.
type finder struct {
	w     *world
	d     *decl
	info  *types.Info
	write map[*ast.Ident]bool          // identifiers that are only written to
	calls map[*ast.Ident]*ast.CallExpr // by what is called
	done  map[*ast.Ident]bool
}

// factsOf returns the facts of d, which are the same for all works.
func (w *world) factsOf(d *decl) []fact {
	if d.variant != nil {
		if d.variant.active == nil {
			return nil
		}
		d = d.variant.active
	}
	if d.looked {
		return d.facts
	}
	d.looked = true
	x := &finder{w: w, d: d, info: d.pkg.Info, write: map[*ast.Ident]bool{}, calls: map[*ast.Ident]*ast.CallExpr{}, done: map[*ast.Ident]bool{}}
	for _, n := range d.code() {
		ast.Inspect(n, x.look)
	}
	return d.facts
}

// code are the parts of a declaration that are executed.
func (d *decl) code() (out []ast.Node) {
	switch n := d.node.(type) {
	case *ast.FuncDecl:
		if n.Body != nil {
			out = append(out, n.Body)
		}
	case *ast.ValueSpec:
		if d.value != nil && d.value.expr != nil {
			out = append(out, d.value.expr)
		}
	}
	return out
}

// look is shown every node.
func (x *finder) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, l := range n.Lhs {
			x.writeOnly(l)
		}
	case *ast.IncDecStmt:
		x.writeOnly(n.X)
	case *ast.ExprStmt:
		x.counted(n.X)
	case *ast.CallExpr:
		if x.d.pkg.isFlag(n) {
			for _, arg := range n.Args {
				if u, ok := arg.(*ast.UnaryExpr); ok {
					x.writeOnly(u.X)
				}
			}
		}
		if id := callee(n); id != nil {
			x.calls[id] = n
			if fn, ok := x.info.Uses[id].(*types.Func); ok {
				x.d.calls = append(x.d.calls, called{fn.Origin(), n})
			}
		}
	case *ast.CompositeLit:
		if named, ok := types.Unalias(x.info.TypeOf(n)).(*types.Named); ok {
			x.rule(named.Obj(), n, n.Pos(), nil)
		}
	case *ast.SelectorExpr:
		pos := n.Sel.Pos()
		if id, ok := n.X.(*ast.Ident); ok {
			if _, ok := x.info.Uses[id].(*types.PkgName); ok {
				pos = n.Pos()
			}
		}
		x.field(n)
		x.done[n.Sel] = true
		x.use(n.Sel, pos)
	case *ast.Ident:
		if !x.done[n] {
			x.use(n, n.Pos())
		}
	}
	return true
}

// callee is the identifier of what is called, nil when it has none.
func callee(call *ast.CallExpr) *ast.Ident {
	fun := ast.Unparen(call.Fun)
	switch f := fun.(type) {
	case *ast.IndexExpr: // instantiated
		fun = f.X
	case *ast.IndexListExpr:
		fun = f.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun
	case *ast.SelectorExpr:
		return fun.Sel
	}
	return nil
}

// A called is a function or method that is called.
type called struct {
	fn   *types.Func
	call *ast.CallExpr
}

// writeOnly notes that an assignment to e does not read it: counting is no
// dependence on the count.
func (x *finder) writeOnly(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		x.write[e] = true
	case *ast.SelectorExpr: // pkg.Var
		x.write[e.Sel] = true
	}
}

// counted notes that a call of a method of an atomic variable, metric or log whose
// result is dropped does not read it.
func (x *finder) counted(e ast.Expr) {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	if fn, ok := x.info.Uses[sel.Sel].(*types.Func); ok && fn.Signature().Recv() != nil && (ambient.IsLog(fn) || fn.Pkg() != nil && fn.Pkg().Path() == "sync/atomic") {
		x.writeOnly(sel.X)
	}
}

// locks reports whether values of a type only say who may go on, or are there for
// reuse, and whether they write logs.
func locks(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return false
	}
	path := named.Obj().Pkg().Path()
	return path == "sync" && named.Obj().Name() != "Map" || ambient.Logs(path)
}

// use notes what the use of an identifier depends on.
func (x *finder) use(id *ast.Ident, pos token.Pos) {
	obj := x.info.Uses[id]
	if obj == nil || obj.Pkg() == nil {
		return
	}
	path := obj.Pkg().Path()
	own := x.w.byPath[path] != nil
	if v, ok := obj.(*types.Var); ok && own && global(v) {
		if x.write[id] || locks(v.Type()) || x.w.of(v).isProtobuf(v.Pos()) {
			return
		}
		x.d.facts = append(x.d.facts, fact{decl: x.d, kind: scan.Global, pos: pos, global: v, what: "variable " + v.Name()})
		return
	}
	if own && !exempt(path) {
		return
	}
	if fn, ok := obj.(*types.Func); ok {
		obj = fn.Origin()
	}
	if _, isType := obj.(*types.TypeName); !isType && !x.rule(obj, id, pos, x.calls[id]) && !x.write[id] && x.w.isDependency(obj) && !x.d.pkg.isRegistry(pos) {
		x.d.facts = append(x.d.facts, fact{decl: x.d, what: obj.Name(), pos: pos, node: id, call: x.calls[id], outside: obj})
	}
}

// field notes that functions in a field are used.
func (x *finder) field(sel *ast.SelectorExpr) {
	s := x.info.Selections[sel]
	if s == nil || s.Kind() != types.FieldVal || x.write[sel.Sel] || !holdsFunctions(s.Type()) {
		return
	}
	of := s.Recv()
	if p, ok := of.(*types.Pointer); ok {
		of = p.Elem()
	}
	if declared(of, s.Index()) {
		return
	}
	name := sel.Sel.Name
	if named, ok := types.Unalias(of).(*types.Named); ok {
		name = named.Obj().Name() + "." + name
	}
	x.d.facts = append(x.d.facts, fact{decl: x.d, kind: scan.Func, what: "field " + name, pos: sel.Sel.Pos(), field: s.Obj().(*types.Var).Origin()})
}

// declared reports whether the user has said of a field that it is no input, by its tag
// or by the method EncodeKey of the struct.
func declared(of types.Type, index []int) bool {
	s, ok := of.Underlying().(*types.Struct)
	if !ok || len(index) != 1 {
		return false
	}
	encodes, _, _ := types.LookupFieldOrMethod(of, true, nil, "EncodeKey")
	return encodes != nil || reflect.StructTag(s.Tag(index[0])).Get("workgen") == "-"
}

// rule notes the use of what the table has, and reports whether it has it.
func (x *finder) rule(obj types.Object, node ast.Node, pos token.Pos, call *ast.CallExpr) bool {
	r, name, ok := ambient.Of(obj)
	if ok {
		x.d.facts = append(x.d.facts, fact{decl: x.d, kind: r.Kind, what: name, pos: pos, node: node, when: r.When, call: call})
	}
	return ok
}

// counts reports whether a fact of a declaration that is reached is one for the work.
func (r *Reach) counts(f fact) bool {
	if f.global != nil {
		return r.isWritten(f.global) && !r.world.onlyTold(f.global)
	}
	if f.field != nil {
		return r.isHidden(f.field)
	}
	if f.kind == scan.Context && r.setsItself(f) {
		return false
	}
	if f.call == nil || !f.countsHere() {
		return f.call == nil
	}
	switch f.when {
	case ambient.Named, ambient.Reading, ambient.Unsourced:
		return r.trace(f.decl, f.call.Fun)&named == 0 && r.traceAll(f.decl, f.call.Args)&named == 0
	case ambient.Fixed:
		return r.traceAll(f.decl, f.call.Args)&given == 0
	}
	return true
}

// countsHere reports whether a call counts as far as its own declaration shows: it may
// depend on who calls that.
func (f fact) countsHere() bool {
	if f.kind == scan.File && f.readsProgram() {
		return false // which program it is, a warning of os.Executable says
	}
	switch f.when {
	case ambient.Reading:
		return !writesOnly(f)
	case ambient.Unsourced:
		return !hasSource(f)
	case ambient.Fixed:
		return true
	case ambient.Delaying:
		return !f.decl.flow().onlyDelays(f.call, map[*types.Var]bool{})
	case ambient.Abbreviated:
		return abbreviated(f) && !f.decl.flow().goesOnly(f.call, zoneFree)
	case ambient.Zoned:
		return !f.decl.flow().goesOnly(f.call, zoneFree)
	}
	return !f.decl.flow().goesOnly(f.call, logged)
}

// readsProgram reports whether a call opens the file that os.Executable names.
func (f fact) readsProgram() bool {
	if len(f.call.Args) == 0 {
		return false
	}
	id := ident(f.call.Args[0])
	if id == nil {
		return false
	}
	flow := f.decl.flow()
	v := flow.variable(id)
	if v == nil || len(flow.values[v]) == 0 || len(flow.parts[v]) > 0 {
		return false
	}
	for _, e := range flow.values[v] {
		call, ok := e.(*ast.CallExpr)
		if !ok || callee(call) == nil {
			return false
		}
		fn, ok := flow.info.Uses[callee(call)].(*types.Func)
		if !ok || fn.FullName() != "os.Executable" {
			return false
		}
	}
	return true
}
