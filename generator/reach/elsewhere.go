package reach

import (
	"go/types"

	"github.com/workgen/workgen/generator/ambient"
)

// A value of type any can be of a type that no executed code names, and then every type
// counts that satisfies what is asserted of it. But such a value has to come from
// elsewhere, since executed code makes only what it names. It comes from elsewhere
//
//   - in inputs and written variables, if there is an interface of no methods in them, or a
//     type of another package that is an interface or has one inside;
//   - from a context: its values, and what is asserted of itself;
//   - from a package outside that keeps what other code tells it, as drivers of databases:
//     it returns such values, writes them to where it is told, and calls functions and
//     methods with them.
//
// If none does, assertions find nothing that executed code does not name.

// receive notes whether the use of something outside may get a value of any type from
// elsewhere.
func (r *Reach) receive(obj types.Object) {
	path := obj.Pkg().Path()
	keeps := r.world.keeps(obj.Pkg())
	r.keeping = r.keeping || keeps
	switch o := obj.(type) {
	case *types.Func:
		name := o.FullName()
		_, _, known := ambient.Of(o)
		if name == "(context.Context).Value" || name == "context.Cause" || known && exempt(path) || keeps && isOpen(o.Signature()) {
			r.elsewhere = true
		}
	case *types.Var:
		if !isError(o.Type()) && (types.IsInterface(o.Type()) || keeps && isOpen(o.Type())) {
			r.elsewhere = true
		}
	case *types.TypeName:
		if keeps && isOpen(o.Type()) {
			r.elsewhere = true
		}
	}
}

// claimed adds the types that values of which something is asserted can have.
func (r *Reach) claimed() {
	if !r.elsewhere {
		return
	}
	for _, c := range r.claims {
		r.hold(c.typ, c.at.from, c.at.pos)
	}
	r.claims = nil
}

// A claim is what is asserted of a value that may be anything.
type claim struct {
	typ types.Type
	at  reference
}

// calledBack notes whether code outside may call a method with a value of any type.
func (r *Reach) calledBack(m *types.Func) {
	if r.keeping && !r.elsewhere && isOpen(m.Signature().Params()) {
		r.elsewhere = true
	}
}

// keeps reports whether a package outside may keep values that code tells it, or a package
// that it depends on.
func (w *world) keeps(p *types.Package) bool {
	keeps, ok := w.keeping[p]
	if !ok {
		for _, path := range w.below(map[string]bool{p.Path(): true}) {
			keeps = keeps || path != p.Path() || w.isStandard(path) || takes(p)
		}
		w.keeping[p] = keeps
	}
	return keeps
}

// takes reports whether anybody can tell a package more than plain values.
func takes(p *types.Package) bool {
	for _, name := range p.Scope().Names() {
		switch obj := p.Scope().Lookup(name).(type) {
		case *types.Func:
			if isOpen(obj.Signature().Params()) {
				return true
			}
		case *types.Var:
			if isOpen(obj.Type()) {
				return true
			}
		case *types.TypeName:
			methods := types.NewMethodSet(types.NewPointer(obj.Type()))
			for m := range methods.Methods() {
				if isOpen(m.Type().(*types.Signature).Params()) {
					return true
				}
			}
			if isOpen(obj.Type()) {
				return true
			}
		}
	}
	return false
}

// isOpen reports whether values of a type outside can have a value in them, or give one,
// whose type only the running program knows.
func isOpen(t types.Type) bool { return opens(t, map[types.Type]bool{}) }

// opens is isOpen without the types that were seen.
func opens(t types.Type, seen map[types.Type]bool) bool {
	t = types.Unalias(t)
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Basic:
		return t.Kind() == types.UnsafePointer
	case *types.Interface, *types.TypeParam:
		return true
	case *types.Named:
		return opens(t.Underlying(), seen)
	case *types.Signature:
		return opens(t.Results(), seen) || opens(t.Params(), seen)
	case *types.Tuple:
		for v := range t.Variables() {
			if opens(v.Type(), seen) {
				return true
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if opens(f.Type(), seen) {
				return true
			}
		}
	case *types.Map:
		return opens(t.Key(), seen) || opens(t.Elem(), seen)
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		return opens(t.Elem(), seen)
	}
	return false
}
