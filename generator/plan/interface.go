package plan

import (
	"cmp"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// world is what is known of the user's other packages.
type world struct {
	packages []*load.Package
	oneofs   map[*types.Package]map[types.Object]*scan.OneOf
	lists    map[*scan.OneOf]*list
	diags    *diag.List
}

// newWorld returns the packages around p.
func newWorld(p *scan.Package, diags *diag.List) world {
	packages := p.World
	if packages == nil {
		packages = []*load.Package{p.Package}
	}
	return world{
		packages: packages, diags: diags,
		oneofs: map[*types.Package]map[types.Object]*scan.OneOf{},
		lists:  map[*scan.OneOf]*list{},
	}
}

// find returns the package with the given path, nil when it is not in a main
// module.
func (w *world) find(path string) *load.Package {
	i, ok := slices.BinarySearchFunc(w.packages, path, func(p *load.Package, path string) int {
		return strings.Compare(p.PkgPath, path)
	})
	if !ok {
		return nil
	}
	return w.packages[i]
}

// list is a directive that lists the types a value of an interface can have, and
// the nodes of the types in which that interface means this list.
type list struct {
	one   *scan.OneOf
	iface types.Type
	memo  typeutil.Map
}

// listOf returns the list of the directive that belongs to obj, a type's name or
// a field, for its interface iface; nil when there is none.
func (w *world) listOf(obj types.Object, iface types.Type) *list {
	if obj.Pkg() == nil {
		return nil
	}
	found, known := w.oneofs[obj.Pkg()]
	if !known {
		if p := w.find(obj.Pkg().Path()); p != nil && p.Types == obj.Pkg() {
			found = scan.OneOfs(p)
		}
		w.oneofs[obj.Pkg()] = found
	}
	one := found[obj]
	if one == nil || one.Interface == nil {
		return nil
	}
	for _, problem := range one.Problems {
		w.diags.Add(problem) // once more, if the package is one of those asked for
	}
	l := w.lists[one]
	if l == nil {
		l = &list{one: one, iface: iface}
		w.lists[one] = l
	}
	return l
}

// in returns the list that an interface inside of t means: the current one, if t
// is its interface or is made of it, down to structs.
func (l *list) in(t types.Type) *list {
	if l == nil {
		return nil
	}
	for _, iface := range scan.InterfacesIn(t) {
		if types.Identical(iface, l.iface) {
			return l
		}
	}
	return nil
}

// describeField describes the type of a field, whose interface may have a list
// of its own.
func (d *describer) describeField(f *types.Var) *Type {
	outer := d.list
	defer func() { d.list = outer }()
	d.list = nil
	if t := d.unseenField(f); t != nil {
		return t
	}
	if found := scan.InterfacesIn(f.Type()); len(found) > 0 {
		d.list = d.world.listOf(f.Origin(), found[0])
	}
	return d.describe(f.Type())
}

// fillInterface finds out which types the values of an interface can have: those
// that are listed; otherwise those that implement it, if they can only be in the
// module or can be asked for their encoding.
func (d *describer) fillInterface(node *Type, u *types.Interface, at token.Pos) {
	node.Kind = Interface
	l := d.list
	if l == nil && node.Named != nil {
		l = d.world.listOf(node.Named.Obj(), node.Named.Underlying())
	}
	switch {
	case l == nil && d.isUnseenInterface(node, u):
		return
	case l != nil:
		outer := d.list
		d.list = l
		for _, t := range l.one.Types {
			d.addImpl(node, u, t)
		}
		d.list = outer
	case d.listedFor(node.Go) != nil:
		node.listed = d.listedFor(node.Go)
		for _, t := range node.listed.Types {
			d.addImpl(node, u, t)
		}
	case d.noInput(node):
		d.fillOpen(node, at)
		return
	case d.sealed(u) || asks(u) || d.sealer(u) != nil:
		d.fillImplementers(node, u)
	default:
		d.fillOpen(node, at)
		return
	}
	if len(node.Impls) == 0 && l == nil && !d.alone && node.Kind != Opaque {
		d.opaque(node, "no type implements it", at)
	}
	slices.SortFunc(node.Impls, func(a, b *Type) int {
		x, y := FullName(a.Go), FullName(b.Go)
		return cmp.Or(strings.Compare(strings.TrimPrefix(x, "*"), strings.TrimPrefix(y, "*")), strings.Compare(y, x))
	})
}

// addImpl adds a listed type.
func (d *describer) addImpl(node *Type, u *types.Interface, t types.Type) {
	if !types.Implements(t, u) {
		// The interface is an instance of a generic one.
		d.refuseImpl(node, t, "it does not implement this instance of the interface",
			"declare an interface type that is not generic, with a list of its own")
		return
	}
	node.Impls = append(node.Impls, d.describe(t))
}

// refuseImpl adds a type that values can have and that cannot be walked.
func (d *describer) refuseImpl(node *Type, t types.Type, reason, advice string) {
	impl := &Type{Go: t}
	impl.Named, _ = t.(*types.Named)
	d.opaque(impl, reason, token.NoPos)
	impl.Advice = advice
	d.fresh, d.all = append(d.fresh, impl), append(d.all, impl)
	node.Impls = append(node.Impls, impl)
}

// sealed reports whether only types of the main modules can implement u: it has
// a method whose name cannot be written elsewhere.
func (d *describer) sealed(u *types.Interface) bool {
	for m := range u.Methods() {
		if !m.Exported() && d.world.find(m.Pkg().Path()) != nil {
			return true
		}
	}
	return false
}

// asks reports whether u has the method EncodeKey(*key.Encoder).
func asks(u *types.Interface) bool {
	for m := range u.Methods() {
		if m.Name() == "EncodeKey" {
			return isEncodeKey(m)
		}
	}
	return false
}

// fillImplementers adds every type of the main modules that implements u, but for
// generated ones: every argument struct has EncodeKey, and a package cannot import
// all that have works. If values do, pointers do, too.
func (d *describer) fillImplementers(node *Type, u *types.Interface) {
	outer := d.list
	defer func() { d.list = outer }()
	d.list = nil
	scopes := []*types.Scope{}
	for _, p := range d.world.packages {
		scopes = append(scopes, p.Types.Scope())
	}
	if p := d.sealer(u); p != nil {
		d.complete(p)
		scopes = append(scopes, p.Scope())
	}
	for _, scope := range scopes {
		for _, name := range scope.Names() {
			obj, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || obj.IsAlias() || types.IsInterface(obj.Type()) || d.generated(obj) {
				continue
			}
			named, ok := obj.Type().(*types.Named)
			if !ok || named.Underlying() == types.Typ[types.Invalid] {
				continue // an invalid type implements everything
			}
			value, pointer := types.Implements(named, u), types.Implements(types.NewPointer(named), u)
			if !value && !pointer {
				if unclear(named, u) { // its declaration is looked at, and refused
					node.Impls = append(node.Impls, d.describe(named))
				}
				continue
			}
			if reason, advice := d.uncallable(node, named); reason != "" {
				d.refuseImpl(node, named, reason, advice)
				continue
			}
			if value {
				node.Impls = append(node.Impls, d.describe(named))
			}
			node.Impls = append(node.Impls, d.describe(types.NewPointer(named)))
		}
	}
	if len(node.Impls) > 0 && !slices.ContainsFunc(node.Impls, d.listable) {
		node.Impls = nil
		d.opaque(node, "no type that implements it can be named here", token.NoPos)
		node.Advice = "pass plain data instead"
	}
}

// listable reports whether a type could be in a list of types: its name can be
// written, or the user can change what it is called.
func (d *describer) listable(t *Type) bool {
	named := t.Named
	return named == nil || d.unnameable(named) == "" || d.world.find(named.Obj().Pkg().Path()) != nil
}

// unclear reports whether named has all methods of u, and does not implement it for
// one of them that does not type-check.
func unclear(named *types.Named, u *types.Interface) bool {
	invalid := false
	for m := range u.Methods() {
		obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, m.Pkg(), m.Name())
		fn, ok := obj.(*types.Func)
		if !ok {
			return false
		}
		invalid = invalid || holdsInvalid(fn.Signature())
	}
	return invalid
}

