package load

import (
	"go/ast"
	"go/parser"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/wrapper"
)

// stubPaths are what stubs import.
var stubPaths = []string{wrapper.ContextPath, wrapper.RuntimePath, wrapper.KeyPath}

// findStubbed finds what stubs import among all that was listed.
func findStubbed(roots []*packages.Package) map[string]*packages.Package {
	found := map[string]*packages.Package{}
	packages.Visit(roots, nil, func(p *packages.Package) {
		if slices.Contains(stubPaths, p.PkgPath) {
			found[p.PkgPath] = p
		}
	})
	return found
}

// findWorks finds the works of the main modules.
func (c *checker) findWorks() {
	for p := range c.source {
		if works := wrapper.Find(p.Syntax); len(works) > 0 && inMain(p) {
			c.works[p] = works
		}
	}
}

// findRuntime finds what stubs import among the packages loaded from source.
func (c *checker) findRuntime() {
	for p := range c.source {
		if slices.Contains(stubPaths, p.PkgPath) {
			c.runtime[p.PkgPath] = p
		}
	}
}

// stubImport returns a package that stubs import: the one of the module, or, as
// long as the module has none, a stand-in.
func (c *checker) stubImport(path string) (*types.Package, error) {
	if p := c.runtime[path]; p != nil {
		return p.Types, nil
	}
	if p, err := c.export(path); err == nil {
		return p, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.standIns[path]; p != nil {
		return p, nil
	}
	f, err := parser.ParseFile(c.fset, path, wrapper.StandIns[path], parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	config := types.Config{Importer: importFunc(func(path string) (*types.Package, error) { return c.imported.Import(path) }), Error: func(error) {}}
	// Without package context, which every toolchain has, it is incomplete.
	p, _ := config.Check(path, c.fset, []*ast.File{f}, nil)
	c.standIns[path] = p
	return p, nil
}

type importFunc func(path string) (*types.Package, error)

func (f importFunc) Import(path string) (*types.Package, error) { return f(path) }
