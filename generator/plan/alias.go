package plan

import (
	"cmp"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/scan"
)

// aliases finds names for types that have none of their own in the package: a type
// of an internal package, say, of which another package exports an alias.
type aliases struct {
	*describer
	byType typeutil.Map // types.Type → *types.Alias, the first that was found
	seen   map[*types.TypeName]bool
}

// aliasOf returns an alias for a type that cannot be named itself, nil when there is
// none. The first use wins, in the order of the source, so that the name is the one
// that the user wrote; then come those that the package, and those it imports, declare.
func (d *describer) aliasOf(named *types.Named) *types.Alias {
	if d.aliases == nil {
		d.aliases = &aliases{describer: d, seen: map[*types.TypeName]bool{}}
		d.aliases.used(d.works)
		d.aliases.declared()
	}
	alias, _ := d.aliases.byType.At(named).(*types.Alias)
	return alias
}

// used adds the aliases with which the inputs and results of works are written, and
// the fields inside of them.
func (a *aliases) used(works []*scan.Work) {
	for _, w := range works {
		for _, f := range w.Fields {
			if f.Mode == scan.Keyed {
				a.in(f.Type)
			}
		}
		for _, params := range [][]scan.Param{w.Params, w.Results} {
			for _, p := range params {
				a.in(p.Type)
			}
		}
	}
}

// in adds the aliases that t is written with.
func (a *aliases) in(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		a.inAll(t.TypeArgs())
		a.add(t)
		if !a.seen[t.Obj()] {
			a.seen[t.Obj()] = true
			a.in(t.Rhs())
		}
	case *types.Named:
		a.inAll(t.TypeArgs())
		// Once for all instances, of which there may be no end.
		if !a.seen[t.Origin().Obj()] {
			a.seen[t.Origin().Obj()] = true
			a.in(t.Underlying())
		}
	case *types.Map:
		a.in(t.Key())
		a.in(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			a.in(f.Type())
		}
	case interface{ Elem() types.Type }:
		a.in(t.Elem())
	}
}

// inAll adds the aliases that type arguments are written with.
func (a *aliases) inAll(args *types.TypeList) {
	for i := range args.Len() {
		a.in(args.At(i))
	}
}

// declared adds the aliases that the package declares, and those of the packages that
// it imports.
func (a *aliases) declared() {
	imports := slices.Clone(a.pkg.Imports())
	slices.SortFunc(imports, func(x, y *types.Package) int { return cmp.Compare(x.Path(), y.Path()) })
	for _, pkg := range append([]*types.Package{a.pkg}, imports...) {
		for _, name := range pkg.Scope().Names() {
			if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok {
				if alias, ok := obj.Type().(*types.Alias); ok && alias.TypeParams().Len() == 0 {
					a.add(alias)
				}
			}
		}
	}
}

// add notes an alias if it can be used in the package, and what it stands for cannot.
func (a *aliases) add(alias *types.Alias) {
	named, ok := types.Unalias(alias).(*types.Named)
	if ok && a.refusal(named) != "" && a.byType.At(named) == nil && a.canUse(alias) {
		a.byType.Set(named, alias)
	}
}

// canUse reports whether the package can write an alias by its name.
func (d *describer) canUse(alias *types.Alias) bool {
	obj := alias.Obj()
	if obj.Pkg() == nil {
		return true
	}
	if obj.Parent() != nil && obj.Parent() != obj.Pkg().Scope() {
		return false
	}
	if obj.Pkg() != d.pkg && (!obj.Exported() || obj.Pkg().Name() == "main" || !importable(d.pkg.Path(), obj.Pkg().Path())) {
		return false
	}
	for i := range alias.TypeArgs().Len() {
		if !d.spellable(alias.TypeArgs().At(i)) {
			return false
		}
	}
	return true
}
