package plan

import (
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/diag"
)

// usedUp finds what whoever uses a value of type t uses up: a stream that is read,
// a channel, an iterator. The cache has one value for all callers. If it was not
// copied for each of them, the second one would find what the first one left.
func (p *planner) usedUp(expr string, t *Type, pos token.Pos) []problem {
	j := &judge{
		describer: &p.describer, fixable: p.editable,
		ignore: func(f *Field) bool { return f.Ignored },
		verdict: func(t *Type) (string, bool) {
			if t.directive != nil {
				t.directive.used = true // copies, and stores, go by it
			}
			reason := p.usedUpReason(t)
			return reason, reason == "" && (t.Kind != Known || t.Codec == Handle)
		},
	}
	j.walk(expr, t, pos)
	return j.problems
}

// usedUpReason says why values of type t itself are used up, "" when they are not.
func (d *describer) usedUpReason(t *Type) string {
	if t.Named != nil {
		if k, ok := lookupKnown(t.Named); ok && k.once {
			return article(diag.TypeString(t.Named, d.qualify)) + " is " + k.what + ", and its first user changes it for all others"
		}
	}
	switch u := t.Go.Underlying().(type) {
	case *types.Chan:
		return "what is in a channel is received once"
	case *types.Signature:
		if isIterator(u) {
			return "an iterator may end for all when its first user has reached the end"
		}
	}
	if name := changedBy(t.Go); name != "" {
		return "its method " + name + " changes it, and its first user changes it for all others"
	}
	return ""
}

// isIterator reports whether a function is one that a for statement ranges over.
func isIterator(sig *types.Signature) bool {
	if sig.Params().Len() != 1 || sig.Results().Len() != 0 {
		return false
	}
	yield, ok := sig.Params().At(0).Type().Underlying().(*types.Signature)
	return ok && yield.Results().Len() == 1 && types.Identical(yield.Results().At(0).Type(), types.Typ[types.Bool])
}

// changedBy returns the method of t, or of a pointer to it, that takes something
// out of a value: Read of a stream, Next of an iterator, Scan of a row. "" says
// that there is none.
func changedBy(t types.Type) string {
	for _, m := range []struct {
		name string
		fits func(sig *types.Signature) bool
	}{
		{"Read", func(sig *types.Signature) bool {
			return sig.Params().Len() == 1 && isBytes(sig.Params().At(0).Type()) && sig.Results().Len() == 2
		}},
		{"Next", func(sig *types.Signature) bool {
			return sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), types.Typ[types.Bool])
		}},
		{"Scan", func(sig *types.Signature) bool { return sig.Variadic() && sig.Results().Len() == 1 }},
	} {
		if _, ok := types.Unalias(t).(*types.Named); !ok && !types.IsInterface(t) {
			return "" // a pointer is judged by what it points to
		}
		obj, _, _ := types.LookupFieldOrMethod(t, true, nil, m.name)
		if fn, ok := obj.(*types.Func); ok && m.fits(fn.Signature()) {
			return m.name
		}
	}
	return ""
}
