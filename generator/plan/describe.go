package plan

import (
	"go/token"
	"go/types"
	"reflect"

	"golang.org/x/tools/go/types/typeutil"
)

// keyPath is the import path of the package that has the Encoder.
const keyPath = "github.com/workgen/workgen/runtime/key"

// describer makes the [Type] nodes of one package.
type describer struct {
	pkg  *types.Package
	fset *token.FileSet
	memo typeutil.Map // types.Type → *Type
	open typeutil.Map // types being described, to notice recursion
	// recursive counts the Recursive leaves made so far.
	recursive int
}

// describe returns the node of t.
func (d *describer) describe(t types.Type) *Type {
	t = types.Unalias(t)
	if known := d.memo.At(t); known != nil {
		return known.(*Type)
	}
	named, _ := t.(*types.Named)
	node := &Type{Go: t, Named: named}
	if named != nil {
		node.Custom = encodesItself(named)
		if d.open.At(t) != nil || d.open.Len() > maxDepth {
			d.recursive++
			return d.opaque(node, "it contains itself, and recursive types are not supported", named.Obj().Pos(), Recursive)
		}
		d.open.Set(t, true)
		defer d.open.Delete(t)
	}
	before := d.recursive
	d.fill(node)
	if _, literal := t.(*types.Struct); !literal && d.recursive == before {
		// A literal's fields have positions of their own wherever it stands, and
		// what is above a recursion depends on where it began.
		d.memo.Set(t, node)
	}
	return node
}

// maxDepth is how deep named types may be nested before they are taken for
// recursive: an invalid program can have types that expand for ever.
const maxDepth = 100

// opaque marks node as a type that cannot be walked.
func (d *describer) opaque(node *Type, reason string, at token.Pos, kind Kind) *Type {
	node.Kind, node.Reason, node.At = kind, reason, at
	return node
}

// fill describes the inside of node.
func (d *describer) fill(node *Type) {
	at := token.NoPos
	if node.Named != nil {
		at = node.Named.Obj().Pos()
	}
	if reason := d.unnameable(node.Named); reason != "" {
		d.opaque(node, reason, at, Opaque)
		return
	}
	switch u := node.Go.Underlying().(type) {
	case *types.Basic:
		d.fillBasic(node, u, at)
	case *types.Slice:
		node.Kind, node.Elem = Slice, d.describe(u.Elem())
	case *types.Array:
		node.Kind, node.Elem, node.Len = Array, d.describe(u.Elem()), u.Len()
	case *types.Map:
		node.Kind, node.Key, node.Elem = Map, d.describe(u.Key()), d.describe(u.Elem())
	case *types.Pointer:
		node.Kind, node.Elem = Pointer, d.describe(u.Elem())
	case *types.Struct:
		d.fillStruct(node, u, at)
	case *types.Chan:
		d.opaque(node, "a channel has no value", at, Opaque)
	case *types.Signature:
		d.opaque(node, "a function has no value", at, Opaque)
	case *types.Interface:
		d.opaque(node, "an interface can hold a value of any type", at, Opaque)
	default:
		d.opaque(node, "its type cannot be walked", at, Opaque)
	}
}

// fillBasic describes a boolean, number or string.
func (d *describer) fillBasic(node *Type, u *types.Basic, at token.Pos) {
	node.Basic = u.Kind()
	switch {
	case u.Kind() == types.Invalid:
		node.Kind = Invalid
	case u.Kind() == types.UnsafePointer:
		d.opaque(node, "an unsafe.Pointer is an address and has no value", at, Opaque)
	case u.Info()&types.IsString != 0:
		node.Kind = String
	default:
		node.Kind = Basic
	}
}

// fillStruct describes a struct's fields.
func (d *describer) fillStruct(node *Type, u *types.Struct, at token.Pos) {
	if isTime(node.Named) {
		node.Kind = Time
		return
	}
	for i := range u.NumFields() {
		f := u.Field(i)
		if !f.Exported() && f.Pkg() != d.pkg && f.Name() != "_" {
			d.opaque(node, types.TypeString(node.Go, d.qualify)+" has the unexported field "+f.Name()+", which this package cannot read", at, Opaque)
			return
		}
	}
	if node.Named != nil && node.Named.Obj().Pkg() != d.pkg && !d.spellable(u) {
		d.opaque(node, types.TypeString(node.Go, d.qualify)+" has fields that cannot be written out in this package, so that later ones would go unnoticed", at, Opaque)
		return
	}
	node.Kind = Struct
	for i := range u.NumFields() {
		f := u.Field(i)
		field := Field{Name: f.Name(), Pos: f.Pos(), Embedded: f.Embedded()}
		field.Ignored = f.Name() == "_" || reflect.StructTag(u.Tag(i)).Get("workgen") == "-"
		field.Type = d.describe(f.Type())
		node.Fields = append(node.Fields, field)
	}
}

// isTime reports whether named is time.Time.
func isTime(named *types.Named) bool {
	return named != nil && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "time" && named.Obj().Name() == "Time"
}

// encodesItself reports whether named, or a pointer to it, declares a method
// EncodeKey(*key.Encoder). A method promoted from an embedded field does not
// count: it would make the outer fields vanish from the key.
func encodesItself(named *types.Named) bool {
	for i := range named.NumMethods() {
		m := named.Method(i)
		if m.Name() != "EncodeKey" {
			continue
		}
		sig := m.Type().(*types.Signature)
		if sig.Params().Len() != 1 || sig.Results().Len() != 0 {
			return false
		}
		ptr, ok := types.Unalias(sig.Params().At(0).Type()).(*types.Pointer)
		if !ok {
			return false
		}
		enc, ok := types.Unalias(ptr.Elem()).(*types.Named)
		return ok && enc.Obj().Name() == "Encoder" && enc.Obj().Pkg() != nil && enc.Obj().Pkg().Path() == keyPath
	}
	return false
}

// qualify names packages as a reader of d.pkg would.
func (d *describer) qualify(p *types.Package) string {
	if p == d.pkg {
		return ""
	}
	return p.Name()
}
