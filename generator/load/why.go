package load

import (
	"go/ast"
	"go/token"
	"go/types"
	"sync"
)

// sources are all packages of one Load that were type-checked, those included
// that do not belong to the main modules and do not compile.
type sources struct {
	packages []*Package
	stubs    map[types.Object]bool
	files    func() map[*token.File]source // by where positions are
}

// A source is one file.
type source struct {
	pkg  *Package
	file *ast.File
}

// addSources lets all packages know of each other, those included that were
// type-checked and not listed.
func addSources(m *matches, converted map[string]*Package) error {
	s := &sources{stubs: map[types.Object]bool{}}
	for p := range m.source {
		c := converted[p.ID]
		if c == nil {
			var err error
			if c, err = newPackage(p); err != nil {
				return err
			}
		}
		c.sources = s
		s.packages = append(s.packages, c)
		for _, d := range m.stubs[p] {
			s.stubs[d.Object] = true
		}
	}
	s.files = sync.OnceValue(func() map[*token.File]source {
		files := map[*token.File]source{}
		for _, p := range s.packages {
			for _, f := range p.Files {
				files[p.Fset.File(f.FileStart)] = source{p, f}
			}
		}
		return files
	})
	return nil
}

// at returns the file that has pos.
func (p *Package) at(pos token.Pos) (source, bool) {
	if p.sources == nil || !pos.IsValid() {
		return source{}, false
	}
	s, ok := p.sources.files()[p.Fset.File(pos)]
	return s, ok
}

// A Reason is why something does not type-check.
type Reason struct {
	Message string // the type checker's own words
	// Expr is the type as written, of which Pos has the error or, if that is
	// elsewhere, the beginning.
	Expr ast.Expr
	Pos  token.Position
}

// Why says why the type does not type-check of what is declared at pos, in
// whichever package: a parameter, a field, a method. It is false when nothing is
// known of it.
func (p *Package) Why(pos token.Pos) (Reason, bool) {
	s, ok := p.at(pos)
	if !ok {
		return Reason{}, false
	}
	var expr ast.Expr
	enclosing(s.file, pos, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Field:
			expr = n.Type
		case *ast.FuncDecl:
			expr = n.Type
		case *ast.TypeSpec:
			expr = n.Type
		}
	})
	if expr == nil {
		return Reason{}, false
	}
	r := Reason{Message: "the type " + types.ExprString(expr) + " does not type-check", Expr: expr, Pos: s.pkg.Fset.Position(expr.Pos())}
	if e, ok := s.pkg.ErrorIn(expr.Pos(), expr.End()); ok {
		r.Message, r.Pos = e.Message, e.Pos
	} else if e, ok := s.pkg.errorBehind(expr, map[types.Object]bool{}); ok {
		r.Message = e.Message
	}
	return r, true
}

// errorBehind finds an error in the declarations of what an expression refers to.
func (p *Package) errorBehind(expr ast.Expr, seen map[types.Object]bool) (found TypeError, ok bool) {
	ast.Inspect(expr, func(n ast.Node) bool {
		id, isIdent := n.(*ast.Ident)
		if !isIdent || ok {
			return !ok
		}
		obj := p.Info.Uses[id]
		if obj == nil || seen[obj] {
			return true
		}
		seen[obj] = true
		if found, ok = p.DeclError(obj.Pos()); ok {
			return false
		}
		if s, in := p.at(obj.Pos()); in {
			enclosing(s.file, obj.Pos(), func(n ast.Node) {
				if spec, isType := n.(*ast.TypeSpec); isType && !ok {
					found, ok = s.pkg.errorBehind(spec.Type, seen)
				}
			})
		}
		return !ok
	})
	return found, ok
}

// DeclError returns the first type error in the import, the type declaration, or
// the signature, for what is generated from it, that pos is in, of whichever
// package.
func (p *Package) DeclError(pos token.Pos) (found TypeError, ok bool) {
	s, in := p.at(pos)
	if !in || len(s.pkg.Errors) == 0 {
		return TypeError{}, false
	}
	enclosing(s.file, pos, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.TypeSpec:
			found, ok = s.pkg.ErrorIn(n.Pos(), n.End())
		case *ast.FuncDecl:
			found, ok = s.pkg.ErrorIn(n.Pos(), n.Type.End())
		}
	})
	return found, ok
}

// enclosing calls visit for every node of a file that pos is in, outermost first.
func enclosing(f *ast.File, pos token.Pos, visit func(ast.Node)) {
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || pos >= n.End() {
			return false
		}
		visit(n)
		return true
	})
}
