package scan

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A Listed is a directive that lists the types which values of an interface have
// wherever a work of the package meets it and nothing else says so: inside types
// of other modules, where no directive can be written.
//
//	//workgen:oneof any: string float64 bool []any map[string]any
//
// It may stand anywhere in a package at package level.
type Listed struct {
	Pos       token.Pos // of the directive
	Text      string    // the interface as written
	TextPos   token.Pos
	Interface types.Type
	Types     []types.Type // in their order
}

// listsFor reports whether the arguments of a oneof directive begin with the
// interface that they are about.
func listsFor(args string) bool {
	list := typeWords(args)
	return len(list) > 0 && strings.HasSuffix(list[0].text, ":")
}

// listedExample is a correct use of the directive, for fixes.
const listedExample = prefix + "oneof any: string float64 bool"

// listed reads a directive that lists types for an interface.
func (s *scanner) listed(f *ast.File, d *directive) {
	if insideFunc(f, d.pos) {
		s.report(d.pos, "", prefix+d.name+" is inside a function", "move it to package level")
		return
	}
	list := typeWords(d.args)
	l := Listed{Pos: d.pos, Text: strings.TrimSuffix(list[0].text, ":"), TextPos: d.argAt + token.Pos(list[0].at)}
	t := s.typeAnywhere(l.TextPos, l.Text)
	switch {
	case t == nil:
		s.report(l.TextPos, "", "no type "+l.Text+" is known here", "write the interface as this file would, or with its import path, as in "+listedExample)
		return
	case !types.IsInterface(t) || !t.Underlying().(*types.Interface).IsMethodSet():
		s.report(l.TextPos, "", l.Text+" is no interface that values can be in", "write an interface before the colon, as in "+listedExample)
		return
	case len(list) == 1:
		s.report(d.pos, "", prefix+"oneof lists no types for "+l.Text, "write the types that its values can have behind it, as in "+listedExample)
		return
	}
	l.Interface = types.Unalias(t)
	for _, w := range list[1:] {
		s.listedType(&l, w.text, d.argAt+token.Pos(w.at))
	}
	for _, other := range s.out.Listed {
		if types.Identical(other.Interface, l.Interface) {
			s.report(l.TextPos, "", "the types of "+l.Text+" have been listed before, at "+s.place(other.Pos), "put all types in one directive")
			return
		}
	}
	s.out.Listed = append(s.out.Listed, l)
}

// listedType reads one type of the list.
func (s *scanner) listedType(l *Listed, text string, pos token.Pos) {
	t := s.typeAnywhere(pos, text)
	switch {
	case t == nil && text == "nil":
		s.report(pos, "", "nil need not be listed: it is always allowed", "remove it")
		return
	case t == nil:
		s.report(pos, "", "no type "+text+" is known here", "write the type as this file would, or with its import path")
		return
	case types.IsInterface(t):
		s.report(pos, "", text+" is an interface, and the values in "+l.Text+" are of other types", "list the types that implement it")
		return
	case slices.ContainsFunc(l.Types, func(other types.Type) bool { return types.Identical(other, t) }):
		s.report(pos, "", text+" is listed twice", "remove one")
		return
	}
	report := func(pos token.Pos, message, fix string) { s.report(pos, "", message, fix) }
	if (&oneofs{Package: s.Package}).implements(l.Interface, t, text, pos, report) {
		l.Types = append(l.Types, t)
	}
}

// typeAnywhere evaluates a type expression as it would be at pos, or finds the
// declared type or pointer that it names in a package which the file does not
// import; nil when there is none, or more than one.
func (s *scanner) typeAnywhere(pos token.Pos, text string) types.Type {
	if t := s.typeIn(pos, text); t != nil {
		return t
	}
	if inner, ok := strings.CutPrefix(text, "*"); ok {
		if t := s.typeAnywhere(pos, inner); t != nil {
			return types.NewPointer(t)
		}
		return nil
	}
	t, several := s.typeBeyond(text)
	if len(several) != 1 {
		return nil
	}
	return t
}
