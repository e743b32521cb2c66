package reach

import (
	"go/token"
	"go/types"
	"slices"
)

// Inputs are the types of what a work is called with.
type Inputs struct {
	// Known are the types that values in the inputs can have, those in
	// interfaces too.
	Known []types.Type
	// Open are types of which the values may hold anything, in parts that are
	// no inputs.
	Open []types.Type
}

// given adds what comes from the caller: the types of the inputs, and the
// implementers of the interfaces that the work may hold. What is in them need not
// come from code that is reached.
func (r *Reach) given(inputs Inputs) {
	seen := map[types.Type]bool{}
	for _, t := range inputs.Known {
		if named, ok := types.Unalias(t).(*types.Named); ok {
			r.reach(r.world.decl(named.Obj()), 0, named.Obj().Pos())
		}
	}
	for _, t := range inputs.Open {
		r.holds(t, r.root.node.Pos(), seen)
	}
	r.holds(r.root.obj.(*types.Func).Signature().Recv().Type(), r.root.node.Pos(), seen)
	if r.whole != nil {
		for _, t := range slices.Concat(inputs.Known, inputs.Open) {
			r.hold(t, 0, r.root.node.Pos())
		}
		r.hold(r.root.obj.(*types.Func).Signature().Recv().Type(), 0, r.root.node.Pos())
	}
}

// holds adds the implementers of the interfaces in t, down to structs of other
// modules.
func (r *Reach) holds(t types.Type, pos token.Pos, seen map[types.Type]bool) {
	t = types.Unalias(t)
	if seen[t] {
		return
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		if t.Obj().Pkg() != nil && exempt(t.Obj().Pkg().Path()) {
			return
		}
		r.reach(r.world.decl(t.Obj()), 0, pos)
		for arg := range t.TypeArgs().Types() {
			r.holds(arg, pos, seen)
		}
		if r.world.of(t.Obj()) != nil || types.IsInterface(t) {
			r.holds(t.Origin().Underlying(), pos, seen)
		}
	case *types.Struct:
		for f := range t.Fields() {
			r.holds(f.Type(), f.Pos(), seen)
		}
	case *types.Map:
		r.holds(t.Key(), pos, seen)
		r.holds(t.Elem(), pos, seen)
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		r.holds(t.Elem(), pos, seen)
	case *types.Interface:
		for m := range t.Methods() {
			for _, i := range r.implementers(m.Origin(), t) {
				r.reach(i.method, 0, pos)
				r.reach(i.typ, 0, pos)
			}
		}
	}
}
