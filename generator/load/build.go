package load

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Build is what the packages of one Load are built with. After Load only Complete
// changes it.
type Build struct {
	// Dependencies has the packages that the main modules import, directly or
	// not, by import path, the standard library's among them. Complete adds to it.
	Dependencies map[string]*Dependency
	// Runtime is the package that generated code imports.
	Runtime Runtime

	sums map[string]string // of go.sum, by module and version
	list func(paths []string) ([]*packages.Package, error)
}

// A Dependency is a package outside of the main modules.
type Dependency struct {
	PkgPath string
	Imports []string // import paths in this build, sorted
	// Files are the absolute paths of all files but tests, sorted: those that are not
	// in Go, embedded ones, and those of other builds included.
	Files []string
	// Module has the package; nil for the standard library.
	Module *DependencyModule
	// Missing is why the go command cannot tell what the package is, although some
	// module has it; "" when it can.
	Missing string

	ignored []string // the Go files of other builds
}

// A DependencyModule is a module outside of the main ones, as replaced.
type DependencyModule struct {
	Path    string // of the replacement, if there is one
	Version string // "" when a directory replaces it
	Dir     string // "" when its files are not at hand, as with vendoring
	Sum     string // from go.sum: "h1:..."; "" when it is not there
}

// goEnv is what the go command says of itself.
type goEnv struct{ GOARCH, GOWORK string }

// readEnv asks the go command.
func readEnv(ctx context.Context, cfg Config) (env goEnv, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOARCH", "GOWORK")
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
func newBuild(env goEnv, roots []*packages.Package) *Build {
	b := &Build{Dependencies: map[string]*Dependency{}, sums: map[string]string{}}
	read := map[string]bool{}
	if filepath.IsAbs(env.GOWORK) {
		readSums(env.GOWORK+".sum", b.sums)
	}
	packages.Visit(roots, nil, func(p *packages.Package) {
		if inMain(p) && p.Module.GoMod != "" {
			if sum := strings.TrimSuffix(p.Module.GoMod, ".mod") + ".sum"; !read[sum] {
				read[sum] = true
				readSums(sum, b.sums)
			}
		}
	})
	b.add(roots)
	return b
}

// add adds what roots import outside of the main modules, and those of them that are
// there themselves.
func (b *Build) add(roots []*packages.Package) {
	packages.Visit(roots, nil, func(p *packages.Package) {
		if !inMain(p) && b.Dependencies[p.PkgPath] == nil {
			b.Dependencies[p.PkgPath] = newDependency(p, b.sums)
		}
	})
}

// newDependency converts a package outside of the main modules.
func newDependency(p *packages.Package, sums map[string]string) *Dependency {
	d := &Dependency{PkgPath: p.PkgPath, Missing: missing(p)}
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
	if m.Replace != nil {
		m = m.Replace
	}
	d.Module = &DependencyModule{Path: m.Path, Version: m.Version, Dir: m.Dir, Sum: sums[m.Path+" "+m.Version]}
	return d
}

// readSums adds the hashes of modules in a go.sum; one that is not there has
// none.
func readSums(name string, sums map[string]string) {
	f, err := os.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 {
			sums[fields[0]+" "+fields[1]] = fields[2]
		}
	}
}
