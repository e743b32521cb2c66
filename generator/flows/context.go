package flows

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// An origin says where a context comes from.
type origin int

// The origins.
const (
	unknown origin = iota
	ofFlow         // made of the context that the flow is given
	foreign        // surely not
)

// origin says where a context in a part of a flow comes from.
func (c *checker) origin(e ast.Expr, in part) origin {
	o, _ := c.trace(e, in, nil)
	return o
}

// trace is origin. It reports false where there is nothing but variables that are being
// traced.
func (c *checker) trace(e ast.Expr, in part, through []*types.Var) (o origin, known bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := c.Info.ObjectOf(e).(*types.Var); ok {
			return c.traceVar(v, in, through)
		}
	case *ast.CallExpr:
		return c.traceCall(e, in, through)
	}
	return unknown, true
}

// traceVar is trace for a variable: of all that is assigned to it.
func (c *checker) traceVar(v *types.Var, in part, through []*types.Var) (origin, bool) {
	if slices.Contains(through, v) {
		return unknown, false
	}
	var found []origin
	switch {
	case c.contexts[v]:
		found = append(found, ofFlow)
	case v.Kind() == types.ParamVar && c.isOutside(v, in):
		found = append(found, foreign) // of a function around the flow
	case v.IsField(), v.Kind() == types.ParamVar, v.Kind() == types.ResultVar, v.Kind() == types.PackageVar && v.Exported():
		return unknown, true
	}
	for _, value := range c.values[v] {
		if value.expr == nil {
			return unknown, true
		}
		if o, known := c.trace(value.expr, in, append(through, v)); known {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return unknown, through == nil
	}
	for _, o := range found {
		if o != found[0] {
			return unknown, true
		}
	}
	return found[0], true
}

// isOutside reports whether a variable is declared around the flow, in another function.
func (c *checker) isOutside(v *types.Var, in part) bool {
	return v.Parent() != nil && !contains(in.scope, v.Pos())
}

// traceCall is trace for what a call returns: made of the contexts that it is given.
func (c *checker) traceCall(call *ast.CallExpr, in part, through []*types.Var) (origin, bool) {
	fn := c.callee(call)
	if inPackage(fn, "context") && (fn.Name() == "Background" || fn.Name() == "TODO") || inPackage(fn, "testing") && fn.Name() == "Context" {
		return foreign, true
	}
	for _, arg := range call.Args {
		if t := c.Info.TypeOf(arg); t == nil || !isContext(t) {
			continue
		}
		o, known := c.trace(arg, in, through)
		if o == foreign && !inPackage(fn, "context", "os/signal", "golang.org/x/sync/errgroup") {
			continue // it may bring others along
		}
		if o != unknown || !known {
			return o, known
		}
	}
	return unknown, true
}

// foreign reports a call with a context that is not the flow's.
func (c *checker) foreign(kind api, call *ast.CallExpr, in part) {
	fix := "pass the context that the flow is given"
	if in.context != "" && in.context != "_" {
		fix += ": " + in.context
	}
	given := text(call.Args[0])
	if !strings.HasSuffix(given, ")") {
		given += ", which is not the context of the flow"
	}
	what := text(call.Fun) + " is given " + given
	switch kind {
	case runs, waits:
		c.warn(call, in, what+": the call blocks the flow instead of suspending it", fix)
	case starts:
		c.warn(call, in, what+": the loop does not know of the call", fix)
	case reads:
		c.warn(call, in, what+": the flow does not run again when the value changes", fix)
	}
}
