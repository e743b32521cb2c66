package reach

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
)

// holdsFunctions reports whether a type is that of functions, or of lists of them.
func holdsFunctions(t types.Type) bool {
	for range 4 {
		switch u := t.Underlying().(type) {
		case *types.Signature:
			return true
		case interface{ Elem() types.Type }:
			t = u.Elem()
		default:
			return false
		}
	}
	return false
}

// isHidden reports whether a function can be in a field that no code which is reached
// puts there. What is in the fields of the work itself is declared by their tags, and
// that of fields which nothing in the module assigns comes from outside. A struct that no
// value from elsewhere has in it was made by code that is executed, with all its fields.
func (r *Reach) isHidden(field *types.Var) bool {
	if s, ok := receiverStruct(r.root.obj.(*types.Func)); ok {
		for f := range s.Fields() {
			if f == field {
				return false
			}
		}
	}
	whole := r
	if r.whole != nil {
		whole = r.whole
		if !r.filled[field] {
			return false
		}
	}
	for _, d := range r.world.setters()[field] {
		if _, ok := whole.at[d]; !ok && !exempt(d.pkg.PkgPath) && r.links(d.pkg.Types) {
			return true
		}
	}
	return false
}

// receiverStruct is the struct that a method belongs to.
func receiverStruct(fn *types.Func) (*types.Struct, bool) {
	t := fn.Signature().Recv().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	return s, ok
}

// setters are the declarations that put functions into fields.
func (w *world) setters() map[*types.Var][]*decl {
	if w.setting != nil {
		return w.setting
	}
	w.setting = map[*types.Var][]*decl{}
	for _, p := range w.sorted {
		for _, d := range slices.Concat(slices.Collect(maps.Values(p.decls)), p.always) {
			for _, n := range d.code() {
				ast.Inspect(n, func(n ast.Node) bool {
					w.sets(d, n)
					return true
				})
			}
		}
	}
	return w.setting
}

// sets notes the fields that one node of a declaration assigns.
func (w *world) sets(d *decl, n ast.Node) {
	info := d.pkg.Info
	set := func(obj types.Object, value ast.Expr) {
		v, ok := obj.(*types.Var)
		if ok && v.IsField() && holdsFunctions(v.Type()) && (value == nil || !info.Types[value].IsNil()) {
			w.setting[v.Origin()] = append(w.setting[v.Origin()], d)
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, l := range n.Lhs {
			sel, ok := ast.Unparen(l).(*ast.SelectorExpr)
			switch {
			case !ok:
			case len(n.Lhs) == len(n.Rhs):
				set(info.Uses[sel.Sel], n.Rhs[i])
			default:
				set(info.Uses[sel.Sel], nil)
			}
		}
	case *ast.CompositeLit:
		s, ok := structOf(info.TypeOf(n))
		for i, e := range n.Elts {
			if kv, keyed := e.(*ast.KeyValueExpr); keyed {
				if id := ident(kv.Key); id != nil {
					set(info.Uses[id], kv.Value)
				}
			} else if ok && i < s.NumFields() {
				set(s.Field(i), e)
			}
		}
	}
}

// structOf is the struct that a literal is of, or points to.
func structOf(t types.Type) (*types.Struct, bool) {
	if t == nil {
		return nil, false
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	return s, ok
}
