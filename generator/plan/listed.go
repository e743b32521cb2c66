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

// listFix says how to list the types of an interface that is inside of a type
// of another module: "" when the innermost struct around it can be edited.
func (p *planner) listFix(problem problem) string {
	last := problem.path[len(problem.path)-1].typ
	for i := len(problem.path) - 2; i >= 0; i-- {
		if named := problem.path[i].typ.Named; named != nil {
			if p.editable(named) {
				return ""
			}
			name := types.TypeString(last.Go, p.qualify)
			if last.Named != nil {
				name = p.scan.TypeName(last.Named)
			}
			return "write //workgen:oneof " + name + ": and the types that its values can have above the work"
		}
	}
	return ""
}
