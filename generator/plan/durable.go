package plan

import (
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/diag"
)

// An Obstacle is why results cannot be stored, or calls not be executed elsewhere:
// something in a value that would not come back equal, or that means something else there.
type Obstacle struct {
	Reason string
	Path   []diag.Step // from the value down, never empty
	Fix    string      // what to do about it; "" for results
}

// String is the end of the path and the reason: "result.done: a channel has no
// value".
func (o Obstacle) String() string { return o.Path[len(o.Path)-1].Expr + ": " + o.Reason }

// forStore judges whether some values come back equal from a store. Its rules are those of
// package codec, which has them in its doc comment: whatever is added here or there has to
// be added to both.
func (d *describer) forStore(values []Value) *judge {
	j := &judge{describer: d, field: lost, ignore: d.holdsNone}
	a := newByAddress(values)
	j.verdict = func(t *Type) (string, bool) {
		if t.directive != nil {
			t.directive.used = true
		}
		switch {
		case t.Kind == Known:
			return a.known(t)
		case t.Named != nil && isLock(t.Named):
			return "a lock is not stored", false
		case t.Kind == Opaque:
			return strings.TrimSuffix(t.Reason, noInput), false
		case t.Kind == Map && a.decide(t.Key, map[*Type]bool{}):
			return "the keys of a map are found by addresses in them, which do not come back", false
		case t.Kind == Basic && t.Basic == types.Uintptr:
			return "a uintptr is an address and has no value", false
		}
		switch t.Kind {
		case Basic, String, Time:
			return "", false
		case Slice, Array, Map, Pointer, Struct, Interface:
			return "", true
		}
		// An invalid type, or a kind that this was not told of.
		return "it is not known how to store it", false
	}
	return j
}

// known judges a type that is not walked.
func (a *byAddress) known(t *Type) (reason string, descend bool) {
	switch t.Codec {
	case Runner:
		return "a runner is a part of the program and not stored", false
	case Integer, Rational, Float, Userinfo, Message, Quantity, Converted:
		return "", false
	case Location:
		if t.Named == nil {
			return "", false
		}
	case Handle:
		if a.decide(t.Elem, map[*Type]bool{}) {
			return "what a unique.Handle refers to is found by addresses in it, which do not come back", false
		}
		return "", true
	case Method:
		if t.directive == nil { // of package netip
			return "", false
		}
		if name, ok := unmarshalOf(t.Named, t.Marshal.Mode); !ok {
			return "it is encoded by its method " + t.Marshal.Name + ", and has no method " + name + " that reads it back", false
		}
		return "", false
	}
	return "it is not known how to store it", false
}

// holdsNone reports whether a field has no value that could be lost: it is blank, or
// takes no memory and cannot be reached.
func (d *describer) holdsNone(f *Field) bool {
	nothing := f.Name == "_" || !token.IsExported(f.Name) && holdsNothing(f.Type.Go)
	return nothing && !d.holdsLock(f.Type.Go)
}

// lost says why a store would lose a field, "" when it keeps it.
func lost(f *Field) string {
	switch {
	case f.Name == "_" || !token.IsExported(f.Name) && holdsNothing(f.Type.Go):
		return "a lock is not stored"
	case f.Unread:
		return "a directive leaves it out, and it would not come back"
	case f.Ignored:
		return "a field tagged `workgen:\"-\"` would not come back"
	case !token.IsExported(f.Name) && !f.embedsStruct():
		return "a field that is not exported would not come back"
	}
	return ""
}

// embedsStruct reports whether a field is an embedded struct that is walked: if only the
// name of its type is not exported, its fields come back.
func (f *Field) embedsStruct() bool { return f.Embedded && f.Type.Kind == Struct }

// store decides whether the results of out can be stored.
func (p *planner) store(out *Work) {
	stored := p.forStore(out.Results)
	for i, v := range out.Results {
		if !v.Unresolved { // that has been reported
			stored.walk(resultExpr(i, v), v.Type, out.Scan.Results[i].Pos)
		}
	}
	out.NotStorable = p.obstacles(stored, "")
	out.Storable = len(out.NotStorable) == 0
	if out.Storable {
		out.Kinds = kinds(out.Results)
	}
}

// obstacles are the problems that a judge has found, with what to do about them.
func (p *planner) obstacles(j *judge, fix string) (list []Obstacle) {
	for _, problem := range j.problems {
		list = append(list, Obstacle{problem.reason, p.steps(problem), fix})
	}
	return list
}

// kinds lists the types in values that a store is told how to write, each once: those
// that methods encode, handles, and interfaces.
func kinds(values []Value) []*Type {
	var list []*Type
	var written typeutil.Map // types that methods encode
	seen := map[*Type]bool{}
	var visit func(t *Type)
	visit = func(t *Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch {
		case t.Kind == Interface:
			list = append(list, t)
		case t.Kind == Known && t.toldOf() && written.At(t.Go) == nil:
			written.Set(t.Go, true)
			list = append(list, t)
		}
		if t.Kind == Known && t.Codec != Handle {
			return
		}
		for _, part := range t.storedParts() {
			visit(part)
		}
	}
	for _, v := range values {
		visit(v.Type)
	}
	return list
}

// storedParts lists the types of what a store keeps of a value.
func (t *Type) storedParts() []*Type {
	list := slices.Clone(t.Impls)
	for _, part := range []*Type{t.Key, t.Elem} {
		if part != nil {
			list = append(list, part)
		}
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Name != "_" && (token.IsExported(f.Name) || f.embedsStruct()) {
			list = append(list, f.Type)
		}
	}
	return list
}

// toldOf reports whether a store does not know the type by itself.
func (t *Type) toldOf() bool {
	switch t.Codec {
	case Handle, Message, Quantity:
		return true
	}
	return t.Codec == Method && t.directive != nil
}

// resultName names a result in messages.
func resultName(i int, v Value) string { return nameOr(v.Name, strconv.Itoa(i+1)) }

// resultExpr names a result in paths.
func resultExpr(i int, v Value) string { return nameOr(v.Name, "result"+strconv.Itoa(i+1)) }
