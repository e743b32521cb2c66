package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"
)

// measure adds a conversion that is legal as long as the size of a struct that
// cannot be written out is that of one with the same fields. It stops compiling
// when a field is added, unless that fits between two others or has no size;
// what it misses, the schema of the work shows once the code is generated again.
func (f *file) measure(g *jen.Group, current string, named *types.Named) {
	size := func(v *jen.Statement) *jen.Statement {
		return jen.Index(f.qual("unsafe", "unsafe", "Sizeof").Call(v)).Byte()
	}
	mirror := f.mirror(named.Underlying().(*types.Struct)).Values()
	f.guard(g, current, size(f.typ(named).Values()), size(mirror))
}

// mirror writes a struct that has the layout of s: fields that are not exported
// become blank ones.
func (f *file) mirror(s *types.Struct) *jen.Statement {
	return jen.StructFunc(func(g *jen.Group) {
		for v := range s.Fields() {
			name := "_"
			if v.Exported() {
				name = v.Name()
			}
			g.Id(name).Add(f.layout(v.Type()))
		}
	})
}

// layout writes t if it can be written here, and otherwise a type that takes
// as much memory.
func (f *file) layout(t types.Type) *jen.Statement {
	if f.pkg.Spellable(t) {
		return f.typ(t)
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return f.typ(u)
	case *types.Struct:
		return f.mirror(u)
	case *types.Array:
		return jen.Index(jen.Lit(int(u.Len()))).Add(f.layout(u.Elem()))
	case *types.Slice:
		return jen.Index().Struct()
	case *types.Interface:
		return jen.Any()
	}
	return f.qual("unsafe", "unsafe", "Pointer") // pointers, maps, channels, functions
}
