package reach

import (
	"go/ast"
	"go/types"
)

// An origin says what a value is made from.
type origin uint8

const (
	// given: from the inputs of the work, or from what is not seen.
	given origin = 1 << iota
	// file: the name in a key.File. What is next to the file is no input.
	file
	// dir: a name in or below a key.Dir.
	dir
	// made: a name in or below a temporary file or folder that the code has made.
	made
	// itself: from the value that is looked at, which is assigned in a loop or returned by
	// a recursive function; changed says that it is not the same name then.
	itself
	changed

	// named are names whose content is an input, or made by the code itself.
	named = file | dir | made
)

// either is the origin of one of two values: of named ones, only if both are.
func either(a, b origin) origin {
	if a&(itself|named) == itself {
		a, b = b, a
	}
	switch {
	case b&(itself|named) == itself:
		if b&changed != 0 {
			a = renamed(a)
		}
		return a | b&(given|changed)
	case a&named == 0 || b&named == 0:
		return (a | b) &^ named
	}
	return a | b
}

// renamed is the origin of a name that is made from another one.
func renamed(o origin) origin { return o&^file | changed }

// A tracer finds the origins of values in what a work reaches.
type tracer struct {
	r     *Reach
	sites map[*types.Func][]site // calls by function
	named map[string][]site      // calls of methods of interfaces, by their names
	known map[any]origin         // of variables and functions
}

// trace returns what an expression in d is made from.
func (r *Reach) trace(d *decl, e ast.Node) origin { return r.tracerOf().node(d, e) }

// traceAll returns what any of some expressions is made from.
func (r *Reach) traceAll(d *decl, exprs []ast.Expr) (o origin) {
	for _, e := range exprs {
		o |= r.trace(d, e)
	}
	return o
}

// tracerOf returns the tracer for what is reached.
func (r *Reach) tracerOf() *tracer {
	if r.tracer != nil {
		return r.tracer
	}
	t := &tracer{r: r, sites: map[*types.Func][]site{}, named: map[string][]site{}, known: map[any]origin{}}
	for _, s := range r.steps {
		r.world.factsOf(s.decl)
		d := s.decl
		if d.variant != nil && d.variant.active != nil {
			d = d.variant.active
		}
		for _, c := range d.calls {
			t.sites[c.fn] = append(t.sites[c.fn], site{d, c.call})
			if recv := c.fn.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
				t.named[c.fn.Name()] = append(t.named[c.fn.Name()], site{d, c.call})
			}
		}
	}
	r.tracer = t
	return t
}

// node is trace. All that is in an expression counts.
func (t *tracer) node(d *decl, e ast.Node) (o origin) {
	ast.Inspect(e, func(n ast.Node) bool {
		expr, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		typ := d.pkg.Info.TypeOf(expr)
		if typ != nil && is(typ, "context", "Context") { // its values are warned of where they are read
			return false
		}
		switch n := n.(type) {
		case *ast.BinaryExpr:
			o |= renamed(t.node(d, n.X) | t.node(d, n.Y))
			return false
		case *ast.SelectorExpr:
			if v, ok := d.pkg.Info.Uses[n.Sel].(*types.Var); ok && v.IsField() {
				o |= inside(v.Type())
			}
		case *ast.TypeAssertExpr:
			if n.Type != nil { // not of a type switch
				o |= inside(d.pkg.Info.TypeOf(n.Type))
			}
		case *ast.Ident:
			if v := d.flow().variable(n); v != nil {
				o |= t.variable(d, v)
			}
		case *ast.CallExpr:
			o |= t.result(d, n)
			return false
		}
		return true
	})
	return o
}

// inside is the origin that a type gives to inputs: to a key.File or key.Dir, and to
// what holds nothing else.
func inside(t types.Type) origin {
	for range 3 {
		switch {
		case is(t, ours+"/key", "File"):
			return file
		case is(t, ours+"/key", "Dir"):
			return dir
		}
		elem, ok := t.Underlying().(interface{ Elem() types.Type })
		if !ok {
			return 0
		}
		t = elem.Elem()
	}
	return 0
}

// is reports whether t is the type of that name.
func is(t types.Type, path, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path
}

