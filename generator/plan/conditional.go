package plan

import (
	"go/token"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// conditional reports the types that w's inputs and results are made of and that are
// declared in files which are not always built: on another system they may be other
// types, or none, and the generated file is the same everywhere.
func (p *planner) conditional(w *Work) {
	if _, ok := p.scan.ConstraintAt(w.Scan.Pos); ok {
		return // scan has reported the work itself
	}
	look := func(what, expr string, pos token.Pos, v Value) {
		j := p.forBuilds()
		j.walk(expr, v.Type, pos)
		for _, problem := range j.problems {
			fix := "use a type of your own in its place, with the fields that Run needs"
			if last := problem.path[len(problem.path)-1].typ.Named.Obj(); last.Pkg() == p.pkg {
				fix = "move type " + last.Name() + " to a file that is always built"
			}
			p.report(w.Scan, "cannot use "+what, pos, problem, fix)
		}
	}
	for _, f := range w.Scan.Fields {
		for _, v := range w.Keyed {
			if f.Mode == scan.Keyed && f.Name == v.Field {
				look("field "+f.Name, f.Name, f.Pos, v)
			}
		}
	}
	for i, v := range w.Params {
		name := nameOr(v.Name, v.Field)
		look("parameter "+name, name, w.Scan.Params[i].Pos, v)
	}
	for i, v := range w.Results {
		look("result "+resultName(i, v), resultExpr(i, v), w.Scan.Results[i].Pos, v)
	}
}

// forBuilds judges whether a type is the same in every build.
func (p *planner) forBuilds() *judge {
	j := &judge{describer: &p.describer, ignore: func(f *Field) bool { return f.Ignored }}
	j.verdict = func(t *Type) (string, bool) {
		if t.Named == nil || t.Named.Obj().Pkg() == nil {
			return "", true
		}
		name := t.Named.Obj()
		if name.Pkg() == p.pkg {
			if c, ok := p.scan.ConstraintAt(name.Pos()); ok {
				return diag.TypeString(t.Named, p.qualify) + " is declared in a file that is built only if " + c.Text +
					", but what is generated for the work is always built", false
			}
			return "", true
		}
		if t.Custom || t.Kind == Known || t.Kind == Opaque {
			return "", false // nothing is generated for what is in it
		}
		if c, ok := p.scan.Elsewhere(name); ok {
			return diag.TypeString(t.Named, p.qualify) + " is declared in a file that is built only if " + c.Text +
				", and differently in others, but what is generated for the work is always built", false
		}
		return "", true
	}
	return j
}
