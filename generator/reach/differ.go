package reach

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"

	"github.com/workgen/workgen/generator/ambient"
)

// What is executed at the start is followed by types, which are those of this build. In
// another build there may be others: where an alias stands for an int here, it may stand
// for a pointer there. So a declaration that uses what differs between builds is followed
// loosely: all variables that it mentions are taken for written to, all functions for
// called. The variants of a declaration are followed by names alone.

// differs reports whether what a declaration is, or its type, may not be the same in all
// builds.
func (w *world) differs(root *decl) bool {
	if differs, ok := w.differing[root]; ok {
		return differs
	}
	seen := map[*decl]bool{}
	for next := []*decl{root}; len(next) > 0; {
		d := next[0]
		next = next[1:]
		if seen[d] || exempt(d.pkg.PkgPath) {
			continue
		}
		seen[d] = true
		if _, ok := d.node.(*ast.TypeSpec); d.constrained || d.variant != nil || d.generated || w.differing[d] ||
			ok && len(d.pkg.variantsOf().methods[d.local()]) > 0 { // which may hide embedded ones
			w.differing[root] = true
			return true
		}
		for _, n := range d.typed() {
			next = append(next, w.uses(d.pkg, n)...)
		}
	}
	for d := range seen {
		w.differing[d] = false
	}
	return false
}

// typed are the parts of a declaration that its type follows from.
func (d *decl) typed() (out []ast.Node) {
	switch n := d.node.(type) {
	case *ast.FuncDecl:
		if n.Recv != nil {
			out = append(out, n.Recv)
		}
		out = append(out, n.Type)
	case *ast.TypeSpec:
		out = append(out, n)
	case *ast.ValueSpec:
		switch {
		case d.value.typ != nil:
			out = append(out, d.value.typ)
		case d.value.expr != nil:
			out = append(out, d.value.expr)
		}
	}
	return out
}

// uses returns the declarations that a node uses, but for what is in function literals.
func (w *world) uses(p *pkg, root ast.Node) (out []*decl) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			out = append(out, w.uses(p, n.Type)...)
			return false
		case *ast.Ident:
			obj := p.Info.Uses[n]
			if fn, ok := obj.(*types.Func); ok {
				obj = fn.Origin()
			}
			if obj == nil {
				break
			}
			out = append(out, p.predeclared(obj)...)
			if d := w.decl(obj); d != nil {
				out = append(out, d)
			}
		}
		return true
	})
	return out
}

// mentionedByName is mentioned for a variant. Methods need not be followed by their names:
// those of all types that are named are.
func (w *world) mentionedByName(d *decl) *mention {
	x := &mentioner{w: w, pkg: d.pkg, mention: newMention(), loosely: true}
	x.loose = true
	w.walkVariant(d)
	for _, n := range d.names {
		if n.pkg != nil && n.method == "" {
			x.add(n.decls()...)
		}
	}
	if fn, ok := d.node.(*ast.FuncDecl); ok {
		x.anything = fn.Body == nil
	}
	x.imports(d)
	x.byName(d)
	return x.mention
}

// byName notes what the syntax of a variant says.
func (x *mentioner) byName(d *decl) {
	imports := d.variant.imports(x.w)
	assigned := func(lhs ...ast.Expr) {
		for _, e := range lhs {
			_, local := e.(*ast.Ident)
			path := imports[rootName(e)]
			x.anything = x.anything || !local && path != "" && x.w.byPath[path] == nil
		}
	}
	ast.Inspect(d.node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x.anything = x.anything || setsProcess[n.Sel.Name] || x.w.mayBeOutside(n.Sel.Name)
		case *ast.AssignStmt:
			assigned(n.Lhs...)
		case *ast.IncDecStmt:
			assigned(n.X)
		case *ast.RangeStmt:
			assigned(n.Key, n.Value)
		}
		return true
	})
}

// imports notes the packages outside that the file of a variant imports. Of those of the
// standard library the names are known; what functions of others do, nobody knows.
func (x *mentioner) imports(d *decl) {
	used := map[string]bool{}
	ast.Inspect(d.node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Name] = true
		}
		return true
	})
	for _, i := range d.variant.file.Imports {
		path := importPath(i)
		if i.Name != nil && i.Name.Name == "_" && path != "unsafe" { // without linkname
			continue
		}
		switch {
		case path == "C", path == "unsafe", i.Name != nil && i.Name.Name == ".":
			x.anything = true
		case x.w.byPath[path] != nil, exempt(path), ambient.Logs(path):
		case !used[x.w.importName(i)] && (x.w.isStandard(path) || i.Name != nil || x.w.lacks(path, used)):
		case !x.w.isStandard(path), x.w.isOwn(path):
			x.anything = true
		default:
			x.calls(path)
		}
	}
}

// lacks reports whether a package outside is known to have none of some names.
func (w *world) lacks(path string, names map[string]bool) bool {
	w.build.Complete([]string{path})
	d := w.build.Dependencies[path]
	if d == nil || len(d.Files) == 0 {
		return false
	}
	for _, file := range d.Files {
		if filepath.Ext(file) != ".go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
		if err != nil || names[f.Name.Name] {
			return false
		}
	}
	return true
}

// isOwn reports whether a package would belong to a module of the world.
func (w *world) isOwn(path string) bool {
	for _, p := range w.sorted {
		if p.Module != nil && strings.HasPrefix(path+"/", p.Module.Path+"/") {
			return true
		}
	}
	return false
}

// rootName is the name that an operand begins with, "" when it begins otherwise.
func rootName(e ast.Expr) string {
	for {
		switch n := e.(type) {
		case *ast.Ident:
			return n.Name
		case *ast.ParenExpr:
			e = n.X
		case *ast.StarExpr:
			e = n.X
		case *ast.IndexExpr:
			e = n.X
		case *ast.SliceExpr:
			e = n.X
		case *ast.TypeAssertExpr:
			e = n.X
		case *ast.SelectorExpr:
			e = n.X
		default:
			return ""
		}
	}
}

// mayBeOutside reports whether somewhere in the world, functions in a field of that name
// of a struct from outside are used: see kept.
func (w *world) mayBeOutside(name string) bool {
	if w.fields != nil {
		return w.fields[name]
	}
	w.fields = map[string]bool{}
	for _, p := range w.sorted {
		x := &mentioner{w: w, pkg: p, info: p.Info}
		for id, obj := range p.Info.Uses {
			if x.isOutside(obj) {
				w.fields[id.Name] = true
			}
		}
	}
	return w.fields[name]
}
