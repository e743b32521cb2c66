package plan

import (
	"go/types"
	"slices"
)

// walked lists the named types whose insides generated code relies on, so
// that it can be made to stop compiling when one of them changes: a field
// added to a struct would otherwise be missing from every key, silently.
func (d *describer) walked(works []*Work) (walked, measured []*types.Named) {
	c := &collector{describer: d, seen: map[*Type]bool{}}
	for _, w := range works {
		for _, v := range slices.Concat(w.Keyed, w.Params, w.Results) {
			c.collect(v.Type)
		}
	}
	return c.named, c.measured
}

// collector gathers named types in the order in which they are met.
type collector struct {
	*describer
	seen  map[*Type]bool
	named []*types.Named
	// measured are those that cannot be written out.
	measured []*types.Named
}

// collect adds t and what it is made of. Opaque types are not walked, and a
// time.Time is no business of generated code.
func (c *collector) collect(t *Type) {
	if t == nil || c.seen[t] || t.Kind == Opaque || t.Kind == Time || t.Kind == Invalid {
		return
	}
	c.seen[t] = true
	if t.Named != nil && (t.Kind != Known || t.Codec == Converted) && t.Kind != Interface {
		switch {
		case t.Codec == Converted:
			c.named = append(c.named, t.Named)
		case c.spellable(t.Named.Underlying()) || t.Named.Obj().Pkg() == c.pkg && !c.hidesFields(t.Named):
			c.named = append(c.named, t.Named)
		case t.Kind == Struct:
			c.measured = append(c.measured, t.Named)
		}
	}
	c.collect(t.Elem)
	c.collect(t.Key)
	for _, impl := range t.Impls {
		c.collect(impl)
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; !f.Ignored {
			c.collect(f.Type)
		}
	}
}

// hidesFields reports whether a type of this package was declared as a struct of another
// one with fields that are not exported.
func (c *collector) hidesFields(named *types.Named) bool {
	u, ok := named.Underlying().(*types.Struct)
	return ok && slices.ContainsFunc(slices.Collect(u.Fields()), c.hidden)
}
