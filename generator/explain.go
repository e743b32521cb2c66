package generator

import (
	"context"
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/reach"
	"github.com/workgen/workgen/generator/scan"
)

// An Explanation says what two calls of a work have to agree in to be one, and what a
// hit does not look at.
type Explanation struct {
	Name string         // in statuses, in keys and in stores
	Type string         // import path, dot, type name
	Pos  token.Position // of the type

	Inputs []Input // in every key, in this order: keyed fields, then parameters
	Left   []Input // in no key, with the reason
	Stored []Part  // in the keys of a store besides; nil when nothing is stored

	// Memory says why results are not kept in a store, a sentence without a period;
	// empty when they are.
	Memory []string
	// Local says why no worker elsewhere executes a call, likewise.
	Local []string
	// Reached is what Run reaches: declarations, files, modules, as in a generated
	// file, each sort sorted.
	Reached []string
	// Problems are the diagnostics about the work or its whole package, Allowed the warnings that a
	// //workgen:allow silences.
	Problems []diag.Diagnostic
	Allowed  []Allowed
}

// An Input is a field of a work, a parameter of its Run, or a field somewhere in one of
// them.
type Input struct {
	Name string // as it would be written in Run: cfg.Log
	Type string // as it would be written in the package of the work
	Note string // what is special about it, "" when nothing is; or why it is left out
	Pos  token.Position
}

// A Part is something in the keys of a store that is no input.
type Part struct{ Name, Value string }

// Allowed is a warning that is silenced.
type Allowed struct {
	Kind scan.Kind
	What string // as in the warning: time.Now
	Why  string
	Pos  token.Position
}

// Explain is [Generate] for who wants to know what there is in a key: it also returns
// what there is to say about each work called name, which is that of a type, alone or
// behind a dot and the name or import path of its package. Works of equal names are
// all explained, in the order of their packages.
func Explain(ctx context.Context, cfg Config, name string) (*Result, []*Explanation, error) {
	g := newGeneration(cfg)
	g.explain = name
	if err := g.run(ctx); err != nil {
		return nil, nil, err
	}
	return g.result, g.explanations, nil
}

// asked reports whether a work is one that is to be explained.
func (g *generation) asked(p *load.Package, w *plan.Work) bool {
	pkg, name := "", g.explain
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		pkg, name = name[:i], name[i+1:]
	}
	return name == w.Scan.Name && (pkg == "" || pkg == p.Name || pkg == p.PkgPath || strings.HasSuffix(p.PkgPath, "/"+pkg))
}

// explainAll explains the works of a package that are asked for; problems are the
// diagnostics about the package.
func (g *generation) explainAll(p *plan.Package, problems []diag.Diagnostic) {
	for _, w := range p.Works {
		if !g.asked(p.Scan.Package, w) {
			continue
		}
		e := &explainer{p: p.Scan, w: w, out: &Explanation{
			Name: w.Name, Type: w.Name, Pos: p.Scan.Fset.Position(w.Scan.Pos),
		}}
		if o := w.Scan.Options.Name; o.Set {
			e.out.Name = o.Value
		}
		e.inputs()
		e.storing()
		e.remote()
		for _, d := range problems {
			if d.Work == w.Scan.Name || d.Work == "" {
				e.out.Problems = append(e.out.Problems, d)
			}
		}
		if r := g.universe.Of(p.Scan.Package, w.Scan.Run, inputs(w)); r != nil {
			e.reached(r)
		}
		g.explanations = append(g.explanations, e.out)
	}
}

// An explainer explains one work.
type explainer struct {
	p   *scan.Package
	w   *plan.Work
	out *Explanation
}

// inputs says what is in every key, and what is in none.
func (e *explainer) inputs() {
	for _, f := range e.w.Scan.Fields {
		switch f.Mode {
		case scan.Ignored:
			e.left(f.Name, f.Type, f.Pos, "tagged `workgen:\"-\"`")
		case scan.State:
			e.left(f.Name, f.Type, f.Pos, "no tag: Run does not read it")
		}
	}
	if e.w.Scan.Context {
		e.left("ctx", e.w.Scan.Run.Signature().Params().At(0).Type(), e.w.Scan.Run.Pos(), "what a context carries is no input")
	}
	fields := map[string]token.Pos{}
	for _, f := range e.w.Scan.Fields {
		fields[f.Name] = f.Pos
	}
	for _, v := range e.w.Keyed {
		e.input(v, fields[v.Name])
	}
	for i, v := range e.w.Params {
		e.input(v, e.w.Scan.Params[i].Pos)
	}
}

