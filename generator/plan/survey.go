package plan

import (
	"go/token"
	"slices"

	"github.com/workgen/workgen/generator/diag"
)

// place is a type as it is reached.
type place struct {
	typ *Type
	// pointed says that a pointer leads to it, where that makes a difference: to
	// protobuf messages, and to a method that copies what has a lock.
	pointed bool
}

// edge is a part of a type: what a judge goes along.
type edge struct {
	to    place
	expr  func() string // what is written behind an expression of the type
	pos   token.Pos     // NoPos where nothing else stands than what the type stands in
	field *Field        // of a struct
	fails string        // why the part fails whatever its type, "" when it does not
}

// survey is what is found out about the types that one is made of.
type survey struct {
	reason map[place]string // why a type fails
	leaf   map[place]bool   // its parts are not looked at
	bad    map[place]bool   // it fails, or leads to one that does
}

// survey looks at every type that root is made of once.
func (j *judge) survey(root place) *survey {
	s := &survey{reason: map[place]string{}, leaf: map[place]bool{}, bad: map[place]bool{}}
	holders := map[place][]place{root: nil}
	var failing []place
	for queue := []place{root}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at.typ.listed != nil {
			at.typ.listed.used = true
		}
		reason, descend := j.verdict(at.typ)
		if j.messages && at.typ.ByPointer() && !at.pointed {
			reason = "a protobuf message holds a lock and is passed by a pointer"
		}
		s.reason[at], s.leaf[at] = reason, !descend
		fails := reason != ""
		if descend {
			for _, e := range j.edges(at) {
				if e.fails != "" {
					fails = true
					continue
				}
				if _, known := holders[e.to]; !known {
					queue = append(queue, e.to)
				}
				holders[e.to] = append(holders[e.to], at)
			}
		}
		if fails {
			failing = append(failing, at)
		}
	}
	for ; len(failing) > 0; failing = failing[1:] {
		at := failing[0]
		if s.bad[at] {
			continue
		}
		s.bad[at] = true
		for _, holder := range holders[at] {
			if j.method(holder) {
				holder.typ.Copy = ByMethod
				continue
			}
			failing = append(failing, holder)
		}
	}
	return s
}

// edges lists the parts of a type that are looked at, in the order of the source.
func (j *judge) edges(at place) []edge {
	t := at.typ
	switch t.Kind {
	case Slice, Array:
		return []edge{j.edge("[]", t.Elem)}
	case Known:
		if t.Elem != nil { // a unique.Handle
			return []edge{j.edge(".Value()", t.Elem)}
		}
	case Pointer:
		e := j.edge("", t.Elem) // Go dereferences by itself
		e.to.pointed = t.Elem.ByPointer() || j.copies && t.Elem.Copier.Name != "" && j.holdsLock(t.Elem.Go)
		return []edge{e}
	case Map:
		return []edge{j.edge("[key]", t.Key), j.edge("[]", t.Elem)}
	case Struct:
		return j.fields(t)
	case Interface:
		return j.impls(t)
	}
	return nil
}

// edge is an edge without a position.
func (j *judge) edge(expr string, t *Type) edge {
	return edge{to: place{typ: t}, expr: func() string { return expr }}
}

// fields lists the fields of a struct that are looked at.
func (j *judge) fields(t *Type) []edge {
	var list []edge
	for i := range t.Fields {
		f := &t.Fields[i]
		if j.ignore(f) {
			continue
		}
		e := j.edge("."+f.Name, f.Type)
		e.pos, e.field = f.Pos, f
		if j.field != nil {
			e.fails = j.field(f)
		}
		list = append(list, e)
	}
	return list
}

// impls lists the types of an interface's values.
func (j *judge) impls(t *Type) []edge {
	var list []edge
	for _, impl := range t.Impls {
		if impl.Kind == Pointer && slices.Contains(t.Impls, impl.Elem) {
			continue // nothing that the element has not
		}
		e := edge{to: place{typ: impl}, pos: declaredAt(impl)}
		e.expr = func() string { return ".(" + diag.TypeString(impl.Go, j.qualify) + ")" }
		list = append(list, e)
	}
	return list
}

// declaredAt is where the type t, or what it points to, is declared: NoPos for
// types that are not.
func declaredAt(t *Type) token.Pos {
	for t.Kind == Pointer && t.Named == nil {
		t = t.Elem
	}
	if t.Named == nil {
		return token.NoPos
	}
	return t.Named.Obj().Pos()
}

// method reports whether values of a struct that cannot be walked can be copied
// by a method of its own.
func (j *judge) method(at place) bool {
	return j.copies && at.typ.Kind == Struct && at.typ.Copier.Name != "" && (at.pointed || !j.holdsLock(at.typ.Go))
}
