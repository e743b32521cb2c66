package plan

import (
	"slices"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// remote decides whether a worker elsewhere, in another process and most likely on another
// machine, can execute calls of out whose results can be stored. It gets the arguments as a
// store would write them, and has fields of the work of its own, those that are inputs with
// the same values.
func (p *planner) remote(out *Work) {
	sent := p.forStore(out.Params)
	for i, param := range out.Scan.Params {
		if v := out.Params[i]; !v.Unresolved {
			sent.walk(nameOr(param.Name, v.Field), v.Type, param.Pos)
		}
	}
	out.NotRemote = p.obstacles(sent, "change the argument")
	paths := p.obstacles(p.paths(out), "write //workgen:work portable if the path names the same content on all machines")
	switch portable := out.Scan.Options.Portable; {
	case !portable.Set:
		out.NotRemote = append(out.NotRemote, paths...)
	case len(paths) == 0:
		p.diags.Add(diag.Diagnostic{
			Pos: p.fset.Position(portable.Pos), Work: out.Scan.Name,
			Message: "option portable is about paths, and no input or result is a key.File or key.Dir",
			Fix:     "remove portable",
		})
	}
	if out.Storable && len(out.NotRemote) == 0 {
		out.ArgKinds = kinds(out.Params)
	}
}

// paths finds the paths in inputs and results of a work, which may name something else on
// another machine.
func (p *planner) paths(out *Work) *judge {
	j := &judge{describer: &p.describer, ignore: func(f *Field) bool { return f.Ignored }}
	j.verdict = func(t *Type) (string, bool) {
		switch {
		case isPath(t.Named):
			return "a " + t.Named.Obj().Pkg().Name() + "." + t.Named.Obj().Name() + " may name something else on another machine", false
		case slices.ContainsFunc(t.Held, Outside):
			return "the work of this runner has a path as an input, which may name something else on another machine", false
		}
		return "", true
	}
	for _, f := range out.Scan.Fields {
		if f.Mode == scan.Keyed {
			j.walk(f.Name, p.rootField(f.Var), f.Pos)
		}
	}
	for i, param := range out.Scan.Params {
		j.walk(nameOr(param.Name, out.Params[i].Field), out.Params[i].Type, param.Pos)
	}
	for i, result := range out.Scan.Results {
		j.walk(resultExpr(i, out.Results[i]), out.Results[i].Type, result.Pos)
	}
	return j
}
