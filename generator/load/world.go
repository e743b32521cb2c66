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
	// runtime is what was found of package runtime.
	runtime Runtime
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
	// common are the packages that no pattern decides on: those of the main
	// modules that the go command lists of itself. Sorted.
	common []*Package
	// byID has every package of the main modules.
	byID map[string]*Package
	// hidden says that there are others than the common ones: to look for them takes
	// as long for each package as there are packages.
	hidden bool
}

// newUniverse takes the packages of the main modules, by import path.
func newUniverse(roots []*packages.Package, converted map[string]*Package) *universe {
	u := &universe{byID: converted}
	for _, root := range roots {
		if p := converted[root.ID]; p != nil && inMain(root) {
			if hidden(p) {
				u.hidden = true
			} else {
				u.common = append(u.common, p)
			}
		}
	}
	slices.SortFunc(u.common, byPath)
	return u
}

// of returns the world of the package listed as root: the common one and what
// root imports of the rest.
func (u *universe) of(root *packages.Package) []*Package {
	if !u.hidden {
		return u.common
	}
	var more []*Package
	packages.Visit([]*packages.Package{root}, nil, func(p *packages.Package) {
		if c := u.byID[p.ID]; c != nil && inMain(p) && hidden(c) {
			more = append(more, c)
		}
	})
	if len(more) == 0 {
		return u.common
	}
	more = append(more, u.common...)
	slices.SortFunc(more, byPath)
	return more
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
