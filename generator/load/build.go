package load

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"
)

// A Build is what the packages of one Load are built with. After Load only Complete
// changes it.
type Build struct {
	// Release is that of Go, with the system and the processor that is built for:
	// "go1.26.8 linux/amd64".
	Release string
	// Dependencies has the packages that the main modules import, directly or
	// not, by import path, the standard library's among them. Complete adds to it.
	Dependencies map[string]*Dependency
	// Runtime is the package that generated code imports.
	Runtime Runtime

	list   func(paths []string) ([]*packages.Package, error)
	bodies *bodies // see Bodies; nil where nothing was loaded
}

// A Dependency is a package outside of the main modules.
type Dependency struct {
	PkgPath string
	Imports []string // import paths in this build, sorted
	// Files are the absolute paths of all files but tests, sorted: those that are not
	// in Go, embedded ones, and those of other builds included.
	Files []string
	// GoFiles are those of Files that are in this build and in Go, also where they
	// import "C", sorted.
	GoFiles []string
	// Module has the package; nil for the standard library.
	Module *DependencyModule
	// Missing is why the go command cannot tell what a package that only other builds
	// import is, although some module has it; "" when it can.
	Missing string

	ignored []string // the Go files of other builds
}

// A DependencyModule is a module outside of the main ones, as replaced.
type DependencyModule struct {
	Path string // as it is required: not that of a replacement
	// Copied says that its files can be changed here: a directory replaces it, or they
	// are in a folder vendor.
	Copied bool
	// GoVersion is that of its go directive, which decides what its files mean: "1.21".
	GoVersion string
	// Source is the path and version of what has its files, which may be a
	// replacement: example.com/lib@v1.2.0. It is "" if they are Copied.
	Source string
}

// goEnv is what the go command says of itself.
type goEnv struct{ GOARCH, GOOS, GOVERSION, GOROOT, GOFLAGS, GOEXPERIMENT, CGO_ENABLED, CC string }

// release is what [Build.Release] says.
func (e goEnv) release() string { return e.GOVERSION + " " + e.GOOS + "/" + e.GOARCH }

// readEnv asks the go command.
func readEnv(ctx context.Context, cfg Config) (env goEnv, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOARCH", "GOOS", "GOVERSION", "GOROOT", "GOFLAGS", "GOEXPERIMENT", "CGO_ENABLED", "CC")
	cmd.Dir, cmd.Env = cfg.Dir, cfg.Env
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	if err != nil {
		return env, fmt.Errorf("load: go env: %w", err)
	}
	return env, nil
}

// newBuild describes what roots import outside of the main modules.
func newBuild(ctx context.Context, cfg Config, m *matches, roots []*packages.Package) *Build {
	b := &Build{
		Release: m.env.release(), Dependencies: map[string]*Dependency{}, Runtime: m.runtime,
		list: lister(ctx, cfg), bodies: newBodies(ctx, cfg, m.env),
	}
	b.add(roots, false)
	return b
}

// add adds what roots import outside of their modules, and those of them that are
// there themselves. Elsewhere says that only other builds import the roots: what this
// one lacks, those that import it are told.
func (b *Build) add(roots []*packages.Package, elsewhere bool) {
	var modules []*packages.Module
	replaced := replacements{}
	packages.Visit(roots, func(p *packages.Package) bool {
		if inMain(p) && !slices.ContainsFunc(modules, func(m *packages.Module) bool { return m.Path == p.Module.Path }) {
			modules = append(modules, p.Module)
		}
		return true
	}, nil)
	packages.Visit(roots, nil, func(p *packages.Package) {
		outside := !inMain(p) || slices.ContainsFunc(modules, func(m *packages.Module) bool { return replaced.replaces(m, p.Module) })
		if outside && b.Dependencies[p.PkgPath] == nil {
			d := newDependency(p)
			if elsewhere {
				d.Missing = missing(p)
			}
			b.Dependencies[p.PkgPath] = d
		}
	})
}

// replacements are the modules that a go.mod replaces by directories, by its path.
type replacements map[string][]string

// replaces reports whether the go.mod of a main module replaces another module, one of
// its workspace, by a directory.
func (r replacements) replaces(m, other *packages.Module) bool {
	if m.Path == other.Path || m.GoMod == "" {
		return false
	}
	if _, ok := r[m.GoMod]; !ok {
		r[m.GoMod] = nil
		content, _ := os.ReadFile(m.GoMod)
		mod, err := modfile.Parse(m.GoMod, content, nil)
		if err != nil {
			return false // the go command has complained
		}
		for _, replace := range mod.Replace {
			if replace.New.Version == "" {
				r[m.GoMod] = append(r[m.GoMod], replace.Old.Path)
			}
		}
	}
	return slices.Contains(r[m.GoMod], other.Path)
}

// newDependency converts a package outside of the main modules.
func newDependency(p *packages.Package) *Dependency {
	d := &Dependency{PkgPath: p.PkgPath, GoFiles: slices.Sorted(slices.Values(p.GoFiles))}
	for _, file := range slices.Concat(p.GoFiles, p.OtherFiles, p.EmbedFiles, p.IgnoredFiles) {
		if !InTest(file) {
			d.Files = append(d.Files, file)
		}
	}
	slices.Sort(d.Files)
	d.Files = slices.Compact(d.Files)
	for _, file := range p.IgnoredFiles {
		if filepath.Ext(file) == ".go" && !InTest(file) {
			d.ignored = append(d.ignored, file)
		}
	}
	for _, imported := range p.Imports {
		d.Imports = append(d.Imports, imported.PkgPath)
	}
	slices.Sort(d.Imports)
	m := p.Module
	if m == nil {
		return d
	}
	d.Module = &DependencyModule{Path: m.Path}
	if m.Replace != nil {
		m = m.Replace
	}
	d.Module.Copied = m.Version == "" || m.Dir == ""
	d.Module.GoVersion = m.GoVersion
	if !d.Module.Copied {
		d.Module.Source = m.Path + "@" + m.Version
	}
	return d
}
