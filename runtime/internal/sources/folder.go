package sources

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/workgen/workgen/internal/source"
)

// A module is a main module on disk.
type module struct{ path, dir string }

// modules has the module of each folder that was asked for; nil for none.
var modules = map[string]*module{}

// moduleOf finds the module that a folder is in.
func moduleOf(dir string) *module {
	m, ok := modules[dir]
	if ok {
		return m
	}
	if content, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
		m = &module{modulePath(string(content)), dir}
	} else if parent := filepath.Dir(dir); parent != dir {
		m = moduleOf(parent)
	}
	modules[dir] = m
	return m
}

// modulePath is the path in a go.mod.
func modulePath(content string) string {
	for line := range strings.Lines(content) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "module" {
			return strings.Trim(words[1], "\"`")
		}
	}
	return ""
}

// inside returns what of a path follows that of the module, and reports whether it is
// below.
func (m *module) inside(path string) (rest string, ok bool) {
	if path == m.path {
		return ".", true
	}
	return strings.CutPrefix(path, m.path+"/")
}

// splits lists the ways to split the full name of a declaration into the import path of
// its package, whose last element may have dots, and the rest: those with a package in the
// module.
func (m *module) splits(name string) (pkgs, locals []string) {
	if strings.ContainsRune(name, ' ') {
		return nil, nil
	}
	for at := max(strings.LastIndexByte(name, '/'), 0); ; at++ {
		dot := strings.IndexByte(name[at:], '.')
		if dot < 0 {
			return pkgs, locals
		}
		at += dot
		if _, ok := m.inside(name[:at]); ok {
			pkgs, locals = append(pkgs, name[:at]), append(locals, name[at+1:])
		}
	}
}

// folder is where a package of the module is.
func (m *module) folder(pkg string) string {
	rest, _ := m.inside(pkg)
	return filepath.Join(m.dir, filepath.FromSlash(rest))
}

// A folder has the declarations of one package, in the order of its files and of their
// places.
type folder struct {
	dir   string
	found bool
	all   []place
	decls map[string][]place // by name
}

// A place is a declaration in a file.
type place struct {
	source.Decl
	file string
}

// folders has what was read, with tests and without.
var folders = map[bool]map[string]*folder{true: {}, false: {}}

// folderOf reads a folder, once.
func folderOf(dir string, tests bool) *folder {
	if f := folders[tests][dir]; f != nil {
		return f
	}
	entries, err := os.ReadDir(dir) // sorted
	f := &folder{dir: dir, found: err == nil, decls: map[string][]place{}}
	folders[tests][dir] = f
	files, name := map[string]*source.File{}, ""
	for _, e := range entries {
		if !isSource(e.Name(), tests) {
			continue
		}
		content, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		parsed := source.Parse(content)
		if neverBuilt(parsed.Constraint) {
			continue
		}
		if files[e.Name()] = parsed; parsed.Constraint == "" && name == "" {
			name = parsed.Package
		}
	}
	for _, e := range entries {
		parsed := files[e.Name()]
		if parsed == nil || name != "" && parsed.Package != name {
			continue
		}
		for _, d := range parsed.Decls {
			p := place{d, filepath.Join(dir, e.Name())}
			f.all = append(f.all, p)
			f.decls[d.Name] = append(f.decls[d.Name], p)
		}
	}
	return f
}

// isSource reports whether people wrote a file that the go command builds.
func isSource(name string, tests bool) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".") &&
		!strings.HasPrefix(name, "workgen_gen") && !strings.HasPrefix(name, "workgen_code") &&
		(tests || !strings.HasSuffix(name, "_test.go"))
}

// neverBuilt reports whether a file is no part of the package on any machine: by custom,
// the tag ignore is never set.
func neverBuilt(constraint string) bool {
	words := strings.FieldsFunc(constraint, func(r rune) bool { return strings.ContainsRune(" ()|&", r) })
	for _, w := range words {
		if w == "ignore" {
			return true
		}
	}
	return false
}
