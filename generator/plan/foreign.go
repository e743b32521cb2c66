package plan

import (
	"go/types"
	"reflect"

	"github.com/workgen/workgen/generator/scan"
)

// method returns the method that named, or a pointer to it, declares itself. A
// promoted one does not count: it does not see the fields around the one that
// it comes from.
func method(named *types.Named, name string) *types.Signature {
	for m := range named.Methods() {
		if m.Name() == name {
			return m.Type().(*types.Signature)
		}
	}
	return nil
}

// promoted reports whether named has the method from an embedded field only.
func promoted(named *types.Named, name string) bool {
	_, index, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, named.Obj().Pkg(), name)
	return len(index) > 1
}

// marshalNames are the methods for each mode, those that append first.
var marshalNames = map[string][]string{
	"binary": {"AppendBinary", "MarshalBinary"},
	"text":   {"AppendText", "MarshalText"},
	"json":   {"MarshalJSON"},
}

// marshalOf returns the method of named that encodes it in a mode.
func marshalOf(named *types.Named, mode string) (Marshal, bool) {
	if mode == "json" && outOfJSON(named) != "" {
		return Marshal{}, false
	}
	for _, name := range marshalNames[mode] {
		m := Marshal{Name: name, Append: name[:6] == "Append", Mode: mode}
		if sig := method(named, name); sig != nil && m.fits(sig) {
			return m, true
		}
	}
	return Marshal{}, false
}

// unmarshalNames are the methods that read what those of marshalNames write.
var unmarshalNames = map[string]string{"binary": "UnmarshalBinary", "text": "UnmarshalText", "json": "UnmarshalJSON"}

// unmarshalOf returns the name of the method that reads the values of a mode, and whether
// named has it: error from a []byte.
func unmarshalOf(named *types.Named, mode string) (name string, ok bool) {
	name = unmarshalNames[mode]
	sig := method(named, name)
	return name, sig != nil && sig.Params().Len() == 1 && isBytes(sig.Params().At(0).Type()) &&
		sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), types.Universe.Lookup("error").Type())
}

// outOfJSON returns a field of a struct that is tagged to be left out of its JSON:
// values that differ there only would have one key. "" says that there is none.
func outOfJSON(named *types.Named) string {
	s, ok := named.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	for i := range s.NumFields() {
		f := s.Field(i)
		if reflect.StructTag(s.Tag(i)).Get("json") == "-" && f.Name() != "_" && !holdsNothing(f.Type()) {
			return f.Name()
		}
	}
	return ""
}

// fits reports whether sig is that of m: ([]byte, error) from nothing, or from
// a []byte.
func (m Marshal) fits(sig *types.Signature) bool {
	params, results := sig.Params(), sig.Results()
	if results.Len() != 2 || !isBytes(results.At(0).Type()) || !types.Identical(results.At(1).Type(), types.Universe.Lookup("error").Type()) {
		return false
	}
	if m.Append {
		return params.Len() == 1 && isBytes(params.At(0).Type())
	}
	return params.Len() == 0
}

// isBytes reports whether t is []byte.
func isBytes(t types.Type) bool {
	return types.Identical(t, types.NewSlice(types.Typ[types.Byte]))
}

// marshalMode is the mode for which a type has a method: "" when there is none.
func marshalMode(named *types.Named) string {
	for _, mode := range scan.Modes {
		if _, ok := marshalOf(named, mode); ok {
			return mode
		}
	}
	return ""
}

// copierOf finds the method of named that copies its values deeply. One that could
// look into a field tagged `workgen:"-"`, which others may write to meanwhile, is
// none.
func (d *describer) copierOf(named *types.Named) Copier {
	for _, name := range []string{"DeepCopy", "Clone"} {
		sig := method(named, name)
		if sig == nil || sig.Params().Len() != 0 || sig.Results().Len() != 1 || leavesOut(named, map[types.Type]bool{}) {
			continue
		}
		switch result := sig.Results().At(0).Type(); {
		case types.Identical(result, named) && !d.holdsLock(named):
			return Copier{Name: name}
		case types.Identical(result, types.NewPointer(named)):
			return Copier{Name: name, Pointer: true}
		}
	}
	return Copier{}
}

// leavesOut reports whether a value of type t holds, however deep, a field that is
// tagged `workgen:"-"`. A generic type that expands without end is taken to.
func leavesOut(t types.Type, seen map[types.Type]bool) bool {
	const most = 10_000
	if t = types.Unalias(t); seen[t] || len(seen) > most {
		return !seen[t]
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if tagged(u.Tag(i)) || leavesOut(u.Field(i).Type(), seen) {
				return true
			}
		}
	case *types.Map:
		return leavesOut(u.Key(), seen) || leavesOut(u.Elem(), seen)
	case interface{ Elem() types.Type }:
		return leavesOut(u.Elem(), seen)
	}
	return false
}

// tagged reports whether a struct tag says that the field is no input.
func tagged(tag string) bool { return reflect.StructTag(tag).Get("workgen") == "-" }

// isMessage reports whether pointers to named are protobuf messages, by a method
// ProtoReflect of its own.
func isMessage(named *types.Named) bool {
	sig := method(named, "ProtoReflect")
	if sig == nil || sig.Params().Len() != 0 || sig.Results().Len() != 1 {
		return false
	}
	result, ok := types.Unalias(sig.Results().At(0).Type()).(*types.Named)
	return ok && result.Obj().Name() == "Message" && result.Obj().Pkg() != nil &&
		result.Obj().Pkg().Path() == "google.golang.org/protobuf/reflect/protoreflect"
}

// holdsNothing reports whether a value of type t has no data: it takes no
// memory, and is there to keep others from writing an unkeyed literal, from
// comparing, or to carry a tag.
func holdsNothing(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if !holdsNothing(f.Type()) {
				return false
			}
		}
		return true
	case *types.Array:
		return u.Len() == 0 || holdsNothing(u.Elem())
	}
	return false
}

// sharesMemory reports whether a value of type t that was assigned shares
// memory with the original which could be written to, in whichever fields.
func sharesMemory(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	case *types.Array:
		return u.Len() > 0 && sharesMemory(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if sharesMemory(f.Type()) {
				return true
			}
		}
		return false
	}
	return true
}

// hidden reports whether the field of a struct is not exported by another
// package.
func (d *describer) hidden(f *types.Var) bool { return !f.Exported() && f.Pkg() != d.pkg }

// hides reports whether a field of node's type cannot be read and has something
// in it. In a literal, which has to be written out, it always has.
func (d *describer) hides(node *Type, f *types.Var, tag string) bool {
	switch {
	case !d.hidden(f):
		return false
	case node.Named == nil || d.holdsLock(f.Type()):
		return true
	}
	return f.Name() != "_" && !holdsNothing(f.Type()) && !tagged(tag) && !d.ignored(f)
}

// fillUnreadable finds out how values of a struct with fields that cannot be
// read are copied.
func (d *describer) fillUnreadable(node *Type) {
	switch {
	case !sharesMemory(node.Go) && !d.holdsLock(node.Go):
		node.Copy = ByValue
	case node.Copier.Name != "":
		node.Copy = ByMethod
	}
}

// resettle finds the cycles anew, now that it is known which types are copied by
// methods: nothing inside of them is visited.
func (d *describer) resettle() {
	d.fresh = d.all
	d.settle()
}
