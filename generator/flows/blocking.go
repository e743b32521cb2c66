package flows

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

// A source is what a channel is received from.
type source int

// The sources.
const (
	unknownSource source = iota // perhaps a goroutine of the flow
	endOfContext                // Done of a context
	timer                       // time.After, time.Tick, a timer or a ticker
	callEnd                     // Done of a runtime.Call
	outside                     // a channel that was not made in the flow
)

// fixes say what to do instead of receiving.
var fixes = map[source]string{
	timer:   "wait in a work, or ask for the time with runtime.Now, Today or Cron, which run the flow again when it has come",
	callEnd: "return the error of the call's Wait or of runtime.Await, which suspend the flow",
	outside: "receive in a work, or let whoever sends set a runtime.Var that the flow reads",
}

// blocking reports what keeps the flow's own code from going on. The end of the flow's
// context may be waited for.
func (c *checker) blocking(n ast.Node, stack []ast.Node, in part) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if fn := c.callee(n); inPackage(fn, "time") && fn.Name() == "Sleep" {
			c.warn(n, in, "time.Sleep blocks the flow", fixes[timer])
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW && !isCommunication(stack) && !in.deferred && !c.isDrain(stack) {
			c.receive(n, n.X, in)
		}
	case *ast.RangeStmt:
		if t := c.Info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Chan); ok {
				c.receive(n, n.X, in)
			}
		}
	case *ast.SelectStmt:
		c.selects(n, in)
	}
}

// receive reports a receive that blocks.
func (c *checker) receive(at ast.Node, channel ast.Expr, in part) {
	if fix := fixes[c.source(channel, in, nil)]; fix != "" {
		c.warn(at, in, "receiving from "+text(channel)+" blocks the flow", fix)
	}
}

// selects reports a select that blocks: each of its cases may, and one surely does.
func (c *checker) selects(s *ast.SelectStmt, in part) {
	if len(s.Body.List) == 0 {
		c.warn(s, in, "select blocks the flow for ever", "return nil: the flow runs again when something that it has read has changed")
		return
	}
	fix, from := "", ""
	for _, clause := range s.Body.List {
		channel := received(clause.(*ast.CommClause).Comm)
		if channel == nil {
			return // default, or a send
		}
		switch src := c.source(channel, in, nil); {
		case src == unknownSource:
			return
		case fix == "" && fixes[src] != "":
			fix, from = fixes[src], text(channel)
		}
	}
	if fix != "" {
		c.warn(s, in, "select blocks the flow until it receives from "+from, fix)
	}
}

// received returns the channel that a case of a select receives from, nil for another
// case.
func received(s ast.Stmt) ast.Expr {
	var e ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.AssignStmt:
		e = s.Rhs[0]
	}
	if u, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && u.Op == token.ARROW {
		return u.X
	}
	return nil
}

// isCommunication reports whether an expression is what a case of a select waits for.
func isCommunication(stack []ast.Node) bool {
	for i := len(stack) - 1; i > 0; i-- {
		switch stack[i].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.ExprStmt, *ast.AssignStmt:
			clause, ok := stack[i-1].(*ast.CommClause)
			return ok && clause.Comm == stack[i]
		}
		return false
	}
	return false
}

// isDeferred reports whether a function literal or a call is deferred: receiving in it
// gives a semaphore back.
func isDeferred(stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool { _, ok := n.(*ast.DeferStmt); return ok })
}

// isDrain reports whether what is received has surely been sent, for a timer could not be
// stopped any more:
//
//	if !timer.Stop() {
//		<-timer.C
//	}
func (c *checker) isDrain(stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) (drains bool) {
		check, ok := n.(*ast.IfStmt)
		if !ok {
			return false
		}
		ast.Inspect(check.Cond, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				name := localName(c.callee(call))
				drains = drains || inPackage(c.callee(call), "time") && (name == "Timer.Stop" || name == "Timer.Reset")
			}
			return true
		})
		return drains
	})
}

// source says what a channel is. Through are variables that are being looked at.
func (c *checker) source(e ast.Expr, in part, through []*types.Var) source {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		fn, _ := typeutil.Callee(c.Info, e).(*types.Func)
		return sourceOf(fn)
	case *ast.SelectorExpr:
		v, ok := c.Info.Uses[e.Sel].(*types.Var)
		switch {
		case !ok:
		case v.IsField() && v.Name() == "C" && v.Pkg() != nil && v.Pkg().Path() == "time":
			return timer
		case !v.IsField(): // of another package
			return outside
		default:
			if base := c.base(e); base != nil && c.isGiven(base, in) && !c.handsOut(v, in.root, nil) {
				return outside
			}
		}
	case *ast.Ident:
		if v, ok := c.Info.ObjectOf(e).(*types.Var); ok && !slices.Contains(through, v) {
			return c.sourceOfVar(v, in, append(through, v))
		}
	}
	return unknownSource
}

// sourceOfVar is source for a variable.
func (c *checker) sourceOfVar(v *types.Var, in part, through []*types.Var) source {
	if len(c.values[v]) == 1 && c.values[v][0].expr != nil && c.values[v][0].result < 0 {
		if s := c.source(c.values[v][0].expr, in, through); s != unknownSource {
			return s
		}
	}
	if c.isGiven(v, in) && !c.handsOut(v, in.root, nil) {
		return outside
	}
	return unknownSource
}

// isGiven reports whether a variable has what other code gave the flow: it is declared
// around it, or in the package, or what the flow is a method of.
func (c *checker) isGiven(v *types.Var, in part) bool {
	return v.Kind() == types.PackageVar || c.isOutside(v, in) || v.Kind() == types.RecvVar && len(in.path) == 1
}

// base returns the variable that a field belongs to: s of s.jobs.done.
func (c *checker) base(e ast.Expr) *types.Var {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			v, _ := c.Info.Uses[x].(*types.Var)
			return v
		default:
			return nil
		}
	}
}

// handsOut reports whether code, or a function of the package that it calls, does more
// with a channel than receive from it: then perhaps it sends itself, to give a lock back
// or in a goroutine, or closes it. Through are functions that are being looked at.
func (c *checker) handsOut(channel *types.Var, code ast.Node, through []ast.Node) (found bool) {
	ast.PreorderStack(code, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			found = found || c.Info.Uses[n] == channel && !isReceived(n, stack)
		case *ast.CallExpr:
			for _, f := range c.resolve(n.Fun, nil) {
				if !found && !contains(code, f.node.Pos()) && !slices.Contains(through, f.node) {
					found = c.handsOut(channel, f.node, append(through, code))
				}
			}
		}
		return !found
	})
	return found
}

// isReceived reports whether a channel, of which id is the last name, is only received
// from.
func isReceived(id *ast.Ident, stack []ast.Node) bool {
	var n ast.Node = id
	for i := len(stack) - 1; i >= 0; i-- {
		switch parent := stack[i].(type) {
		case *ast.ParenExpr:
		case *ast.SelectorExpr:
			if parent.Sel != id {
				return false
			}
		case *ast.UnaryExpr:
			return parent.Op == token.ARROW
		case *ast.RangeStmt:
			return parent.X == n
		default:
			return false
		}
		n = stack[i]
	}
	return false
}

// sourceOf says what the channel is that a function returns.
func sourceOf(fn *types.Func) source {
	switch {
	case inPackage(fn, "time") && (fn.Name() == "After" || fn.Name() == "Tick"):
		return timer
	case inPackage(fn, runtimePath) && fn.Name() == "Done":
		return callEnd
	case inPackage(fn, "context") && fn.Name() == "Done":
		return endOfContext
	}
	return unknownSource
}
