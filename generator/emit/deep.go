package emit

import (
	"go/types"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// maxLevels is how many slices, arrays, maps and pointers the code of one function
// has inside each other, and a few more where that is the end. What is deeper gets a
// function of its own: else a statement would be written as often as there are ways
// to it, each time further to the right.
const maxLevels = 4

// tooDeep reports whether values of type t, which are at a level, are left to a
// function of their own because they have levels inside.
func tooDeep(level int, t *plan.Type) bool {
	return level >= maxLevels && nests(t) && (goesOn(t.Elem) || t.Key != nil && goesOn(t.Key))
}

// nests reports whether values of type t are a level.
func nests(t *plan.Type) bool {
	switch t.Kind {
	case plan.Slice, plan.Array, plan.Map, plan.Pointer:
		return t.Codec == plan.NoCodec
	}
	return false
}

// goesOn reports whether there may be levels in values of type t that are written
// out where these are.
func goesOn(t *plan.Type) bool {
	return !t.Custom && (nests(t) || t.Kind == plan.Struct && t.Named == nil)
}

// enter counts the level of t, until the function that it returns is called.
func enter(level *int, t *plan.Type) (leave func()) {
	if !nests(t) {
		return func() {}
	}
	*level++
	return func() { *level-- }
}

// aliasLevels is how many levels of a type are written in one place.
const aliasLevels = 16

// shortened is an alias for a type that is so many levels deep that it would fill
// lines: nil for others. Each sixteenth level gets one.
func (f *file) shortened(t types.Type) *jen.Statement {
	n := f.levels(t)
	if n == 0 || n%aliasLevels != 0 {
		return nil
	}
	if name, ok := f.aliases.At(t).(string); ok {
		return jen.Id(name)
	}
	name := f.names.declare("deep" + strconv.Itoa(n))
	f.aliases.Set(t, name)
	f.helpers.queue = append(f.helpers.queue, func() {
		f.comment("%s is short for a type that is %d levels deep.", name, n)
		f.jen.Type().Id(name).Op("=").Add(f.literal(t))
	})
	return jen.Id(name)
}

// levels is how many pointers, slices, arrays and maps are written around what t is
// made of.
func (f *file) levels(t types.Type) int {
	if n, ok := f.depths[t]; ok {
		return n
	}
	n := 0
	switch t := t.(type) {
	case *types.Map:
		n = 1 + max(f.levels(t.Key()), f.levels(t.Elem()))
	case *types.Pointer, *types.Slice, *types.Array:
		n = 1 + f.levels(t.(interface{ Elem() types.Type }).Elem())
	}
	f.depths[t] = n
	return n
}
