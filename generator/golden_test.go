package generator_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

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

// TestGenerationIsDeterministic generates several times and compares bytes: for two of
// the golden packages in a module of their own, which is small.
func TestGenerationIsDeterministic(t *testing.T) {
	var archive txtar.Archive
	for _, name := range []string{"composite/composite.go", "names/names.go"} {
		content, err := os.ReadFile(filepath.Join("../testdata/golden", name))
		if err != nil {
			t.Fatal(err)
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: content})
	}
	p := newProgram(t, string(txtar.Format(&archive)))
	first, _ := p.generated()
	if len(first) != 4 {
		t.Fatalf("%d files", len(first))
	}
	for range 2 {
		again, _ := p.generated()
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("two runs differ:\n%s", diff)
		}
	}
}
