package scan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"

	"github.com/workgen/workgen/generator/wrapper"
)

// What is generated is one file without a build constraint, made from the files
// of one build. So all that it names must be declared in every build: a work in
// a file that is built for Linux only would leave a generated file that does not
// compile elsewhere, and generating elsewhere would remove it. It is refused,
// and so is its twin in the file for another system, whichever of them is being
// built: the answer is the same on every machine.

// excludedFiles parses the files of the package that this build leaves out.
func (s *scanner) excludedFiles() []*ast.File {
	var out []*ast.File
	for _, name := range s.ExcludedFiles {
		// A file that does not parse is no concern of this build.
		f, _ := parser.ParseFile(s.Fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if f != nil && f.Name != nil && f.Name.Name == s.Name && !ignored(f) {
			out = append(out, f)
		}
	}
	return out
}

// constrained reports the works, and their Run methods, that are declared in
// files which are not always built.
func (s *scanner) constrained(excluded []*ast.File) {
	files := append(s.Files[:len(s.Files):len(s.Files)], excluded...)
	constraints := map[*ast.File]Constraint{}
	marked, reported := map[string]bool{}, map[[2]string]bool{} // works; constraints and works
	for _, f := range files {
		c, isConstrained := s.constraintOf(f)
		if isConstrained {
			constraints[f] = c
		}
		for _, name := range markedTypes(f) {
			marked[name.Name] = true
			if isConstrained {
				reported[[2]string{c.Text, name.Name}] = true
				s.conditional(name.Pos(), name.Name, "the type", c,
					"move the type and its method Run to a file that is always built, and let Run call functions that differ between builds")
			}
		}
	}
	s.elsewhere, s.out.constraints = map[string]bool{}, constraints
	for _, f := range files {
		c, isConstrained := constraints[f]
		for _, fn := range runMethods(f) {
			work := wrapper.Receiver(fn)
			if !isConstrained || !marked[work] {
				continue
			}
			s.elsewhere[work] = true
			if !reported[[2]string{c.Text, work}] {
				s.conditional(fn.Name.Pos(), work, "method Run", c,
					"move the method to a file that is always built, and let it call functions that differ between builds")
			}
		}
	}
}

// conditional reports a declaration in a file that is not always built.
func (s *scanner) conditional(pos token.Pos, work, what string, c Constraint, fix string) {
	s.report(pos, work, what+" is declared in a file that is built only if "+c.Text+", but what is generated for the work is always built", fix, c.From)
}

// markedTypes lists the names of the types at package level that are marked as
// works.
func markedTypes(f *ast.File) []*ast.Ident {
	if !slices.ContainsFunc(f.Comments, wrapper.Marked) {
		return nil
	}
	belongs := owners(f)
	var out []*ast.Ident
	for _, group := range f.Comments {
		o := belongs[group]
		if o.spec == nil || o.inner {
			continue
		}
		if wrapper.Marked(group) {
			out = append(out, o.spec.Name)
		}
	}
	return out
}

// runMethods lists the methods called Run.
func runMethods(f *ast.File) []*ast.FuncDecl {
	var out []*ast.FuncDecl
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "Run" {
			out = append(out, fn)
		}
	}
	return out
}

// ConstraintAt returns the build constraint of the file of p that has pos. It
// reports false when that file is always built.
func (p *Package) ConstraintAt(pos token.Pos) (Constraint, bool) {
	for f, c := range p.constraints {
		if f.FileStart <= pos && pos <= f.FileEnd {
			return c, true
		}
	}
	return Constraint{}, false
}
