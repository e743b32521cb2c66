package reach

import (
	"crypto/sha256"
	"go/ast"
	"go/token"
	"go/types"
)

// A ref is something a declaration refers to. One of obj, variant, method, outside, name
// and claimed is set.
type ref struct {
	obj     types.Object    // declared in the world
	variant *decl           // of the name, in another build
	method  *types.Func     // of an interface: its implementers
	exists  bool            // with method: all that counts is which types have it
	iface   *types.TypeName // with method: the module's interface that has it from one outside; or nil
	outside types.Object    // declared outside of the world
	name    string          // a method of a type that is not known: all of the name
	claimed types.Type      // what is said of a value that may be anything, to be in it
	context bool            // with claimed: the value is a context
	pos     token.Pos
}

// A walker notes what one declaration refers to.
type walker struct {
	w     *world
	d     *decl
	info  *types.Info
	seen  map[ref]bool
	start token.Pos // of pkg.Name, while Name is looked at
	asks  ast.Expr  // of _, ok := asks
	full  []byte    // the full names of what is declared at package level
}

// walk sets hash and refs of d, once.
func (w *world) walk(d *decl) {
	if d.walked {
		return
	}
	d.walked = true
	x := &walker{w: w, d: d, info: d.pkg.Info, seen: map[ref]bool{}}
	d.source = d.pkg.sourceSum(d.at)
	switch n := d.node.(type) {
	case *ast.FuncDecl:
		if n.Recv != nil {
			x.visit(n.Recv)
		}
		x.visit(n.Type)
		if n.Body != nil {
			x.visit(n.Body)
		}
	case *ast.TypeSpec:
		if d.generated {
			d.source = sha256.Sum256([]byte(types.TypeString(d.obj.Type().Underlying(), nil)))
		}
		if n.TypeParams != nil {
			x.visit(n.TypeParams)
		}
		x.visit(n.Type)
	case *ast.ValueSpec:
		for _, e := range []ast.Expr{d.value.typ, d.value.expr} {
			if e != nil {
				x.visit(e)
			}
		}
		d.embeds = d.value.embeds
	}
	d.hash = sha256.Sum256(append(x.full, d.source[:]...))
}

// add notes a reference, once.
func (x *walker) add(r ref) {
	pos := r.pos
	r.pos = token.NoPos
	if !x.seen[r] {
		x.seen[r] = true
		r.pos = pos
		x.d.refs = append(x.d.refs, r)
	}
}

// identifier notes what a name refers to.
func (x *walker) identifier(id *ast.Ident) {
	obj := x.info.Uses[id]
	if obj == nil {
		return
	}
	if obj.Pkg() != nil && obj.Parent() == obj.Pkg().Scope() {
		x.full = append(x.full, obj.Pkg().Path()+"."+id.Name+"\x00"...)
	}
	pos := id.Pos()
	if x.start.IsValid() {
		pos = x.start
	}
	for _, v := range x.d.pkg.predeclared(obj) {
		x.full = append(x.full, v.name+"\x00"...)
		x.add(ref{variant: v, pos: pos})
	}
	x.object(obj, pos)
}

// object notes the use of an object.
func (x *walker) object(obj types.Object, pos token.Pos) {
	if obj.Pkg() == nil {
		if fn, ok := obj.(*types.Func); ok { // error.Error, comparable
			x.add(ref{method: fn, pos: pos})
		}
		return
	}
	switch o := obj.(type) {
	case *types.PkgName, *types.Label, *types.Nil, *types.Builtin:
		return
	case *types.Func:
		o = o.Origin()
		if recv := o.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
			x.add(ref{method: o, pos: pos})
			if x.w.of(o) != nil {
				return
			}
		}
		obj = o
	case *types.Var:
		if o.IsField() {
			return
		}
		obj = o.Origin()
	}
	_, method := obj.(*types.Func)
	if !method && obj.Parent() != obj.Pkg().Scope() {
		return // local
	}
	if x.w.of(obj) == nil {
		x.add(ref{outside: obj, pos: pos})
	} else {
		x.add(ref{obj: obj, pos: pos})
	}
}

