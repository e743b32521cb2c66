package scan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// An Encode is a directive that says how the values of a type are encoded:
//
//	//workgen:encode resource.Quantity json
//
// It may stand anywhere in a package at package level and is good for the works
// of that package.
type Encode struct {
	Pos  token.Pos // of the directive
	Text string    // the type as written, without a star
	// Type is declared somewhere; it is an instance when it is generic.
	Type    *types.Named
	TypePos token.Pos
	Mode    string // one of Modes
	ModePos token.Pos
	// Share says that values never change once they are made, so that copies
	// may share their memory.
	Share bool
}

// Modes are the ways to encode a type by methods of its own.
var Modes = []string{"binary", "text", "json"}

// encodeExample is a correct use of the directive, for fixes.
const encodeExample = prefix + "encode decimal.Decimal binary"

// encode reads a directive that says how a type is encoded.
func (s *scanner) encode(f *ast.File, d *directive) {
	if insideFunc(f, d.pos) {
		s.report(d.pos, "", prefix+d.name+" is inside a function", "move it to package level")
		return
	}
	list := words(d.args)
	if len(list) == 0 {
		s.report(d.pos, "", prefix+d.name+" names no type", "write it like "+encodeExample)
		return
	}
	e := Encode{Pos: d.pos, Text: strings.TrimLeft(list[0].text, "*")}
	e.TypePos = d.argAt + token.Pos(list[0].at)
	ok := s.encodeMode(&e, d, list[1:])
	if !s.encodeType(f, &e) || !ok {
		return
	}
	for _, other := range s.out.Encodes {
		if types.Identical(other.Type, e.Type) {
			s.report(e.TypePos, "", "how "+e.Text+" is encoded has been said before, at "+s.place(other.Pos), "remove one of the two directives")
			return
		}
	}
	s.out.Encodes = append(s.out.Encodes, e)
}

// place names a position for use inside a message.
func (s *scanner) place(pos token.Pos) string {
	p := s.Fset.Position(pos)
	return "line " + strconv.Itoa(p.Line) + " of " + p.Filename[strings.LastIndexAny(p.Filename, `/\`)+1:]
}

// insideFunc reports whether pos is in the body of a function.
func insideFunc(f *ast.File, pos token.Pos) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Body != nil && fn.Body.Pos() < pos && pos < fn.Body.End()
	})
}

// encodeMode reads what follows the type, and reports whether it is right.
func (s *scanner) encodeMode(e *Encode, d *directive, list []word) bool {
	if len(list) == 0 {
		s.report(e.TypePos, "", prefix+d.name+" does not say how "+e.Text+" is encoded", "write binary, text or json behind it, whichever the type has methods for")
		return false
	}
	e.Mode, e.ModePos = list[0].text, d.argAt+token.Pos(list[0].at)
	if !slices.Contains(Modes, e.Mode) {
		s.report(e.ModePos, "", "unknown encoding "+strconv.Quote(e.Mode), "write "+suggest(e.Mode, Modes))
		return false
	}
	for i, w := range list[1:] {
		pos := d.argAt + token.Pos(w.at)
		switch {
		case w.text != "share":
			s.report(pos, "", "unknown option "+strconv.Quote(w.text), "write share, if values of the type never change once they are made, or nothing")
			return false
		case i > 0:
			s.report(pos, "", "option share is given twice", "remove one")
			return false
		}
		e.Share = true
	}
	return true
}

// encodeType finds the type that a directive names, and reports whether it
// did: as the file would write it, or by import path or package name, since a
// file need not import the package of a type that is deep inside another.
func (s *scanner) encodeType(f *ast.File, e *Encode) bool {
	t := s.typeIn(e.TypePos, e.Text)
	if t == nil {
		var several []string
		if t, several = s.typeBeyond(e.Text); len(several) > 1 {
			s.report(e.TypePos, "", "more than one package has a type "+e.Text, "write the import path: one of "+strings.Join(several, ", "))
			return false
		}
	}
	if t == nil {
		s.report(e.TypePos, "", "no type "+e.Text+" is known here", "write the type as this file would, or with its import path, as in //workgen:encode example.com/geo/point.Point text")
		return false
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || types.IsInterface(named) {
		s.report(e.TypePos, "", e.Text+" is no declared type that could have methods for being encoded", "name the declared type that has the methods")
		return false
	}
	e.Type = named
	return true
}

// typeIn evaluates a type expression as it would be at pos, nil when it is none.
func (s *scanner) typeIn(pos token.Pos, text string) types.Type {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		return nil
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if types.CheckExpr(s.Fset, s.Types, pos, expr, info) != nil {
		return nil
	}
	if tv := info.Types[expr]; tv.IsType() && (tv.Type != types.Typ[types.Invalid]) {
		return tv.Type
	}
	return nil
}

// typeBeyond looks for path.Name or package.Name in everything that the package
// imports, directly or not. Several are the full names of all when there is
// more than one.
func (s *scanner) typeBeyond(text string) (found types.Type, several []string) {
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 {
		return nil, nil
	}
	for _, obj := range s.out.beyond(text[:dot], text[dot+1:]) {
		found = obj.Type()
		several = append(several, obj.Pkg().Path()+"."+obj.Name())
	}
	return found, several
}

// TypeName returns a name by which a directive can refer to a declared type:
// with the name of its package, or the import path where that is not enough.
func (p *Package) TypeName(named *types.Named) string {
	obj := named.Obj()
	if obj.Pkg() == nil || obj.Pkg() == p.Types {
		return obj.Name()
	}
	if len(p.beyond(obj.Pkg().Name(), obj.Name())) > 1 {
		return obj.Pkg().Path() + "." + obj.Name()
	}
	return obj.Pkg().Name() + "." + obj.Name()
}

// beyond lists the exported types of a name in the packages of an import path
// or package name, among everything that p imports, directly or not.
func (p *Package) beyond(where, name string) (found []*types.TypeName) {
	seen := map[*types.Package]bool{}
	var visit func(other *types.Package)
	visit = func(other *types.Package) {
		if seen[other] {
			return
		}
		seen[other] = true
		if other.Path() == where || other.Name() == where {
			if other.Scope().Lookup(name) == nil {
				p.Complete(other)
			}
			if obj, ok := other.Scope().Lookup(name).(*types.TypeName); ok && obj.Exported() {
				found = append(found, obj)
			}
		}
		for _, imp := range other.Imports() {
			visit(imp)
		}
	}
	for _, imp := range p.Types.Imports() {
		visit(imp)
	}
	slices.SortFunc(found, func(a, b *types.TypeName) int { return strings.Compare(a.Pkg().Path(), b.Pkg().Path()) })
	return found
}
