package plan

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/scan"
)

// What every fix is made of stands here. A fix is the whole fix: whoever does what
// it says gets code that is generated for, compiles, and returns right results.

// keyFix says what to do about a type that cannot be keyed. What makes it part of
// the key comes first. Leaving it out is right only if it is no input, which a
// person has to decide: an edit that does so is offered for locks alone.
func (p *planner) keyFix(w *scan.Work, problem problem, keyed bool) (fix string, rewrites []diag.Rewrite) {
	last := problem.path[len(problem.path)-1].typ
	if last.IsRunner() {
		return p.runnerFix(w, problem)
	}
	owner, field := p.tagged(problem)
	if owner != nil && last.Aside {
		return tagFix(field.expr), p.scan.TagRewrites(field.pos, "-")
	}
	if keyed && owner == nil && last.Aside {
		return tagFix(field.expr), nil
	}
	fixes := p.inputFix(problem, owner, keyed)
	switch {
	case owner != nil || keyed:
		fixes = append(fixes, tagFix(field.expr)+" if it is no input")
	case last.Advice == "" && !slices.ContainsFunc(fixes, isDirective):
		fixes = append(fixes, "make it a field of "+w.Name+" tagged `workgen:\"-\"` if it is no input")
	}
	return strings.Join(fixes, ", or "), nil
}

// tagFix says to leave the field at the end of an expression out.
func tagFix(expr string) string { return "tag " + lastField(expr) + " `workgen:\"-\"`" }

// isDirective reports whether a fix is to write a directive, a method or a star,
// after which the value can stay where it is.
func isDirective(fix string) bool {
	return strings.HasPrefix(fix, "write ") || strings.HasPrefix(fix, "give ")
}

// tagged returns the innermost field on the way to a problem that a tag can be
// given to, and the struct that it is in: nil when there is none, or when it is a
// field of the work itself, which is then returned.
func (p *planner) tagged(problem problem) (owner *Type, field step) {
	for i := len(problem.path) - 1; i > 0; i-- {
		owner := problem.path[i-1].typ
		if owner.Kind == Struct && owner.Named != nil && p.editable(owner.Named) {
			return owner, problem.path[i]
		}
	}
	return nil, problem.path[0]
}

// inputFix lists ways to make a type that cannot be keyed part of the key. It is
// never empty. owner is the innermost struct on the way that can be edited.
func (p *planner) inputFix(problem problem, owner *Type, keyed bool) []string {
	last := problem.path[len(problem.path)-1].typ
	var fixes []string
	add := func(fix string) {
		if fix != "" {
			fixes = append(fixes, fix)
		}
	}
	switch {
	case last.ByPointer():
		return []string{"write *" + p.scan.TypeName(last.Named) + " instead"}
	case p.openFix(problem, keyed) != "":
		return []string{p.openFix(problem, keyed)}
	}
	add(last.Advice)
	add(p.encodeFix(last, ""))
	add(p.implFix(problem))
	if len(fixes) > 0 {
		return fixes
	}
	if method := p.methodFix(last, owner); method != "" {
		return []string{method}
	}
	instead := "plain data"
	if p.unnameable(last.Named) != "" {
		instead = "a type that can be named here"
	}
	if keyed {
		return []string{"key " + instead + " instead of " + lastField(problem.path[0].expr)}
	}
	return []string{"pass " + instead + " instead"}
}

// methodFix says which type of the user's own to give a method: the innermost
// struct around what cannot be keyed, or that itself.
func (p *planner) methodFix(last, owner *Type) string {
	named := last.Named
	switch {
	case owner != nil:
		named = owner.Named
	case named == nil || last.Kind == Pointer || types.IsInterface(named) || !p.editable(named) || p.unnameable(named) != "" || isPointer(named):
		return ""
	}
	return "give " + p.typeName(named) + " a method EncodeKey(*key.Encoder)"
}

// isPointer reports whether a type is declared as a pointer, which has no methods.
func isPointer(named *types.Named) bool {
	_, ok := named.Underlying().(*types.Pointer)
	return ok
}

