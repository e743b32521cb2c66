package runtime_test

import (
	"go/parser"
	"go/token"
	"os/exec"
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
		if dep == "net" || dep == "net/http" || dep == "database/sql" || strings.HasPrefix(dep, "go/") || strings.Contains(dep, "sqlite") || strings.HasPrefix(dep, "golang.org/x/tools") {
			t.Errorf("runtime links %s", dep)
		}
	}
}

// TestNoReflectionOnTheWayToAKey holds the promise that arguments are hashed
// without reflection: neither package key nor generated code imports it, nor
// fmt, which uses it.
func TestNoReflectionOnTheWayToAKey(t *testing.T) {
	var files []string
	for _, pattern := range []string{"key/*.go", "../testdata/golden/*/workgen_gen.go", "../examples/*/workgen_gen.go"} {
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
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if slices.Contains([]string{"reflect", "fmt", "encoding/json", "encoding/gob"}, path) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
