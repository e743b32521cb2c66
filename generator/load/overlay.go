package load

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// hideable returns the generated files to hide from the go command, each with
// the package name its stub should have, when the go command complained of
// anything but a failed build. It reads package clauses, constraints and
// imports itself, so a generated file can make it report errors that name the
// file (no clause, conflict markers), errors that do not (an import cycle by
// way of an import that is no longer needed), and mask others. Rather than
// guess from the text of an error, all generated files of the main modules are
// hidden, and what is still an error then is the user's.
func hideable(roots []*packages.Package) map[string]string {
	complaints := false
	files := map[string]string{}
	owners := map[string]*packages.Package{}
	packages.Visit(roots, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			complaints = complaints || e.Kind == packages.ListError && !isBuildError(e)
		}
		if !inMain(p) {
			return // nobody generates there
		}
		for _, name := range GeneratedFiles {
			file := filepath.Join(p.Dir, name)
			if _, err := os.Lstat(file); err == nil && owners[file] == nil {
				owners[file] = p
			}
		}
	})
	if !complaints {
		return nil
	}
	for file, p := range owners {
		if name := readClause(p); name != "" {
			if !slices.ContainsFunc(p.GoFiles, func(f string) bool { return !InTest(f) }) {
				name = strings.TrimSuffix(name, "_test") // of the external test package
			}
			if base := filepath.Base(file); base == GeneratedXTestFile || base == CodeXTestFile {
				name += "_test"
			}
			files[file] = name
		}
	}
	return files
}

// isBuildError recognises compiler output, which the go command passes on when
// it cannot make export data: "# example.com/a\na/a.go:7:9: undefined: X". The
// type checker reports the same, with positions.
func isBuildError(e packages.Error) bool {
	return e.Pos == "" && strings.HasPrefix(e.Msg, "# ")
}

// clause returns the package name that the files written by people agree on.
// The go command's own answer is not asked: it may stem from the broken file.
func clause(p *packages.Package) string {
	for _, f := range p.Syntax {
		if f.Name != nil && f.Name.Name != "_" {
			return f.Name.Name
		}
	}
	return p.Name
}

// readClause is clause for a package that has not been parsed.
func readClause(p *packages.Package) string {
	for _, name := range p.GoFiles {
		if IsGeneratedFile(name) {
			continue
		}
		if f, _ := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly); f != nil && f.Name != nil && f.Name.Name != "_" {
			return f.Name.Name
		}
	}
	return p.Name
}

// writeOverlay writes stubs in place of files, for the -overlay flag
// of the go command, and returns the flag's value and a function that removes
// them.
//
// [packages.Config.Overlay] would do the same, but once it is used go/packages
// distrusts all export data and type-checks every dependency from source, the
// standard library included: seconds instead of a tenth of one.
func writeOverlay(files map[string]string) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "workgen-overlay-")
	if err != nil {
		return "", nil, fmt.Errorf("load: cannot hide generated files from the go command: %w", err)
	}
	remove = func() { os.RemoveAll(dir) }
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	write := func(name, content string) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)
		}
	}
	for file, pkg := range files {
		stub := fmt.Sprintf("stub%d.go", len(overlay.Replace))
		write(stub, "package "+pkg+"\n")
		overlay.Replace[file] = filepath.Join(dir, stub)
	}
	data, _ := json.Marshal(overlay) // strings only: cannot fail
	write("overlay.json", string(data))
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("load: cannot hide generated files from the go command: %w", err)
	}
	return filepath.Join(dir, "overlay.json"), remove, nil
}
