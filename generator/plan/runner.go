package plan

import (
	"go/types"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/generator/wrapper"
)

// A runner is an input as a field of another work. It is not walked: it writes what
// tells it from others, and copies share it.

// heldWork returns the work of a runner type, nil of any other type.
func (d *describer) heldWork(named *types.Named) *types.Named {
	if named == nil || named.TypeArgs().Len() > 0 {
		return nil
	}
	s, ok := named.Underlying().(*types.Struct)
	if !ok || s.NumFields() < 2 || !s.Field(0).Embedded() || s.Field(1).Name() != "work" {
		return nil
	}
	base, _ := pointee(s.Field(0).Type())
	if base == nil || base.Obj().Name() != "Runner" || base.Obj().Pkg() == nil || base.Obj().Pkg().Path() != wrapper.RuntimePath || !d.generated(named.Obj()) {
		return nil
	}
	work, _ := pointee(s.Field(1).Type())
	return work
}

// pointee returns the declared type that t points to.
func pointee(t types.Type) (*types.Named, bool) {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return nil, false
	}
	named, ok := types.Unalias(ptr.Elem()).(*types.Named)
	return named, ok
}

// fillRunner describes the runner of a work.
func (d *describer) fillRunner(node *Type, work *types.Named) {
	node.Kind, node.Codec, node.Copy = Known, Runner, ByValue
	s, ok := work.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i := range s.NumFields() {
		if mode, _ := scan.TagMode(s.Tag(i)); mode == scan.Keyed {
			node.Held = append(node.Held, d.describeField(s.Field(i)))
		}
	}
}

// IsRunner reports whether values of t are runners, and not pointers to them.
func (t *Type) IsRunner() bool { return t.Codec == Runner }

// runnerFix says what to do about a runner among the arguments.
func (p *planner) runnerFix(w *scan.Work, problem problem) (string, []diag.Rewrite) {
	fix := "make it a field of " + w.Name + " tagged `workgen:\"key\"`"
	if owner, field := p.tagged(problem); owner != nil {
		return fix + ", or " + tagFix(field.expr) + " if it is no input", nil
	}
	return fix, nil
}

// A HeldRunner is a work whose runner a field of another one holds, which Run may
// use.
type HeldRunner struct {
	Field scan.Field
	Work  *types.Named
	// Keyable says that the field can be tagged `workgen:"key"`.
	Keyable bool
}

// heldRunners finds the runners in the fields of w, also in those that are no inputs.
func (p *planner) heldRunners(w *scan.Work) (out []HeldRunner) {
	for _, f := range w.Fields {
		if f.Mode == scan.State {
			continue // Run does not read it
		}
		h := &runnerFinder{describer: &p.describer, seen: map[types.Type]bool{}}
		h.visit(f.Type)
		if len(h.works) == 0 {
			continue
		}
		keys := p.forKeys()
		keys.walk(f.Name, p.rootField(f.Var), f.Pos)
		for _, work := range h.works {
			out = append(out, HeldRunner{f, work, len(keys.problems) == 0})
		}
	}
	return out
}

// A runnerFinder finds the works of the runners in types.
type runnerFinder struct {
	*describer
	seen  map[types.Type]bool
	works []*types.Named
}

// visit looks for runners in t, where code of this package could get at them.
func (h *runnerFinder) visit(t types.Type) {
	t = types.Unalias(t)
	if h.seen[t] {
		return
	}
	h.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		if work := h.heldWork(t); work != nil {
			h.works = append(h.works, work)
			return
		}
		if _, known := lookupKnown(t); !known && !types.IsInterface(t) {
			h.visit(t.Underlying())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if !h.hidden(f) {
				h.visit(f.Type())
			}
		}
	case *types.Map:
		h.visit(t.Key())
		h.visit(t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		h.visit(t.Elem())
	}
}