// uncallable says why generated code cannot name a type that implements the
// interface node, and what to do about it; "" when it can.
func (d *describer) uncallable(node *Type, named *types.Named) (reason, advice string) {
	name, iface := diag.TypeString(named.Obj().Type(), d.qualify), diag.TypeString(node.Go, d.qualify)
	list := "write //workgen:oneof and the types that its values really have in the doc comment of " + iface
	if node.Named == nil {
		list = "declare an interface type, with //workgen:oneof and the types that its values really have in its doc comment"
	}
	if node.Named != nil && node.Named.Obj().Pkg() != nil && d.world.find(node.Named.Obj().Pkg().Path()) == nil {
		list = "write //workgen:oneof " + iface + ": and the types that its values really have above the work"
	}
	switch {
	case named.TypeParams().Len() > 0:
		return named.Obj().Name() + " is generic, and which instances of it there are is not known", list
	case !named.Obj().Exported() && named.Obj().Pkg() != d.pkg && d.world.find(named.Obj().Pkg().Path()) != nil:
		return d.unnameable(named), "export it, or " + list
	case d.unnameable(named) != "":
		return d.unnameable(named), list
	case named.Obj().Pkg() != d.pkg && imports(named.Obj().Pkg(), d.pkg, map[*types.Package]bool{}):
		return name + " is in a package that imports this one, so this package cannot import it", list
	}
	return "", ""
}

