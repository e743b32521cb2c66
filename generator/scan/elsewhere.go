package scan

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
)

// Elsewhere returns the build constraint of the file that declares a type of another
// package, if it is one of systems and a type of that name is declared differently in
// other files. On systems where there is none, nothing that is always built can name it.
// Other tags, such as goexperiment.jsonv2, are the same for all who build a module; the
// guards see to them. It must not be called concurrently.
func (p *Package) Elsewhere(t *types.TypeName) (Constraint, bool) {
	file := filepath.Base(p.Fset.Position(t.Pos()).Filename)
	files := p.FilesOf(t.Pkg().Path())
	for _, name := range files {
		if filepath.Base(name) != file {
			continue
		}
		c := p.header(name)
		return c, ofSystems(c) && p.declaredOtherwise(t.Name(), name, files)
	}
	return Constraint{}, false
}

// header returns the build constraint of a file of another package, the zero one if it
// is always built.
func (p *Package) header(name string) (c Constraint) {
	if c, ok := p.headers[name]; ok {
		return c
	}
	s := &scanner{Package: p.Package}
	if f, _ := parser.ParseFile(p.Fset, name, nil, parser.ParseComments|parser.ImportsOnly); f != nil {
		c, _ = s.constraintOf(f)
	}
	if p.headers == nil {
		p.headers = map[string]Constraint{}
	}
	p.headers[name] = c
	return c
}

// ofSystems reports whether a constraint mentions an operating system, an architecture,
// or cgo.
func ofSystems(c Constraint) (found bool) {
	x, err := constraint.Parse("//go:build " + c.Text)
	if err != nil {
		return false // "": always built
	}
	x.Eval(func(tag string) bool {
		found = found || tag == "unix" || tag == "cgo" || platform("x_"+tag+".go") != ""
		return false
	})
	return found
}

// declaredOtherwise reports whether one of files declares a type that another file of
// them does, too, and differently.
func (p *Package) declaredOtherwise(typ, file string, files []string) bool {
	text := func(name string) string {
		f, _ := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if f == nil || ignored(f) {
			return ""
		}
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				for _, spec := range d.Specs {
					if spec := spec.(*ast.TypeSpec); spec.Name.Name == typ {
						return types.ExprString(spec.Type)
					}
				}
			}
		}
		return ""
	}
	here := text(file)
	for _, name := range files {
		if other := text(name); name != file && other != "" && other != here {
			return true
		}
	}
	return false
}
