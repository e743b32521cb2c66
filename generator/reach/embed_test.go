package reach_test

import (
	"slices"
	"strings"
	"testing"
)

// TestEmbeddedFilesCountWhateverStandsBetween puts a directive where the compiler takes
// it, and changes the file.
func TestEmbeddedFilesCountWhateverStandsBetween(t *testing.T) {
	for _, declaration := range []string{
		"//go:embed data.txt\nvar data string",
		"//go:embed data.txt\n\nvar data string",
		"//go:embed data.txt\n\n// data is embedded.\n\n// Really.\nvar data string",
		"// data is embedded.\n//go:embed data.txt\n/* Really. */ var data string",
		"var (\n\tother string\n\t//go:embed data.txt\n\n\tdata string\n)",
		"//go:embed other.txt\nvar other string\n//go:embed data.txt\n\nvar data string",
		"//go:embed other.txt\n\n//go:embed data.txt\n\nvar files embed.FS\n\nvar data = func() string { b, _ := files.ReadFile(\"data.txt\"); return string(b) }()",
	} {
		module := "-- a/data.txt --\none\n-- a/other.txt --\none\n-- a/a.go --\npackage a\n\nimport \"embed\"\n\nvar _ embed.FS\n\n" +
			declaration + "\n\n//workgen:work\ntype W struct{}\n\nfunc (W) Run() string { return data }\n"
		base := of(t, write(t, module)).Symbols()
		changed := strings.Replace(module, "-- a/data.txt --\none", "-- a/data.txt --\ntwo", 1)
		if slices.Equal(of(t, write(t, changed)).Symbols(), base) {
			t.Errorf("a changed file is not noticed under\n%s", declaration)
		}
		if strings.Contains(declaration, "embed.FS") {
			continue
		}
		changed = strings.Replace(module, "-- a/other.txt --\none", "-- a/other.txt --\ntwo", 1)
		if !slices.Equal(of(t, write(t, changed)).Symbols(), base) {
			t.Errorf("a file of another variable counts under\n%s", declaration)
		}
	}
}
