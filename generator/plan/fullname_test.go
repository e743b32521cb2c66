package plan

import (
	"go/types"
	"testing"
)

func TestFullNamesDoNotDependOnTheSpelling(t *testing.T) {
	octet, char := types.Universe.Lookup("byte").Type(), types.Universe.Lookup("rune").Type()
	empty := types.NewInterfaceType(nil, nil)
	field := types.NewField(0, nil, "F", types.NewPointer(octet), false)
	for want, typ := range map[string]types.Type{
		"[]uint8":            types.NewSlice(octet),
		"map[int32][2]uint8": types.NewMap(char, types.NewArray(octet, 2)),
		"[]any":              types.NewSlice(empty),
		"struct{F *uint8}":   types.NewStruct([]*types.Var{field}, nil),
	} {
		if got := FullName(typ); got != want {
			t.Errorf("%v is called %s, want %s", typ, got, want)
		}
	}
}
