package reach

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/workgen/workgen/generator/ambient"
)

// A mention is what a declaration says of others, for who executes it.
type mention struct {
	anything bool // see start
	decls    []*decl
	shared   map[*decl]bool
	packages map[string]bool
	loose    bool            // see mentioner
	types    map[string]bool // packages outside, of types that it names
}

// newMention returns that of a declaration that says nothing.
func newMention() *mention {
	return &mention{shared: map[*decl]bool{}, packages: map[string]bool{}, types: map[string]bool{}}
}

// mentioned returns the mention of d.
func (w *world) mentioned(d *decl) *mention {
	m := w.mentions[d]
	if m != nil {
		return m
	}
	if d.variant != nil {
		m = w.mentionedByName(d)
	} else if m = w.mentionedAs(d, w.differs(d)); m.loose {
		m = w.mentionedAs(d, true)
	}
	w.mentions[d] = m
	return m
}

// mentionedAs is mentioned for what has types, which are to be trusted unless loose.
func (w *world) mentionedAs(d *decl, loose bool) *mention {
	x := &mentioner{w: w, pkg: d.pkg, info: d.pkg.Info, mention: newMention(), loosely: loose}
	x.loose = loose
	switch n := d.node.(type) {
	case *ast.FuncDecl:
		x.anything = n.Body == nil
		x.visit(n)
	case *ast.TypeSpec:
		if named, ok := d.obj.Type().(*types.Named); ok {
			for method := range named.Methods() {
				x.object(method)
			}
		}
		x.add(d.pkg.variantsOf().methods[d.local()]...)
		if !d.generated {
			x.visit(n)
		}
	case *ast.ValueSpec:
		for _, e := range []ast.Expr{d.value.typ, d.value.expr} {
			if e != nil {
				x.visit(e)
			}
		}
	}
	return x.mention
}

// A mentioner finds what one declaration mentions.
type mentioner struct {
	w    *world
	pkg  *pkg
	info *types.Info
	*mention
	stack []ast.Node // what is around a node, and itself
	// loosely says that types are not to be trusted, because they may be others in other
	// builds. It is found out on the way, as loose, and then all is looked at again.
	loosely bool
}

// object notes what an object of the world is in all builds.
func (x *mentioner) object(obj types.Object) {
	if d := x.w.decl(obj); d != nil {
		x.loose = x.loose || x.w.differs(d)
		x.add(d.inBuilds()...)
	}
}

// add notes declarations of the world.
func (x *mentioner) add(decls ...*decl) {
	for _, d := range decls {
		x.decls = append(x.decls, d)
		if x.loosely && d.isVariable() && !x.w.isLock(d) {
			x.shared[d] = true
		}
	}
}

// visit looks at all that is in a node.
func (x *mentioner) visit(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			x.stack = x.stack[:len(x.stack)-1]
			return true
		}
		if x.kept(n) {
			return false
		}
		x.stack = append(x.stack, n)
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x.anything = x.anything || x.info.Uses[n.Sel] == nil || x.callsField(n)
		case *ast.Ident:
			x.identifier(n)
		}
		return true
	})
}

// parent is the nth node around the one that is looked at.
func (x *mentioner) parent(n int) ast.Node {
	if n >= len(x.stack) {
		return nil
	}
	return x.stack[len(x.stack)-1-n]
}

// kept reports whether a node is a function that is put into a field of a struct from
// outside, in a literal or by an assignment.
func (x *mentioner) kept(n ast.Node) bool {
	if len(x.stack) == 0 || !x.isFunction(n) {
		return false
	}
	switch p := x.parent(0).(type) {
	case *ast.KeyValueExpr:
		id, ok := p.Key.(*ast.Ident)
		literal, _ := x.parent(1).(*ast.CompositeLit)
		return ok && p.Value == n && x.isOutside(x.info.Uses[id]) && x.isSure(literal.Type)
	case *ast.AssignStmt:
		for i, e := range p.Rhs {
			if sel, ok := p.Lhs[i%len(p.Lhs)].(*ast.SelectorExpr); ok && e == n && len(p.Lhs) == len(p.Rhs) {
				return x.isOutside(x.info.Uses[sel.Sel]) && x.isSure(sel.X)
			}
		}
	}
	return false
}

// isSure reports whether the type of an expression, or a type, is the same in all builds.
// Of local variables, and what has none, nobody knows.
func (x *mentioner) isSure(e ast.Expr) bool {
	if !x.loosely || e == nil {
		return !x.loosely
	}
	sure := !slices.ContainsFunc(x.w.uses(x.pkg, e), x.w.differs)
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			v, ok := x.info.Uses[id].(*types.Var)
			sure = sure && (!ok || v.IsField() || global(v))
		}
		return sure
	})
	return sure
}

// isFunction reports whether n is a function literal, or the name of a function.
func (x *mentioner) isFunction(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit:
		return true
	case *ast.Ident:
		_, ok := x.info.Uses[n].(*types.Func)
		return ok
	case *ast.SelectorExpr:
		_, ok := x.info.Uses[n.Sel].(*types.Func)
		return ok && x.info.Selections[n] == nil
	}
	return false
}

// isOutside reports whether obj is a field for functions of a struct that no package of
// the world declares.
func (x *mentioner) isOutside(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	return ok && v.IsField() && v.Pkg() != nil && x.w.of(v) == nil && holdsFunctions(v.Type())
}

