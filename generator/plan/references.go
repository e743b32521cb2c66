package plan

import "slices"

// References reports whether a copy of a value of type t by assignment would
// share memory with it that the owner of either could write to, in what is to be
// copied of an argument or of a result. A result that holds an interface always
// may: its dynamic type has to be looked at.
func References(t *Type, result bool) bool {
	return (&finder{interfaces: result}).finds(t)
}

// addresses reports whether values of type t hold addresses as far as their
// types are known, by which one is told from another that looks the same.
func addresses(t *Type) bool {
	return (&finder{}).finds(t)
}

// finder looks for references.
type finder struct {
	interfaces bool // count as references, whatever they may hold
	seen       map[*Type]bool
}

func (f *finder) finds(t *Type) bool {
	switch {
	case t.Copy > ByValue:
		return true // whatever it is that the method copies
	case t.Kind == Opaque || t.Kind == Known:
		if t.Copy == NoCopy {
			return true
		}
	}
	switch t.Kind {
	case Slice, Map, Pointer:
		return t.Copy != ByValue // pointers to runners are shared
	case Array:
		return t.Len > 0 && f.finds(t.Elem)
	case Interface:
		if f.interfaces {
			return true
		}
	}
	if f.seen[t] {
		return false // it has been looked into
	}
	if f.seen == nil {
		f.seen = map[*Type]bool{}
	}
	f.seen[t] = true
	for _, part := range t.parts(Copying) {
		if f.finds(part) {
			return true
		}
	}
	return false
}

// CopiedByMethod reports whether a copy of a value of type t calls methods of the
// user's, which may panic.
func CopiedByMethod(t *Type) bool { return copiedByMethod(t, map[*Type]bool{}) }

func copiedByMethod(t *Type, seen map[*Type]bool) bool {
	if t.Copy == ByMethod || t.Copy == ByMessage {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	return slices.ContainsFunc(t.parts(Copying), func(part *Type) bool { return copiedByMethod(part, seen) })
}

// CopiesDiffer reports whether arguments and results of type t are copied in
// different ways: it holds an interface, in which a result must not hold a value
// of an unknown type.
func CopiesDiffer(t *Type) bool { return copiesDiffer(t, map[*Type]bool{}) }

func copiesDiffer(t *Type, seen map[*Type]bool) bool {
	if t.Kind == Interface {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	for _, part := range t.parts(Copying) {
		if copiesDiffer(part, seen) {
			return true
		}
	}
	return false
}

// OnHeap reports whether values of type t refer to memory that can be told the size of.
// What can neither be walked nor asked is taken to refer to nothing, and so is what others
// have, too: runners, locations, what package unique has.
func OnHeap(t *Type) bool {
	switch t.Kind {
	case String, Slice, Map:
		return true
	case Pointer:
		return !t.Elem.IsRunner()
	case Array:
		return t.Len > 0 && OnHeap(t.Elem)
	case Interface:
		return len(t.Impls) > 0
	case Struct:
		return slices.ContainsFunc(t.Fields, func(f Field) bool { return !f.Ignored && OnHeap(f.Type) })
	case Known:
		switch t.Codec {
		case Integer, Rational, Float, Userinfo:
			return true
		case Converted:
			return OnHeap(t.Elem)
		}
	}
	return false
}
