package plan

import (
	"go/types"
	"strings"
)

// FullName is what a type is called in keys, schemas and stores: with import paths,
// and the same however it is spelled. byte is another name of uint8, rune of int32
// and any of the empty interface, and which of the two a program has used first
// must not count.
func FullName(t types.Type) string {
	text := types.TypeString(respelled(t), nil)
	for _, m := range moved {
		text = strings.ReplaceAll(text, m.path+"."+m.name, m.firstPath+"."+m.firstName)
	}
	return text
}

// moved are types that a later release of Go declares in another package, where their
// first names are aliases of the new ones. The first name is good with all releases, so
// what is generated is the same with all of them.
var moved = []struct{ path, name, firstPath, firstName string }{
	{"encoding/json/jsontext", "Value", "encoding/json", "RawMessage"}, // Go 1.27
}

// FirstName returns the import path and the name under which a declared type can be
// named with every release of Go that has it.
func FirstName(obj *types.TypeName) (path, name string) {
	path, name = obj.Pkg().Path(), obj.Name()
	for _, m := range moved {
		if m.path == path && m.name == name {
			return m.firstPath, m.firstName
		}
	}
	return path, name
}

// respelled is an identical type in which each type has one name.
func respelled(t types.Type) types.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return types.Typ[t.Kind()]
	case *types.Pointer:
		return types.NewPointer(respelled(t.Elem()))
	case *types.Slice:
		return types.NewSlice(respelled(t.Elem()))
	case *types.Array:
		return types.NewArray(respelled(t.Elem()), t.Len())
	case *types.Map:
		return types.NewMap(respelled(t.Key()), respelled(t.Elem()))
	case *types.Interface:
		if t.Empty() {
			return types.Universe.Lookup("any").Type()
		}
	case *types.Struct:
		return respelledStruct(t)
	case *types.Named:
		return respelledNamed(t)
	}
	return t
}

func respelledStruct(t *types.Struct) types.Type {
	var fields []*types.Var
	var tags []string
	for i := range t.NumFields() {
		f := t.Field(i)
		fields = append(fields, types.NewField(f.Pos(), f.Pkg(), f.Name(), respelled(f.Type()), f.Embedded()))
		tags = append(tags, t.Tag(i))
	}
	return types.NewStruct(fields, tags)
}

func respelledNamed(t *types.Named) types.Type {
	if t.TypeArgs().Len() == 0 {
		return t
	}
	var args []types.Type
	for arg := range t.TypeArgs().Types() {
		args = append(args, respelled(arg))
	}
	// Without validation there is no error.
	named, _ := types.Instantiate(nil, t.Origin(), args, false)
	return named
}
