package load

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Names of the generated files, with the wrappers and with what identifies the code:
// of a package, and, for works in its tests, of its internal and of its external test
// package.
const (
	GeneratedFile      = "workgen_gen.go"
	GeneratedTestFile  = "workgen_gen_test.go"
	GeneratedXTestFile = "workgen_gen_x_test.go"
	CodeFile           = "workgen_code.go"
	CodeTestFile       = "workgen_code_test.go"
	CodeXTestFile      = "workgen_code_x_test.go"
)

// GeneratedFiles are the names of all generated files.
var GeneratedFiles = []string{GeneratedFile, GeneratedTestFile, GeneratedXTestFile, CodeFile, CodeTestFile, CodeXTestFile}

// IsGeneratedFile reports whether a file has the name of a generated one.
func IsGeneratedFile(path string) bool { return slices.Contains(GeneratedFiles, filepath.Base(path)) }

// GeneratedNames are the names of the files that are generated for p.
func (p *Package) GeneratedNames() (wrappers, code string) {
	switch {
	case !p.Test:
		return GeneratedFile, CodeFile
	case p.External():
		return GeneratedXTestFile, CodeXTestFile
	}
	return GeneratedTestFile, CodeTestFile
}

// External reports whether p is an external test package.
func (p *Package) External() bool { return p.Test && strings.HasSuffix(p.Name, "_test") }

// InTest reports whether a file of p belongs to its tests.
func InTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

// directive matches a comment that may be a directive, be it a mistyped one.
var directive = regexp.MustCompile(`^(?://[ \t]*|/\*\s*)(?i:workgen)(?:\s*:\s*|[ \t]+)[a-zA-Z]+`)

// directed reports whether a test of p has a directive.
func (p *Package) directed() bool {
	if p.Module == nil || !p.Module.Main {
		return false
	}
	return slices.ContainsFunc(p.TestFiles, func(name string) bool {
		content, _ := os.ReadFile(name) // one that cannot be read is the go command's business
		if !bytes.Contains(bytes.ToLower(content), []byte("workgen")) {
			return false
		}
		f, _ := parser.ParseFile(token.NewFileSet(), name, content, parser.ParseComments|parser.SkipObjectResolution)
		if f == nil {
			return false
		}
		return slices.ContainsFunc(f.Comments, func(group *ast.CommentGroup) bool {
			return slices.ContainsFunc(group.List, func(c *ast.Comment) bool { return directive.MatchString(c.Text) })
		})
	})
}

// loadTests loads the test packages of those of pkgs whose tests have directives: with
// all that their test binaries are made of, in a universe of their own, for there the
// package has more declarations. It costs nothing when there are none.
func loadTests(ctx context.Context, cfg Config, m *matches, pkgs []*Package) ([]*Package, error) {
	var patterns []string
	for _, p := range pkgs {
		if p.directed() {
			patterns = append(patterns, p.PkgPath)
		}
	}
	if len(patterns) == 0 {
		return nil, nil
	}
	listing := cfg
	listing.tests = true
	roots, flags, remove, err := listHiding(ctx, listing, patterns)
	defer remove()
	if err != nil {
		return nil, err
	}
	binaries := slices.DeleteFunc(roots, func(p *packages.Package) bool { return !strings.HasSuffix(p.ID, ".test") })
	var all []*packages.Package
	packages.Visit(binaries, nil, func(p *packages.Package) {
		if inMain(p) && !slices.Contains(binaries, p) {
			all = append(all, p)
		}
	})
	m = &matches{env: m.env, runtime: m.runtime, stubbed: m.stubbed, ids: map[string]bool{}}
	if err := check(ctx, cfg, all, m, flags); err != nil {
		return nil, err
	}
	return convertTests(ctx, cfg, m, binaries, all)
}

// convertTests is convert for the packages of test binaries, of which it returns those
// with tests in them.
func convertTests(ctx context.Context, cfg Config, m *matches, binaries, all []*packages.Package) ([]*Package, error) {
	var fail Error
	converted := map[string]*Package{}
	for _, p := range all {
		c, err := newPackage(p)
		if err != nil {
			return nil, err
		}
		c.Stubs = m.stubs[p]
		converted[p.ID] = c
	}
	if err := addSources(m, converted); err != nil {
		return nil, err
	}
	build := newBuild(ctx, cfg, m, all)
	var out []*Package
	for _, binary := range binaries {
		var world []*Package
		var tests []*packages.Package
		packages.Visit([]*packages.Package{binary}, nil, func(p *packages.Package) {
			if c := converted[p.ID]; c != nil {
				world = append(world, c)
				if slices.ContainsFunc(p.GoFiles, InTest) {
					tests = append(tests, p)
				}
			}
		})
		slices.SortFunc(world, byPath)
		for _, p := range tests {
			c := converted[p.ID]
			c.World, c.complete, c.Build = world, m.complete, build
			if !fail.addHard(cfg, p) {
				out = append(out, c)
			}
		}
		for _, c := range world {
			c.Build = build
		}
	}
	slices.SortFunc(out, byPath)
	if len(fail.Diagnostics) > 0 {
		return out, &fail
	}
	return out, nil
}
