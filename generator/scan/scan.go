package scan

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
)

// Scan finds the works of p and adds what is wrong with them to diags, all of
// it: no problem hides another.
func Scan(p *load.Package, diags *diag.List) *Package {
	s := &scanner{Package: p, diags: diags, out: &Package{Package: p}}
	s.index()
	excluded, tests := s.excludedFiles(), s.testFiles()
	s.constrained(slices.Concat(excluded, slices.DeleteFunc(slices.Clone(tests), func(f *ast.File) bool {
		return f.Name.Name != s.Name && len(markedTypes(f)) == 0 // of the external test package
	})))
	for _, f := range p.Files {
		s.tags(f)
		s.file(f)
	}
	for _, one := range OneOfs(p) {
		for _, problem := range one.Problems {
			s.diags.Add(problem) // of several fields, once: equal ones are one
		}
	}
	unseen := slices.Concat(tests, excluded)
	s.out.unseen = unseen
	s.collisions(unseen)
	s.out.Declared, s.out.Imported = s.taken(unseen)
	if p.Test { // the others are generated for in the package without tests
		s.out.Works = slices.DeleteFunc(s.out.Works, func(w *Work) bool { return !load.InTest(p.Fset.Position(w.Pos).Filename) })
	}
	return s.out
}

// A scanner is the state of one Scan.
type scanner struct {
	*load.Package
	diags *diag.List
	out   *Package
	// methods are the declarations of the package's methods and functions.
	methods map[types.Object]*ast.FuncDecl
	// elsewhere has the works with a Run in a file that is not always built;
	// that has been reported.
	elsewhere map[string]bool
}

// index finds the declarations of functions by their objects.
func (s *scanner) index() {
	s.methods = map[types.Object]*ast.FuncDecl{}
	for _, f := range s.Files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && s.Info.Defs[fn.Name] != nil {
				s.methods[s.Info.Defs[fn.Name]] = fn
			}
		}
	}
}

// report adds a diagnostic.
func (s *scanner) report(pos token.Pos, work, message, fix string, path ...diag.Step) {
	s.reportRewrites(nil, pos, work, message, fix, path...)
}

// reportRewrites adds a diagnostic whose fix an editor can make.
func (s *scanner) reportRewrites(rewrites []diag.Rewrite, pos token.Pos, work, message, fix string, path ...diag.Step) {
	s.diags.Add(diag.Diagnostic{Pos: s.Fset.Position(pos), Work: work, Message: message, Path: path, Fix: fix, Rewrites: rewrites})
}

// file reads the directives of one file, in their order.
func (s *scanner) file(f *ast.File) {
	belongs := owners(f)
	interfaces := (&oneofs{Package: s.Package}).targets(f)
	for _, group := range f.Comments {
		var first *directive
		for _, c := range group.List {
			d := s.directive(c)
			switch {
			case d == nil:
			case d.name == "encode":
				s.encode(f, d)
			case d.name == "ignore":
				s.ignore(f, d)
			case d.name == "oneof" && listsFor(d.args):
				s.listed(f, d)
			case d.name == "oneof":
				o, attached := belongs[group]
				s.oneof(group, d, interfaces, o, attached)
			case d.name == "allow":
				s.allow(d)
			case first != nil:
				s.report(d.pos, "", "a second "+prefix+d.name+" on one declaration", "put all options in one directive")
			default:
				first = d
			}
		}
		if first == nil {
			continue
		}
		o, ok := belongs[group]
		if !ok || o.spec == nil || o.inner {
			s.misplaced(f, first, o, ok)
			continue
		}
		if w := s.work(o.spec, group, first); w != nil {
			s.out.Works = append(s.out.Works, w)
		} else {
			s.out.Rejected = true
		}
	}
}

// misplaced reports a directive that is not in the doc comment of a type at
// package level.
func (s *scanner) misplaced(f *ast.File, d *directive, o owner, attached bool) {
	what := prefix + d.name
	switch {
	case o.inner && o.spec != nil:
		s.report(d.pos, o.spec.Name.Name, "a work cannot be declared inside a function", "move the type to package level")
	case attached:
		s.report(d.pos, "", what+" is on "+o.decl+", not on a struct type",
			"put it in the doc comment above the work's type")
	default:
		fix := "put it in the doc comment of the work's type"
		if name := nextType(f, d.pos); name != "" {
			fix = "remove the blank line between it and type " + name
		}
		s.report(d.pos, "", what+" belongs to no declaration", fix)
	}
}

// nextType returns the name of the type declared next after pos, "" when the
// next declaration is something else or pos is inside one.
func nextType(f *ast.File, pos token.Pos) string {
	for _, d := range f.Decls {
		if d.End() < pos {
			continue
		}
		if gen, ok := d.(*ast.GenDecl); ok && gen.Pos() > pos && gen.Tok == token.TYPE && len(gen.Specs) > 0 {
			return gen.Specs[0].(*ast.TypeSpec).Name.Name
		}
		return ""
	}
	return ""
}
