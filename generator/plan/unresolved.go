package plan

import (
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// What the type checker cannot make sense of, it leaves out or gives an invalid
// type. Nothing may be planned from that: the field that is not there is missing
// from every key. So all that generated code is made of is looked at first, down to
// the fields that are no inputs, whose types are written out, too.

// unresolved reports what in t, the type of an input or result, does not
// type-check, and returns whether there is anything. An analyzer reports nothing:
// the compiler does at the same time.
func (p *planner) unresolved(w *scan.Work, what, expr string, pos token.Pos, t *Type) bool {
	u := &unresolver{planner: p, seen: map[*Type]bool{}, places: map[token.Pos]bool{}}
	u.visit(expr, t, pos)
	for _, problem := range u.problems {
		p.reportUnresolved(w, what, pos, problem)
	}
	return len(u.problems) > 0
}

// unresolvedFields reports the fields of a work that do not type-check.
func (p *planner) unresolvedFields(w *scan.Work) {
	for _, f := range w.Fields {
		if holdsInvalid(f.Type) {
			p.reportUnresolved(w, "field "+f.Name, f.Pos, unresolvedType{at: f.Pos})
		}
	}
	if e, ok := p.scan.DeclError(w.Pos); ok && !slices.ContainsFunc(w.Fields, func(f scan.Field) bool { return holdsInvalid(f.Type) }) {
		p.reportUnresolved(w, "type "+w.Name, w.Pos, unresolvedType{at: w.Pos, decl: w.Name, kind: "type", message: e.Message})
	}
}

// An unresolvedType is something that does not type-check and the way to it.
type unresolvedType struct {
	problem
	at token.Pos // of the parameter, field, method or type
	// Of a type or method: what it is called, and what is wrong with a type.
	decl, kind, message string
}

// An unresolver looks for them, at each type once.
type unresolver struct {
	*planner
	seen     map[*Type]bool
	places   map[token.Pos]bool
	path     []step
	problems []unresolvedType
}

// add notes a problem at the end of the path, once.
func (u *unresolver) add(problem unresolvedType) {
	if !u.places[problem.at] {
		u.places[problem.at] = true
		problem.path = slices.Clone(u.path)
		u.problems = append(u.problems, problem)
	}
}

// visit looks at t, which is that of what is declared at pos.
func (u *unresolver) visit(expr string, t *Type, pos token.Pos) {
	u.path = append(u.path, step{expr, t, pos})
	defer func() { u.path = u.path[:len(u.path)-1] }()
	if t.Kind == Invalid || t.Named == nil && holdsInvalid(t.Go) && !hasParts(t) {
		u.add(unresolvedType{at: pos})
		return
	}
	if u.seen[t] {
		return
	}
	u.seen[t] = true
	before := len(u.problems)
	if t.Named != nil && t.Kind == Interface {
		u.declaration(t.Named) // the reason why its implementers do not type-check
	}
	if len(u.problems) == before {
		u.parts(expr, t, pos)
	}
	if t.Named != nil && len(u.problems) == before {
		u.declaration(t.Named)
	}
}

// hasParts reports whether a type that is written out is looked at part by part.
func hasParts(t *Type) bool {
	return t.Elem != nil || t.Key != nil || t.Kind == Struct || t.Kind == Interface
}

// parts looks at what t is made of.
func (u *unresolver) parts(expr string, t *Type, pos token.Pos) {
	if t.Key != nil {
		u.visit(expr+"[key]", t.Key, pos)
	}
	if t.Elem != nil {
		next := expr + "[]"
		if t.Kind == Pointer || t.Kind == Known {
			next = expr
		}
		u.visit(next, t.Elem, pos)
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if !f.Ignored {
			u.visit(expr+"."+f.Name, f.Type, f.Pos)
		} else if holdsInvalid(f.Type.Go) {
			u.path = append(u.path, step{expr + "." + f.Name, f.Type, f.Pos})
			u.add(unresolvedType{at: f.Pos})
			u.path = u.path[:len(u.path)-1]
		}
	}
	for _, impl := range t.Impls {
		if impl.Kind == Pointer && slices.Contains(t.Impls, impl.Elem) {
			continue // nothing that the element has not
		}
		u.visit(expr+".("+diag.TypeString(impl.Go, u.qualify)+")", impl, declaredOr(impl, pos))
		if iface, ok := t.Go.Underlying().(*types.Interface); ok && impl.Named != nil {
			u.path = append(u.path, step{expr + ".(" + diag.TypeString(impl.Go, u.qualify) + ")", impl, declaredOr(impl, pos)})
			u.methods(impl.Named, func(m *types.Func) bool { return hasMethod(iface, m) })
			u.path = u.path[:len(u.path)-1]
		}
	}
}

// consulted are the methods that decide how values are encoded or copied.
var consulted = []string{
	"EncodeKey", "AppendBinary", "MarshalBinary", "AppendText", "MarshalText", "MarshalJSON",
	"DeepCopy", "Clone", "ProtoReflect", "Lock", "Unlock",
}

// declaration looks at the declaration of a type, of which the type checker may
// have left out a part, as a field that is declared twice, and at its methods.
func (u *unresolver) declaration(named *types.Named) {
	if u.expanding[named.Origin()] {
		return // refused for that
	}
	if e, ok := u.scan.DeclError(named.Obj().Pos()); ok {
		u.add(unresolvedType{at: named.Obj().Pos(), decl: diag.TypeString(named.Origin(), u.qualify), kind: "type", message: e.Message})
	}
	u.methods(named, func(m *types.Func) bool { return slices.Contains(consulted, m.Name()) })
}

// methods looks at the signatures of the methods of a type that matter.
func (u *unresolver) methods(named *types.Named, matters func(*types.Func) bool) {
	for m := range named.Methods() {
		if holdsInvalid(m.Signature()) && matters(m) {
			u.add(unresolvedType{at: m.Pos(), decl: diag.TypeString(named.Origin(), u.qualify) + "." + m.Name(), kind: "method"})
		}
	}
}

// declaredOr is where t is declared, pos for types that are not.
func declaredOr(t *Type, pos token.Pos) token.Pos {
	if at := declaredAt(t); at.IsValid() {
		return at
	}
	return pos
}

// hasMethod reports whether an interface has a method of that name.
func hasMethod(iface *types.Interface, m *types.Func) bool {
	for other := range iface.Methods() {
		if other.Id() == m.Id() {
			return true
		}
	}
	return false
}

// reportUnresolved adds one diagnostic: at the place itself if that is pos, where
// what is declared, otherwise at pos with the way to it.
func (p *planner) reportUnresolved(w *scan.Work, what string, pos token.Pos, u unresolvedType) {
	if p.alone {
		return
	}
	message := u.message
	reason, ok := p.scan.Why(u.at)
	if message == "" {
		message = "its type does not type-check"
		if ok {
			message = reason.Message
		}
	}
	d := diag.Diagnostic{Pos: p.fset.Position(pos), Work: w.Name, Message: what + ": " + message, Fix: p.unresolvedFix(message)}
	switch last := len(u.path) - 1; {
	case u.decl != "":
		d.Path = append(p.steps(u.problem), diag.Step{Expr: u.decl, Type: u.kind, Pos: p.fset.Position(u.at)})
	case u.at == pos && ok:
		d.Pos = reason.Pos
	default:
		d.Path = p.steps(u.problem)
		if ok && last >= 0 {
			d.Path[len(d.Path)-1].Type = types.ExprString(reason.Expr)
		}
	}
	p.diags.Add(d)
}

// unresolvedFix says what to do about an error of the type checker.
func (p *planner) unresolvedFix(message string) string {
	if strings.HasPrefix(message, "could not import ") {
		return "correct the import, or add its module with go get"
	}
	name := undefined(message)
	if name == "" {
		return "correct the type"
	}
	if pkg, _, qualified := strings.Cut(name, "."); qualified && !slices.ContainsFunc(p.world.packages, func(p *load.Package) bool { return p.Name == pkg }) {
		return "correct the name, or require a version of the package that declares it"
	}
	return "declare " + name + ", or run the generator that declares it first"
}

// undefined returns the name in "undefined: Name" and "undefined: pkg.Name".
func undefined(message string) string {
	name, ok := strings.CutPrefix(message, "undefined: ")
	if !ok || strings.ContainsFunc(name, unicode.IsSpace) {
		return ""
	}
	return name
}

// holdsInvalid reports whether t is invalid or written with an invalid type.
func holdsInvalid(t types.Type) bool {
	switch t := t.(type) {
	case *types.Basic:
		return t.Kind() == types.Invalid
	case *types.Alias:
		return anyInvalid(t.TypeArgs()) || holdsInvalid(types.Unalias(t))
	case *types.Named:
		return anyInvalid(t.TypeArgs()) || t.Underlying() == types.Typ[types.Invalid]
	case *types.Map:
		return holdsInvalid(t.Key()) || holdsInvalid(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if holdsInvalid(v.Type()) {
				return true
			}
		}
	case *types.Signature:
		return holdsInvalid(t.Params()) || holdsInvalid(t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			if holdsInvalid(f.Type()) {
				return true
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if holdsInvalid(m.Type()) {
				return true
			}
		}
		for e := range t.EmbeddedTypes() {
			if holdsInvalid(e) {
				return true
			}
		}
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		return holdsInvalid(t.Elem())
	}
	return false
}

// anyInvalid reports whether a type argument holds an invalid type.
func anyInvalid(args *types.TypeList) bool {
	for t := range args.Types() {
		if holdsInvalid(t) {
			return true
		}
	}
	return false
}
