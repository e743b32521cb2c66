package reach

import (
	"go/token"
	"go/types"
	"slices"
)

// More counts as code of a work than is ever executed: of each interface of the module
// all implementers do, so that no change of them is missed. To warn of what all of them
// look at would be to warn of what never happens: of the files that one file system reads
// where Run makes the other, which is in memory. So what is warned of is found by a walk
// that takes an implementer into account only if there can be a value of it. There is one
// if its type is named by code that is executed, or if it comes from elsewhere:
//
//   - in what the work is called with and in its fields, however deep, also by what
//     functions in them take and return; the same holds for works whose runners are called;
//   - in package variables that are written to after initialisation, of which themselves a
//     warning is given;
//   - from a value of type any, or of an interface that is not the module's, of which
//     something is asserted, if there can be one that comes from elsewhere; see elsewhere.go.

// executes returns what is executed of r.
func (r *Reach) executes() *Reach {
	if r.execution == nil {
		r.execution = newReach(r.world, r.root)
		r.execution.whole, r.execution.inputs = r, r.inputs
		r.execution.walk()
	}
	return r.execution
}

// implemented adds the methods that calls of interfaces may end at, of types that are
// reached.
func (r *Reach) implemented() {
	for n := 0; n < len(r.called); n++ {
		c := r.called[n]
		at := r.calls[c]
		for _, i := range r.implementers(c.method, c.recv()) {
			if i.typ == nil || r.isReached(i.typ) {
				r.reach(i.method, at.from, at.pos)
			}
		}
	}
}

// isReached reports whether d is reached, or a variant of it.
func (r *Reach) isReached(d *decl) bool {
	return slices.ContainsFunc(d.inBuilds(), func(d *decl) bool {
		_, ok := r.at[d]
		return ok
	})
}

// handed adds the types that values from elsewhere have when d is reached, which is step
// from: a package variable, or the Run of another work.
func (r *Reach) handed(d *decl, from int) {
	obj := d.obj
	if d.variant != nil && d.variant.active != nil {
		d = d.variant.active
		obj = d.obj
	}
	switch o := obj.(type) {
	case *types.Var:
		if r.isWritten(o) {
			r.hold(o.Type(), from, d.at)
		}
	case *types.Func:
		if d.pkg.runs[d] && o.Signature().Recv() != nil {
			r.hold(o.Signature().Recv().Type(), from, d.at)
		}
	}
}

// hold adds the types that values of type t from elsewhere can have in them.
func (r *Reach) hold(t types.Type, from int, pos token.Pos) {
	t = types.Unalias(t)
	if r.held[t] {
		return
	}
	r.held[t] = true
	switch t := t.(type) {
	case *types.Named:
		if t.Obj().Pkg() != nil && exempt(t.Obj().Pkg().Path()) {
			return
		}
		r.reach(r.world.decl(t.Obj()), from, pos)
		if r.world.of(t.Obj()) == nil && isOpen(t) {
			r.elsewhere = true
		}
		for arg := range t.TypeArgs().Types() {
			r.hold(arg, from, pos)
		}
		if r.world.of(t.Obj()) != nil || types.IsInterface(t) {
			r.hold(t.Origin().Underlying(), from, pos)
		}
	case *types.Struct:
		for f := range t.Fields() {
			r.filled[f] = true
			r.hold(f.Type(), from, pos)
		}
	case *types.Map:
		r.hold(t.Key(), from, pos)
		r.hold(t.Elem(), from, pos)
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		r.hold(t.Elem(), from, pos)
	case *types.Signature:
		for v := range t.Params().Variables() {
			r.hold(v.Type(), from, pos)
		}
		for v := range t.Results().Variables() {
			r.hold(v.Type(), from, pos)
		}
	case *types.Basic:
		r.elsewhere = r.elsewhere || isOpen(t) // unsafe.Pointer
	case *types.Interface:
		r.elsewhere = r.elsewhere || hasNoMethods(t)
		for m := range t.Methods() {
			for _, i := range r.implementers(m.Origin(), t) {
				r.hold(i.name.Type(), from, pos)
			}
		}
	}
}
