package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/wrapper"
)

// workPattern is the go command's for all packages of the main modules: of the
// one module worked in, or of the workspace's.
const workPattern = "work"

// matches tells which packages the user's patterns match, and what else is known of
// one Load.
type matches struct {
	ids map[string]bool
	env goEnv
	// runtime is what was found of package runtime, and stubbed those of stubPaths that
	// were listed.
	runtime Runtime
	stubbed map[string]*packages.Package
	// What check sets: complete reads the whole of a package, source has those
	// that were type-checked, and stubs what was declared for the works in them.
	complete func(path string)
	source   map[*packages.Package]bool
	stubs    map[*packages.Package][]wrapper.Declaration
}

// worldPatterns are the user's patterns, the one for the world, and the package
// that generated code imports. The go command does not take them beside single
// files, which are rejected anyway.
func worldPatterns(cfg Config) []string {
	patterns := slices.Clone(cfg.Patterns)
	for _, p := range patterns {
		if !filepath.IsAbs(p) {
			p = filepath.Join(cfg.Dir, p)
		}
		if info, err := os.Stat(p); strings.HasSuffix(p, ".go") && err == nil && !info.IsDir() {
			return patterns
		}
	}
	return append(patterns, workPattern, wrapper.RuntimePath)
}

// unlisted returns the import paths of packages of the main modules that are
// imported and yet not among roots: those below testdata and the like, which no
// pattern with dots matches.
func unlisted(roots []*packages.Package) []string {
	listed := map[string]bool{}
	for _, p := range roots {
		listed[p.ID] = true
	}
	var out []string
	packages.Visit(roots, nil, func(p *packages.Package) {
		if inMain(p) && !listed[p.ID] && len(p.GoFiles) > 0 {
			out = append(out, p.PkgPath)
		}
	})
	slices.Sort(out)
	return out
}

// inMain reports whether p belongs to a main module.
func inMain(p *packages.Package) bool { return p.Module != nil && p.Module.Main }

// A universe finds the world of each package.
type universe struct {
	// listed are the packages of the main modules that the go command lists of itself,
	// whatever the patterns, sorted. converted has all, by ID.
	listed    []*packages.Package
	converted map[string]*Package
	// hidden says that there are others than the listed ones: to look for them takes
	// as long for each package as there are packages.
	hidden   bool
	common   map[string][]*Package // what packages of a module have in common, by its path
	replaced replacements
}

// newUniverse takes the packages of the main modules, by import path.
func newUniverse(roots []*packages.Package, converted map[string]*Package) *universe {
	u := &universe{converted: converted, common: map[string][]*Package{}, replaced: replacements{}}
	for _, root := range roots {
		if p := converted[root.ID]; p != nil && inMain(root) {
			if hidden(p) {
				u.hidden = true
			} else {
				u.listed = append(u.listed, root)
			}
		}
	}
	slices.SortFunc(u.listed, func(a, b *packages.Package) int { return strings.Compare(a.PkgPath, b.PkgPath) })
	return u
}

// of returns the world of the package listed as root: what its module has in common,
// and what root imports of the hidden rest.
func (u *universe) of(root *packages.Package) []*Package {
	common := u.ofModule(root.Module)
	if !u.hidden {
		return common
	}
	var more []*Package
	packages.Visit([]*packages.Package{root}, nil, func(p *packages.Package) {
		if c := u.converted[p.ID]; c != nil && inMain(p) && !u.replaced.replaces(root.Module, p.Module) &&
			(hidden(c) || p.Module.Path != root.Module.Path && !slices.Contains(common, c)) {
			more = append(more, c)
		}
	})
	if len(more) == 0 {
		return common
	}
	more = append(more, common...)
	slices.SortFunc(more, byPath)
	return more
}

// ofModule returns the packages of a module, and those of other modules of the workspace
// that they import: what else is in the workspace is no part of the module's programs,
// and is not there when the module is built without it. Nor are modules that go.mod
// replaces by directories: without the workspace they are dependencies.
func (u *universe) ofModule(m *packages.Module) []*Package {
	if m == nil {
		return nil
	}
	if world, ok := u.common[m.Path]; ok {
		return world
	}
	var own []*packages.Package
	for _, p := range u.listed {
		if p.Module.Path == m.Path {
			own = append(own, p)
		}
	}
	var world []*Package
	packages.Visit(own, nil, func(p *packages.Package) {
		if c := u.converted[p.ID]; c != nil && inMain(p) && !hidden(c) && !u.replaced.replaces(m, p.Module) {
			world = append(world, c)
		}
	})
	slices.SortFunc(world, byPath)
	u.common[m.Path] = world
	return world
}

// FilesOf returns the absolute paths of the Go files of a package that p imports,
// directly or not, without tests: of all builds.
func (p *Package) FilesOf(path string) (files []string) {
	for _, other := range p.World {
		if other.PkgPath == path {
			return slices.Concat(other.GoFiles, other.ExcludedFiles)
		}
	}
	if p.Build == nil || p.Build.Dependencies[path] == nil {
		return nil
	}
	for _, file := range p.Build.Dependencies[path].Files {
		if filepath.Ext(file) == ".go" {
			files = append(files, file)
		}
	}
	return files
}

// hidden reports whether patterns with dots leave p out.
func hidden(p *Package) bool {
	if p.Module == nil {
		return false
	}
	rel, err := filepath.Rel(p.Module.Dir, p.Dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(rel), "/"), ignored)
}

// byPath orders packages by import path.
func byPath(a, b *Package) int { return strings.Compare(a.PkgPath, b.PkgPath) }
