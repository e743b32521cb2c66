package generator_test

import (
	"fmt"
	"strings"
	"testing"
)

// One run over a module of 60,000 lines in 300 packages that import each other,
// with 15 works: what go generate costs in a large project. Nearly half of it is
// the go command's.
func BenchmarkGenerate(b *testing.B) {
	files := map[string]string{"go.mod": "module example.com/large\n\ngo 1.26\n"}
	lines := 0
	for i := range 300 {
		text := largePackage(i)
		lines += strings.Count(text, "\n")
		files[fmt.Sprintf("p%d/p.go", i)] = text
	}
	benchmark(b, files, 15)
	b.ReportMetric(float64(lines), "lines")
}

// benchmark generates all of a module that has so many packages with works, two files
// for each.
func benchmark(b *testing.B, files map[string]string, packages int) {
	dir := module(b, files)
	for b.Loop() {
		result := generate(b, dir)
		if !result.Diagnostics.Empty() || len(result.Files) != 2*packages {
			b.Fatal(report(b, result, dir), len(result.Files))
		}
		size := 0
		for _, f := range result.Files {
			size += len(f.Content)
		}
		b.ReportMetric(float64(size), "bytes")
	}
}

// What a level of types costs should not depend on how many there are, but for what
// each run costs: the go command, and type-checking what is imported.
func BenchmarkDeepTypes(b *testing.B) {
	for _, name := range []string{"layers", "maps", "literals"} {
		for _, n := range []int{22, 100, 400} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				benchmark(b, map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n", "m.go": oneWork(deepTypes[name](n))}, 1)
				each(b, n, "level")
			})
		}
	}
}

// Nor should what a work costs, in one package or in many.
func BenchmarkWorks(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("in one package/", n), func(b *testing.B) {
			files := map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n"}
			for i := range n {
				files[fmt.Sprintf("w%d.go", i)] = smallWork("m", i)
			}
			benchmark(b, files, 1)
			each(b, n, "work")
		})
	}
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("in as many packages/", n), func(b *testing.B) {
			files := map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n"}
			for i := range n {
				files[fmt.Sprintf("p%d/w.go", i)] = smallWork(fmt.Sprint("p", i), i)
			}
			benchmark(b, files, n)
			each(b, n, "work")
		})
	}
}

// each reports what one of n things takes.
func each(b *testing.B, n int, thing string) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/"+thing)
}

// smallWork is a file with work number i and a type of its own.
func smallWork(pkg string, i int) string {
	return strings.NewReplacer("#", fmt.Sprint(i), "!", "`").Replace(`package ` + pkg + `

import "context"

type Config# struct {
	Source string
	Limits map[string][]int
}

//workgen:work
type Work# struct {
	Base string !workgen:"key"!
}

func (w *Work#) Run(ctx context.Context, day string, cfg Config#) ([]string, error) {
	return []string{w.Base, day, cfg.Source}, ctx.Err()
}
`)
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
