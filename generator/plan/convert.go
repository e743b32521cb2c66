package plan

import "go/types"

// convertibles are the types that values can be converted to of a type which was
// declared with one of them: type Stamp time.Time has the fields of a time.Time and
// none of its methods. The codec has the same list.
var convertibles = map[string][]string{
	"time":      {"Time"},
	"math/big":  {"Int", "Rat", "Float"},
	"net/url":   {"Userinfo"},
	"net/netip": {"Addr", "AddrPort", "Prefix"},
}

// fillConverted describes node if its type was declared as one of the convertibles;
// it reports false otherwise.
func (d *describer) fillConverted(node *Type) bool {
	base := d.base(node.Named)
	if base == nil || isLock(node.Named) {
		return false
	}
	node.Kind, node.Codec, node.Elem = Known, Converted, d.describe(base)
	node.Copy = max(node.Elem.Copy, ByValue) // a time.Time is copied by assignment
	return true
}

// base returns the one of the convertibles that named was declared as, nil when there
// is none.
func (d *describer) base(named *types.Named) types.Type {
	u, ok := named.Underlying().(*types.Struct)
	if !ok || u.NumFields() == 0 || u.Field(0).Exported() {
		return nil
	}
	pkg := u.Field(0).Pkg()
	for _, name := range convertibles[pkg.Path()] {
		if pkg.Scope().Lookup(name) == nil {
			d.complete(pkg)
		}
		obj := pkg.Scope().Lookup(name)
		if obj != nil && obj != named.Obj() && types.Identical(obj.Type().Underlying(), u) {
			return obj.Type()
		}
	}
	return nil
}

// shape returns the type underlying named, or one that values can be converted to and
// that can be written out.
func (d *describer) shape(named *types.Named) types.Type {
	if base := d.base(named); base != nil {
		return base
	}
	return named.Underlying()
}
