package plan

import (
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/diag"
)

// unnameable says why the generated file cannot name the type, or returns ""
// when it can, if only by an alias: nil stands for a type literal, which needs no
// name.
func (d *describer) unnameable(named *types.Named) string {
	reason := d.refusal(named)
	if reason != "" && d.aliasOf(named) != nil {
		return ""
	}
	return reason
}

// refusal is unnameable without aliases.
func (d *describer) refusal(named *types.Named) string {
	if named == nil || named.Obj().Pkg() == nil {
		return ""
	}
	obj := named.Obj()
	name := diag.TypeString(named, d.qualify)
	switch {
	case obj.Parent() != nil && obj.Parent() != obj.Pkg().Scope():
		return name + " is declared inside a function and cannot be named outside it"
	case obj.Pkg() == d.pkg:
		return d.unnameableArgs(named)
	case !obj.Exported():
		return name + " is not exported, so this package cannot name it"
	case obj.Pkg().Name() == "main":
		return name + " belongs to a command, which cannot be imported"
	case !importable(d.pkg.Path(), obj.Pkg().Path()):
		return name + " belongs to the internal package " + obj.Pkg().Path() + ", which this package cannot import"
	}
	return d.unnameableArgs(named)
}

// unnameableArgs looks at the type arguments of an instantiated type: they
// are written out where it is named.
func (d *describer) unnameableArgs(named *types.Named) string {
	args := named.TypeArgs()
	for i := range args.Len() {
		if arg := args.At(i); !d.spellable(arg) {
			return diag.TypeString(named, d.qualify) + " has the type argument " + diag.TypeString(arg, d.qualify) + ", which cannot be written out in this package"
		}
	}
	return ""
}

// importable reports whether from may import path by the rule for internal
// packages (go help list, "Internal Directories"): only code rooted at the
// parent of the internal directory may.
func importable(from, path string) bool {
	elems := strings.Split(path, "/")
	for i := len(elems) - 1; i >= 0; i-- {
		if elems[i] != "internal" {
			continue
		}
		root := strings.Join(elems[:i], "/")
		from = strings.TrimSuffix(from, "_test") // of an external test package
		return root != "" && (from == root || strings.HasPrefix(from, root+"/"))
	}
	return true
}

// spellable reports whether the generated file can write t out: it is valid,
// and all names in it can be used in this package.
func (d *describer) spellable(t types.Type) bool {
	if alias, ok := t.(*types.Alias); ok && d.canUse(alias) {
		return true
	}
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return t.Kind() != types.Invalid
	case *types.Named:
		return d.unnameable(t) == ""
	case *types.Map:
		return d.spellable(t.Key()) && d.spellable(t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		return d.spellable(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if !d.spellable(f.Type()) || !f.Exported() && f.Pkg() != d.pkg || f.Embedded() && !d.embeddable(f) {
				return false
			}
		}
		return true
	case *types.Signature:
		return d.spellableAll(t.Params()) && d.spellableAll(t.Results())
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if !d.spellable(m.Type()) || !m.Exported() && m.Pkg() != d.pkg {
				return false
			}
		}
		for e := range t.EmbeddedTypes() {
			if !d.spellable(e) {
				return false
			}
		}
		return true
	}
	return false
}

// embeddable reports whether an embedded field can be written out: its type, which is
// spellable, gives it its name, so an alias must have the same.
func (d *describer) embeddable(f *types.Var) bool {
	t := f.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if alias, ok := t.(*types.Alias); ok {
		if d.canUse(alias) {
			return true
		}
		t = types.Unalias(alias)
	}
	named, ok := t.(*types.Named)
	if !ok || d.refusal(named) == "" {
		return true
	}
	alias := d.aliasOf(named)
	return alias != nil && alias.Obj().Name() == f.Name()
}

// spellableAll reports whether all types of a list of parameters are
// spellable.
func (d *describer) spellableAll(vars *types.Tuple) bool {
	for v := range vars.Variables() {
		if !d.spellable(v.Type()) {
			return false
		}
	}
	return true
}
