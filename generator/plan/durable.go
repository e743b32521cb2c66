package plan

import (
	"go/token"
	"strconv"

	"github.com/workgen/workgen/generator/diag"
)

// An Obstacle is why results cannot be stored: something in them that would not
// come back equal.
type Obstacle struct {
	Reason string
	Path   []diag.Step // from the result down, never empty
}

// String is the end of the path and the reason: "result.done: a channel has no
// value".
func (o Obstacle) String() string { return o.Path[len(o.Path)-1].Expr + ": " + o.Reason }

// forStore judges whether values of a type come back equal from a store. What
// is relied upon of its codec: it stores the exported fields of structs, all of
// them whatever their tags for other packages say, and asks no methods; nil and
// empty stay apart; numbers keep their bits, and times their instant, offset and
// zone name. A monotonic reading is lost, which [time.Time.Equal] does not see.
// Pointers that were equal come back as pointers to equal values, as in copies.
func (d *describer) forStore() *judge {
	j := &judge{describer: d, field: lost, ignore: func(f *Field) bool { return f.Name == "_" }}
	j.verdict = func(t *Type) (string, bool) {
		switch {
		case t.Named != nil && isLock(t.Named):
			return "a lock is not stored", false
		case t.Cyclic(Copying):
			return "it contains itself, and a cycle would not end", false
		case t.Kind == Opaque:
			return t.Reason, false
		case t.Kind == Interface:
			return "an interface comes back without the type of what is in it", false
		case t.Kind == Map && References(t.Key, true):
			return "the keys of a map are found by their address, which does not come back", false
		}
		switch t.Kind {
		case Basic, String, Time:
			return "", false
		case Slice, Array, Map, Pointer, Struct:
			return "", true
		case Known:
			if storedWhole(t) {
				return "", false
			}
		}
		// An invalid type, or a kind that this was not told of.
		return "it is not known how to store it", false
	}
	return j
}

// storedWhole reports whether the store's codec knows a type that is not walked.
func storedWhole(t *Type) bool {
	switch t.Codec {
	case Integer, Rational, Float, Userinfo:
		return true
	}
	return t.Codec == Method && t.Named.Obj().Pkg().Path() == "net/netip"
}

// lost says why a store would lose a field, "" when it keeps it. A blank field
// has no value to lose.
func lost(f *Field) string {
	switch {
	case f.Name == "_":
		return ""
	case f.Ignored:
		return "it is tagged `workgen:\"-\"`, and would not be stored"
	case !token.IsExported(f.Name):
		return "it is not exported, and would not be stored"
	}
	return ""
}

// store decides whether the results of out can be stored.
func (p *planner) store(out *Work) {
	for i, v := range out.Results {
		result := out.Scan.Results[i]
		if result.Invalid {
			continue // that has been reported
		}
		stored := p.forStore()
		stored.walk(resultExpr(i, v), v.Type, result.Pos)
		for _, problem := range stored.problems {
			out.NotStorable = append(out.NotStorable, Obstacle{problem.reason, p.steps(problem)})
		}
	}
	out.Storable = len(out.NotStorable) == 0
}

// resultName names a result in messages.
func resultName(i int, v Value) string { return nameOr(v.Name, strconv.Itoa(i+1)) }

// resultExpr names a result in paths.
func resultExpr(i int, v Value) string { return nameOr(v.Name, "result"+strconv.Itoa(i+1)) }
