package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"go/types"
	"strconv"
	"strings"
)

// schema digests the shape of w's inputs and results: when a type on the way
// changes, or a field is renamed, ignored or reordered, the schema differs and
// with it every durable key.
func schema(w *Work) string {
	s := &schemaWriter{}
	s.values("keyed", w.Keyed)
	s.values("params", w.Params)
	s.seen = nil // results are written on their own
	s.values("results", w.Results)
	sum := sha256.Sum256([]byte(s.text.String()))
	return hex.EncodeToString(sum[:16])
}

// schemaWriter writes types in full, each named type once.
type schemaWriter struct {
	text strings.Builder
	seen map[*Type]bool
}

// values writes a list of values. Their names count: where a version stands for the
// code, nothing else says that two inputs of one type have changed places, and several
// results are stored by their names.
func (s *schemaWriter) values(title string, values []Value) {
	s.text.WriteString(title + "(")
	for _, v := range values {
		s.text.WriteString(strconv.Quote(v.Name))
		s.typ(v.Type)
		s.text.WriteByte(',')
	}
	s.text.WriteString(")")
}

// typ writes t, and the inside of a named type at its first place.
func (s *schemaWriter) typ(t *Type) {
	if t.Named == nil && t.Kind == Interface {
		s.text.WriteString("interface")
		if s.seen[t] {
			return // one that a list has been given for, inside of the list
		}
		s.see(t)
	}
	if t.Named != nil {
		s.text.WriteString(strconv.Quote(FullName(t.Named)))
		if s.seen[t] {
			return
		}
		s.see(t)
	}
	if t.Custom {
		s.text.WriteString("custom")
	}
	switch t.Kind {
	case Basic, String:
		s.text.WriteString(types.Typ[t.Basic].Name())
	case Slice:
		s.text.WriteString("[]")
		s.typ(t.Elem)
	case Array:
		s.text.WriteString("[" + strconv.FormatInt(t.Len, 10) + "]")
		s.typ(t.Elem)
	case Map:
		s.text.WriteString("map[")
		s.typ(t.Key)
		s.text.WriteString("]")
		s.typ(t.Elem)
	case Pointer:
		s.text.WriteString("*")
		s.typ(t.Elem)
	case Struct:
		s.fields(t)
	case Interface:
		s.text.WriteString("(")
		for _, impl := range t.Impls {
			s.typ(impl)
			s.text.WriteString("|")
		}
		s.text.WriteString(")")
	case Known:
		s.known(t)
	default:
		s.text.WriteString(FullName(t.Go))
	}
}

// see remembers that t has been written.
func (s *schemaWriter) see(t *Type) {
	if s.seen == nil {
		s.seen = map[*Type]bool{}
	}
	s.seen[t] = true
}

// fields writes the fields of a struct that take part.
func (s *schemaWriter) fields(t *Type) {
	s.text.WriteString("struct{")
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Ignored {
			continue
		}
		s.text.WriteString(f.From + f.Name + " ")
		s.typ(f.Type)
		s.text.WriteString(";")
	}
	s.text.WriteString("}")
}

// known writes a type that is not walked, and what its values are encoded
// with.
func (s *schemaWriter) known(t *Type) {
	s.text.WriteString(FullName(t.Go) + " as " + strconv.Itoa(int(t.Codec)) + t.Marshal.Mode)
	if t.Codec == Handle || t.Codec == Converted {
		s.typ(t.Elem)
	}
}
