package sources

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// generated lists the works that this module has, by their generated files.
func generated(t testing.TB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, pattern := range []string{"examples/*", "testdata/golden/*"} {
		files, err := filepath.Glob("../../../" + pattern + "/workgen_code*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Abs(strings.Replace(name, "workgen_code", "workgen_gen", 1))
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if kv, ok := n.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Symbols" {
					symbols, _ := strconv.Unquote(kv.Value.(*ast.BasicLit).Value)
					out[name] = append(out[name], symbols)
				}
				return true
			})
		}
	}
	return out
}

// TestGeneratorAndProgramAgree compares what is generated for this module with its
// sources, which are those that it was generated from.
func TestGeneratorAndProgramAgree(t *testing.T) {
	works := 0
	for name, list := range generated(t) {
		for _, symbols := range list {
			works++
			if c := Changed(name, symbols); c != nil {
				t.Errorf("%s: %+v", name, *c)
			}
			// Every hash is looked at, but those of modules and the like.
			for line := range strings.Lines(symbols) {
				at := strings.LastIndexByte(line, ' ')
				if at < 0 || strings.Contains(line[:at], " ") {
					continue
				}
				other := strings.Replace(symbols, line, line[:at]+" 00000000\n", 1)
				if c := Changed(name, other); c == nil || c.Name != line[:at] {
					t.Errorf("%s: the hash of %s does not matter", name, line[:at])
				}
			}
		}
	}
	if works < 20 {
		t.Errorf("only %d works", works)
	}
}

func TestNothingIsComparedOutsideOfAModule(t *testing.T) {
	if c := Changed(filepath.Join(t.TempDir(), "workgen_gen.go"), "example.com/m.T 00000000\n"); c != nil {
		t.Errorf("%+v", *c)
	}
	for _, symbol := range []string{"example.org/other.T", "module example.org/other v1.0.0", "go1.26", "generated example.com/m.TArgs", "nothing"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("// A module.\nmodule \"example.com/m\" // here\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if c := Changed(filepath.Join(dir, "workgen_gen.go"), symbol+" 00000000\n"); c != nil {
			t.Errorf("%s: %+v", symbol, *c)
		}
		if c := Changed(filepath.Join(dir, "workgen_gen.go"), "example.com/m.T 00000000\n"); c == nil || c.File != dir {
			t.Errorf("%+v", c)
		}
	}
}

// BenchmarkFolder reads a package of some size: what the first work that reaches it costs
// when its runner is made. Later ones look names up.
func BenchmarkFolder(b *testing.B) {
	dir, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	size := int64(0)
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && isSource(filepath.Base(f), false) {
			size += info.Size()
		}
	}
	b.SetBytes(size)
	for b.Loop() {
		delete(folders[false], dir)
		if f := folderOf(dir, false); len(f.all) < 100 {
			b.Fatal("too few declarations")
		}
	}
}
