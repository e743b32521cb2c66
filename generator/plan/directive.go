package plan

import (
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// encodeDirective is a directive that says how a type is encoded.
type encodeDirective struct {
	*scan.Encode
	used bool // for an input or a result
}

// newDirectives returns the directives of a package by type.
func newDirectives(p *scan.Package) []*encodeDirective {
	var out []*encodeDirective
	for i := range p.Encodes {
		out = append(out, &encodeDirective{Encode: &p.Encodes[i]})
	}
	return out
}

// directive returns the directive for a type: nil when there is none.
func (d *describer) directive(named *types.Named) *encodeDirective {
	for _, e := range d.directives {
		if types.Identical(e.Type, named) || e.Type.TypeArgs().Len() == 0 && e.Type.Origin() == named.Origin() {
			return e
		}
	}
	return nil
}

// fillMarshal describes a type that a directive is about. Where the directive
// is wrong that has been reported, and the type is described as if it were not
// there.
func (d *describer) fillMarshal(node *Type, e *encodeDirective) bool {
	m, ok := marshalOf(node.Named, e.Mode)
	node.directive = e
	if !ok || node.Custom {
		return false
	}
	node.Kind, node.Codec, node.Marshal = Known, Method, m
	switch {
	case e.Share || !sharesMemory(node.Go) && !d.holdsLock(node.Go):
		node.Copy = ByValue
	case isMessage(node.Named):
		node.Copy = ByMessage
	case node.Copier.Name != "":
		node.Copy = ByMethod
	default:
		node.CopyReason = "it is encoded by its method " + m.Name + ", but has no method DeepCopy or Clone to be copied with"
	}
	return true
}

// checkDirectives reports directives that cannot be followed.
func (p *planner) checkDirectives() {
	for _, e := range p.directives {
		if encodesItself(e.Type) {
			p.diags.Add(diag.Diagnostic{
				Pos:     p.fset.Position(e.TypePos),
				Message: e.Text + " has a method EncodeKey(*key.Encoder), which is how it is encoded",
				Fix:     "remove the directive, or the method",
			})
			continue
		}
		if _, ok := marshalOf(e.Type, e.Mode); !ok {
			p.diags.Add(p.noMarshal(e))
		}
	}
}

// noMarshal says that a type has no method for the mode of a directive.
func (p *planner) noMarshal(e *encodeDirective) diag.Diagnostic {
	out := diag.Diagnostic{Pos: p.fset.Position(e.ModePos)}
	names := marshalNames[e.Mode]
	out.Message = e.Text + " has no method " + strings.Join(names, " or ") + " of its own"
	if field := outOfJSON(e.Type); e.Mode == "json" && field != "" {
		out.Message = "field " + field + " of " + e.Text + " is tagged to be left out of its JSON, which does not tell all values apart"
	}
	for _, name := range names {
		if promoted(e.Type, name) {
			out.Message = "method " + name + " of " + e.Text + " is promoted from an embedded field and does not see the others"
		}
	}
	switch mode := marshalMode(e.Type); {
	case mode != "":
		out.Fix = "write " + mode
	case p.editable(e.Type) && e.Mode == "json" && outOfJSON(e.Type) != "":
		out.Fix = "give it a method EncodeKey(*key.Encoder) instead of the directive"
	case p.editable(e.Type):
		out.Fix = "give it one, or a method EncodeKey(*key.Encoder) instead of the directive"
	default:
		out.Fix = "remove the directive: the type cannot be encoded by a method; pass plain data instead"
	}
	return out
}

// checkUnused reports directives that had no effect.
func (p *planner) checkUnused() {
	if p.scan.Rejected {
		return // by a work that is not there
	}
	for _, e := range p.directives {
		if !e.used && p.effective(e) {
			p.diags.Add(unused(p.scan, e.Encode))
		}
	}
}

// effective reports whether a directive would be followed.
func (p *planner) effective(e *encodeDirective) bool {
	_, ok := marshalOf(e.Type, e.Mode)
	return ok && !encodesItself(e.Type)
}

// unused says that a directive has no effect.
func unused(p *scan.Package, e *scan.Encode) diag.Diagnostic {
	return diag.Diagnostic{
		Pos:     p.Fset.Position(e.TypePos),
		Message: e.Text + " names no type that a work of this package uses for an input or a result",
		Fix:     "remove the directive, or move it to the package whose work uses the type",
	}
}

// Idle reports the directives of a package that has no works.
func Idle(p *scan.Package, diags *diag.List) {
	if p.Rejected {
		return
	}
	for i := range p.Encodes {
		diags.Add(unused(p, &p.Encodes[i]))
	}
	for i := range p.Ignores {
		diags.Add(unignored(p, &p.Ignores[i]))
	}
	for i := range p.Listed {
		diags.Add(unlisted(p, &p.Listed[i]))
	}
}