// result is the origin of what a call returns. That of a function outside is made from
// what it is given, but what a file holds names no input as the file's name does.
func (t *tracer) result(d *decl, call *ast.CallExpr) (o origin) {
	for _, arg := range call.Args {
		o |= t.node(d, arg)
	}
	if d.pkg.Info.Types[call.Fun].IsType() {
		return o
	}
	o |= t.node(d, call.Fun)
	var fn *types.Func
	if id := callee(call); id != nil {
		switch obj := d.pkg.Info.Uses[id].(type) {
		case *types.Builtin:
			return o
		case *types.Func:
			fn = obj.Origin()
		}
	}
	if fn == nil || fn.Pkg() == nil {
		return o &^ named
	}
	switch fn.FullName() {
	case "os.MkdirTemp", "os.CreateTemp", "io/ioutil.TempDir", "io/ioutil.TempFile":
		return made
	case "os.Open", "os.OpenFile", "os.Create", "(*os.File).Name":
		return o
	}
	switch fn.Pkg().Path() {
	case "path/filepath":
		switch fn.Name() {
		case "Abs", "Clean", "EvalSymlinks", "FromSlash", "ToSlash":
			return o
		case "Base", "Dir", "Rel":
			return o &^ named
		}
		return renamed(o)
	case "path", "strings", "fmt":
		return renamed(o)
	}
	if own := t.r.world.decl(fn); own != nil {
		return t.returned(own, fn)
	}
	return o &^ named
}

// returned is the origin of what a function of the module returns.
func (t *tracer) returned(d *decl, fn *types.Func) origin {
	if o, ok := t.known[fn]; ok {
		return o
	}
	t.known[fn] = itself
	o := itself
	for _, n := range d.code() {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				one := origin(0)
				for _, e := range n.Results {
					one |= t.node(d, e)
				}
				if !fails(d, n) {
					o = either(o, one)
				}
			}
			return true
		})
	}
	t.known[fn] = o &^ (itself | changed)
	return t.known[fn]
}

// fails reports whether a return statement returns an error that is not nil: then
// nobody looks at what else it returns.
func fails(d *decl, n *ast.ReturnStmt) bool {
	if len(n.Results) < 2 {
		return false
	}
	last := n.Results[len(n.Results)-1]
	t := d.pkg.Info.TypeOf(last)
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

// variable is the origin of a local variable of d: of what is assigned to it, and to
// its parts.
func (t *tracer) variable(d *decl, v *types.Var) origin {
	if o, ok := t.known[v]; ok {
		return o
	}
	t.known[v] = itself
	f, o := d.flow(), itself
	for _, e := range f.values[v] {
		o = either(o, t.node(d, e))
	}
	if lit := f.literals[v]; lit != nil {
		o = either(o, t.callback(d, lit, v))
	} else if i, ok := parameter(d, v); ok {
		o = either(o, t.argument(d, i, v))
	}
	if f.cases[v] {
		o |= inside(v.Type())
	}
	for _, e := range f.parts[v] {
		o |= t.node(d, e)
	}
	t.known[v] = o &^ (itself | changed)
	return t.known[v]
}

// callback is the origin of what a function literal is called with: what it is given
// to is given what else there is.
func (t *tracer) callback(d *decl, lit *ast.FuncLit, v *types.Var) (o origin) {
	call, ok := d.flow().parents[lit].(*ast.CallExpr)
	if !ok {
		return given | inside(v.Type())
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		o |= t.node(d, sel.X)
	}
	for _, arg := range call.Args {
		if arg != lit {
			o |= t.node(d, arg)
		}
	}
	return o
}

// parameter is the index of a parameter of d, -1 for its receiver.
func parameter(d *decl, v *types.Var) (int, bool) {
	fn, ok := d.obj.(*types.Func)
	if !ok {
		return 0, false
	}
	if fn.Signature().Recv() == v {
		return -1, true
	}
	for i := range fn.Signature().Params().Len() {
		if fn.Signature().Params().At(i) == v {
			return i, true
		}
	}
	return 0, false
}

// argument is the origin of what d is called with: of parameter i, which is v.
func (t *tracer) argument(d *decl, i int, v *types.Var) origin {
	fn := d.obj.(*types.Func)
	sites := t.sites[fn]
	if fn.Signature().Recv() != nil {
		sites = append(sites[:len(sites):len(sites)], t.named[fn.Name()]...)
	}
	if d == t.r.root || len(sites) == 0 { // called from elsewhere
		return given | inside(v.Type())
	}
	variadic := fn.Signature().Variadic() && i == fn.Signature().Params().Len()-1
	o := itself
	for _, s := range sites {
		one := origin(0)
		if sel, ok := ast.Unparen(s.call.Fun).(*ast.SelectorExpr); i < 0 && ok {
			one |= t.node(s.decl, sel.X)
		}
		for n, arg := range s.call.Args {
			if n == i || n > i && variadic && i >= 0 || len(s.call.Args) == 1 && i >= 0 {
				one |= t.node(s.decl, arg)
			}
		}
		o = either(o, one)
	}
	return o
}
