package scan

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// An Ignore is a directive that leaves a field of another package's struct, which
// nobody else can read, out of keys:
//
//	//workgen:ignore stripe.Params.usage it counts requests
//
// It may stand anywhere in a package at package level. What it costs: values that
// differ in that field only are one input and get one result. The field is copied by
// assignment, as one tagged `workgen:"-"` is, and results with it are not stored.
type Ignore struct {
	Text    string // the type and the field as written
	TextPos token.Pos
	Type    *types.Named
	Field   *types.Var
}

// ignoreExample is a correct use of the directive, for fixes.
const ignoreExample = prefix + "ignore stripe.Params.usage it counts requests"

// ignore reads a directive that leaves a field out.
func (s *scanner) ignore(f *ast.File, d *directive) {
	if insideFunc(f, d.pos) {
		s.report(d.pos, "", prefix+d.name+" is inside a function", "move it to package level")
		return
	}
	list := words(d.args)
	if len(list) == 0 || !strings.Contains(list[0].text, ".") {
		s.report(d.pos, "", prefix+d.name+" names no field", "write it like "+ignoreExample)
		return
	}
	dot := strings.LastIndexByte(list[0].text, '.')
	out := Ignore{Text: list[0].text, TextPos: d.argAt + token.Pos(list[0].at)}
	e := Encode{Text: out.Text[:dot], TypePos: out.TextPos}
	if !s.encodeType(f, &e) {
		return
	}
	out.Type = e.Type
	if !s.ignoredField(&out, e.Text, out.Text[dot+1:]) {
		return
	}
	if len(list) == 1 {
		s.report(d.pos, "", prefix+d.name+" does not say why results do not depend on "+out.Text, "write the reason behind it, like "+ignoreExample)
		return
	}
	for _, other := range s.out.Ignores {
		if other.Field == out.Field {
			s.report(out.TextPos, "", out.Text+" is left out twice", "remove one")
			return
		}
	}
	s.out.Ignores = append(s.out.Ignores, out)
}

// ignoredField finds the field, and reports whether it can be left out.
func (s *scanner) ignoredField(out *Ignore, typ, name string) bool {
	if u, ok := out.Type.Underlying().(*types.Struct); ok {
		for field := range u.Fields() {
			if field.Name() == name {
				out.Field = field.Origin()
			}
		}
	}
	switch {
	case out.Field == nil:
		s.report(out.TextPos, "", typ+" has no field "+name, "write the name of one of its fields")
	case out.Field.Exported() || out.Field.Pkg() == s.Types:
		s.report(out.TextPos, "", "field "+name+" of "+typ+" can be read by this package", "remove the directive")
	case s.Module != nil && (out.Field.Pkg().Path() == s.Module.Path || strings.HasPrefix(out.Field.Pkg().Path(), s.Module.Path+"/")):
		s.report(out.TextPos, "", "field "+name+" of "+typ+" is declared in this module", "tag the field `workgen:\"-\"` instead")
	case types.NewMethodSet(types.NewPointer(out.Type)).Lookup(nil, "MarshalText") != nil:
		s.report(out.TextPos, "", typ+" has a method MarshalText, which may read the field", "write "+prefix+"encode "+typ+" text instead")
	default:
		return true
	}
	return false
}
