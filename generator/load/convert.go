package load

import (
	"cmp"
	"errors"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// convert turns what go/packages says into Packages, and the errors that leave
// nothing to generate from into one *Error.
func convert(cfg Config, roots []*packages.Package) ([]*Package, error) {
	var fail Error
	fail.unmatched(cfg, roots)
	var out []*Package
	for _, root := range roots {
		if fail.addHard(cfg, root) {
			continue
		}
		p, err := newPackage(root)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Package) int { return cmp.Compare(a.PkgPath, b.PkgPath) })
	if len(fail.Diagnostics) > 0 {
		return out, &fail
	}
	return out, nil
}

// newPackage converts a package without hard errors.
func newPackage(root *packages.Package) (*Package, error) {
	p := &Package{
		Name: clause(root), PkgPath: root.PkgPath, Dir: root.Dir,
		Fset: root.Fset, Files: root.Syntax, Types: root.Types, Info: root.TypesInfo,
	}
	for _, f := range root.GoFiles {
		if filepath.Base(f) != GeneratedFile {
			p.GoFiles = append(p.GoFiles, f)
		}
	}
	slices.Sort(p.GoFiles)
	for _, e := range root.TypeErrors {
		p.Errors = append(p.Errors, TypeError{Pos: e.Fset.Position(e.Pos), Message: explain(root, e.Msg)})
	}
	slices.SortStableFunc(p.Errors, func(a, b TypeError) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	if m := root.Module; m != nil {
		p.Module = &Module{Path: m.Path, Dir: m.Dir, GoVersion: m.GoVersion, Main: m.Main}
	}
	if p.Info == nil { // no source at all, as for package unsafe
		p.Info = &types.Info{}
	}
	return p, p.readDir()
}

// explain completes the type checker's message about an import it could not
// resolve: the go command knows why, the type checker does not.
func explain(root *packages.Package, message string) string {
	rest, ok := strings.CutPrefix(message, "could not import ")
	if !ok {
		return message
	}
	path, _, _ := strings.Cut(rest, " ")
	imported := root.Imports[path]
	if imported == nil {
		return message
	}
	for _, e := range imported.Errors {
		if e.Kind == packages.ListError && !isBuildError(e) {
			return "could not import " + path + ": " + oneLine(e.Msg)
		}
	}
	return message
}

// readDir looks for the files that are not in the build: the generated one,
// which may be excluded by whatever it has become, and the tests.
func (p *Package) readDir() error {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, os.ErrNotExist) { // files of an overlay, or of a cache
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == GeneratedFile && !e.IsDir():
			p.Generated = filepath.Join(p.Dir, name)
		case strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "."):
			p.TestFiles = append(p.TestFiles, filepath.Join(p.Dir, name))
		}
	}
	return nil
}
