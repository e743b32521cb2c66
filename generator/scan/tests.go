package scan

import (
	"path/filepath"
	"slices"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
)

// OfTests reports whether a diagnostic of a package with its tests belongs to them, or
// to one of works, which are in them. The others belong to the package without tests,
// where they are reported, if they hold there: a directive may look unused here that
// is needed there.
func OfTests(d diag.Diagnostic, works []*Work) bool {
	return load.InTest(d.Pos.Filename) || filepath.Ext(d.Pos.Filename) != ".go" ||
		slices.ContainsFunc(works, func(w *Work) bool { return w.Name == d.Work })
}
