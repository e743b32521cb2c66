package reach

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/ambient"
)

// logged is the passage of values that no result depends on: they are logged, or decide
// whether something is.
var logged = passage{call: toLogs, guards: true}

// toLogs is where values go that are logged, also through methods of times and durations
// and through functions that only make another value of them. What a client says of itself
// counts as that.
func toLogs(info *types.Info, fn *types.Func, call *ast.CallExpr, receiver bool) (to, through bool) {
	if fn.Pkg() == nil {
		return false, false
	}
	switch {
	case !receiver && (ambient.IsLog(fn) || toTerminal(info, fn, call) || ambient.DecidesNothing(fn)):
		return true, false
	case !receiver && isUserAgent(info, fn, call):
		return true, false
	case fn.Pkg().Path() == "time":
		return false, true
	case makes(fn):
		return false, true
	case fn.Pkg().Path() == "fmt":
		return false, strings.HasPrefix(fn.Name(), "Sprint")
	}
	return false, false
}

// makes reports whether a function does nothing but to make a value of what it is given.
func makes(fn *types.Func) bool {
	switch fn.Pkg().Path() {
	case "path", "path/filepath", "strconv", "strings":
	default:
		return false
	}
	if fn.Signature().Recv() != nil || strings.HasPrefix(fn.Name(), "Append") {
		return false
	}
	for v := range fn.Signature().Params().Variables() {
		if _, ok := v.Type().Underlying().(*types.Signature); ok { // of filepath.WalkDir
			return false
		}
	}
	return true
}

// isUserAgent reports whether a call sets the header of a request that says what program
// sends it.
func isUserAgent(info *types.Info, fn *types.Func, call *ast.CallExpr) bool {
	switch fn.FullName() {
	case "(net/http.Header).Set", "(net/http.Header).Add":
		name := constantOf(info, call.Args[0])
		return name.Kind() == constant.String && strings.EqualFold(constant.StringVal(name), "User-Agent")
	}
	return false
}

// onlyLogs reports whether a statement does nothing but to log and to print.
func (f *flow) onlyLogs(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.BlockStmt:
		for _, s := range s.List {
			if !f.onlyLogs(s) {
				return false
			}
		}
		return true
	case *ast.IfStmt:
		return s.Init == nil && f.isQuiet(s.Cond) && f.guardsLogs(s)
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return ok && f.logs(call)
	}
	return false
}

// guardsLogs reports whether the condition of an if statement decides on nothing else than
// what is logged.
func (f *flow) guardsLogs(s *ast.IfStmt) bool {
	return f.onlyLogs(s.Body) && (s.Else == nil || f.onlyLogs(s.Else))
}

// logs reports whether a call logs or prints, and goes on.
func (f *flow) logs(call *ast.CallExpr) bool {
	id := callee(call)
	if id == nil {
		return false
	}
	fn, ok := f.info.Uses[id].(*types.Func)
	if !ok || fn.Pkg() == nil || !ambient.IsLog(fn) && !toTerminal(f.info, fn, call) {
		return false
	}
	if ends(fn) {
		return false
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && !f.isQuiet(sel.X) {
		return false
	}
	return !slices.ContainsFunc(call.Args, func(e ast.Expr) bool { return !f.isQuiet(e) })
}

// ends reports whether a function that logs does not return, or sets how it is done.
func ends(fn *types.Func) bool {
	return slices.ContainsFunc([]string{"Exit", "Fatal", "Panic", "Set"}, func(word string) bool { return strings.HasPrefix(fn.Name(), word) })
}

// isQuiet reports whether to evaluate an expression does nothing else.
func (f *flow) isQuiet(e ast.Expr) bool {
	quiet := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			quiet = false
		case *ast.UnaryExpr:
			quiet = quiet && n.Op != token.ARROW
		case *ast.CallExpr:
			quiet = quiet && f.isQuietCall(n)
		}
		return quiet
	})
	return quiet
}

// isQuietCall is isQuiet for a call, but for its arguments.
func (f *flow) isQuietCall(call *ast.CallExpr) bool {
	if f.info.Types[call.Fun].IsType() {
		return true
	}
	id := callee(call)
	if id == nil {
		return false
	}
	switch fn := f.info.Uses[id].(type) {
	case *types.Builtin:
		return fn.Name() == "len" || fn.Name() == "cap"
	case *types.Func:
		if fn.Pkg() == nil {
			return true // error.Error
		}
		_, through := toLogs(f.info, fn, call, fn.Signature().Recv() != nil)
		return through || ambient.Logs(fn.Pkg().Path()) && fn.Signature().Recv() == nil && !ends(fn)
	}
	return false
}

// toTerminal reports whether a call is of fmt.Fprint and the like, to os.Stderr or
// os.Stdout.
func toTerminal(info *types.Info, fn *types.Func, call *ast.CallExpr) bool {
	if fn.Pkg().Path() != "fmt" || len(call.Args) == 0 {
		return false
	}
	sel, ok := ast.Unparen(call.Args[0]).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	v, ok := info.Uses[sel.Sel].(*types.Var)
	return ok && v.Pkg().Path() == "os" && (v.Name() == "Stderr" || v.Name() == "Stdout")
}
