package generator_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

var differentialSizes = flag.Int("differential.sizes", 3, "how many packages of random types to try sizes of")

const (
	sizedTogether = 10 // packages of one program
	sizers        = 4  // works of a package
)

// TestDifferentialSizes generates works that return random types, and compares how many
// bytes their sizers say that results refer to with what copies of them take on the heap.
// For 10,000 types:
//
//	go test ./generator -run DifferentialSizes -differential.sizes 420 -timeout 2h
func TestDifferentialSizes(t *testing.T) {
	for first := 0; first < *differentialSizes; first += sizedTogether {
		seed := *differentialSeed + uint64(first)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			compareSizes(t, seed, min(sizedTogether, *differentialSizes-first))
		})
	}
}

func compareSizes(t *testing.T, seed uint64, packages int) {
	files, main, imports := "-- other/other.go --\n"+otherTypes, strings.Builder{}, ""
	for i := range packages {
		d := newTypeWriter(seed + uint64(i))
		d.pkg = fmt.Sprint("gen", seed+uint64(i))
		d.declarations()
		d.sizers()
		files += fmt.Sprintf("\n-- %s/types.go --\n%s", d.pkg, d.out.String())
		imports += fmt.Sprintf("\t\"example.com/m/%s\"\n", d.pkg)
		main.WriteString("\n\t{\n")
		d.world(&main)
		fmt.Fprintf(&main, "\tpackages = append(packages, differential.Sized{Name: %q, World: w, Runners: []any{", d.pkg)
		for j := range sizers {
			fmt.Fprintf(&main, "%s.NewSize%dRunner(new(%[1]s.Size%[2]d)), ", d.pkg, j)
		}
		main.WriteString("}})\n\t}\n")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(files)
		}
	})
	p := newProgram(t, files)
	generated(t, p)
	p.write("main.go", fmt.Sprintf(`package main

import (
	. "reflect"

	"example.com/m/other"
	"github.com/workgen/workgen/testdata/differential"
%s)

func main() {
	var packages []differential.Sized
%s
	differential.Size(packages, %d)
}
`, imports, main.String(), 3))
	t.Log(p.run())
}

// sizers writes works between whose results the types are dealt out.
func (d *typeWriter) sizers() {
	for i := range sizers {
		var results []string
		for j := i; j < randomTypes; j += sizers {
			results = append(results, fmt.Sprintf("r%d %sT%[1]d", j, d.pick("", "*", "[]")))
		}
		fmt.Fprintf(&d.out, "\n//workgen:work memory\ntype Size%d struct{}\n\nfunc (Size%[1]d) Run() (%s) { return }\n", i, strings.Join(results, ", "))
	}
}
