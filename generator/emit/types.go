package emit

import (
	"go/types"
	gopath "path"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/workgen/workgen/generator/plan"
)

// typ writes a type as the generated file names it. Aliases stay as the user
// wrote them, if they can be named here.
func (f *file) typ(t types.Type) *jen.Statement {
	if short := f.shortened(t); short != nil {
		return short
	}
	return f.literal(t)
}

// literal is typ for what t itself is; what it is made of may be shortened.
func (f *file) literal(t types.Type) *jen.Statement {
	switch t := t.(type) {
	case *types.Alias:
		return f.alias(t)
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return f.qual("unsafe", "unsafe", "Pointer")
		}
		return jen.Id(t.Name())
	case *types.Named:
		if alias := f.pkg.Alias(t); alias != nil {
			return f.named(alias.Obj(), alias.TypeArgs())
		}
		return f.named(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		return jen.Op("*").Add(f.typ(t.Elem()))
	case *types.Slice:
		return jen.Index().Add(f.typ(t.Elem()))
	case *types.Array:
		return jen.Index(jen.Lit(int(t.Len()))).Add(f.typ(t.Elem()))
	case *types.Map:
		return jen.Map(f.typ(t.Key())).Add(f.typ(t.Elem()))
	case *types.Chan:
		return f.channel(t)
	case *types.Signature:
		return jen.Func().Add(f.signature(t))
	case *types.Struct:
		return f.structType(t)
	case *types.Interface:
		return f.interfaceType(t)
	}
	// Invalid types never come this far: they are diagnostics of the plan.
	return jen.Id(t.String())
}

// alias writes an alias by its name, or what it stands for when the name
// cannot be used in this package.
func (f *file) alias(t *types.Alias) *jen.Statement {
	if f.pkg.CanUse(t) {
		return f.named(t.Obj(), t.TypeArgs())
	}
	return f.typ(types.Unalias(t))
}

// named writes a declared type with its type arguments.
func (f *file) named(obj *types.TypeName, args *types.TypeList) *jen.Statement {
	s := jen.Id(obj.Name())
	if obj.Pkg() != nil && obj.Pkg() != f.pkg.Scan.Types {
		if path, name := plan.FirstName(obj); path != obj.Pkg().Path() {
			s = f.qual(path, gopath.Base(path), name)
		} else {
			s = f.qual(path, obj.Pkg().Name(), name)
		}
	}
	if args.Len() == 0 {
		return s
	}
	return s.TypesFunc(func(g *jen.Group) {
		for i := range args.Len() {
			g.Add(f.typ(args.At(i)))
		}
	})
}

// channel writes a channel type.
func (f *file) channel(t *types.Chan) *jen.Statement {
	elem := f.typ(t.Elem())
	switch t.Dir() {
	case types.SendOnly:
		return jen.Chan().Op("<-").Add(elem)
	case types.RecvOnly:
		return jen.Op("<-").Chan().Add(elem)
	}
	return jen.Chan().Params(elem)
}

// signature writes the parameters and results of a function type.
func (f *file) signature(t *types.Signature) *jen.Statement {
	s := jen.ParamsFunc(func(g *jen.Group) {
		for i := range t.Params().Len() {
			p := t.Params().At(i).Type()
			if t.Variadic() && i == t.Params().Len()-1 {
				g.Op("...").Add(f.typ(p.(*types.Slice).Elem()))
				continue
			}
			g.Add(f.typ(p))
		}
	})
	if t.Results().Len() == 0 {
		return s
	}
	return s.ParamsFunc(func(g *jen.Group) {
		for v := range t.Results().Variables() {
			g.Add(f.typ(v.Type()))
		}
	})
}

// structType writes a struct type with its tags, which are part of its identity.
func (f *file) structType(t *types.Struct) *jen.Statement {
	return jen.StructFunc(func(g *jen.Group) {
		for i := range t.NumFields() {
			v := t.Field(i)
			field := g.Null()
			if !v.Embedded() {
				field.Id(v.Name())
			}
			field.Add(f.typ(v.Type()))
			if tag := t.Tag(i); tag != "" {
				field.Op(quoteTag(tag))
			}
		}
	})
}

// quoteTag writes a tag between backquotes, as is the custom, if it can be.
func quoteTag(tag string) string {
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}

// interfaceType writes an interface type.
func (f *file) interfaceType(t *types.Interface) *jen.Statement {
	if t.Empty() {
		return jen.Interface()
	}
	return jen.InterfaceFunc(func(g *jen.Group) {
		for m := range t.ExplicitMethods() {
			g.Id(m.Name()).Add(f.signature(m.Type().(*types.Signature)))
		}
		for e := range t.EmbeddedTypes() {
			g.Add(f.typ(e))
		}
	})
}

// qual refers to a name of another package and imports it.
func (f *file) qual(path, own, name string) *jen.Statement {
	alias := f.names.importName(path, own)
	if f.names.alias[path] {
		f.jen.ImportAlias(path, alias)
	} else {
		f.jen.ImportName(path, alias)
	}
	return jen.Qual(path, name)
}

// runtime refers to a name of package runtime.
func (f *file) runtime(name string) *jen.Statement { return f.qual(runtimePath, "runtime", name) }

// deepcopy refers to a name of package deepcopy.
func (f *file) deepcopy(name string) *jen.Statement { return f.qual(deepPath, "deepcopy", name) }

// heapsize refers to a name of package heapsize.
func (f *file) heapsize(name string) *jen.Statement { return f.qual(sizePath, "heapsize", name) }

// key refers to a name of package key.
func (f *file) key(name string) *jen.Statement { return f.qual(keyPath, "key", name) }
