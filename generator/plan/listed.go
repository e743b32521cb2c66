package plan

import (
	"go/types"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// listedDirective is a directive that lists the types of an interface for a whole
// package.
type listedDirective struct {
	*scan.Listed
	used bool
}

// newListed returns the directives of a package.
func newListed(p *scan.Package) []*listedDirective {
	var out []*listedDirective
	for i := range p.Listed {
		out = append(out, &listedDirective{Listed: &p.Listed[i]})
	}
	return out
}

// listedFor returns the directive about an interface: nil when there is none.
func (d *describer) listedFor(t types.Type) *listedDirective {
	for _, l := range d.listed {
		if types.Identical(l.Interface, t) {
			return l
		}
	}
	return nil
}

// sealer returns the package outside of the main modules without which no type
// can implement u, nil when there is none.
func (d *describer) sealer(u *types.Interface) *types.Package {
	for m := range u.Methods() {
		if !m.Exported() && d.world.find(m.Pkg().Path()) == nil {
			return m.Pkg()
		}
	}
	return nil
}

// checkListed reports lists that had no effect.
func (p *planner) checkListed() {
	for _, l := range p.listed {
		if !l.used && !p.scan.Rejected {
			p.diags.Add(unlisted(p.scan, l.Listed))
		}
	}
}

// unlisted says that a list has no effect.
func unlisted(p *scan.Package, l *scan.Listed) diag.Diagnostic {
	return diag.Diagnostic{
		Pos:     p.Fset.Position(l.TextPos),
		Message: l.Text + " names no interface that a work of this package uses and that has no list of its own",
		Fix:     "remove the directive, or move it to the package whose work uses the interface",
	}
}

// listFix says how to list the types of an interface for all works of the package.
// have says which of them: those that its values "can have".
func (p *planner) listFix(iface *Type, have string) string {
	name := diag.TypeString(iface.Go, p.qualify)
	if iface.Named != nil {
		name = p.scan.TypeName(iface.Named)
	}
	return "write //workgen:oneof " + name + ": and the types that its values " + have + " above the work"
}
