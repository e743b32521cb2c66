package flows

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/wrapper"
)

// An index says of a package what its functions and variables are.
type index struct {
	functions map[*types.Func]*ast.FuncDecl // without the Run methods of works
	values    map[*types.Var][]value        // what is assigned to variables, but for zero values
	uses      map[*types.Var][]*ast.Ident
}

// A value is what a variable is set to.
type value struct {
	expr   ast.Expr // nil when it is not known
	result int      // of the call expr; -1 when expr itself is the value
}

func newIndex(p *load.Package) *index {
	x := &index{functions: map[*types.Func]*ast.FuncDecl{}, values: map[*types.Var][]value{}, uses: map[*types.Var][]*ast.Ident{}}
	works := map[string]bool{}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			markWorks(d, works)
		}
	}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil || fn.Name.Name == "Run" && works[wrapper.Receiver(fn)] {
				continue
			}
			if obj, ok := p.Info.Defs[fn.Name].(*types.Func); ok {
				x.functions[obj] = fn
			}
		}
		ast.Inspect(f, func(n ast.Node) bool { x.add(p.Info, n); return true })
	}
	for id, obj := range p.Info.Uses {
		if v, ok := obj.(*types.Var); ok && !v.IsField() {
			x.uses[v] = append(x.uses[v], id)
		}
	}
	return x
}

// markWorks adds the names of the works that are declared.
func markWorks(d ast.Decl, works map[string]bool) {
	decl, ok := d.(*ast.GenDecl)
	if !ok || decl.Tok != token.TYPE {
		return
	}
	for _, spec := range decl.Specs {
		if t := spec.(*ast.TypeSpec); wrapper.Marked(t.Doc) || wrapper.Marked(decl.Doc) {
			works[t.Name.Name] = true
		}
	}
}

// add adds what a node assigns to variables.
func (x *index) add(info *types.Info, n ast.Node) {
	set := func(to ast.Expr, v value) {
		if id, ok := ast.Unparen(to).(*ast.Ident); ok {
			if obj, ok := info.ObjectOf(id).(*types.Var); ok {
				x.values[obj] = append(x.values[obj], v)
			}
		}
	}
	assign := func(to, from []ast.Expr) {
		for i, e := range to {
			switch {
			case len(from) == len(to):
				set(e, value{from[i], -1})
			case len(from) == 1:
				set(e, value{from[0], i})
			}
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.ASSIGN && n.Tok != token.DEFINE {
			set(n.Lhs[0], value{}) // += and the like
			return
		}
		assign(n.Lhs, n.Rhs)
	case *ast.ValueSpec:
		names := make([]ast.Expr, len(n.Names))
		for i, id := range n.Names {
			names[i] = id
		}
		assign(names, n.Values)
	case *ast.RangeStmt:
		for _, e := range []ast.Expr{n.Key, n.Value} {
			if e != nil {
				set(e, value{})
			}
		}
	case *ast.IncDecStmt:
		set(n.X, value{})
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			set(n.X, value{}) // whoever has the address may write to it
		}
	}
}