// callsField reports whether a function is taken out of such a field.
func (x *mentioner) callsField(sel *ast.SelectorExpr) bool {
	if !x.isOutside(x.info.Uses[sel.Sel]) && !(x.loosely && x.w.mayBeOutside(sel.Sel.Name)) {
		return false
	}
	a, ok := x.parent(1).(*ast.AssignStmt)
	if !ok {
		return true
	}
	for _, l := range a.Lhs {
		if l == sel {
			return false
		}
	}
	return true
}

// identifier notes what a name says.
func (x *mentioner) identifier(id *ast.Ident) {
	obj := x.info.Uses[id]
	if obj == nil {
		x.anything = x.anything || id.Name != "_" && !x.declares(id)
		return
	}
	for _, v := range x.pkg.predeclared(obj) {
		x.loose = true
		x.add(v)
	}
	if b, ok := obj.(*types.Builtin); ok {
		x.anything = x.anything || b.Pkg() != nil // unsafe
		return
	}
	if obj.Pkg() == nil || exempt(obj.Pkg().Path()) {
		return
	}
	own := x.w.of(obj) != nil
	switch o := obj.(type) {
	case *types.Const:
		if named, ok := types.Unalias(o.Type()).(*types.Named); ok {
			x.object(named.Obj())
		}
		if d := x.w.decl(o); d != nil && d.constrained {
			x.object(o)
		}
	case *types.TypeName:
		x.anything = x.anything || obj.Pkg() == types.Unsafe
		if x.object(obj); !own {
			x.types[obj.Pkg().Path()] = true
		}
	case *types.Func:
		o = o.Origin()
		switch recv := o.Signature().Recv(); {
		case !own:
			x.outside(o)
		case x.w.makesRunner(o), recv != nil && types.IsInterface(recv.Type()):
		case x.w.decl(o) == nil:
			x.anything = true
		default:
			x.object(o)
		}
	case *types.Var:
		if global(o) {
			x.variable(o, own)
		}
	}
}

// declares reports whether an identifier declares something, or names what is no
// expression.
func (x *mentioner) declares(id *ast.Ident) bool {
	_, ok := x.info.Defs[id]
	return ok
}

// variable notes a package variable.
func (x *mentioner) variable(v *types.Var, own bool) {
	if own {
		x.object(v)
		if d := x.w.decl(v); d != nil && !isLock(v.Type()) && x.use(v) != reads {
			x.shared[d] = true
		}
		return
	}
	path := v.Pkg().Path()
	if path == "os" && (v.Name() == "Stdin" || v.Name() == "Stdout" || v.Name() == "Stderr") || ambient.Logs(path) {
		return
	}
	switch use := x.use(v); {
	case use == writes:
		x.anything = true
	case use == shares, x.loosely:
		x.packages[path] = true
	}
}

// isLock reports whether d is a variable with a lock in every build.
func (w *world) isLock(d *decl) bool {
	v, ok := d.obj.(*types.Var)
	return ok && isLock(v.Type()) && !w.differs(d)
}

// isLock reports whether values of a type say only who may go on, or are only written to.
func isLock(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	return is(t, "sync", "Mutex") || is(t, "sync", "RWMutex") || ok && named.Obj().Pkg() != nil && ambient.Logs(named.Obj().Pkg().Path())
}

// outside notes a function of a package outside.
func (x *mentioner) outside(fn *types.Func) {
	path := fn.Pkg().Path()
	switch {
	case pureOutside[path+"."+fn.Name()]:
	case path == "os":
		x.anything = x.anything || setsProcess[fn.Name()]
	case !pureOutside[path] && !ambient.Logs(path) && x.onlyDoes(fn):
		x.anything = true
	default:
		x.calls(path)
	}
}

// calls notes that something of a package outside may be called.
func (m *mention) calls(path string) {
	switch {
	case pureOutside[path], path == "os", ambient.Logs(path), exempt(path):
	case path == "syscall", path == "plugin", path == "C":
		m.anything = true
	default:
		m.packages[path] = true
	}
}

// setsProcess are the functions of package os that change what all code sees.
var setsProcess = map[string]bool{"Chdir": true, "Clearenv": true, "Setenv": true, "Unsetenv": true}

// onlyDoes reports whether a function of another module is called that returns
// nothing, but for errors, and is given nothing that it could write to: what it does, it
// does elsewhere.
func (x *mentioner) onlyDoes(fn *types.Func) bool {
	sig := fn.Signature()
	if sig.Recv() != nil || x.w.isStandard(fn.Pkg().Path()) {
		return false
	}
	for v := range sig.Results().Variables() {
		if !isError(v.Type()) {
			return false
		}
	}
	call := x.call()
	if call == nil || x.loosely {
		return true
	}
	for _, arg := range call.Args {
		if tv := x.info.Types[arg]; tv.Value == nil && !tv.IsNil() && !plain(tv.Type) {
			return false
		}
	}
	return true
}

// call is the call of the function that is looked at, or nil.
func (x *mentioner) call() *ast.CallExpr {
	for i := 1; ; i++ {
		switch p := x.parent(i).(type) {
		case *ast.SelectorExpr, *ast.IndexExpr, *ast.IndexListExpr, *ast.ParenExpr:
		case *ast.CallExpr:
			if p.Fun == x.parent(i-1) {
				return p
			}
			return nil
		default:
			return nil
		}
	}
}
