package runtime_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRuntimeLinksLittle keeps what a program that only memoises links small.
func TestRuntimeLinksLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "github.com/workgen/workgen/runtime").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		if dep == "go/token" || dep == "go/scanner" || dep == "go/internal/scannerhooks" {
			continue // to compare sources with what the program was built from
		}
		if dep == "net" || dep == "net/http" || dep == "database/sql" || strings.HasPrefix(dep, "go/") || strings.Contains(dep, "sqlite") || strings.HasPrefix(dep, "golang.org/x/tools") {
			t.Errorf("runtime links %s", dep)
		}
	}
}

// TestNoReflectionOnTheWayToAKey holds the promise that arguments are hashed
// without reflection: neither package key nor generated code uses it, nor
// packages that do, of which only types are named that the user has named.
func TestNoReflectionOnTheWayToAKey(t *testing.T) {
	var files []string
	for _, pattern := range []string{"key/*.go", "../testdata/golden/*/workgen_*.go", "../examples/*/workgen_*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) < 2 {
			t.Fatalf("%s: found %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		reflecting := map[string]string{} // name → path
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if slices.Contains([]string{"reflect", "fmt", "encoding/json", "encoding/gob"}, imported) {
				reflecting[path.Base(imported)] = imported
				if spec.Name != nil {
					reflecting[spec.Name.Name] = imported
				}
			}
		}
		types := []string{"fmt.Stringer", "encoding/json.RawMessage", "encoding/json.Number"}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := sel.X.(*ast.Ident); ok && reflecting[id.Name] != "" {
					if used := reflecting[id.Name] + "." + sel.Sel.Name; !slices.Contains(types, used) {
						t.Errorf("%s uses %s", name, used)
					}
				}
			}
			return true
		})
	}
}
