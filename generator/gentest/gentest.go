// Package gentest fails a module's tests when its generated code is out of date.
//
// Durable keys depend on the fingerprints in generated code, so they must be generated
// again after each change. One test in any package of the module finds a forgotten go
// generate:
//
//	func TestGeneratedCode(t *testing.T) { gentest.Check(t) }
package gentest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/write"
)

// Check fails the test unless the generated files of the packages that match are
// current: none stale, none missing, none orphaned, as workgen check would say.
// Patterns are as for go build, seen from the directory of the test; none means
// all packages of the module. Nothing is written. Build tags other than the
// system's are taken from GOFLAGS, as go generate does.
//
// It is safe with go test's result cache: Check reads what it depends on in a way that
// go test sees.
func Check(t testing.TB, patterns ...string) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := moduleRoot(dir)
	if root == "" {
		t.Fatalf("generated code cannot be checked: there is no go.mod in %s or above", dir)
	}
	if len(patterns) == 0 {
		dir, patterns = root, []string{"./..."}
	}
	touch(root)
	if problem := check(t.Context(), dir, patterns); problem != "" {
		t.Error(problem)
	}
}

// check says what is not current, "" if all is.
func check(ctx context.Context, dir string, patterns []string) string {
	var b strings.Builder
	result, err := generator.Generate(ctx, generator.Config{Dir: dir, Patterns: patterns})
	if err != nil {
		return "generated code cannot be checked: " + err.Error()
	}
	if !result.Diagnostics.Empty() {
		b.WriteString("there are works that nothing can be generated for:\n")
		_ = result.Diagnostics.Write(&b, dir) // to memory: cannot fail
		return strings.TrimSuffix(b.String(), "\n")
	}
	statuses, err := write.Check(result.Files)
	if err != nil {
		return "generated code cannot be checked: " + err.Error()
	}
	for _, s := range statuses {
		if s.State != write.OK {
			b.WriteString("\t" + diag.Rel(dir, s.Path) + ": " + s.State.String() + "\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "generated files are not up to date:\n" + b.String() + "\tfix: run go generate ./... in " + filepath.ToSlash(dir)
}

// moduleRoot returns the nearest directory from dir upwards that has a go.mod,
// "" when there is none.
func moduleRoot(dir string) string {
	for {
		if _, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// touch reads what the go command reads in a process of its own, where go test
// does not see it: the folders, in which a package may appear, and the settings.
// Files are read by this process.
func touch(root string) {
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // a folder that cannot be read has nothing to build
		}
		name := d.Name()
		if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "node_modules") {
			return filepath.SkipDir
		}
		return nil
	})
	for _, name := range []string{"GOFLAGS", "GOOS", "GOARCH", "CGO_ENABLED", "GOWORK", "GOTOOLCHAIN"} {
		os.Getenv(name)
	}
}
