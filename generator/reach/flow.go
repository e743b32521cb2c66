package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A flow is where values in one declaration come from and go to.
type flow struct {
	d       *decl
	info    *types.Info
	parents map[ast.Node]ast.Node
	// values are what local variables are assigned; parts are what their fields and
	// elements are, and what functions that are given their addresses are called with.
	values map[*types.Var][]ast.Expr
	parts  map[*types.Var][]ast.Expr
	uses   map[*types.Var][]*ast.Ident
	// cases are the variables of type switches.
	cases map[*types.Var]bool
	// literals have the parameters of function literals.
	literals map[*types.Var]*ast.FuncLit
}

// flow returns the flow of d.
func (d *decl) flow() *flow {
	if d.flows != nil {
		return d.flows
	}
	f := &flow{
		d: d, info: d.pkg.Info, parents: map[ast.Node]ast.Node{},
		values: map[*types.Var][]ast.Expr{}, parts: map[*types.Var][]ast.Expr{}, cases: map[*types.Var]bool{}, uses: map[*types.Var][]*ast.Ident{}, literals: map[*types.Var]*ast.FuncLit{},
	}
	d.flows = f
	for _, root := range d.code() {
		var stack []ast.Node
		ast.Inspect(root, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return false
			}
			if len(stack) > 0 {
				f.parents[n] = stack[len(stack)-1]
			}
			stack = append(stack, n)
			f.node(n)
			return true
		})
	}
	return f
}

// node notes what one node says.
func (f *flow) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Ident:
		if v, ok := f.info.Uses[n].(*types.Var); ok {
			f.uses[v] = append(f.uses[v], n)
		}
	case *ast.AssignStmt, *ast.ValueSpec:
		f.assigned(sides(n))
	case *ast.RangeStmt:
		f.assign(n.Key, n.X)
		f.assign(n.Value, n.X)
	case *ast.FuncLit:
		for _, field := range n.Type.Params.List {
			for _, name := range field.Names {
				if v, ok := f.info.Defs[name].(*types.Var); ok {
					f.literals[v] = n
				}
			}
		}
	case *ast.CaseClause:
		if v, ok := f.info.Implicits[n].(*types.Var); ok {
			f.switched(v, n)
		}
	case *ast.CallExpr:
		for _, arg := range n.Args {
			if u, ok := ast.Unparen(arg).(*ast.UnaryExpr); ok && u.Op == token.AND {
				for _, other := range n.Args {
					if other != arg {
						f.part(u.X, other)
					}
				}
			}
		}
	}
}

// switched notes what a type switch assigns in one of its cases.
func (f *flow) switched(v *types.Var, clause *ast.CaseClause) {
	if s, ok := f.parents[f.parents[clause]].(*ast.TypeSwitchStmt); ok {
		if a, ok := s.Assign.(*ast.AssignStmt); ok {
			f.values[v] = append(f.values[v], a.Rhs[0])
			f.cases[v] = true
		}
	}
}

// assigned notes an assignment.
func (f *flow) assigned(lhs, rhs []ast.Expr) {
	for i, l := range lhs {
		switch {
		case len(lhs) == len(rhs):
			f.assign(l, rhs[i])
		case len(rhs) == 1:
			f.assign(l, rhs[0])
		}
	}
}

// assign notes that a local variable, or a part of it, is assigned.
func (f *flow) assign(to, value ast.Expr) {
	if id, ok := to.(*ast.Ident); ok {
		if v := f.variable(id); v != nil {
			f.values[v] = append(f.values[v], value)
		}
	} else if to != nil {
		f.part(to, value)
	}
}

// part notes that a value can get into a local variable.
func (f *flow) part(to, value ast.Expr) {
	for {
		switch e := to.(type) {
		case *ast.ParenExpr:
			to = e.X
		case *ast.SelectorExpr:
			to = e.X
		case *ast.IndexExpr:
			to = e.X
		case *ast.StarExpr:
			to = e.X
		case *ast.Ident:
			if v := f.variable(e); v != nil {
				f.parts[v] = append(f.parts[v], value)
			}
			return
		default:
			return
		}
	}
}