// encodeFix says which directive encodes a type of another module, "" when there
// is none. It is right only if the method's output differs for different values,
// which only those know who know the type.
func (p *planner) encodeFix(t *Type, share string) string {
	if t.Named == nil || t.Kind != Opaque || t.Cautioned == "" && t.Advice != "" || t.directive != nil || t.Named.Obj().Pkg() == p.pkg {
		return ""
	}
	mode := marshalMode(t.Named)
	if mode == "" {
		return ""
	}
	m, _ := marshalOf(t.Named, mode)
	caution := t.Cautioned
	if caution == "" {
		caution = m.Name + " tells all its values apart"
	}
	if share != "" {
		caution = share
		mode += " share"
	}
	return "write //workgen:encode " + p.scan.TypeName(t.Named) + " " + mode + " above the work if " + caution
}

// implFix says how to list the types that values of an interface really have, if
// the problem is with one of those that are found and cannot be edited.
func (p *planner) implFix(problem problem) string {
	for i := len(problem.path) - 2; i >= 0; i-- {
		t := problem.path[i].typ
		if t.Named != nil && t.Kind == Struct && p.editable(t.Named) {
			return ""
		}
		if t.Kind != Interface {
			continue
		}
		last := problem.path[len(problem.path)-1].typ
		if t.Named == nil || t.listed != nil || last.Advice != "" || last.Named != nil && p.editable(last.Named) || len(t.Impls) < 2 {
			return ""
		}
		return p.listFix(t, "really have, without "+diag.TypeString(problem.path[i+1].typ.Go, p.qualify)+",")
	}
	return ""
}

// copyFix says what to do about a result that cannot be copied. shareable says
// that the cached results of the work can be given to all callers.
func (p *planner) copyFix(problem problem, shareable bool) string {
	last := problem.path[len(problem.path)-1].typ
	if last.ByPointer() {
		return "write *" + p.scan.TypeName(last.Named) + " instead"
	}
	if n := len(problem.path); n > 1 && last.Advice != "" && problem.path[n-2].typ.Kind == Interface {
		return last.Advice
	}
	var fixes []string
	if e := last.directive; e != nil && !e.Share && last.Codec == Method {
		fixes = append(fixes, "write //workgen:encode "+e.Text+" "+e.Mode+" share if its values never change once they are made")
	} else if fix := p.encodeFix(last, "its values never change once they are made"); fix != "" {
		fixes = append(fixes, fix)
	} else if fix := p.openFix(problem, false); fix != "" {
		fixes = append(fixes, fix)
	} else {
		fixes = append(fixes, returnFix(problem))
	}
	if shareable {
		fixes = append(fixes, "write `//workgen:work share`: callers are then given the cached value itself and promise not to write to it")
	}
	return strings.Join(fixes, ", or ")
}

// shareFix says what to do about a result that only one caller can be given.
func (p *planner) shareFix(v *Value, problem problem) string {
	copies := p.forCopies()
	copies.walk("", v.Type, token.NoPos)
	if len(copies.problems) == 0 {
		return "remove share, so that each caller gets a copy"
	}
	return returnFix(problem)
}

// returnFix says what to return instead of a value that cannot be kept.
func returnFix(problem problem) string {
	last := problem.path[len(problem.path)-1].typ
	switch u := last.Go.Underlying().(type) {
	case *types.Chan:
		return "return a slice of what is sent on it"
	case *types.Signature:
		if isIterator(u) {
			return "return a slice of what it yields"
		}
	}
	switch advice := last.Advice; advice {
	case adviceFile:
		return "return its path, or what was read of it"
	case adviceStream:
		return "return the bytes that were read of it"
	case adviceSum:
		return "return what Sum returns"
	case adviceSeed:
		return "return the seed, or the numbers that were drawn"
	default:
		if what, ok := strings.CutPrefix(advice, "pass "); ok && last.Cautioned == "" {
			return "return " + what
		}
	}
	return "return plain data instead"
}
