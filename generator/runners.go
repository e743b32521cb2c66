package generator

import (
	"go/types"
	"strings"
	"time"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/reach"
	"github.com/workgen/workgen/generator/scan"
)

// runners warns of the works whose runners are in fields of w, where results of w
// can outlive a change of theirs.
func (g *generation) runners(s *scan.Package, w *plan.Work, r *reach.Reach) {
	for _, held := range w.Runners {
		ttl, outlives := outlived(s.Package, w.Scan, held.Work)
		ignored := held.Field.Mode == scan.Ignored
		if !ignored && !outlives || r.Allowed(scan.Runner, held.Field.Pos) != nil {
			continue
		}
		if ignored {
			g.ignoredRunner(s, w.Scan, held)
		}
		if outlives {
			g.outlivedRunner(s, w.Scan, held, ttl)
		}
	}
}

// allowRunner silences both warnings.
const allowRunner = "write `//workgen:allow " + string(scan.Runner) + " <why>` above "

// ignoredRunner warns of a runner that is no input.
func (g *generation) ignoredRunner(s *scan.Package, w *scan.Work, held plan.HeldRunner) {
	f, name, changes := held.Field, typeString(s, held.Work), "keyed fields, its options or its version="
	if w.Options.Version.Set {
		changes = "keyed fields, its options, its version= or its code"
	}
	fix := "tag it `workgen:\"key\"`, or "
	if !held.Keyable {
		fix = "make the runner a field of its own tagged `workgen:\"key\"`, or "
	}
	g.result.Diagnostics.Add(diag.Diagnostic{
		Warning: true, Pos: s.Fset.Position(f.Pos), Work: w.Name,
		Message: "Run reaches work " + name + " through field " + f.Name + ", which is tagged `workgen:\"-\"`: when " + name + " changes in its " + changes + ", a hit does not notice",
		Fix:     fix + allowRunner + "the line",
		Path:    []diag.Step{{Expr: f.Name, Type: typeString(s, f.Type), Pos: s.Fset.Position(f.Pos)}},
	})
}

// outlived returns the lifetime that the directive of held gives to its results, and
// whether those of w, which are made of them, are kept for longer.
func outlived(p *load.Package, w *scan.Work, held *types.Named) (ttl time.Duration, outlives bool) {
	for _, other := range p.World {
		if other.Types != held.Obj().Pkg() {
			continue
		}
		o, _ := scan.OptionsOf(other, held.Obj().Name())
		own := w.Options.TTL
		return o.TTL.Value, o.TTL.Set && (!own.Set || own.Value > o.TTL.Value)
	}
	return 0, false
}

// outlivedRunner warns of results that are kept for longer than what they are made
// of.
func (g *generation) outlivedRunner(s *scan.Package, w *scan.Work, held plan.HeldRunner, ttl time.Duration) {
	f, pos, own := held.Field, w.Options.Pos, "for ever"
	if o := w.Options.TTL; o.Set {
		pos, own = o.Pos, "for "+short(o.Value)
	}
	g.result.Diagnostics.Add(diag.Diagnostic{
		Warning: true, Pos: s.Fset.Position(pos), Work: w.Name,
		Message: "its results are kept " + own + ", but those of work " + typeString(s, held.Work) + ", which field " + f.Name + " runs, for " + short(ttl),
		Fix:     "write ttl=" + short(ttl) + " or less, or " + allowRunner + "field " + f.Name,
		Path:    []diag.Step{{Expr: f.Name, Type: typeString(s, f.Type), Pos: s.Fset.Position(f.Pos)}},
	})
}

// short writes a duration without the units that are zero: 1h, not 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// typeString writes a type as the package of s would.
func typeString(s *scan.Package, t types.Type) string {
	return diag.TypeString(t, func(p *types.Package) string {
		if p == s.Types {
			return ""
		}
		return p.Name()
	})
}
