package generator_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/write"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// TestGolden compares the generated file of every package below
// testdata/golden, whole, with the one that stands there. The other tests of
// this package run these files, so what is golden here also works.
func TestGolden(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	result, err := generator.Generate(t.Context(), generator.Config{Dir: root, Patterns: []string{"./testdata/golden/..."}})
	if err != nil {
		t.Fatal(err)
	}
	if result.Diagnostics.Len() > 0 {
		result.Diagnostics.Write(os.Stderr, root)
		t.Fatal("the golden packages have problems")
	}
	if *update {
		if _, err := write.Write(result.Files); err != nil {
			t.Fatal(err)
		}
	}
	if len(result.Files) < 8 {
		t.Errorf("only %d golden packages were found", len(result.Files))
	}
	for _, file := range result.Files {
		name, _ := filepath.Rel(root, file.Path)
		t.Run(filepath.ToSlash(filepath.Dir(name)), func(t *testing.T) {
			want, err := os.ReadFile(file.Path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(file.Content)); diff != "" {
				t.Errorf("generated code differs from the golden file (-want +got); if that is meant, run go test ./generator -run Golden -update\n%s", diff)
			}
		})
	}
}

// TestGenerationIsDeterministic generates twice and compares bytes.
func TestGenerationIsDeterministic(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	cfg := generator.Config{Dir: root, Patterns: []string{"./testdata/golden/composite", "./testdata/golden/names"}}
	var first []write.File
	for range 3 {
		result, err := generator.Generate(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = result.Files
		}
		if diff := cmp.Diff(first, result.Files); diff != "" {
			t.Fatalf("two runs differ:\n%s", diff)
		}
	}
}
