package reach

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// wellKnown are methods that the standard library and others look for by
// interfaces they do not export.
var wellKnown = []string{
	"Error", "String", "GoString", "Format", "Is", "As", "Unwrap", "Timeout", "Temporary", "IsZero", "LogValue", "Scan", "Value",
	"Read", "Write", "Close", "Seek", "ReadAt", "ReadFrom", "WriteTo", "WriteString", "Flush", "Opaque", "Len", "Less", "Swap",
}

// reflecting are packages that call exported methods by their names alone.
var reflecting = map[string]bool{"text/template": true, "html/template": true, "net/rpc": true, "plugin": true}

// dynamic adds the methods of reached types that code outside may call through
// an interface. What is called in another build, nobody knows: in place of what a call
// refers to here, a method of the name.
func (r *Reach) dynamic() {
	all := r.reflects
	for path := range r.outside {
		all = all || reflecting[path]
	}
	for _, name := range slices.Clone(r.types) {
		named, ok := name.Type().(*types.Named)
		if !ok {
			continue
		}
		for m := range named.Methods() {
			if all && m.Exported() || r.names[m.Name()] || marshals(m.Name()) {
				r.reach(r.world.decl(m), r.at[r.world.decl(name)], m.Pos())
				r.calledBack(m)
			}
		}
		if r.whole != nil {
			continue
		}
		d := r.world.decl(name)
		for _, v := range d.pkg.variantsOf().methods[d.local()] {
			_, method, _ := strings.Cut(v.local(), ".")
			if all && ast.IsExported(method) || r.names[method] || r.uses[method] || marshals(method) {
				r.reach(v, r.at[d], v.at)
			}
		}
	}
}