// imports reports whether p imports other, directly or not.
func imports(p, other *types.Package, seen map[*types.Package]bool) bool {
	if seen[p] {
		return false
	}
	seen[p] = true
	for _, imp := range p.Imports() {
		if imp == other || imports(imp, other, seen) {
			return true
		}
	}
	return false
}

// openFix says how to list the types of an interface that can hold any, "" when
// the last type of the path is none. keyed says that the path begins at a field of
// the work.
func (p *planner) openFix(problem problem, keyed bool) string {
	last := problem.path[len(problem.path)-1].typ
	if last.Kind != Opaque || last.Advice != "" || !types.IsInterface(last.Go) || p.noInput(last) {
		return ""
	}
	if last.Named != nil && p.editable(last.Named) {
		return "write //workgen:oneof and the types that its values can have in the doc comment of " + diag.TypeString(last.Named, p.qualify)
	}
	if field := p.holder(problem, keyed); field != "" {
		return "write //workgen:oneof and the types that it can hold behind field " + field
	}
	return p.listFix(last, "can have")
}

// holder returns the field that a list of types can be written behind: "" when no
// field that can be edited has in its type that interface, and no other.
func (p *planner) holder(problem problem, keyed bool) string {
	last := problem.path[len(problem.path)-1].typ
	i := len(problem.path) - 1
	for i > 0 && problem.path[i-1].typ.Kind != Struct {
		i--
	}
	if i == 0 && !keyed {
		return ""
	}
	if i > 0 {
		owner := i - 1
		for owner > 0 && problem.path[owner].typ.Named == nil {
			owner--
		}
		named := problem.path[owner].typ.Named
		if named == nil || !p.editable(named) || named.TypeArgs().Len() > 0 {
			return ""
		}
	}
	if found := scan.InterfacesIn(problem.path[i].typ.Go); len(found) != 1 || !types.Identical(found[0], last.Go) {
		return ""
	}
	return lastField(problem.path[i].expr)
}
