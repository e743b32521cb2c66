package plan

// foreignFix says what to do about a type of another module that cannot be
// keyed: the directive that works for it, or what is advised of it. It is "" when
// there is nothing special to say.
func (p *planner) foreignFix(t *Type) string {
	switch {
	case t.ByPointer():
		return "write *" + p.scan.TypeName(t.Named) + " instead"
	case t.Advice != "":
		return t.Advice
	case t.Named == nil || t.Kind != Opaque || t.directive != nil || p.declaredHere(t):
		return ""
	}
	if mode := marshalMode(t.Named); mode != "" {
		return "write //workgen:encode " + p.scan.TypeName(t.Named) + " " + mode + " above the work"
	}
	return ""
}

// declaredHere reports whether t is a type of the package that is planned.
func (p *planner) declaredHere(t *Type) bool { return t.Named.Obj().Pkg() == p.pkg }

// copyFix says what to do about a result that cannot be copied.
func (p *planner) copyFix(problem problem) string {
	last := problem.path[len(problem.path)-1].typ
	if last.ByPointer() {
		return "write *" + p.scan.TypeName(last.Named) + " instead"
	}
	if n := len(problem.path); n > 1 && last.Advice != "" && problem.path[n-2].typ.Kind == Interface {
		return last.Advice
	}
	const share = "write `//workgen:work share`: callers are then given the cached value itself and promise not to write to it"
	if e := last.directive; e != nil && !e.Share && last.Codec == Method {
		return "write //workgen:encode " + e.Text + " " + e.Mode + " share if its values never change once they are made, or " + share
	}
	if list := p.openFix(problem, false); list != "" {
		return list + ", or " + share
	}
	return "return plain data instead, or " + share
}
