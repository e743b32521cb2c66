package plan

import (
	"go/token"
	"go/types"
	"strconv"
)

// maxLeaves bounds an identity: beyond it, copying and comparing a struct of
// leaves costs more than encoding the arguments.
const maxLeaves = 16

// identity lists the leaves of w's inputs, if all of them are plain: numbers,
// booleans, strings and times, alone or in structs. Plain inputs are compared with
// ==, which agrees with their encoding (floats go by their bits, long strings by length
// and digest, see key.Text, and times by what key.Time has of them), so that a hit
// encodes nothing.
func identity(w *Work) (leaves []Leaf, plain bool) {
	f := flattener{names: map[string]bool{"clone": true, "heapSize": true}} // its methods
	for _, v := range w.Keyed {
		f.flatten(v.Type, []string{v.Field}, true)
	}
	for i, v := range w.Params {
		f.param = i
		f.flatten(v.Type, []string{v.Field}, false)
	}
	if f.failed || len(f.leaves) > maxLeaves {
		return nil, false
	}
	return f.leaves, true
}

// flattener collects leaves.
type flattener struct {
	leaves []Leaf
	names  map[string]bool
	param  int  // the one that is being flattened
	failed bool // something is not plain
}

// flatten adds the leaves of t, which path leads to.
func (f *flattener) flatten(t *Type, path []string, keyed bool) {
	switch {
	case t.Custom:
		f.failed = true
	case t.Kind == String, t.IsTime(), t.Kind == Basic && !isComplex(t.Basic):
		f.leaves = append(f.leaves, Leaf{Path: path, Name: f.name(path), Type: t, Keyed: keyed, Param: f.param})
	case t.Kind == Struct:
		for i := range t.Fields {
			if field := &t.Fields[i]; !field.Ignored {
				f.flatten(field.Type, append(path[:len(path):len(path)], field.Name), keyed)
			}
		}
	default:
		f.failed = true
	}
}

// name makes a field name of a path: Cfg.Source → cfgSource.
func (f *flattener) name(path []string) string {
	name := unexported(path[0])
	for _, p := range path[1:] {
		name += p
	}
	unique := name
	for i := 2; f.names[unique] || token.IsKeyword(unique); i++ {
		unique = name + strconv.Itoa(i)
	}
	f.names[unique] = true
	return unique
}

// IsTime reports whether t is time.Time, or declared as it: type Stamp time.Time.
func (t *Type) IsTime() bool {
	return t.Kind == Time || t.Codec == Converted && t.Elem.Kind == Time
}

// isComplex reports whether kind is a complex number, which has two parts.
func isComplex(kind types.BasicKind) bool {
	return kind == types.Complex64 || kind == types.Complex128
}
