package load

import (
	"cmp"
	"context"
	"errors"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// convert turns what go/packages says into Packages, and the errors in those
// matched that leave nothing to generate from into one *Error.
func convert(ctx context.Context, cfg Config, m *matches, roots []*packages.Package) ([]*Package, error) {
	var fail Error
	var out []*Package
	var wanted, good []*packages.Package
	converted := map[string]*Package{}
	for _, root := range roots {
		if m.ids[root.ID] {
			wanted = append(wanted, root)
		}
		if root.Types == nil && len(root.Errors) > 0 { // not a package: it stands for an error
			continue
		}
		p, err := newPackage(root)
		if err != nil {
			return nil, err
		}
		p.Stubs = m.stubs[root]
		converted[root.ID] = p
	}
	if err := addSources(m, converted); err != nil {
		return nil, err
	}
	fail.unmatched(cfg, wanted)
	for _, root := range wanted {
		if !fail.addHard(cfg, root) {
			good = append(good, root)
		}
	}
	u := newUniverse(roots, converted)
	build := newBuild(ctx, cfg, m, roots)
	for _, p := range converted {
		p.Build = build
	}
	for _, root := range good {
		p := converted[root.ID]
		p.World = u.of(root)
		p.complete = m.complete
		out = append(out, p)
	}
	slices.SortFunc(out, byPath)
	if len(fail.Diagnostics) > 0 {
		return out, &fail
	}
	return out, nil
}

// newPackage converts a package; it may have hard errors.
func newPackage(root *packages.Package) (*Package, error) {
	p := &Package{
		Name: clause(root), PkgPath: root.PkgPath, Dir: root.Dir,
		Fset: root.Fset, Files: root.Syntax, Types: root.Types, Info: root.TypesInfo,
		OtherFiles: otherFiles(root), EmbedFiles: slices.Sorted(slices.Values(root.EmbedFiles)),
	}
	for _, f := range root.GoFiles {
		if !IsGeneratedFile(f) {
			p.GoFiles = append(p.GoFiles, f)
		}
	}
	slices.Sort(p.GoFiles)
	p.Test = slices.ContainsFunc(root.GoFiles, InTest)
	for _, e := range root.TypeErrors {
		if strings.HasPrefix(e.Msg, "\t") {
			continue // more about the one before
		}
		p.Errors = append(p.Errors, TypeError{Pos: e.Fset.Position(e.Pos), Message: explain(root, e.Msg)})
	}
	slices.SortStableFunc(p.Errors, func(a, b TypeError) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	if m := root.Module; m != nil {
		p.Module = &Module{Path: m.Path, Dir: m.Dir, GoVersion: m.GoVersion, Main: m.Main}
	}
	if p.Types == nil { // no source at all, as for package unsafe
		p.Fset, p.Types, p.Info = token.NewFileSet(), types.Unsafe, &types.Info{}
	}
	return p, p.readDir()
}

// otherFiles lists the files that are not in Go, of this build and of others.
func otherFiles(root *packages.Package) []string {
	files := slices.Clone(root.OtherFiles)
	for _, f := range root.IgnoredFiles {
		if filepath.Ext(f) != ".go" {
			files = append(files, f)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
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
// which may be excluded by whatever it has become, the tests, and those that
// build constraints leave out.
func (p *Package) readDir() error {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, os.ErrNotExist) { // files of an overlay, or of a cache
		return nil
	}
	if err != nil {
		return err
	}
	wrappers, code := p.GeneratedNames()
	for _, e := range entries {
		name, path := e.Name(), filepath.Join(p.Dir, e.Name())
		switch {
		case !e.IsDir() && (name == wrappers || name == code):
			p.Generated = append(p.Generated, path)
		case !e.IsDir() && IsGeneratedFile(name):
			if InTest(name) {
				p.GeneratedTests = append(p.GeneratedTests, path)
			}
		case e.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasPrefix(name, "_"), strings.HasPrefix(name, "."):
		case slices.Contains(p.GoFiles, path):
		case InTest(name):
			p.TestFiles = append(p.TestFiles, path)
		case !p.External():
			p.ExcludedFiles = append(p.ExcludedFiles, path)
		}
	}
	return nil
}
