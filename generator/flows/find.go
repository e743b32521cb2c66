package flows

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/diag"
)

// A function is one with its code at hand.
type function struct {
	node ast.Node // *ast.FuncLit or *ast.FuncDecl
	typ  *ast.FuncType
	body *ast.BlockStmt
}

// literal is the function of a literal.
func literal(lit *ast.FuncLit) function { return function{lit, lit.Type, lit.Body} }

// A root is a flow, and where it becomes one.
type root struct {
	function
	step diag.Step
	// asleep says that nothing but its works runs it again.
	asleep bool
}

// roots finds the flows of the package, in the order of the files.
func (c *checker) roots() (out []root) {
	asleep := c.isMain() && !c.wakes()
	add := func(e ast.Expr, name string, asleep bool) {
		for _, f := range c.resolve(e, nil) {
			out = append(out, root{f, diag.Step{Expr: name, Type: "flow", Pos: c.Fset.Position(e.Pos())}, asleep})
		}
	}
	for _, f := range c.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && isFlowField(c.Info.Uses[id]) {
					add(n.Value, "runtime.Loop.Flow", asleep)
				}
			case *ast.AssignStmt:
				for i, e := range n.Lhs {
					sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
					if ok && len(n.Lhs) == len(n.Rhs) && isFlowField(c.Info.Uses[sel.Sel]) {
						add(n.Rhs[i], "runtime.Loop.Flow", asleep)
					}
				}
			case *ast.CallExpr:
				switch fn := c.callee(n); {
				case len(n.Args) != 2:
				case isRuntime(fn, "Once"):
					add(n.Args[1], "runtime.Once", false)
				case inPackage(fn, worktestPath) && fn.Name() == "Pass":
					add(n.Args[1], "worktest.Pass", false)
				}
			}
			return true
		})
	}
	return out
}

// isMain reports whether no other package can refer to what is declared.
func (c *checker) isMain() bool { return c.Name == "main" }

// wakes reports whether anything in the package runs a flow again, besides the ends of
// calls, or ends a loop: a heartbeat, an input that is read, Loop.Wake, runtime.Stop.
func (c *checker) wakes() bool {
	for _, obj := range c.Info.Uses {
		if obj.Pkg() == nil || obj.Pkg().Path() != runtimePath {
			continue
		}
		switch obj := obj.(type) {
		case *types.Func:
			if c.apiOf(obj.Origin()) == reads || localName(obj) == "Loop.Wake" {
				return true
			}
		case *types.Var:
			if obj.Name() == "Stop" || obj.IsField() && obj.Name() == "Heartbeat" {
				return true
			}
		}
	}
	return false
}

// callee returns the function or method that is called, of a generic one the declared
// one; nil when it is not known before the program runs, or when there are no arguments
// where it needs some, as in code that is being written.
func (c *checker) callee(call *ast.CallExpr) *types.Func {
	fn := typeutil.StaticCallee(c.Info, call)
	if fn == nil {
		return nil
	}
	needed := fn.Signature().Params().Len()
	if fn.Signature().Variadic() {
		needed--
	}
	if needed > 0 && len(call.Args) == 0 {
		return nil
	}
	return fn.Origin()
}

// resolve returns the functions of the package that an expression may stand for, as far
// as they are known: literals, functions, methods of values, variables with one of them,
// and what functions of the package return. Through are variables and functions that
// are being resolved.
func (c *checker) resolve(e ast.Expr, through []types.Object) (out []function) {
	again := func(obj types.Object) bool {
		for _, o := range through {
			if o == obj {
				return true
			}
		}
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.FuncLit:
		return []function{literal(e)}
	case *ast.Ident:
		v, ok := c.Info.ObjectOf(e).(*types.Var)
		if !ok {
			return c.declared(e)
		}
		if again(v) {
			return nil
		}
		for _, value := range c.values[v] {
			if value.expr != nil && value.result < 0 {
				out = append(out, c.resolve(value.expr, append(through, v))...)
			}
		}
	case *ast.SelectorExpr:
		return c.declared(e.Sel)
	case *ast.IndexExpr:
		return c.resolve(e.X, through)
	case *ast.IndexListExpr:
		return c.resolve(e.X, through)
	case *ast.CallExpr:
		if c.Info.Types[e.Fun].IsType() && len(e.Args) == 1 {
			return c.resolve(e.Args[0], through)
		}
		fn := c.callee(e)
		if decl := c.functions[fn]; decl != nil && !again(fn) {
			return c.returned(decl, append(through, fn))
		}
	}
	return out
}

// declared returns the function of the package that a name stands for.
func (c *checker) declared(id *ast.Ident) []function {
	fn, ok := c.Info.Uses[id].(*types.Func)
	if !ok {
		return nil
	}
	if decl := c.functions[fn.Origin()]; decl != nil {
		return []function{{decl, decl.Type, decl.Body}}
	}
	return nil
}

// returned returns the functions that a function with one result may return.
func (c *checker) returned(decl *ast.FuncDecl, through []types.Object) (out []function) {
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if len(n.Results) == 1 {
				out = append(out, c.resolve(n.Results[0], through)...)
			}
		}
		return true
	})
	return out
}

// params returns the parameters of a function, nil for those without a name.
func (c *checker) params(typ *ast.FuncType) (out []*types.Var) {
	for _, field := range typ.Params.List {
		for _, id := range field.Names {
			v, _ := c.Info.Defs[id].(*types.Var)
			out = append(out, v)
		}
		if len(field.Names) == 0 {
			out = append(out, nil)
		}
	}
	return out
}

// contains reports whether a position is in a node.
func contains(n ast.Node, pos token.Pos) bool { return n.Pos() <= pos && pos < n.End() }
