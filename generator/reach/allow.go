package reach

import (
	"cmp"
	"go/token"
	"slices"

	"github.com/workgen/workgen/generator/scan"
)

// allowsOf finds the directives in the files of p.
func (p *pkg) allowsOf() scan.Allows {
	if p.allows == nil {
		p.allows = append(scan.Allows{}, scan.FindAllows(p.Fset, p.Files)...)
	}
	return p.allows
}

// allowed returns what silences a fact in p, and remembers that it does; nil when
// nothing does.
func (p *pkg) allowed(f fact) *scan.Allow {
	return p.allowsOf().Silence(f.kind, p.Fset.Position(f.pos))
}

// Allowed returns what silences warnings of a kind at a place in the package of the
// work, nil when nothing does.
func (r *Reach) Allowed(kind scan.Kind, pos token.Pos) *scan.Allow {
	return r.root.pkg.allowed(fact{kind: kind, pos: pos})
}

// Unused returns the directives of the package of a work that silence nothing,
// whichever work is looked at, in the order of the files. Those for flows are not among
// them.
func (r *Reach) Unused() (out []*scan.Allow) {
	p := r.root.pkg
	if len(p.allowsOf()) == 0 {
		return nil
	}
	check := func(d *decl) {
		for _, f := range r.world.allFactsOf(d) {
			if r.counts(f) {
				p.allowed(f)
			}
		}
	}
	for _, d := range p.decls {
		check(d)
	}
	for _, d := range p.always {
		check(d)
	}
	for _, a := range p.allows {
		if !a.Used && a.Kind != scan.Flow {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *scan.Allow) int { return cmp.Compare(a.Pos, b.Pos) })
	return out
}