// left adds something that is in no key.
func (e *explainer) left(name string, t types.Type, pos token.Pos, why string) {
	e.out.Left = append(e.out.Left, Input{name, typeString(e.p, t), why, e.p.Fset.Position(pos)})
}

// input adds an input, and what is left out behind it.
func (e *explainer) input(v plan.Value, pos token.Pos) {
	name := v.Name
	if name == "" {
		name = v.Field
	}
	in := Input{Name: name, Type: typeString(e.p, v.Declared), Pos: e.p.Fset.Position(pos), Note: written(v.Type)}
	if v.Secret {
		in.Note = "secret: a store gets a digest of it"
	}
	e.out.Inputs = append(e.out.Inputs, in)
	e.behind(name, v.Type, map[*plan.Type]bool{})
}

// written says how a type is encoded that is not encoded field by field.
func written(t *plan.Type) string {
	switch {
	case t.Elem != nil && t.Kind == plan.Pointer:
		return written(t.Elem)
	case t.IsRunner():
		return "a runner: the name, the code or version, the keyed fields and the options of its work count"
	case t.Custom:
		return "its method EncodeKey says what counts"
	case t.Kind == plan.Known && t.Codec == plan.Method:
		return "its method " + t.Marshal.Name + " says what counts"
	}
	return ""
}

// behind adds the fields that are left out somewhere in an input, each by one path.
func (e *explainer) behind(expr string, t *plan.Type, seen map[*plan.Type]bool) {
	if t == nil || seen[t] || t.Custom || t.Kind == plan.Known {
		return
	}
	seen[t] = true
	for i := range t.Fields {
		f := &t.Fields[i]
		name := expr + "." + f.From + f.Name
		switch {
		case f.Unread:
			e.left(name, f.Type.Go, f.Pos, "left out by a directive //workgen:ignore")
		case f.Name == "_":
		case f.Ignored:
			e.left(name, f.Type.Go, f.Pos, "tagged `workgen:\"-\"`")
		default:
			e.behind(name, f.Type, seen)
		}
	}
	switch t.Kind {
	case plan.Pointer:
		e.behind(expr, t.Elem, seen)
	case plan.Map:
		e.behind(expr+"[key]", t.Key, seen)
		e.behind(expr+"[]", t.Elem, seen)
	default:
		e.behind(expr+"[]", t.Elem, seen)
	}
	for _, impl := range t.Impls {
		e.behind(expr+".("+typeString(e.p, impl.Go)+")", impl, seen)
	}
}

// storing says what is in the keys of a store, or why results are not kept there.
func (e *explainer) storing() {
	o := e.w.Scan.Options
	switch {
	case o.Cache.Set && !o.Cache.Value:
		e.out.Memory = []string{"option cache=false: every call is executed"}
	case o.Memory.Set:
		e.out.Memory = []string{"option memory"}
	}
	for _, obstacle := range e.w.NotStorable {
		e.out.Memory = append(e.out.Memory, obstacle.String())
	}
	if len(e.out.Memory) > 0 {
		return
	}
	e.out.Stored = []Part{{"name", e.out.Name}, {"schema", e.w.Schema}}
	switch code := e.w.Code; {
	case code == nil:
	case code.Version != "":
		e.out.Stored = append(e.out.Stored, Part{"version", code.Version})
	default:
		e.out.Stored = append(e.out.Stored, Part{"code", code.Sum}, Part{"build", "of the running program: the Go release, GOEXPERIMENT, GODEBUG, build tags, -X, the versions of modules"})
	}
}

// remote says why no worker elsewhere executes a call.
func (e *explainer) remote() {
	if len(e.out.Memory) > 0 {
		e.out.Local = []string{"results are not stored"}
	}
	for _, obstacle := range e.w.NotRemote {
		e.out.Local = append(e.out.Local, obstacle.String())
	}
}

// reached says what Run reaches, and what of it no warning is given of.
func (e *explainer) reached(r *reach.Reach) {
	for _, s := range r.Symbols() {
		if s.Counts() {
			e.out.Reached = append(e.out.Reached, s.Name)
		}
	}
	for _, path := range r.Modules().Linked {
		e.out.Reached = append(e.out.Reached, "module "+path)
	}
	for _, i := range r.Impurities() {
		if i.Allow != nil {
			e.out.Allowed = append(e.out.Allowed, Allowed{i.Kind, i.What, i.Allow.Why, e.p.Fset.Position(i.Pos)})
		}
	}
	for _, held := range e.w.Runners {
		if a := r.Allowed(scan.Runner, held.Field.Pos); a != nil {
			e.out.Allowed = append(e.out.Allowed, Allowed{a.Kind, "work " + typeString(e.p, held.Work), a.Why, e.p.Fset.Position(held.Field.Pos)})
		}
	}
}
