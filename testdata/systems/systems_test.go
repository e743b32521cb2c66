package systems

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
)

// The go command compiles what is imported for each of the systems, once.
func TestFilesAreTheSameWhereverTheyAreGenerated(t *testing.T) {
	for _, env := range []string{"CGO_ENABLED=1", "CGO_ENABLED=0", "GOOS=windows", "GOOS=darwin", "GOOS=darwin CGO_ENABLED=1"} {
		result, err := generator.Generate(t.Context(), generator.Config{Env: append(os.Environ(), strings.Fields(env)...)})
		if err != nil || !result.Diagnostics.Empty() || len(result.Files) != 2 {
			t.Fatal(env, err, result)
		}
		for _, f := range result.Files {
			if have, err := os.ReadFile(f.Path); err != nil || !bytes.Equal(have, f.Content) {
				t.Errorf("with %s, %s is another file: %v\n%s", env, f.Path, err, f.Content)
			}
		}
	}
}

func TestRun(t *testing.T) {
	r := NewNameRunner(&Name{})
	for range 2 {
		name, weight, err := r.Run(t.Context(), "list", []string{"a", "b"})
		if name != "list_ab" || weight != 4 || err != nil {
			t.Error(name, weight, err)
		}
	}
	if s := r.Stats(); s.Hits != 1 {
		t.Errorf("%d hits", s.Hits)
	}
}
