package flows

import (
	"go/ast"
	"go/constant"
	"slices"
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/runtime/schedule"
)

// crons reports constant cron expressions that are wrong. Tests may be meant to try them.
func (c *checker) crons() {
	for _, f := range c.Files {
		if load.InTest(c.Fset.Position(f.Package).Filename) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && c.takesExpression(call) {
				c.cron(call)
			}
			return true
		})
	}
}

// takesExpression reports whether a call is given a cron expression.
func (c *checker) takesExpression(call *ast.CallExpr) bool {
	fn := c.callee(call)
	return inPackage(fn, runtimePath) && slices.Contains([]string{"Cron", "MissedTicks"}, localName(fn)) ||
		inPackage(fn, schedulePath) && slices.Contains([]string{"Parse", "MustParse"}, localName(fn))
}

// cron checks the first constant text that a call is given.
func (c *checker) cron(call *ast.CallExpr) {
	for _, arg := range call.Args {
		v := c.Info.Types[arg].Value
		if v == nil || v.Kind() != constant.String {
			continue
		}
		if _, err := schedule.Parse(constant.StringVal(v)); err != nil {
			c.warn(arg, part{}, err.Error(), "")
		}
		return
	}
}
