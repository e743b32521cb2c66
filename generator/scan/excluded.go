package scan

import (
	"go/ast"

	"github.com/workgen/workgen/generator/load"
)

// Constrained returns the files of this build of p that are not always built,
// with their constraints.
func Constrained(p *load.Package) map[*ast.File]string {
	return constraintsOf(p, p.Files)
}

// Excluded parses the files of p that this build leaves out, and returns them
// with their constraints.
func Excluded(p *load.Package) map[*ast.File]string {
	if len(p.ExcludedFiles) == 0 {
		return nil
	}
	return constraintsOf(p, (&scanner{Package: p}).excludedFiles())
}

func constraintsOf(p *load.Package, files []*ast.File) map[*ast.File]string {
	s := &scanner{Package: p}
	out := map[*ast.File]string{}
	for _, f := range files {
		if c, ok := s.constraintOf(f); ok {
			out[f] = c.Text
		}
	}
	return out
}
