package reach_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/reach"
)

// TestEmbeddedFilesCountWhateverStandsBetween puts a directive where the compiler takes
// it, in a package of its own for each place, and changes the files.
func TestEmbeddedFilesCountWhateverStandsBetween(t *testing.T) {
	declarations := []string{
		"//go:embed data.txt\nvar data string",
		"//go:embed data.txt\n\nvar data string",
		"//go:embed data.txt\n\n// data is embedded.\n\n// Really.\nvar data string",
		"// data is embedded.\n//go:embed data.txt\n/* Really. */ var data string",
		"var (\n\tother string\n\t//go:embed data.txt\n\n\tdata string\n)",
		"//go:embed other.txt\nvar other string\n//go:embed data.txt\n\nvar data string",
		"//go:embed other.txt\n\n//go:embed data.txt\n\nvar files embed.FS\n\nvar data = func() string { b, _ := files.ReadFile(\"data.txt\"); return string(b) }()",
	}
	var module strings.Builder
	for i, declaration := range declarations {
		fmt.Fprintf(&module, "-- a%d/data.txt --\none\n-- a%d/other.txt --\none\n-- a%d/a.go --\npackage a\n\nimport \"embed\"\n\nvar _ embed.FS\n\n"+
			"%s\n\n//workgen:work\ntype W struct{}\n\nfunc (W) Run() string { return data }\n", i, i, i, declaration)
	}
	symbols := func(file, content string) (all [][]reach.Symbol) {
		pkgs := packages(t, "", write(t, strings.ReplaceAll(module.String(), file+" --\none", file+" --\n"+content)), "./...")
		for i := range declarations {
			all = append(all, find(t, pkgs, fmt.Sprint("a", i)).Symbols())
		}
		return all
	}
	base, changed, others := symbols("data.txt", "one"), symbols("data.txt", "two"), symbols("other.txt", "two")
	for i, declaration := range declarations {
		if slices.Equal(changed[i], base[i]) {
			t.Errorf("a changed file is not noticed under\n%s", declaration)
		}
		if !strings.Contains(declaration, "embed.FS") && !slices.Equal(others[i], base[i]) {
			t.Errorf("a file of another variable counts under\n%s", declaration)
		}
	}
}
