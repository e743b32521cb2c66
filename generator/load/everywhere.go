package load

import (
	"context"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Generated files are to be the same everywhere. Whether there is cgo here must not
// matter, nor whether there is a C compiler: files that import "C" always belong to their
// packages, and are type-checked as they are, with types of C that are not known. And
// what a package imports counts with what it imports on any system.

// Everywhere returns the import paths of what d imports in any build, sorted.
func (d *Dependency) Everywhere() []string {
	all := slices.Clone(d.Imports)
	for _, name := range d.ignored {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil || !mayBeBuilt(f) {
			continue
		}
		for _, i := range f.Imports {
			if path := importPath(i); path != "C" {
				all = append(all, path)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// importPath is what an import names.
func importPath(i *ast.ImportSpec) string { return strings.Trim(i.Path.Value, "\"`") }

// mayBeBuilt reports whether there are build tags with which a file is built, of which
// ignore is none. That is how go mod tidy looks at files.
func mayBeBuilt(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() > f.Package || !constraint.IsGoBuild(c.Text) && !constraint.IsPlusBuild(c.Text) {
				continue
			}
			if x, err := constraint.Parse(c.Text); err == nil && !mayBe(x, true) {
				return false
			}
		}
	}
	return true
}

// mayBe reports whether x may evaluate to want.
func mayBe(x constraint.Expr, want bool) bool {
	switch x := x.(type) {
	case *constraint.NotExpr:
		return mayBe(x.X, !want)
	case *constraint.AndExpr:
		if want {
			return mayBe(x.X, true) && mayBe(x.Y, true)
		}
		return mayBe(x.X, false) || mayBe(x.Y, false)
	case *constraint.OrExpr:
		if want {
			return mayBe(x.X, true) || mayBe(x.Y, true)
		}
		return mayBe(x.X, false) && mayBe(x.Y, false)
	case *constraint.TagExpr:
		return x.Tag != "ignore" || !want
	}
	return true
}

// Complete adds packages, and what they import, to Dependencies: those that only other
// builds import, and that therefore are not listed yet. It asks the go command, which may
// download them, and must not be called concurrently. Nothing is known of what no module
// has.
func (b *Build) Complete(paths []string) {
	var unknown []string
	for _, path := range paths {
		if b.Dependencies[path] == nil && b.mayProvide(path) {
			unknown = append(unknown, path)
		}
	}
	if len(unknown) == 0 || b.list == nil {
		return
	}
	listed, err := b.list(unknown)
	b.add(listed, true)
	for _, path := range unknown {
		if b.Dependencies[path] != nil {
			continue
		}
		b.Dependencies[path] = &Dependency{PkgPath: path}
		if err != nil {
			b.Dependencies[path].Missing = oneLine(err.Error())
		}
	}
}

// mayProvide reports whether a module may have the package: paths of the standard
// library have no dot in the first element, and those of other modules rarely.
func (b *Build) mayProvide(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") {
		return true
	}
	for _, d := range b.Dependencies {
		if d.Module != nil && strings.HasPrefix(path+"/", d.Module.Path+"/") {
			return true
		}
	}
	return false
}

// lister returns what Complete asks.
func lister(ctx context.Context, cfg Config) func(paths []string) ([]*packages.Package, error) {
	return func(paths []string) ([]*packages.Package, error) { return goList(ctx, cfg, metadata, paths, nil) }
}

// nowhere are the words of the go command for that go.mod and go.sum do not provide a
// package: they do so on no system.
var nowhere = []string{"no required module provides", "cannot find module", "not in std", "missing go.sum entry", "does not contain package"}

// missing returns why p is not at hand although a module has it, "" if it is.
func missing(p *packages.Package) string {
	if p.Module != nil || len(p.GoFiles) > 0 || len(p.Errors) == 0 {
		return ""
	}
	message := oneLine(p.Errors[0].Msg)
	if slices.ContainsFunc(nowhere, func(s string) bool { return strings.Contains(message, s) }) {
		return ""
	}
	return message
}
