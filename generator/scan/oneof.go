package scan

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
)

// A OneOf is a directive that lists the types which the values of an interface
// can have:
//
//	//workgen:oneof int string *Node []any
//
// It belongs to the declaration of an interface, or to a field of a struct: then
// it is about the one interface in the field's type. Nil needs no listing.
type OneOf struct {
	Pos token.Pos // of the directive
	// Interface is the type that it is about; nil when that is not known.
	Interface types.Type
	// Types are those listed that can be in it, in their order.
	Types []types.Type
	// Problems are what is wrong with the directive. Scan has reported them if
	// the package is one it was called for.
	Problems []diag.Diagnostic
}

// OneOfs returns the directives of a package by what they belong to: a
// *[types.TypeName], or a *[types.Var] as a generic type declares it.
func OneOfs(p *load.Package) map[types.Object]*OneOf {
	r := &oneofs{Package: p, found: map[types.Object]*OneOf{}}
	for _, f := range p.Files {
		var targets map[*ast.CommentGroup]target
		for _, group := range f.Comments {
			for _, c := range group.List {
				rest, ok := strings.CutPrefix(c.Text, prefix+"oneof")
				if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' || listsFor(rest) {
					continue
				}
				if targets == nil {
					targets = r.targets(f)
				}
				if t, ok := targets[group]; ok {
					r.read(c.Pos(), rest, t)
				}
			}
		}
	}
	return r.found
}

// oneofExample is a correct use of the directive, for fixes.
const oneofExample = prefix + "oneof int string *Node"

// oneofs reads the directives of one package.
type oneofs struct {
	*load.Package
	found map[types.Object]*OneOf
}

// target is what a directive can belong to: objects of one type.
type target struct {
	objs []types.Object
	name string // of the first one
	typ  types.Type
}

// targets finds what the comments of a file can be about: types and fields of
// structs.
func (r *oneofs) targets(f *ast.File) map[*ast.CommentGroup]target {
	out := map[*ast.CommentGroup]target{}
	put := func(g *ast.CommentGroup, t target) {
		if g != nil {
			out[g] = t
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			for _, spec := range n.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				obj := r.Info.Defs[spec.Name]
				if obj == nil {
					continue // declared twice
				}
				t := target{[]types.Object{obj}, spec.Name.Name, obj.Type()}
				put(spec.Doc, t)
				if !n.Lparen.IsValid() {
					put(n.Doc, t)
				}
			}
		case *ast.StructType:
			s, ok := r.Info.TypeOf(n).(*types.Struct)
			if !ok {
				return true
			}
			for _, field := range n.Fields.List {
				t := fieldTarget(s, field)
				put(field.Doc, t)
				put(field.Comment, t)
			}
		}
		return true
	})
	return out
}

// fieldTarget finds the fields that one line of a struct declares.
func fieldTarget(s *types.Struct, field *ast.Field) target {
	places := map[token.Pos]bool{embeddedPos(field.Type): len(field.Names) == 0}
	for _, id := range field.Names {
		places[id.Pos()] = true
	}
	var t target
	for v := range s.Fields() {
		if places[v.Pos()] {
			t.objs = append(t.objs, v)
			t.name, t.typ = t.objs[0].Name(), v.Type()
		}
	}
	return t
}

// read reads the directive at pos.
func (r *oneofs) read(pos token.Pos, args string, t target) {
	if len(t.objs) == 0 {
		return
	}
	one := &OneOf{Pos: pos}
	report := func(pos token.Pos, message, fix string) {
		one.Problems = append(one.Problems, diag.Diagnostic{Pos: r.Fset.Position(pos), Message: message, Fix: fix})
	}
	if r.found[t.objs[0]] != nil {
		one = r.found[t.objs[0]]
		report(pos, "a second "+prefix+"oneof for "+t.name, "put all types in one directive")
		return
	}
	for _, obj := range t.objs {
		r.found[obj] = one
	}
	r.about(one, t, report)
	at := pos + token.Pos(len(prefix)+len("oneof"))
	list := typeWords(args)
	if len(list) == 0 {
		report(pos, prefix+"oneof lists no types", "write the types that a value of "+t.name+" can have behind it, as in "+oneofExample)
	}
	for _, w := range list {
		r.listed(one, w.text, at+token.Pos(w.at), report)
	}
}

// about finds the interface that a directive is about.
func (r *oneofs) about(one *OneOf, t target, report func(pos token.Pos, message, fix string)) {
	name, isType := t.objs[0].(*types.TypeName)
	if isType && name.IsAlias() {
		report(one.Pos, prefix+"oneof is on "+t.name+", an alias, which is no type of its own", "remove the = from its declaration, or write the directive on the fields that have the type")
		return
	}
	if isType && !types.IsInterface(t.typ) {
		report(one.Pos, prefix+"oneof is on "+t.name+", which is no interface", "put it in the doc comment of an interface type, or of a struct field that has one in its type")
		return
	}
	found := InterfacesIn(t.typ)
	switch {
	case len(found) == 0:
		report(one.Pos, prefix+"oneof is on "+t.name+", whose type has no interface in it", "remove it")
	case len(found) > 1:
		report(one.Pos, prefix+"oneof is on "+t.name+", whose type has more than one interface in it", "declare an interface type for each, with a directive of its own")
	case !found[0].Underlying().(*types.Interface).IsMethodSet():
		report(one.Pos, prefix+"oneof is on "+t.name+", a constraint, which no value can have as its type", "remove it")
	default:
		one.Interface = found[0]
	}
}

