package generator_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
)

// One run over a module of 60,000 lines in 300 packages that import each other,
// with 15 works: what go generate costs in a large project. Nearly half of it is
// the go command's.
func BenchmarkGenerate(b *testing.B) {
	dir := b.TempDir()
	put := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	put("go.mod", "module example.com/large\n\ngo 1.26\n")
	lines := 0
	for i := range 300 {
		text := largePackage(i)
		lines += strings.Count(text, "\n")
		put(fmt.Sprintf("p%d/p.go", i), text)
	}
	for b.Loop() {
		result, err := generator.Generate(b.Context(), generator.Config{
			Dir: dir, Patterns: []string{"./..."}, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off"),
		})
		if err != nil || !result.Diagnostics.Empty() || len(result.Files) != 15 {
			b.Fatal(err, len(result.Files))
		}
	}
	b.ReportMetric(float64(lines), "lines")
}

// largePackage is package number i of the module.
func largePackage(i int) string {
	var s strings.Builder
	fmt.Fprintf(&s, "package p%d\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n\t\"strings\"\n", i)
	var imports []int
	for _, back := range []int{1, 7, 19} {
		if i >= back {
			imports = append(imports, i-back)
			fmt.Fprintf(&s, "\n\t\"example.com/large/p%d\"", i-back)
		}
	}
	s.WriteString("\n)\n\nvar _ http.Client\n\ntype T struct {\n\tA, B int\n\tS    string\n}\n\n")
	for k := range 12 {
		fmt.Fprintf(&s, "func F%d(t T, n int) (string, error) {\n\tvar b strings.Builder\n\tfor i := range n {\n\t\tfmt.Fprint(&b, t.A+i, t.S)\n\t}\n", k)
		for _, j := range imports {
			fmt.Fprintf(&s, "\tif r, err := p%d.F%d(p%d.T{A: n}, n/2); err != nil {\n\t\treturn r, err\n\t}\n", j, k, j)
		}
		s.WriteString("\treturn b.String(), nil\n}\n\n")
	}
	if i%20 == 0 {
		s.WriteString("//workgen:work\ntype W struct{}\n\nfunc (W) Run(day string) (string, error) { return F2(T{S: day}, len(day)) }\n")
	}
	return s.String()
}
