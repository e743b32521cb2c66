package plan

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// keyPath is the import path of the package that has the Encoder.
const keyPath = "github.com/workgen/workgen/runtime/key"

// describer makes the [Type] nodes of one package.
type describer struct {
	pkg  *types.Package
	fset *token.FileSet
	memo typeutil.Map // types.Type → *Type
	// fresh lists the nodes made since settle was last called.
	fresh []*Type
	// all lists all nodes.
	all []*Type
	// list says what the interface of a directive means in the types being
	// described; nil outside of such.
	list  *list
	world world
	// alone says that only pkg itself is known; module is the path of its
	// module, "" when there is none. See isUnseen.
	alone  bool
	module string
	// expanding holds the generic types that turned out to expand for ever.
	expanding map[*types.Named]bool
	// directives say how some types are encoded.
	directives []*encodeDirective
	// ignores say which fields that cannot be read are left out.
	ignores []*ignoreDirective
	// works are those of the package, and aliases what their types can be called:
	// nil until it is asked for. See aliasOf.
	works   []*scan.Work
	aliases *aliases
	// locks says of types whether they hold a lock: see holdsLock.
	locks map[types.Type]bool
	// generated reports whether an object is declared in a generated file.
	generated func(types.Object) bool
	// complete makes the scope of a package hold all that is declared in it.
	complete func(*types.Package)
	// listed say which types values of some interfaces have.
	listed []*listedDirective
}

// describe returns the node of t. It is registered before its inside is
// described, so that a type which contains itself leads back to its own node.
func (d *describer) describe(t types.Type) *Type {
	t = types.Unalias(t)
	outer := d.list
	defer func() { d.list = outer }()
	d.list = d.list.in(t)
	memo := &d.memo
	if d.list != nil {
		memo = &d.list.memo
	}
	if known := memo.At(t); known != nil {
		return known.(*Type)
	}
	named, _ := t.(*types.Named)
	node := &Type{Go: t, Named: named}
	d.fresh, d.all = append(d.fresh, node), append(d.all, node)
	if _, literal := t.(*types.Struct); !literal {
		// A literal's fields have positions of their own wherever it stands.
		memo.Set(t, node)
	}
	if named != nil {
		node.Custom = encodesItself(named) && d.unnameable(named) == "" && !d.writes(named)
	}
	if !d.expands(named) {
		d.fill(node)
	}
	if named != nil && d.expanding[named.Origin()] {
		// Also when that was only found further inside: one place to look at.
		*node = Type{Go: t, Named: named, Custom: node.Custom}
		d.opaque(node, "it contains ever larger instances of itself, without end", named.Obj().Pos())
	}
	return node
}

// writes reports whether named is declared in the file that is being planned. Its
// method EncodeKey is then not asked, but what that does is done, in one walk: only
// so do values end that contain themselves.
func (d *describer) writes(named *types.Named) bool {
	return named.Obj().Pkg() == d.pkg && d.generated(named.Obj()) && d.heldWork(named) == nil
}

// opaque marks node as a type that cannot be walked.
func (d *describer) opaque(node *Type, reason string, at token.Pos) {
	node.Kind, node.Reason, node.At = Opaque, reason, at
}

// fill describes the inside of node.
func (d *describer) fill(node *Type) {
	at := token.NoPos
	if node.Named != nil {
		at = node.Named.Obj().Pos()
	}
	if reason := d.unnameable(node.Named); reason != "" {
		d.opaque(node, reason, at)
		return
	}
	if d.fillKnown(node) {
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
		if named, _ := types.Unalias(u.Elem()).(*types.Named); isLocation(named) {
			d.fillLocation(node)
			return
		}
		node.Kind, node.Elem = Pointer, d.describe(u.Elem())
		if node.Elem.IsRunner() {
			node.Copy = ByValue
		}
	case *types.Struct:
		d.fillStruct(node, u, at)
	case *types.Chan:
		d.opaque(node, "a channel has no value", at)
	case *types.Signature:
		d.opaque(node, "a function has no value", at)
	case *types.Interface:
		d.fillInterface(node, u, at)
	default:
		d.opaque(node, "its type cannot be walked", at)
	}
}

// fillBasic describes a boolean, number or string.
func (d *describer) fillBasic(node *Type, u *types.Basic, at token.Pos) {
	node.Basic = u.Kind()
	switch {
	case u.Kind() == types.Invalid:
		node.Kind = Invalid
	case u.Kind() == types.UnsafePointer:
		d.opaque(node, "an unsafe.Pointer is an address and has no value", at)
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
	if f := d.unreadable(node, u, nil); f != nil {
		d.opaque(node, diag.TypeString(node.Go, d.qualify)+" has the unexported field "+f.Name()+", which this package cannot read", at)
		d.fillUnreadable(node)
		return
	}
	node.Kind = Struct
	d.fillFields(node, u, "")
}

// fillFields adds the fields of u to those of node: its own, or those that it has from
// the structs embedded in it that from names.
func (d *describer) fillFields(node *Type, u *types.Struct, from string) {
	for i := range u.NumFields() {
		f := u.Field(i)
		if d.hides(node, f, u.Tag(i)) {
			d.fillFields(node, promoting(f), from+f.Name()+".")
			continue
		}
		if d.hidden(f) {
			if directive := d.ignored(f); f.Name() != "_" && (directive || tagged(u.Tag(i))) {
				unread := &Type{Kind: Opaque, Go: f.Type()}
				node.Fields = append(node.Fields, Field{Name: f.Name(), Pos: f.Pos(), Type: unread, Ignored: true, Unread: directive})
				node.Copier = Copier{} // which would read the field
			}
			continue // else it holds nothing
		}
		field := Field{Name: f.Name(), Pos: f.Pos(), Embedded: f.Embedded(), From: from}
		field.Ignored = f.Name() == "_" || tagged(u.Tag(i))
		field.Secret = scan.IsSecret(u.Tag(i))
		field.Type = d.describeField(f)
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
		return isEncodeKey(m)
	}
	return false
}

// isEncodeKey reports whether the parameter of a method EncodeKey, and its only
// one, is a *key.Encoder, and it has no results.
func isEncodeKey(m *types.Func) bool {
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

// qualify names packages as a reader of d.pkg would.
func (d *describer) qualify(p *types.Package) string {
	if p == d.pkg {
		return ""
	}
	return p.Name()
}
