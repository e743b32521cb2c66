package flows

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/workgen/workgen/generator/wrapper"
)

const (
	runtimePath  = wrapper.RuntimePath
	schedulePath = runtimePath + "/schedule" // of the package that parses cron expressions
	worktestPath = runtimePath + "/worktest" // of the package for tests
)

// An api is what a call of package runtime or of a generated runner does in a flow.
type api int

// The apis.
const (
	other  api = iota
	runs       // Run of a runner
	starts     // Start of a runner
	waits      // Call.Wait, Await, All, Each, Group.Wait
	reads      // Now, Today, Cron, Var.Get
)

// waiting are the functions and methods of package runtime that suspend a flow, and
// reading those that wake it, by the name of the receiver's type and their own.
var (
	waiting = []string{"Call.Wait", "Group.Wait", "Await", "All", "Each"}
	reading = []string{"Now", "Today", "Cron", "MissedTicks", "Var.Get"}
)

// apiOf says what a called function is.
func (c *checker) apiOf(fn *types.Func) api {
	switch name := localName(fn); {
	case fn == nil:
		return other
	case c.isRunner(fn) && fn.Name() == "Run":
		return runs
	case c.isRunner(fn) && fn.Name() == "Start":
		return starts
	case !inPackage(fn, runtimePath):
		return other
	case slices.Contains(waiting, name) && errorResult(fn) >= 0:
		return waits
	case slices.Contains(reading, name):
		return reads
	}
	return other
}

// isRunner reports whether a method with a context is one of a generated runner.
func (c *checker) isRunner(fn *types.Func) bool {
	recv := receiver(fn)
	if recv == nil || !takesContext(fn) || !c.IsGenerated(fn) {
		return false
	}
	s, ok := recv.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for f := range s.Fields() {
		if p, ok := types.Unalias(f.Type()).(*types.Pointer); f.Embedded() && ok && isNamed(p.Elem(), runtimePath, "Runner") {
			return true
		}
	}
	return false
}

// isRuntime reports whether fn is a function of package runtime.
func isRuntime(fn *types.Func, name string) bool {
	return inPackage(fn, runtimePath) && localName(fn) == name
}

// isFlowField reports whether obj is field Flow of a runtime.Loop.
func isFlowField(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok || !v.IsField() || v.Name() != "Flow" || v.Pkg() == nil || v.Pkg().Path() != runtimePath {
		return false
	}
	loop, ok := v.Pkg().Scope().Lookup("Loop").(*types.TypeName)
	if !ok {
		return false
	}
	s, ok := loop.Type().Underlying().(*types.Struct)
	return ok && slices.Contains(slices.Collect(s.Fields()), v)
}

// inPackage reports whether fn is declared in the package with one of the paths.
func inPackage(fn *types.Func, paths ...string) bool {
	return fn != nil && fn.Pkg() != nil && slices.Contains(paths, fn.Pkg().Path())
}

// receiver returns the type that fn is a method of, without its pointer; nil when it is a
// function, or a method of an interface without a name.
func receiver(fn *types.Func) *types.Named {
	recv := fn.Signature().Recv()
	if recv == nil {
		return nil
	}
	t := types.Unalias(recv.Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, _ := t.(*types.Named)
	return named
}

// localName is the name of a function in its package: Await, Call.Wait.
func localName(fn *types.Func) string {
	if fn == nil {
		return ""
	}
	if recv := receiver(fn); recv != nil {
		return recv.Obj().Name() + "." + fn.Name()
	}
	return fn.Name()
}

// isNamed reports whether t is a type of that name.
func isNamed(t types.Type, path, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == name && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == path
}

// takesContext reports whether the first parameter is a context.
func takesContext(fn *types.Func) bool {
	params := fn.Signature().Params()
	return params.Len() > 0 && isContext(params.At(0).Type())
}

func isContext(t types.Type) bool { return isNamed(t, "context", "Context") }

// errorResult is the index of the error that fn returns last, -1 when it returns none.
func errorResult(fn *types.Func) int {
	results := fn.Signature().Results()
	last := results.Len() - 1
	if last >= 0 && wrapper.IsError(results.At(last).Type()) {
		return last
	}
	return -1
}

// text is an expression as in the source.
func text(e ast.Expr) string { return types.ExprString(e) }