// variable is the local variable that an identifier names or declares, or nil.
func (f *flow) variable(id *ast.Ident) *types.Var {
	v, ok := f.info.ObjectOf(id).(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() {
		return nil
	}
	return v
}

// A passage says where a value can go and be left alone.
type passage struct {
	// call is about a function that the value is given to, or a method that is called of
	// it. To says that it can be left alone there. It goes on if through is true: what is
	// returned has to be looked at.
	call func(info *types.Info, fn *types.Func, call *ast.CallExpr, receiver bool) (to, through bool)
	// guards says that it may decide whether something is logged.
	guards bool
}

// goesOnly reports whether the value of e goes only where the passage allows.
func (f *flow) goesOnly(e ast.Expr, allowed passage) bool {
	return f.goes(e, allowed, map[*types.Var]bool{})
}

func (f *flow) goes(e ast.Expr, allowed passage, seen map[*types.Var]bool) bool {
	switch p := f.parents[e].(type) {
	case *ast.ParenExpr:
		return f.goes(p, allowed, seen)
	case *ast.UnaryExpr:
		return allowed.guards && p.Op == token.NOT && f.goes(p, allowed, seen)
	case *ast.BinaryExpr:
		switch p.Op {
		case token.ADD, token.SUB, token.MUL, token.QUO: // of durations
			return f.goes(p, allowed, seen)
		}
		if (p.Op == token.LAND || p.Op == token.LOR) && p.X == e && !f.isQuiet(p.Y) {
			return false
		}
		return allowed.guards && f.goes(p, allowed, seen)
	case *ast.IfStmt:
		return allowed.guards && p.Cond == e && f.guardsLogs(p)
	case *ast.SelectorExpr:
		call, ok := f.parents[p].(*ast.CallExpr)
		return ok && call.Fun == p && f.passes(call, allowed, true, seen)
	case *ast.CallExpr:
		return p.Fun != e && f.argument(p, e, allowed, seen)
	case *ast.AssignStmt, *ast.ValueSpec:
		return f.held(p, e, seen, func(use ast.Expr) bool { return f.goes(use, allowed, seen) })
	}
	return false
}

// argument is goes for an argument of a call.
func (f *flow) argument(call *ast.CallExpr, e ast.Expr, allowed passage, seen map[*types.Var]bool) bool {
	if tv := f.info.Types[call.Fun]; tv.IsType() { // a conversion
		return f.goes(call, allowed, seen)
	}
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		i := 0
		for _, field := range lit.Type.Params.List {
			for _, name := range field.Names {
				if i < len(call.Args) && call.Args[i] == e {
					return f.variables([]ast.Expr{name}, seen, func(use ast.Expr) bool { return f.goes(use, allowed, seen) })
				}
				i++
			}
		}
		return false
	}
	return f.passes(call, allowed, false, seen)
}

// passes is goes for a call that the value is given to.
func (f *flow) passes(call *ast.CallExpr, allowed passage, receiver bool, seen map[*types.Var]bool) bool {
	id := callee(call)
	if id == nil {
		return false
	}
	fn, ok := f.info.Uses[id].(*types.Func)
	if !ok {
		return false
	}
	to, through := allowed.call(f.info, fn, call, receiver)
	return to || through && f.goes(call, allowed, seen)
}

// held reports whether an assignment of e, among others, is to local variables alone
// whose uses all satisfy a condition.
func (f *flow) held(assignment ast.Node, e ast.Expr, seen map[*types.Var]bool, use func(ast.Expr) bool) bool {
	lhs, rhs := sides(assignment)
	if len(lhs) == len(rhs) {
		i := slices.Index(rhs, e)
		lhs = lhs[i : i+1]
	}
	return f.variables(lhs, seen, use)
}

// sides are those of an assignment or of the declaration of variables.
func sides(n ast.Node) (lhs, rhs []ast.Expr) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		return n.Lhs, n.Rhs
	case *ast.ValueSpec:
		for _, name := range n.Names {
			lhs = append(lhs, name)
		}
		return lhs, n.Values
	}
	return nil, nil
}

// variables reports whether expressions that are assigned to are local variables whose
// uses all satisfy a condition. Those that were seen do.
func (f *flow) variables(lhs []ast.Expr, seen map[*types.Var]bool, use func(ast.Expr) bool) bool {
	for _, l := range lhs {
		id, ok := ast.Unparen(l).(*ast.Ident)
		if !ok {
			return false
		}
		if id.Name == "_" && len(lhs) > 1 {
			continue
		}
		v := f.variable(id)
		if v == nil || v.Kind() == types.ResultVar { // a return statement need not name it
			return false
		}
		if seen[v] {
			continue
		}
		seen[v] = true
		for _, u := range f.uses[v] {
			if !f.isWritten(u) && !use(u) {
				return false
			}
		}
	}
	return true
}

// isWritten reports whether the use of a variable is an assignment to it.
func (f *flow) isWritten(id *ast.Ident) bool {
	lhs, _ := sides(f.parents[id])
	return slices.Contains(lhs, ast.Expr(id))
}

// zoneFree is the passage of times whose time zone does not matter.
var zoneFree = passage{call: sameInAllZones}

// sameInAllZones are the methods of times, and of what is compared with them, that are
// the same in all time zones.
func sameInAllZones(_ *types.Info, fn *types.Func, _ *ast.CallExpr, _ bool) (to, through bool) {
	recv := fn.Signature().Recv()
	if recv == nil {
		return fn.FullName() == "time.Since" || fn.FullName() == "time.Until", false
	}
	if types.TypeString(recv.Type(), nil) != "time.Time" {
		return false, false
	}
	switch fn.Name() {
	case "UTC", "In", "Unix", "UnixNano", "UnixMilli", "UnixMicro", "Sub", "Before", "After", "Equal", "Compare", "IsZero":
		return true, false
	case "Add", "Round", "Truncate":
		return false, true
	}
	return false, false
}
