package plan

import (
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/diag"
)

// problem is a type that fails a judgement, with the way down to it.
type problem struct {
	reason string
	path   []step
}

// step is one type on the way from a value to a problem.
type step struct {
	expr string
	typ  *Type
	pos  token.Pos
}

// judge walks a type and finds everything in it that fails.
type judge struct {
	// verdict returns why t itself fails ("" when it does not) and whether
	// its parts are to be looked at.
	verdict func(t *Type) (reason string, descend bool)
	// ignore says that fields tagged "-" are not looked at.
	ignore func(f *Field) bool

	problems []problem
	path     []step
}

// forKeys judges whether values of a type can be encoded so that different
// ones never look alike.
func forKeys() *judge {
	return &judge{
		verdict: func(t *Type) (string, bool) {
			switch {
			case t.Custom:
				return "", false
			case t.Kind == Invalid, t.Kind == Opaque, t.Kind == Recursive:
				return t.Reason, false
			case t.Kind == Map && holdsLock(t.Elem.Go, 0):
				return "the values of a map cannot be read without copying the lock in them", false
			}
			return "", true
		},
		ignore: func(f *Field) bool { return f.Ignored },
	}
}

// forCopies judges whether values of a type can be copied deeply: arguments, or
// results. Fields of arguments that are no input are taken as they are; what is
// returned is copied whole, whatever its tags say of it as an input.
func forCopies(result bool) *judge {
	return &judge{
		verdict: func(t *Type) (string, bool) {
			switch {
			case t.Named != nil && isLock(t.Named):
				return "a lock must not be copied", false
			case t.Kind == Invalid, t.Kind == Opaque, t.Kind == Recursive:
				if holdsLock(t.Go, 0) {
					return "a lock must not be copied", false
				}
				return t.Reason, false
			case t.Kind == Map && References(t.Key, result):
				return "the keys of a map are found by their address, which a copy does not have", false
			}
			return "", true
		},
		ignore: func(f *Field) bool { return f.Uncopied(result) && !holdsLock(f.Type.Go, 0) },
	}
}

// Uncopied reports whether a deep copy takes the field as it is.
func (f *Field) Uncopied(result bool) bool { return f.Name == "_" || f.Ignored && !result }

// walk looks at t, reached by expr, and at all its parts.
func (j *judge) walk(expr string, t *Type, pos token.Pos) {
	j.path = append(j.path, step{expr, t, pos})
	defer func() { j.path = j.path[:len(j.path)-1] }()

	reason, descend := j.verdict(t)
	if reason != "" {
		j.problems = append(j.problems, problem{reason, append([]step(nil), j.path...)})
	}
	if !descend {
		return
	}
	switch t.Kind {
	case Slice, Array:
		j.walk(expr+"[]", t.Elem, pos)
	case Pointer:
		j.walk(expr, t.Elem, pos) // Go dereferences by itself
	case Map:
		j.walk(expr+"[key]", t.Key, pos)
		j.walk(expr+"[]", t.Elem, pos)
	case Struct:
		for i := range t.Fields {
			if f := &t.Fields[i]; !j.ignore(f) {
				j.walk(expr+"."+f.Name, f.Type, f.Pos)
			}
		}
	}
}

// holdsLock reports whether copying a value of type t would copy a lock: a
// type with pointer methods Lock and Unlock, as go vet's copylocks sees it.
func holdsLock(t types.Type, depth int) bool {
	if depth > 16 {
		return true
	}
	if named, ok := types.Unalias(t).(*types.Named); ok && isLock(named) {
		return true
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if holdsLock(u.Field(i).Type(), depth+1) {
				return true
			}
		}
	case *types.Array:
		return holdsLock(u.Elem(), depth+1)
	}
	return false
}

// isLock reports whether pointers to a type, and not the type itself, have the
// methods Lock and Unlock.
func isLock(named *types.Named) bool {
	if types.IsInterface(named) {
		return false
	}
	pointers, values := types.NewMethodSet(types.NewPointer(named)), types.NewMethodSet(named)
	return pointers.Lookup(nil, "Lock") != nil && pointers.Lookup(nil, "Unlock") != nil && values.Lookup(nil, "Lock") == nil
}

// References reports whether a copy of a value of type t by assignment would
// share memory with it that the owner of either could write to, in what is to be
// copied of an argument or of a result.
func References(t *Type, result bool) bool {
	switch t.Kind {
	case Slice, Map, Pointer, Opaque, Recursive:
		return true
	case Array:
		return t.Len > 0 && References(t.Elem, result)
	case Struct:
		for i := range t.Fields {
			if f := &t.Fields[i]; !f.Uncopied(result) && References(f.Type, result) {
				return true
			}
		}
	}
	return false
}

// HidesInputs reports whether a field in t is no input, so that arguments and
// results of that type are copied differently.
func HidesInputs(t *Type) bool {
	switch t.Kind {
	case Slice, Array, Pointer:
		return HidesInputs(t.Elem)
	case Map:
		return HidesInputs(t.Key) || HidesInputs(t.Elem)
	case Struct:
		for i := range t.Fields {
			if f := &t.Fields[i]; f.Name != "_" && (f.Ignored || HidesInputs(f.Type)) {
				return true
			}
		}
	}
	return false
}

// steps renders the path of p. A literal such as []Hook is left out when its
// element follows, and what a pointer points to when the pointer precedes it:
// the other line says the same.
func (d *describer) steps(p problem) []diag.Step {
	var out []diag.Step
	for i, s := range p.path {
		if s.typ.Named == nil && s.typ.Elem != nil && s.typ.Kind != Pointer && i+1 < len(p.path) {
			continue
		}
		if i > 0 && p.path[i-1].expr == s.expr && p.path[i-1].typ.Named == nil {
			continue
		}
		out = append(out, diag.Step{
			Expr: s.expr,
			Type: types.TypeString(s.typ.Go, d.qualify),
			Pos:  d.fset.Position(s.pos),
		})
	}
	return out
}
