package scan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"strconv"
)

// collisions reports the generated names that are taken: by a declaration of
// the package, by an import, or by another work. Unseen are the files of the
// package without types: tests, and those that this build leaves out.
func (s *scanner) collisions(unseen []*ast.File) {
	taken := map[string]*Work{}
	for _, w := range s.out.Works {
		for _, name := range w.Names().All() {
			if other := taken[name]; other != nil {
				s.report(w.Pos, w.Name, "its generated "+name+" is also generated for work "+other.Name, "rename one of the two works")
				continue
			}
			taken[name] = w
			for _, pos := range s.declared(name, unseen) {
				s.report(pos, w.Name, name+" is declared here, but it is the name of what is generated for the work",
					"rename this declaration, or the work")
			}
		}
	}
}

// declared returns the places where a package-level name is declared already.
func (s *scanner) declared(name string, unseen []*ast.File) []token.Pos {
	var out []token.Pos
	if obj := s.Types.Scope().Lookup(name); obj != nil && !s.IsGenerated(obj) {
		out = append(out, obj.Pos())
	}
	// The names of imports, and what dot imports bring in, are in the scope of
	// the file; the language forbids them at package level too.
	for _, f := range s.Files {
		if scope := s.Info.Scopes[f]; scope != nil {
			if obj := scope.Lookup(name); obj != nil {
				out = append(out, s.importPos(f, obj))
			}
		}
	}
	for _, f := range unseen {
		if f.Name.Name == s.Name { // not of the external test package
			out = append(out, declaredIn(f, name)...)
		}
	}
	return out
}

// importPos returns where f imports obj: a package name is where it stands,
// what a dot import brings in is declared elsewhere.
func (s *scanner) importPos(f *ast.File, obj types.Object) token.Pos {
	for _, imp := range f.Imports {
		if imp.Name != nil && imp.Name.Name == "." {
			pkg := s.Info.PkgNameOf(imp)
			if pkg != nil && pkg.Imported() == obj.Pkg() {
				return imp.Pos()
			}
		}
	}
	return obj.Pos()
}

// taken lists the names for which declared would find something, by where it
// would.
func (s *scanner) taken(unseen []*ast.File) (byPackage, byImport map[string]bool) {
	byPackage, byImport = map[string]bool{}, map[string]bool{}
	for _, name := range s.Types.Scope().Names() {
		if !s.IsGenerated(s.Types.Scope().Lookup(name)) {
			byPackage[name] = true
		}
	}
	for _, f := range s.Files {
		if scope := s.Info.Scopes[f]; scope != nil {
			for _, name := range scope.Names() {
				byImport[name] = true // those of stubs are no identifiers
			}
		}
	}
	for _, f := range unseen {
		if f.Name.Name != s.Name { // of the external test package
			continue
		}
		for _, id := range declarations(f) {
			byPackage[id.Name] = true
		}
		for _, imp := range f.Imports {
			byImport[importName(imp)] = true
		}
	}
	return byPackage, byImport
}

// version is the last part of the path of a later major version.
var version = regexp.MustCompile(`^v[0-9]+$`)

// importName is the name of an import, guessed from its path when none is
// written: without types there is no knowing.
func importName(imp *ast.ImportSpec) string {
	if imp.Name != nil {
		return imp.Name.Name
	}
	name, _ := strconv.Unquote(imp.Path.Value)
	if dir, base := path.Split(name); version.MatchString(base) && dir != "" {
		name = path.Clean(dir)
	}
	return path.Base(name)
}

// declaredIn returns where a file that was not type-checked declares a
// package-level name.
func declaredIn(f *ast.File, name string) []token.Pos {
	var out []token.Pos
	for _, id := range declarations(f) {
		if id.Name == name {
			out = append(out, id.Pos())
		}
	}
	return out
}

// DeclaredAt returns where a package-level name is declared, in a test or in a
// file that this build leaves out if nowhere else; NoPos when it is not.
func (p *Package) DeclaredAt(name string) token.Pos {
	if obj := p.Types.Scope().Lookup(name); obj != nil {
		return obj.Pos()
	}
	for _, f := range p.unseen {
		if places := declaredIn(f, name); f.Name.Name == p.Name && len(places) > 0 {
			return places[0]
		}
	}
	return token.NoPos
}

// declarations lists the package-level names that a file declares.
func declarations(f *ast.File) []*ast.Ident {
	var ids []*ast.Ident
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				ids = append(ids, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					ids = append(ids, spec.Name)
				case *ast.ValueSpec:
					ids = append(ids, spec.Names...)
				}
			}
		}
	}
	return ids
}

// testFiles parses the tests that are not among the files of the package. Those of
// them with works are a package of their own: see [load.Package.Test].
func (s *scanner) testFiles() []*ast.File {
	var out []*ast.File
	for _, name := range s.TestFiles {
		// A test that does not parse is no reason not to generate.
		f, _ := parser.ParseFile(s.Fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if f != nil && f.Name != nil && !ignored(f) {
			out = append(out, f)
		}
	}
	return out
}