// marshals reports whether a method is one of those that encoders look for.
func marshals(name string) bool {
	for _, prefix := range []string{"Marshal", "Unmarshal", "Append", "Encode", "Decode", "GobEncode", "GobDecode"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// callable notes the methods that code outside may call on what it is given:
// those of the interfaces its package exports, and of those in its type, for
// these may be of other packages.
func (r *Reach) callable(obj types.Object) {
	if obj.Pkg().Path() == "reflect" && (obj.Name() == "Method" || obj.Name() == "MethodByName") {
		r.reflects = true
	}
	if fn, ok := obj.(*types.Func); ok {
		for t := range fn.Signature().TypeParams().TypeParams() {
			r.interfaceNames(t.Constraint())
		}
	}
	r.shows(obj.Type())
	if r.asked[obj.Pkg().Path()] {
		return
	}
	r.asked[obj.Pkg().Path()] = true
	scope := obj.Pkg().Scope()
	for _, name := range scope.Names() {
		if t, ok := scope.Lookup(name).(*types.TypeName); ok && t.Exported() {
			r.interfaceNames(t.Type())
		}
	}
}

// interfaceNames adds the methods of t, if it is an interface.
func (r *Reach) interfaceNames(t types.Type) {
	if i, ok := t.Underlying().(*types.Interface); ok {
		for m := range i.Methods() {
			r.names[m.Name()] = true
		}
	}
}

// shows adds the methods of the interfaces in a type outside that code in the
// module can put something into: parameters, results and exported fields, however
// deep.
func (r *Reach) shows(t types.Type) {
	t = types.Unalias(t)
	if r.shown[t] {
		return
	}
	r.shown[t] = true
	switch t := t.(type) {
	case *types.Named:
		if r.world.of(t.Obj()) == nil {
			r.shows(t.Underlying())
		}
	case *types.Interface:
		r.interfaceNames(t)
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				r.shows(f.Type())
			}
		}
	case *types.Signature:
		for v := range t.Params().Variables() {
			r.shows(v.Type())
		}
		for v := range t.Results().Variables() {
			r.shows(v.Type())
		}
	case *types.Map:
		r.shows(t.Key())
		r.shows(t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		r.shows(t.Elem())
	}
}

// implementers are those of the world, without the commands that the work is no part
// of: nothing of theirs is ever in one program with it.
func (r *Reach) implementers(method *types.Func, recv types.Type) (out []implementer) {
	for _, i := range r.world.implementers(method, recv) {
		if r.links(i.name.Pkg()) {
			out = append(out, i)
		}
	}
	return out
}

// An implementing is a method that is called of values of an interface.
type implementing struct {
	method *types.Func
	recv   types.Type
}

// An implementer is a type with a method that a call of an interface's method may end at.
type implementer struct {
	name        *types.TypeName
	method, typ *decl // nil when they are not declared in the world
}

// links reports whether a program can have a package and that of the work in it.
func (r *Reach) links(p *types.Package) bool {
	if p.Name() != "main" {
		return true
	}
	if _, ok := r.commands[p]; !ok {
		r.commands[p] = imports(p, r.root.pkg.Types, map[*types.Package]bool{})
	}
	return r.commands[p]
}

// imports reports whether p is q or imports it, directly or not.
func imports(p, q *types.Package, seen map[*types.Package]bool) bool {
	if p.Path() == q.Path() {
		return true
	}
	seen[p] = true
	return slices.ContainsFunc(p.Imports(), func(i *types.Package) bool { return !seen[i] && imports(i, q, seen) })
}

// implementers returns what a call of an interface's method may end at. Those of error.Error are left to dynamic: nearly everything
// calls it.
// recv is the interface, which may have the method from another one.
func (w *world) implementers(method *types.Func, recv types.Type) []implementer {
	if method.Pkg() == nil {
		return nil
	}
	iface, ok := recv.Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	named, _ := recv.(*types.Named)
	// Pointers to what satisfies a constraint need not satisfy it.
	generic := named != nil && named.TypeParams().Len() > 0 || !iface.IsMethodSet()
	called := implementing{method, recv}
	out, ok := w.implementing[called]
	if ok {
		return out
	}
	for _, t := range w.namedWith(method.Name()) {
		concrete, ok := t.Type().(*types.Named)
		if !ok {
			continue
		}
		pointer := types.NewPointer(concrete)
		if generic || concrete.TypeParams().Len() > 0 {
			if !hasAll(pointer, iface, t.Pkg()) {
				continue
			}
		} else if !types.Implements(pointer, iface) {
			continue
		}
		obj, _, _ := types.LookupFieldOrMethod(pointer, true, method.Pkg(), method.Name())
		if fn, ok := obj.(*types.Func); ok {
			out = append(out, implementer{t, w.decl(fn.Origin()), w.decl(t)})
		}
	}
	w.implementing[called] = out
	return out
}

// hasAll reports whether t has methods of all names of an interface.
func hasAll(t types.Type, iface *types.Interface, p *types.Package) bool {
	for m := range iface.Methods() {
		obj, _, _ := types.LookupFieldOrMethod(t, true, p, m.Name())
		if _, ok := obj.(*types.Func); !ok {
			return false
		}
	}
	return true
}

// namedWith returns the types of the world that have a method of that name,
// their own or an embedded type's.
func (w *world) namedWith(name string) []*types.TypeName {
	if w.named == nil {
		w.named = map[string][]*types.TypeName{}
		for _, p := range w.sorted {
			if exempt(p.PkgPath) {
				continue
			}
			scope := p.Types.Scope()
			for _, n := range scope.Names() {
				t, ok := scope.Lookup(n).(*types.TypeName)
				if !ok || t.IsAlias() || types.IsInterface(t.Type()) {
					continue
				}
				if _, ok := t.Type().(*types.Named); !ok {
					continue
				}
				methods := types.NewMethodSet(types.NewPointer(t.Type()))
				for m := range methods.Methods() {
					w.named[m.Obj().Name()] = append(w.named[m.Obj().Name()], t)
				}
			}
		}
	}
	return w.named[name]
}

// methodsNamed returns all methods of that name, in the order of their full
// names.
func (w *world) methodsNamed(name string) []*decl {
	seen := map[*decl]bool{}
	for _, t := range w.namedWith(name) {
		obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t.Type()), true, t.Pkg(), name)
		if fn, ok := obj.(*types.Func); ok {
			if d := w.decl(fn.Origin()); d != nil {
				seen[d] = true
			}
		}
	}
	out := make([]*decl, 0, len(seen))
	for d := range seen {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *decl) int { return cmp.Compare(a.name, b.name) })
	return out
}
