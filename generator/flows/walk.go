package flows

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/diag"
)

// A part is code of a flow: a function, or a closure in one.
type part struct {
	// root is the function that is the flow.
	root ast.Node
	// scope is the function literal or declaration around it whose variables are made
	// by the flow in each pass; what is declared outside of it is not the flow's.
	scope ast.Node
	// context is the name of the flow's context in it; "" when it has none.
	context string
	// own says that it is executed while the flow runs or waits. Otherwise it may be
	// executed at another time, or while the flow goes on.
	own bool
	// deferred says that it is executed when the flow returns, conditional that it need
	// not be executed in each pass.
	deferred, conditional bool
	// asleep says that nothing but the works runs the flow again.
	asleep bool
	// path leads from the flow to it.
	path []diag.Step
}

// A visit is a function that was walked.
type visit struct {
	node     ast.Node
	contexts string // which of its parameters have the flow's context
	own      bool
}

// enter walks a function some of whose parameters have the context of the flow. Of
// calling only own and path count, and scope where the function is in it.
func (c *checker) enter(f function, contexts []int, calling part) {
	v := visit{f.node, fmt.Sprint(contexts), calling.own}
	if c.seen[v] {
		return
	}
	c.seen[v] = true
	in := calling
	if in.scope == nil || !contains(in.scope, f.node.Pos()) {
		in.scope, in.context = f.node, ""
	}
	params := c.params(f.typ)
	for _, i := range contexts {
		if i < len(params) && params[i] != nil {
			c.contexts[params[i]] = true
			in.context = params[i].Name()
		}
	}
	c.walk(f.body, in)
}

// walk looks at the code of a function of the flow, closures included.
func (c *checker) walk(body *ast.BlockStmt, in part) {
	ast.PreorderStack(body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			c.closure(n, stack, in)
			return false
		case *ast.CallExpr:
			c.call(n, stack, in)
		}
		if in.own {
			c.blocking(n, stack, in)
		}
		return true
	})
}

// closure looks at a function literal in the flow, by what becomes of it.
func (c *checker) closure(lit *ast.FuncLit, stack []ast.Node, in part) {
	in.own = in.own && c.isExecuted(lit, stack)
	in.deferred = in.deferred || isDeferred(stack)
	in.conditional = in.conditional || isConditional(stack)
	c.enter(literal(lit), nil, in)
}

// isExecuted reports whether a literal in the flow's own code is executed before the flow
// goes on or returns: it is called at once or deferred, or handed to a function that
// calls it, or to a group of goroutines, which are waited for.
func (c *checker) isExecuted(lit *ast.FuncLit, stack []ast.Node) bool {
	call, ok := stack[len(stack)-1].(*ast.CallExpr)
	if !ok {
		return false
	}
	if call.Fun == lit {
		_, detached := stack[len(stack)-2].(*ast.GoStmt)
		return !detached
	}
	fn := c.callee(call)
	return inPackage(fn, "slices", "maps", "sort", "strings", "bytes") || isGroup(fn)
}

// isGroup reports whether fn starts a function in a goroutine of a group, whose Wait waits
// for it.
func isGroup(fn *types.Func) bool {
	if fn == nil || fn.Name() != "Go" && fn.Name() != "TryGo" {
		return false
	}
	recv := receiver(fn)
	return recv != nil && (isNamed(recv, "golang.org/x/sync/errgroup", "Group") ||
		isNamed(recv, "sync", "WaitGroup") || isNamed(recv, runtimePath, "Group"))
}

// call looks at a call in the flow, and into the function that is called with its
// context.
func (c *checker) call(call *ast.CallExpr, stack []ast.Node, in part) {
	if _, detached := stack[len(stack)-1].(*ast.GoStmt); detached {
		in.own = false
	}
	fn := c.callee(call)
	if kind := c.apiOf(fn); kind != other {
		c.use(kind, fn, call, stack, in)
		return
	}
	var contexts []int
	for i, arg := range call.Args {
		if t := c.Info.TypeOf(arg); t != nil && isContext(t) && c.origin(arg, in) == ofFlow {
			contexts = append(contexts, i)
		}
	}
	if contexts == nil {
		return
	}
	in.deferred = in.deferred || isDeferred(stack)
	in.conditional = in.conditional || isConditional(stack)
	for _, f := range c.resolveCalled(call) {
		to := in
		if f.node != ast.Unparen(call.Fun) { // else it is in sight
			to.path = append(in.path[:len(in.path):len(in.path)], diag.Step{Expr: text(call.Fun), Type: "function", Pos: c.Fset.Position(call.Pos())})
		}
		c.enter(f, contexts, to)
	}
}

// resolveCalled returns the function of the package that is called: one, or none where
// there may be several.
func (c *checker) resolveCalled(call *ast.CallExpr) []function {
	if c.Info.Types[call.Fun].IsType() {
		return nil
	}
	if fs := c.resolve(call.Fun, nil); len(fs) == 1 {
		return fs
	}
	return nil
}

// use checks a call of a runner or of package runtime.
func (c *checker) use(kind api, fn *types.Func, call *ast.CallExpr, stack []ast.Node, in part) {
	origin := unknown
	if takesContext(fn) && len(call.Args) > 0 {
		origin = c.origin(call.Args[0], in)
	}
	switch {
	case origin == foreign:
		if in.own {
			c.foreign(kind, call, in)
		}
		return
	case origin != ofFlow && takesContext(fn):
		return
	}
	if kind == runs || kind == waits {
		c.dropped(kind, fn, call, stack, in)
	}
	if kind == runs || kind == starts {
		c.moments(kind, call, stack, in)
	}
}

// isConditional reports whether what comes next on the stack is executed only if
// something holds.
func isConditional(stack []ast.Node) bool {
	for i, n := range stack[:max(len(stack)-1, 0)] {
		below := stack[i+1]
		switch n := n.(type) {
		case *ast.IfStmt:
			if below == n.Body || below == n.Else {
				return true
			}
		case *ast.CaseClause, *ast.CommClause:
			return true
		case *ast.BinaryExpr:
			if (n.Op == token.LAND || n.Op == token.LOR) && below == n.Y {
				return true
			}
		}
	}
	return false
}
