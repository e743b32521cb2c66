package plan

import (
	"go/token"
	"go/types"
	"slices"

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
	// view is that in which a type may be part of itself: such a type is looked
	// at once.
	view    View
	seen    map[*Type]bool
	qualify types.Qualifier
	// field returns why a field fails whatever its type; nil finds no fault.
	field func(f *Field) string

	problems []problem
	path     []step
	// messages says that protobuf messages have to be behind a pointer.
	messages bool
	// copies says that a method may copy what cannot be walked.
	copies bool
}

// forKeys judges whether values of a type can be encoded so that different
// ones never look alike.
func (d *describer) forKeys() *judge {
	return &judge{
		view: Encoding, qualify: d.qualify, messages: true,
		verdict: func(t *Type) (string, bool) {
			switch {
			case t.directive != nil:
				t.directive.used = true
			}
			switch {
			case t.Custom:
				return "", false
			case t.Kind == Invalid, t.Kind == Opaque:
				return t.Reason, false
			case t.Kind == Known:
				return "", t.Codec == Handle
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
func (d *describer) forCopies(result bool) *judge {
	return &judge{
		view: copying(result), qualify: d.qualify,
		verdict: func(t *Type) (string, bool) {
			switch {
			case t.copies() && (t.Kind == Opaque || t.Kind == Known):
				if t.Codec == Handle && References(t.Elem, result) {
					return "what a unique.Handle refers to is found by its address, which a copy does not have", false
				}
				return "", false
			case t.Named != nil && isLock(t.Named):
				return "a lock must not be copied", false
			case t.Kind == Known || t.CopyReason != "":
				return t.CopyReason, false
			case t.Kind == Invalid, t.Kind == Opaque:
				if holdsLock(t.Go, 0) {
					return "a lock must not be copied", false
				}
				return t.Reason, false
			case t.Kind == Map && addresses(t.Key, result):
				return "the keys of a map are found by their address, which a copy does not have", false
			}
			return "", true
		},
		copies: true, messages: true,
		ignore: func(f *Field) bool { return f.Uncopied(result) && !holdsLock(f.Type.Go, 0) },
	}
}

// Uncopied reports whether a deep copy takes the field as it is.
func (f *Field) Uncopied(result bool) bool { return f.Name == "_" || f.Ignored && !result }

// walk looks at t, reached by expr, and at all its parts.
func (j *judge) walk(expr string, t *Type, pos token.Pos) {
	if t.Cyclic(j.view) {
		if j.seen[t] {
			return
		}
		if j.seen == nil {
			j.seen = map[*Type]bool{}
		}
		j.seen[t] = true
	}
	if t.listed != nil {
		t.listed.used = true
	}
	j.path = append(j.path, step{expr, t, pos})
	defer func() { j.path = j.path[:len(j.path)-1] }()

	reason, descend := j.verdict(t)
	if j.messages && t.ByPointer() && !j.behindPointer() {
		reason = "a protobuf message holds a lock and is passed by a pointer"
	}
	if reason != "" {
		j.problems = append(j.problems, problem{reason, append([]step(nil), j.path...)})
	}
	if !descend {
		return
	}
	switch t.Kind {
	case Slice, Array:
		j.walk(expr+"[]", t.Elem, pos)
	case Known:
		if t.Elem != nil { // a unique.Handle
			j.walk(expr+".Value()", t.Elem, pos)
		}
	case Pointer:
		j.walk(expr, t.Elem, pos) // Go dereferences by itself
	case Map:
		j.walk(expr+"[key]", t.Key, pos)
		j.walk(expr+"[]", t.Elem, pos)
	case Struct:
		before := len(j.problems)
		for i := range t.Fields {
			if f := &t.Fields[i]; !j.ignore(f) && !j.fails(expr, f) {
				j.walk(expr+"."+f.Name, f.Type, f.Pos)
			}
		}
		if len(j.problems) > before && j.method(t) {
			j.problems = j.problems[:before]
		}
	case Interface:
		for _, impl := range t.Impls {
			if impl.Kind == Pointer && slices.Contains(t.Impls, impl.Elem) {
				continue // nothing that the element has not
			}
			j.walk(expr+".("+types.TypeString(impl.Go, j.qualify)+")", impl, declaredAt(impl, pos))
		}
	}
}

// declaredAt is where the type t, or what it points to, is declared: otherwise
// for types that are not.
func declaredAt(t *Type, otherwise token.Pos) token.Pos {
	for t.Kind == Pointer && t.Named == nil {
		t = t.Elem
	}
	if t.Named == nil || !t.Named.Obj().Pos().IsValid() {
		return otherwise
	}
	return t.Named.Obj().Pos()
}

// behindPointer reports whether a pointer leads to the type at hand.
func (j *judge) behindPointer() bool {
	n := len(j.path)
	return n > 1 && j.path[n-2].typ.Kind == Pointer
}

// method lets values of t, a struct that cannot be walked, be copied by a method
// of its own, and reports whether it has one that can be used here.
func (j *judge) method(t *Type) bool {
	if !j.copies || t.Copier.Name == "" || holdsLock(t.Go, 0) && !j.behindPointer() {
		return false
	}
	t.Copy = ByMethod
	return true
}

// fails notes the problem with a field itself, if there is one.
func (j *judge) fails(expr string, f *Field) bool {
	if j.field == nil {
		return false
	}
	reason := j.field(f)
	if reason != "" {
		path := append([]step(nil), j.path...)
		j.problems = append(j.problems, problem{reason, append(path, step{expr + "." + f.Name, f.Type, f.Pos})})
	}
	return reason != ""
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