// InterfacesIn lists the distinct interfaces that t is or is made of, down to
// structs.
func InterfacesIn(t types.Type) []types.Type {
	return interfacesIn(t, nil, map[types.Type]bool{})
}

// interfacesIn adds the distinct interfaces in t, down to structs.
func interfacesIn(t types.Type, found []types.Type, seen map[types.Type]bool) []types.Type {
	t = types.Unalias(t)
	if seen[t] {
		return found
	}
	seen[t] = true
	if types.IsInterface(t) {
		for _, other := range found {
			if types.Identical(t, other) {
				return found
			}
		}
		return append(found, t)
	}
	switch u := t.Underlying().(type) {
	case *types.Map:
		found = interfacesIn(u.Key(), found, seen)
		return interfacesIn(u.Elem(), found, seen)
	case *types.Pointer:
		return interfacesIn(u.Elem(), found, seen)
	case *types.Slice:
		return interfacesIn(u.Elem(), found, seen)
	case *types.Array:
		return interfacesIn(u.Elem(), found, seen)
	}
	return found
}

// listed reads one type of the list.
func (r *oneofs) listed(one *OneOf, text string, pos token.Pos, report func(pos token.Pos, message, fix string)) {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		report(pos, strconv.Quote(text)+" is no type", "write types as Go does, with space between them, as in "+oneofExample)
		return
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	err = types.CheckExpr(r.Fset, r.Types, pos, expr, info)
	tv := info.Types[expr]
	switch {
	case err != nil:
		message := err.Error()
		if e := (types.Error{}); errors.As(err, &e) {
			message = e.Msg
		}
		report(pos, "the type "+text+" cannot be understood: "+message, "write it as it would be written in this file")
		return
	case tv.IsNil():
		report(pos, "nil need not be listed: it is always allowed", "remove it")
		return
	case !tv.IsType():
		report(pos, text+" is no type", "list types, as in "+oneofExample)
		return
	case isTypeParam(tv.Type):
		report(pos, text+" is a type parameter, and the list is the same for all instances", "declare an interface type that is not generic, with a list of its own")
		return
	case types.IsInterface(tv.Type):
		report(pos, text+" is an interface, and the values in "+prefix+"oneof are of other types", "list the types that implement it")
		return
	}
	for _, other := range one.Types {
		if types.Identical(other, tv.Type) {
			report(pos, text+" is listed twice", "remove one")
			return
		}
	}
	if one.Interface == nil || !r.implements(one.Interface, tv.Type, text, pos, report) {
		return
	}
	one.Types = append(one.Types, tv.Type)
}

func isTypeParam(t types.Type) bool {
	_, ok := t.(*types.TypeParam)
	return ok
}

// implements reports whether a value of type t can be in an interface.
func (r *oneofs) implements(iface, t types.Type, text string, pos token.Pos, report func(pos token.Pos, message, fix string)) bool {
	if named, ok := iface.(*types.Named); ok && named.TypeParams().Len() > named.TypeArgs().Len() {
		return true // depends on the instance
	}
	u := iface.Underlying().(*types.Interface)
	if types.Implements(t, u) {
		return true
	}
	name := diag.TypeString(iface, types.RelativeTo(r.Types))
	if _, pointer := t.Underlying().(*types.Pointer); !pointer && types.Implements(types.NewPointer(t), u) {
		report(pos, text+" does not implement "+name+", only pointers to it do", "write *"+text)
		return false
	}
	missing, _ := types.MissingMethod(t, u, true)
	report(pos, text+" does not implement "+name+": it has no method "+missing.Name()+" as the interface wants it", "remove it, or give it the method")
	return false
}

// typeWords splits a list of types at white space outside of brackets.
func typeWords(list string) []word {
	var out []word
	depth, start := 0, -1
	for i := 0; i <= len(list); i++ {
		end := i == len(list)
		if !end {
			switch list[i] {
			case '[', '(', '{':
				depth++
			case ']', ')', '}':
				depth--
			}
			end = depth <= 0 && (list[i] == ' ' || list[i] == '\t' || list[i] == '\r')
		}
		switch {
		case end && start >= 0:
			out = append(out, word{list[start:i], start})
			start = -1
		case !end && start < 0:
			start = i
		}
	}
	return out
}

// oneof reports a directive that belongs to nothing it could be about. What it
// says is looked at by OneOfs.
func (s *scanner) oneof(group *ast.CommentGroup, d *directive, targets map[*ast.CommentGroup]target, o owner, attached bool) {
	const fix = "put it in the doc comment of an interface type, or of a struct field that has one in its type"
	switch {
	case len(targets[group].objs) > 0:
	case attached && o.spec == nil:
		s.report(d.pos, "", prefix+d.name+" is on "+o.decl+", not on an interface type or a struct field", fix)
	case !attached:
		s.report(d.pos, "", prefix+d.name+" belongs to no declaration", fix)
	}
}

// meantOneOf reports whether text behind "// workgen:oneof" is a list of types.
func (s *scanner) meantOneOf(pos token.Pos, text string) bool {
	for _, w := range typeWords(text) {
		w.text = strings.TrimSuffix(w.text, ":")
		expr, err := parser.ParseExpr(w.text)
		if err != nil {
			return false
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		if types.CheckExpr(s.Fset, s.Types, pos, expr, info) != nil || !info.Types[expr].IsType() {
			return false
		}
	}
	return true
}