// qualified notes what pkg.Name refers to, and reports whether sel is that.
func (x *walker) qualified(sel *ast.SelectorExpr) bool {
	id, ok := sel.X.(*ast.Ident)
	if ok {
		name, isPkg := x.info.Uses[id].(*types.PkgName)
		if !isPkg {
			ok = false
		} else {
			if x.info.Uses[sel.Sel] == nil {
				x.full = append(x.full, name.Imported().Path()+"."+sel.Sel.Name+"\x00"...)
				return true
			}
			x.start = sel.Pos()
			x.identifier(sel.Sel)
			x.start = token.NoPos
			return true
		}
	}
	if x.info.Uses[sel.Sel] == nil {
		x.add(ref{name: sel.Sel.Name, pos: sel.Sel.Pos()})
	} else if s := x.info.Selections[sel]; s != nil {
		x.inherited(s, sel.Sel.Pos())
	}
	return false
}

// inherited notes the use of a method that an interface of the module has from
// one outside.
func (x *walker) inherited(s *types.Selection, pos token.Pos) {
	fn, ok := s.Obj().(*types.Func)
	if !ok || x.w.of(fn) != nil {
		return
	}
	recv := s.Recv()
	if p, ok := recv.(*types.TypeParam); ok {
		recv = p.Constraint()
	}
	named, ok := types.Unalias(recv).(*types.Named)
	if ok && types.IsInterface(named) && x.w.of(named.Obj()) != nil {
		x.add(ref{method: fn.Origin(), iface: named.Obj(), pos: pos})
	}
}

// asserted notes the methods of an interface that something is asked for: to
// have them decides, called or not. If only that is asked, the value is not used as one
// of the interface.
func (x *walker) asserted(value, e ast.Expr, only bool) {
	if e == nil || x.info.TypeOf(e) == nil {
		return
	}
	t := types.Unalias(x.info.TypeOf(e))
	of := x.info.TypeOf(value)
	if named, ok := types.Unalias(of).(*types.Named); !ok || x.w.of(named.Obj()) == nil || hasNoMethods(named) {
		x.add(ref{claimed: t, context: is(of, "context", "Context"), pos: e.Pos()})
	}
	iface, ok := t.Underlying().(*types.Interface)
	if _, param := t.(*types.TypeParam); !ok || param {
		return
	}
	for m := range iface.Methods() {
		r := ref{method: m.Origin(), pos: e.Pos()}
		if named, ok := t.(*types.Named); ok && x.w.of(named.Obj()) != nil && x.w.of(m) == nil {
			r.iface = named.Obj()
		}
		r.exists = only && !isGeneric(t) && (x.w.of(m) != nil || r.iface != nil)
		x.add(r)
	}
}

// isGeneric reports whether a type is, or is made of, one with parameters.
func isGeneric(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.Origin().TypeParams().Len() > 0
}

// look is shown every node of the declaration.
func (x *walker) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if id := ident(n.Lhs[0]); id != nil && id.Name == "_" && len(n.Lhs) == 2 && len(n.Rhs) == 1 {
			x.asks = ast.Unparen(n.Rhs[0])
		}
	case *ast.TypeAssertExpr:
		x.asserted(n.X, n.Type, x.asks == n)
	case *ast.TypeSwitchStmt:
		_, only := n.Assign.(*ast.ExprStmt)
		for _, c := range n.Body.List {
			if c, ok := c.(*ast.CaseClause); ok {
				for _, e := range c.List {
					x.asserted(switched(n), e, only)
				}
			}
		}
	}
}

// switched is the value whose type a type switch looks at.
func switched(n *ast.TypeSwitchStmt) ast.Expr {
	var e ast.Expr
	switch s := n.Assign.(type) {
	case *ast.AssignStmt:
		e = s.Rhs[0]
	case *ast.ExprStmt:
		e = s.X
	}
	return ast.Unparen(e).(*ast.TypeAssertExpr).X
}

// hasNoMethods reports whether t is an interface that every type has.
func hasNoMethods(t types.Type) bool {
	iface, ok := t.Underlying().(*types.Interface)
	return ok && iface.NumMethods() == 0
}
