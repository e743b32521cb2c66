package flows

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"time"
)

// moments reports arguments that are new on every pass: so another call is made on every
// pass, and the results of the last one are not used.
func (c *checker) moments(kind api, call *ast.CallExpr, stack []ast.Node, in part) {
	if kind == starts && (in.conditional || isConditional(stack) || !c.isLookedAt(call, stack, in)) {
		return // perhaps it happens once, or is to happen once in a pass
	}
	for _, arg := range call.Args[1:] { // behind the context
		m := c.moment(arg, in, nil)
		if m == nil {
			continue
		}
		given := text(call.Fun) + " is given " + text(m.call)
		switch isTime := inPackage(c.callee(m.call), "time"); {
		case m.seldom && in.asleep:
			c.warn(arg, in, given+", but nothing runs the flow again when the time has come",
				"pass what runtime.Now, Today or Cron returns, which run the flow again when it is due")
		case m.seldom:
		case isTime:
			c.warn(arg, in, given+", which is new on every pass, so the work executes on every pass",
				"pass what runtime.Now, Today or Cron returns: it changes only when it is due")
		default:
			c.warn(arg, in, given+", which is new on every pass, so the work executes on every pass",
				"draw it before the loop runs, or in a work, whose result is kept")
		}
	}
}

// isLookedAt reports whether the flow does something with a call that it starts but to
// keep it for later passes: its end then wakes the flow.
func (c *checker) isLookedAt(call *ast.CallExpr, stack []ast.Node, in part) bool {
	switch n := stack[len(stack)-1].(type) {
	case *ast.AssignStmt:
		for i, e := range n.Rhs {
			if e == call {
				id, ok := n.Lhs[i].(*ast.Ident)
				return ok && id.Name != "_" && contains(in.scope, c.Info.ObjectOf(id).Pos())
			}
		}
	case *ast.SelectorExpr, *ast.CallExpr, *ast.CompositeLit:
		return true
	}
	return false
}

// A moment is a call in an expression whose value is another one on every pass.
type moment struct {
	call   *ast.CallExpr
	seldom bool // the expression changes from minute to minute or day to day only, or perhaps
}

// rare is m in an expression that changes more seldom; nil if m is.
func (m *moment) rare() *moment {
	if m == nil {
		return nil
	}
	return &moment{m.call, true}
}

// moment returns the call that makes an expression another one on later passes; nil when
// there is none.
func (c *checker) moment(e ast.Expr, in part, through []*types.Var) *moment {
	next := func(es ...ast.Expr) *moment {
		for _, e := range es {
			if m := c.moment(e, in, through); m != nil {
				return m
			}
		}
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, ok := c.Info.ObjectOf(e).(*types.Var)
		if !ok || len(c.values[v]) != 1 || !contains(in.scope, v.Pos()) || v.Kind() != types.LocalVar || len(through) > 8 {
			return nil
		}
		if value := c.values[v][0]; value.expr != nil && value.result <= 0 {
			return c.moment(value.expr, in, append(through, v))
		}
	case *ast.BinaryExpr:
		switch e.Op {
		case token.ADD, token.SUB, token.MUL:
			return next(e.X, e.Y)
		case token.QUO:
			if c.isFine(e.Y) {
				return next(e.X)
			}
			return next(e.X).rare()
		case token.REM:
			return next(e.X).rare()
		}
	case *ast.UnaryExpr:
		if e.Op == token.AND || e.Op == token.SUB || e.Op == token.ADD {
			return next(e.X)
		}
	case *ast.CompositeLit:
		return next(c.keyed(e)...)
	case *ast.CallExpr:
		return c.momentOfCall(e, next)
	}
	return nil
}

// momentOfCall is moment for a call. Next looks at the expressions that it is made of.
func (c *checker) momentOfCall(call *ast.CallExpr, next func(...ast.Expr) *moment) *moment {
	if c.Info.Types[call.Fun].IsType() {
		if len(call.Args) != 1 {
			return nil
		}
		if isNumber(c.Info.TypeOf(call), types.IsInteger) && isNumber(c.Info.TypeOf(call.Args[0]), types.IsFloat) {
			return next(call.Args[0]).rare()
		}
		return next(call.Args[0])
	}
	fn := c.callee(call)
	if fn == nil || fn.Pkg() == nil {
		return nil
	}
	name := localName(fn)
	switch fn.Pkg().Path() {
	case "time":
		return c.momentOfTime(name, call, next)
	case "fmt":
		switch {
		case name == "Sprintf" && strings.Contains(text(call.Args[0]), "%."):
			return next(call.Args...).rare()
		case strings.HasPrefix(name, "Sprint"):
			return next(call.Args...)
		}
	case "strconv":
		if name == "Itoa" || strings.HasPrefix(name, "Format") {
			return next(call.Args[0])
		}
	case "math/rand", "math/rand/v2":
		if fn.Signature().Recv() == nil && !strings.HasPrefix(name, "New") && name != "Seed" && name != "Shuffle" && name != "Read" {
			return &moment{call: call}
		}
	case "crypto/rand":
		if name == "Text" {
			return &moment{call: call}
		}
	case "github.com/google/uuid", "github.com/gofrs/uuid", "github.com/gofrs/uuid/v5":
		return momentOfUUID(name, call, next)
	}
	return nil
}

