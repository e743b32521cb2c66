package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/generator/write"
)

// planTest is plan for a package with its tests.
func (g *generation) planTest(p *load.Package) error {
	all := g.result.Diagnostics
	g.result.Diagnostics = new(diag.List)
	before := len(g.planned)
	err := g.plan(p)
	var works []*scan.Work
	for _, pl := range g.planned[before:] {
		if pl.plan != nil {
			works = pl.plan.Scan.Works
		}
	}
	for _, d := range g.result.Diagnostics.Sorted("") {
		if scan.OfTests(d, works) {
			all.Add(d)
		}
	}
	g.result.Diagnostics = all
	return err
}

// untested is the import path of p, or of the package that it tests.
func untested(p *load.Package) string {
	if p.External() {
		return strings.TrimSuffix(p.PkgPath, "_test")
	}
	return p.PkgPath
}

// orphans plans to remove the generated files of tests that have no works any more.
func (g *generation) orphans(pkgs []*load.Package) error {
	for _, p := range pkgs {
		if p.Test || p.Module == nil || !p.Module.Main {
			continue
		}
		for _, path := range p.GeneratedTests {
			if slices.ContainsFunc(g.planned, func(pl planned) bool { return slices.Contains(pl.paths, path) }) {
				continue
			}
			if err := g.foreign(path); err != nil {
				return err
			}
			g.linked(p, token.Position{Filename: path, Line: 1, Column: 1})
			g.planned = append(g.planned, planned{of: p.PkgPath, paths: []string{path}})
		}
	}
	return nil
}

// avoid keeps the generated files of tests from declaring what those of the package
// declare. The other way round nothing is looked at: what is generated for a package
// does not depend on its tests.
func (g *generation) avoid(p planned) {
	dir, name := filepath.Split(p.paths[0])
	if name != load.GeneratedTestFile {
		return
	}
	siblings := []string{dir + load.GeneratedFile, dir + load.CodeFile}
	for _, file := range g.result.Files {
		if !slices.Contains(siblings, file.Path) || file.Content == nil {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.SkipObjectResolution)
		if err != nil {
			continue // of our own making: it parses
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil {
					p.plan.Scan.Declared[n.Name.Name] = true
				}
				return false
			case *ast.TypeSpec:
				p.plan.Scan.Declared[n.Name.Name] = true
				return false
			case *ast.ValueSpec:
				for _, name := range n.Names {
					p.plan.Scan.Declared[name.Name] = true
				}
				return false
			}
			return true
		})
	}
}

// sort orders the files by import path, those of a package's tests behind its own.
func (g *generation) sort() {
	of := map[string]string{}
	for _, p := range g.planned {
		for _, path := range p.paths {
			of[path] = p.of
		}
	}
	slices.SortStableFunc(g.result.Files, func(a, b write.File) int { return strings.Compare(of[a.Path], of[b.Path]) })
}
