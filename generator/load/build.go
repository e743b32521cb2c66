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

// A Build is what the packages of one Load are built with. It is not changed
// after Load and may be read concurrently.
type Build struct {
	// Dependencies has the packages that the main modules import, directly or
	// not, by import path, the standard library's among them.
	Dependencies map[string]*Dependency
	// Runtime is the package that generated code imports.
	Runtime Runtime
}

// A Dependency is a package outside of the main modules.
type Dependency struct {
	PkgPath string
	Imports []string // import paths, sorted
	// Files are the absolute paths of all files in the build, those that are
	// not in Go and embedded ones included, sorted.
	Files []string
	// Module has the package; nil for the standard library.
	Module *DependencyModule
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
	b := &Build{Dependencies: map[string]*Dependency{}}
	sums := map[string]string{}
	read := map[string]bool{}
	if filepath.IsAbs(env.GOWORK) {
		readSums(env.GOWORK+".sum", sums)
	}
	packages.Visit(roots, nil, func(p *packages.Package) {
		if inMain(p) && p.Module.GoMod != "" {
			if sum := strings.TrimSuffix(p.Module.GoMod, ".mod") + ".sum"; !read[sum] {
				read[sum] = true
				readSums(sum, sums)
			}
		}
	})
	packages.Visit(roots, nil, func(p *packages.Package) {
		if !inMain(p) {
			b.Dependencies[p.PkgPath] = newDependency(p, sums)
		}
	})
	return b
}

// newDependency converts a package outside of the main modules.
func newDependency(p *packages.Package, sums map[string]string) *Dependency {
	d := &Dependency{PkgPath: p.PkgPath, Files: slices.Concat(p.GoFiles, p.OtherFiles, p.EmbedFiles)}
	slices.Sort(d.Files)
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