// momentOfUUID is momentOfCall for packages of UUIDs.
func momentOfUUID(name string, call *ast.CallExpr, next func(...ast.Expr) *moment) *moment {
	switch name {
	case "New", "NewString", "NewRandom", "NewUUID", "NewV1", "NewV4", "NewV6", "NewV7":
		return &moment{call: call}
	case "Must":
		return next(call.Args...)
	case "UUID.String", "UUID.URN":
		return nextReceiver(call, next)
	}
	return nil
}

// momentOfTime is momentOfCall for package time.
func (c *checker) momentOfTime(name string, call *ast.CallExpr, next func(...ast.Expr) *moment) *moment {
	switch name {
	case "Now", "Since", "Until":
		return &moment{call: call}
	case "Time.Sub", "Time.Add":
		if m := next(call.Args...); m != nil {
			return m
		}
		return nextReceiver(call, next)
	case "Time.AddDate", "Time.UTC", "Time.Local", "Time.In", "Time.String", "Time.GoString",
		"Time.Unix", "Time.UnixMilli", "Time.UnixMicro", "Time.UnixNano", "Time.Nanosecond",
		"Duration.String", "Duration.Seconds", "Duration.Minutes", "Duration.Hours", "Duration.Abs",
		"Duration.Milliseconds", "Duration.Microseconds", "Duration.Nanoseconds":
		return nextReceiver(call, next)
	case "Time.Round", "Time.Truncate", "Duration.Round", "Duration.Truncate":
		if c.isFine(call.Args[0]) {
			return nextReceiver(call, next)
		}
	case "Time.Location", "Time.Zone", "Time.IsZero", "Location.String":
		return nil
	case "Time.Format":
		layout := c.Info.Types[call.Args[0]].Value
		if layout != nil && layout.Kind() == constant.String && strings.Contains(constant.StringVal(layout), "05") {
			return nextReceiver(call, next)
		}
	}
	return nextReceiver(call, next).rare() // days, hours, what is compared
}

// nextReceiver looks at what a method is called on.
func nextReceiver(call *ast.CallExpr, next func(...ast.Expr) *moment) *moment {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return next(sel.X)
	}
	return nil
}

// isFine reports whether an expression is a constant duration of a second at most.
func (c *checker) isFine(e ast.Expr) bool {
	tv := c.Info.Types[e]
	if tv.Value == nil || tv.Type == nil || !isNamed(tv.Type, "time", "Duration") {
		return false
	}
	n, exact := constant.Int64Val(constant.ToInt(tv.Value))
	return exact && time.Duration(n) <= time.Second
}

// keyed returns the elements of a composite literal that are in the key: none of a type
// that writes its own, and not the fields that are left out.
func (c *checker) keyed(lit *ast.CompositeLit) (out []ast.Expr) {
	t := c.Info.TypeOf(lit)
	if t == nil {
		return nil
	}
	if obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, nil, "EncodeKey"); obj != nil {
		return nil
	}
	s, isStruct := t.Underlying().(*types.Struct)
	for i, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		switch {
		case !isStruct && ok:
			out = append(out, kv.Key, kv.Value)
		case !isStruct:
			out = append(out, e)
		case ok:
			if id, isName := kv.Key.(*ast.Ident); isName && !isLeftOut(s, id.Name) {
				out = append(out, kv.Value)
			}
		case i < s.NumFields() && !isLeftOut(s, s.Field(i).Name()):
			out = append(out, e)
		}
	}
	return out
}

// isLeftOut reports whether a field is tagged `workgen:"-"`.
func isLeftOut(s *types.Struct, name string) bool {
	for i := range s.NumFields() {
		if s.Field(i).Name() == name {
			return reflect.StructTag(s.Tag(i)).Get("workgen") == "-"
		}
	}
	return false
}

// isNumber reports whether t is a number of a kind.
func isNumber(t types.Type, kind types.BasicInfo) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&kind != 0
}
