package reach

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/facts"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// graph returns what is known of the packages of other modules.
func (w *world) graph() *facts.Graph {
	g := w.universe.graphs[w.build]
	if g == nil {
		build := w.build
		g = facts.New(build, func(p *load.Package) *facts.Package { return summary(build, p) }, w.universe.directory)
		w.universe.graphs[build] = g
	}
	return g
}

// isDependency reports whether obj is a function or package variable of another module
// whose code may depend on more than its arguments.
func (w *world) isDependency(obj types.Object) bool {
	switch o := obj.(type) {
	case *types.Func:
		if recv := o.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
			return false
		}
	case *types.Var:
		if !global(o) {
			return false
		}
	default:
		return false
	}
	path := obj.Pkg().Path()
	if w.build == nil || exempt(path) || ambient.Logs(path) || ambient.IsAside(obj.Pkg().Name()+"."+identify(obj).Name) {
		return false
	}
	d := w.build.Dependencies[path]
	return d != nil && d.Module != nil
}

// identify names a function, method or variable of another module.
func identify(obj types.Object) facts.ID {
	id := facts.ID{Path: obj.Pkg().Path(), Name: obj.Name()}
	if fn, ok := obj.(*types.Func); ok && fn.Signature().Recv() != nil {
		t := fn.Signature().Recv().Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		if named, ok := types.Unalias(t).(*types.Named); ok {
			id.Name = named.Obj().Name() + "." + id.Name
		}
	}
	return id
}

// lookOutside finds what the functions of other modules lead to that are reached.
func (r *Reach) lookOutside() {
	var ids []facts.ID
	for _, s := range r.steps {
		for _, f := range r.world.factsOf(s.decl) {
			if f.outside != nil {
				ids = append(ids, identify(f.outside))
			}
		}
	}
	if len(ids) > 0 {
		r.world.graph().Load(ids)
	}
}

// allFactsOf returns the facts of d with, in place of each function and variable of
// another module, what that leads to.
func (w *world) allFactsOf(d *decl) []fact {
	if d.variant != nil && d.variant.active != nil {
		d = d.variant.active
	}
	all := w.factsOf(d)
	if d.inside || d.variant != nil {
		return all
	}
	d.inside = true
	d.facts = nil
	for _, f := range all {
		if f.outside == nil {
			d.facts = append(d.facts, f)
			continue
		}
		for _, way := range w.graph().Ways(identify(f.outside)) {
			inside := f
			inside.outside, inside.steps = nil, way.Steps
			inside.kind, inside.when = way.Use.Kind, way.Use.When
			inside.what = way.Use.What + " through " + way.Steps[0].Name
			d.facts = append(d.facts, inside)
		}
	}
	return d.facts
}

// summary says what the functions and variables of a package of another module look at.
// To it, all that is declared at package level is outside, its own included.
func summary(build *load.Build, p *load.Package) *facts.Package {
	w := &world{build: build, byPath: map[string]*pkg{}}
	own := &pkg{Package: p, decls: map[types.Object]*decl{}}
	for _, f := range p.Files {
		own.file(f)
	}
	out := &facts.Package{Path: p.PkgPath, Name: p.Types.Name(), Entries: map[string]*facts.Entry{}}
	for obj, d := range own.decls {
		switch obj.(type) {
		case *types.Func, *types.Var:
			e := &facts.Entry{Name: identify(obj).Name}
			_, e.Variable = obj.(*types.Var)
			out.Entries[e.Name] = e
			w.summarize(e, d)
		}
	}
	for _, d := range own.always {
		for _, a := range own.assigned(d.node) {
			if e := out.Entries[a.value.name.Name]; e != nil {
				w.summarize(e, a)
			}
		}
	}
	return out
}

// assigned are the package variables that a function init gives values to as their
// initialisers could have.
func (p *pkg) assigned(init ast.Node) (out []*decl) {
	fn, ok := init.(*ast.FuncDecl)
	if !ok || fn.Name.Name != "init" || fn.Body == nil {
		return nil
	}
	for _, s := range fn.Body.List {
		a, ok := s.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			continue
		}
		for i, l := range a.Lhs {
			id, ok := l.(*ast.Ident)
			if !ok {
				continue
			}
			if v, ok := p.Info.Uses[id].(*types.Var); ok && global(v) {
				out = append(out, &decl{pkg: p, node: &ast.ValueSpec{}, value: &value{tok: token.VAR, name: id, expr: a.Rhs[i]}})
			}
		}
	}
	return out
}

// summarize adds what the code of d looks at.
func (w *world) summarize(e *facts.Entry, d *decl) {
	for _, f := range w.factsOf(d) {
		at := place(d.pkg.Fset, f.pos)
		at.Conditions = d.flow().conditions(f.node)
		if f.outside != nil {
			e.Refer(facts.Ref{ID: identify(f.outside), At: at})
		} else if when, ok := f.inDependency(); ok {
			e.Use(facts.Use{Kind: f.kind, What: f.what, When: when, At: at})
		}
	}
}

// conditions is how many conditions have to hold for n to be executed, when the
// declaration is. Those that make it return before are not counted.
func (f *flow) conditions(n ast.Node) (count int) {
	for child, p := n, f.parents[n]; p != nil; child, p = p, f.parents[p] {
		switch p := p.(type) {
		case *ast.IfStmt:
			if child == p.Body || child == p.Else {
				count++
			}
		case *ast.CaseClause:
			if _, statement := child.(ast.Stmt); statement {
				count++
			}
		case *ast.CommClause:
			count++
		case *ast.BinaryExpr:
			if (p.Op == token.LAND || p.Op == token.LOR) && child == p.Y {
				count++
			}
		}
	}
	return count
}

// inDependency reports whether a fact of a declaration of another module counts, and
// what it still depends on: who calls it.
func (f fact) inDependency() (when ambient.When, ok bool) {
	if !ambient.InDependencies(f.kind, f.what) {
		return 0, false
	}
	if f.what == "os.Args" && f.isFirst() {
		return 0, false // the program's name
	}
	switch f.when {
	case ambient.Named, ambient.Reading, ambient.Unsourced:
		when = ambient.Named
	case ambient.Fixed:
		when = ambient.Fixed
	}
	if f.call == nil {
		return when, f.kind != scan.Network // who gets the function may ask, or not
	}
	if (f.kind == scan.Clock || f.kind == scan.Random) && f.decl.flow().onlyTimes(f.call, f.kind == scan.Clock, map[*types.Var]bool{}) {
		return 0, false
	}
	if f.constant(0).Kind() != constant.Unknown && !slices.ContainsFunc(f.call.Args, func(e ast.Expr) bool { return f.decl.pkg.Info.Types[e].Value == nil }) {
		when = ambient.Always
	}
	return when, f.countsHere()
}

// isFirst reports whether only the first element of a list is used.
func (f fact) isFirst() bool {
	parents := f.decl.flow().parents
	index, ok := parents[parents[f.node]].(*ast.IndexExpr)
	if !ok {
		return false
	}
	v, exact := constant.Int64Val(constant.ToInt(constantOf(f.decl.pkg.Info, index.Index)))
	return exact && v == 0
}

// constantOf is the value of an expression, of unknown kind when it is not constant.
func constantOf(info *types.Info, e ast.Expr) constant.Value {
	if v := info.Types[e].Value; v != nil {
		return v
	}
	return constant.MakeUnknown()
}

// place is a position in a file as it was written.
func place(fset *token.FileSet, pos token.Pos) facts.Place {
	p := fset.PositionFor(pos, false)
	return facts.Place{File: filepath.Base(p.Filename), Line: p.Line, Column: p.Column}
}
