package generator

import (
	"go/token"
	"strconv"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/reach"
	"github.com/workgen/workgen/generator/scan"
)

// code adds the fingerprints of the code that the works of p reach, and warns
// of what their results depend on besides the arguments.
func (g *generation) code(p *load.Package, planned *plan.Package) {
	var last *reach.Reach
	for _, w := range planned.Works {
		r := g.universe.Of(p, w.Scan.Run, inputs(w))
		if r == nil {
			continue
		}
		last = r
		switch o := w.Scan.Options; {
		case o.Memory.Set:
		case o.Version.Set:
			w.Code = &plan.Code{Version: o.Version.Value}
		default:
			symbols := r.Symbols()
			m := r.Modules()
			w.Code = &plan.Code{Sum: reach.Fingerprint(symbols), Module: m.Own, Modules: m.Linked, Hashed: m.Hashed}
			for _, v := range r.Variables() {
				w.Code.Variables = append(w.Code.Variables, plan.Variable(v))
			}
			for _, s := range symbols {
				w.Code.Symbols = append(w.Code.Symbols, s.Short())
			}
			g.missing(p, w.Scan, r)
		}
		if o := w.Scan.Options.Cache; !o.Set || o.Value {
			for _, i := range r.Impurities() {
				if i.Allow == nil {
					g.impure(p, w.Scan, i)
				}
			}
			g.runners(planned.Scan, w, r)
		}
	}
	if last == nil {
		return
	}
	for _, a := range last.Unused() {
		g.result.Diagnostics.Add(diag.Diagnostic{
			Warning: true, Pos: p.Fset.Position(a.Pos),
			Message: "nothing here needs //workgen:allow " + string(a.Kind),
			Fix:     "remove it, or move it to the line, or into the doc comment of the function, that needs it",
		})
	}
}

// missing refuses a work of which it is not known what it reaches on other systems:
// its fingerprint would not be the same there.
func (g *generation) missing(p *load.Package, w *scan.Work, r *reach.Reach) {
	for _, d := range r.Missing() {
		g.result.Diagnostics.Add(diag.Diagnostic{
			Pos: p.Fset.Position(w.Pos), Work: w.Name,
			Message: "Run reaches package " + d.PkgPath + " on other systems, and the go command does not have it here: " + d.Missing,
			Fix:     "run go mod download, which gets the modules of all systems",
		})
	}
}

// inputs lists the types that the inputs of a work can have values of, which Run
// may have methods called of without naming them.
func inputs(w *plan.Work) (in reach.Inputs) {
	seen := map[*plan.Type]bool{}
	var visit func(t *plan.Type)
	visit = func(t *plan.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		in.Known = append(in.Known, t.Go)
		if t.Custom && t.Kind != plan.Interface {
			in.Open = append(in.Open, t.Go)
			return
		}
		visit(t.Key)
		visit(t.Elem)
		for _, impl := range t.Impls {
			visit(impl)
		}
		for i := range t.Fields {
			if f := &t.Fields[i]; f.Ignored {
				in.Open = append(in.Open, f.Type.Go)
			} else {
				visit(f.Type)
			}
		}
	}
	for _, v := range w.Keyed {
		visit(v.Type)
	}
	for _, v := range w.Params {
		visit(v.Type)
	}
	return in
}

// A place is where something is that results depend on.
type place struct {
	pos  token.Position
	what string
}

// impure warns of one thing that a work's results depend on. Of several works that
// reach it the first is named, and that which is to be explained.
func (g *generation) impure(p *load.Package, w *scan.Work, i reach.Impurity) {
	if !g.untold(p, i) && g.explain == "" {
		return
	}
	kind, places := ambient.Kinds[i.Kind], ""
	if n := len(i.More); n > 0 {
		places = " in " + strconv.Itoa(n+1) + " places"
	}
	d := diag.Diagnostic{
		Warning: true, Pos: p.Fset.Position(i.Pos), Work: w.Name,
		Message: "Run reaches " + i.What + places + ", but a hit does not " + kind.Misses,
	}
	fix := kind.Fix
	for _, s := range i.Path {
		d.Path = append(d.Path, diag.Step{Expr: s.Name, Type: s.What, Pos: p.Fset.Position(s.Pos)})
	}
	if i.Inside == nil {
		for _, pos := range append([]token.Pos{i.Pos}, i.More...) {
			d.Path = append(d.Path, diag.Step{Expr: i.What, Type: string(i.Kind), Pos: p.Fset.Position(pos)})
		}
	} else {
		d.Dependency = true
		fix = "call " + i.Inside[0].Name + " in the caller and pass what it returns as an argument"
		if i.Inside[0].What == "variable" {
			fix = "read " + i.Inside[0].Name + " in the caller and pass its value as an argument"
		}
		for _, s := range i.Inside {
			d.Path = append(d.Path, diag.Step{Expr: s.Name, Type: s.What, Pos: s.Pos})
		}
		d.Path[len(i.Path)].Pos = d.Pos
		for _, pos := range i.More {
			d.Path = append(d.Path, diag.Step{Expr: i.Inside[0].Name, Type: i.Inside[0].What, Pos: p.Fset.Position(pos)})
		}
	}
	d.Fix = fix + ", or write `//workgen:allow " + string(i.Kind) + " <why>` above the line"
	g.result.Diagnostics.Add(d)
}

// untold reports whether something was not warned of yet, in one of its places at
// least, and notes that it will be.
func (g *generation) untold(p *load.Package, i reach.Impurity) (fresh bool) {
	for _, pos := range append([]token.Pos{i.Pos}, i.More...) {
		at := place{p.Fset.Position(pos), i.What}
		fresh = fresh || !g.warned[at]
		g.warned[at] = true
	}
	return fresh
}
