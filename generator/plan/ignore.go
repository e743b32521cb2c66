package plan

import (
	"go/types"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// ignoreDirective is a directive that leaves out a field which cannot be read.
type ignoreDirective struct {
	*scan.Ignore
	used bool
}

// newIgnores returns the directives of a package.
func newIgnores(p *scan.Package) []*ignoreDirective {
	var out []*ignoreDirective
	for i := range p.Ignores {
		out = append(out, &ignoreDirective{Ignore: &p.Ignores[i]})
	}
	return out
}

// ignored reports whether a directive leaves a field out.
func (d *describer) ignored(f *types.Var) bool {
	for _, ignore := range d.ignores {
		if ignore.Field == f.Origin() {
			ignore.used = true
			return true
		}
	}
	return false
}

// checkIgnores reports directives that had no effect.
func (p *planner) checkIgnores() {
	for _, ignore := range p.ignores {
		if !ignore.used && !p.scan.Rejected {
			p.diags.Add(unignored(p.scan, ignore.Ignore))
		}
	}
}

// unignored says that a directive has no effect.
func unignored(p *scan.Package, ignore *scan.Ignore) diag.Diagnostic {
	return diag.Diagnostic{
		Pos:     p.Fset.Position(ignore.TextPos),
		Message: "no work of this package has " + ignore.Text + " in an input or a result",
		Fix:     "remove the directive, or move it to the package whose work uses the type",
	}
}
